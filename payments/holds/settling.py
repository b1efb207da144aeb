"""Held money is taken or let go at its gateway: called over the network, in no transaction, asked after silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select, update

from payments.asking import BACK_OFF, HOURLY
from payments.books import lock_due, state_of_attempt, state_of_due
from payments.disputes.service import ask_a_person
from payments.events import HoldLost
from payments.gateway import CanCapture, CanQuery, Fact, FactKind, GatewayRefused, GatewaySilent, Paid
from payments.holds.models import Hold
from payments.models import PaymentAttempt
from payments.receive import take_fact
from payments.state import AttemptState
from payments.till import Till
from shop.core.db import Database
from shop.core.events import publish

log = structlog.get_logger()
_AT_ONCE = 20
_ENDS = (FactKind.CAPTURED, FactKind.VOIDED)


def settle_due(db: Database, till: Till, now: datetime) -> int:
    """Take or let go every hold whose turn it is; returns how many. A silent gateway stops no other.

    A hold that has waited as long as it may is taken: its order stands, and giving back is always possible.
    """
    with db.read() as session:
        turn = select(Hold).where(col(Hold.next_check_at) <= now)
        holds = session.exec(turn.order_by(col(Hold.next_check_at)).limit(_AT_ONCE)).all()
    silent: set[str] = set()
    for hold in holds:
        gateway: object = till.gateways.get(hold.gateway)
        if hold.gateway in silent:
            continue
        if not isinstance(gateway, CanCapture) or not _settle(db, gateway, hold, now):
            silent.add(hold.gateway)
    for name in silent:
        with db.write() as session:
            late = (col(Hold.gateway) == name, col(Hold.next_check_at) <= now)
            session.exec(update(Hold).where(*late).values(next_check_at=now + BACK_OFF[0]))
    return len(holds)


def _settle(db: Database, gateway: CanCapture, before: Hold, now: datetime) -> bool:
    """One call about one hold; False when the gateway gave no usable answer."""
    with db.write() as session:
        claimed = _claim(session, before, now)
    if claimed is None:
        return True
    paid, amount_vnd = claimed
    try:
        facts = _call(gateway, paid, amount_vnd, now, asked_before=before.tries > 0)
    except GatewayRefused as refused:
        _refused(db, gateway, before, paid, str(refused), now)
        return True
    except GatewaySilent as reason:
        log.warning("gateway silent", gateway=before.gateway, hold=paid.reference, why=str(reason))
        return False
    except Exception:  # an adapter's own mistake must not keep all others from being settled
        log.exception("hold not settled", gateway=before.gateway, hold=paid.reference)
        return False
    _take_in(db, before, facts, now)
    return True


def _claim(session: Session, before: Hold, now: datetime) -> tuple[Paid, int] | None:
    """Mark the hold as being settled, once whoever else tries: what it was, and how much is taken (0: all let go).

    None when somebody else has it, or when it has ended.
    """
    due = lock_due(session, before.due_id)  # before the hold, as whoever tells of money does
    wish = "take" if before.wish == "wait" else before.wish
    wait = BACK_OFF[before.tries] if before.tries < len(BACK_OFF) else HOURLY
    as_it_was = (
        col(Hold.attempt_id) == before.attempt_id,
        col(Hold.wish) == before.wish,
        col(Hold.next_check_at) == before.next_check_at,
    )
    values = {"wish": wish, "tries": before.tries + 1, "next_check_at": now + wait}
    if session.exec(update(Hold).where(*as_it_was).values(**values)).rowcount == 0 or _ended(session, before, now):
        return None
    attempt = session.get_one(PaymentAttempt, before.attempt_id, populate_existing=True)
    missing_vnd = due.amount_vnd - state_of_due(session, due).received_vnd
    amount_vnd = max(0, min(before.amount_vnd, missing_vnd)) if wish == "take" else 0
    if amount_vnd:
        attempt.amount_vnd = amount_vnd  # from now on that is what is asked for
        session.add(attempt)
    return Paid(attempt.reference, attempt.provider_ref, "", before.amount_vnd, attempt.created_at), amount_vnd


def _call(gateway: CanCapture, paid: Paid, amount_vnd: int, now: datetime, *, asked_before: bool) -> Sequence[Fact]:
    facts = _query(gateway, paid, now) if asked_before else ()
    if any(fact.kind in _ENDS for fact in facts):
        return facts
    return gateway.capture(paid, amount_vnd, now) if amount_vnd else gateway.void(paid, now)


def _query(gateway: object, paid: Paid, now: datetime) -> Sequence[Fact]:
    if not isinstance(gateway, CanQuery):
        return ()
    return gateway.query(paid.reference, paid.provider_ref, paid.started_at, now)


def _refused(db: Database, gateway: CanCapture, hold: Hold, paid: Paid, why: str, now: datetime) -> None:
    """It may have ended without us; if not, a person looks, and it is tried again later."""
    try:
        facts = _query(gateway, paid, now)
    except GatewaySilent:
        facts = ()
    if not any(fact.kind in _ENDS for fact in facts):
        movement = f"{paid.reference}:hold_refused"
        kind = FactKind.AUTHORISED
        told = Fact(hold.gateway, movement, kind, hold.amount_vnd, now, "query", code=why, reference=paid.reference)
        with db.write() as session:
            ask_a_person(session, told, now, "hold_refused")
    _take_in(db, hold, facts, now)


def _take_in(db: Database, hold: Hold, facts: Sequence[Fact], now: datetime) -> None:
    with db.write() as session:
        for fact in facts:
            take_fact(session, fact, now)
        lock_due(session, hold.due_id)
        _ended(session, session.get_one(Hold, hold.attempt_id, populate_existing=True), now)


def _ended(session: Session, hold: Hold, now: datetime) -> bool:
    """Whether the gateway holds it no more; if it let go of it against our wish, that is told once."""
    state = state_of_attempt(session, hold.attempt_id)
    if state is AttemptState.AUTHORISED:
        return False
    over = (col(Hold.attempt_id) == hold.attempt_id, col(Hold.next_check_at).is_not(None))
    if not session.exec(update(Hold).where(*over).values(next_check_at=None)).rowcount:
        return True
    due = lock_due(session, hold.due_id)
    if state is not AttemptState.CAPTURED and hold.wish != "let_go" and state_of_due(session, due).missing_vnd:
        attempt = session.get_one(PaymentAttempt, hold.attempt_id)
        movement, kind = f"{attempt.reference}:hold_lost", FactKind.VOIDED
        lost = Fact(hold.gateway, movement, kind, hold.amount_vnd, now, "query", reference=attempt.reference)
        ask_a_person(session, lost, now, "hold_lost")
        publish(session, HoldLost(due.subject), due_at=now)
    return True
