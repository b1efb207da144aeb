"""Gateways are asked about payments of which nothing was heard: a lost notification is found within minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select, update

from payments.books import state_of_attempt, state_of_due
from payments.gateway import CanCancel, CanQuery, Fact, GatewayRefused, GatewaySilent
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import take_fact
from payments.state import AttemptState
from payments.till import Till
from shop.core.db import Database

log = structlog.get_logger()
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
HOURLY, GIVE_UP_AFTER, LAST_LOOK = timedelta(hours=1), timedelta(hours=24), timedelta(minutes=15)
_AT_ONCE = 20


def ask_soon(session: Session, attempt_id: int, now: datetime) -> None:
    """The buyer has come back: look now instead of at the next turn."""
    waits = update(PaymentAttempt).where(col(PaymentAttempt.id) == attempt_id)
    session.exec(waits.where(col(PaymentAttempt.next_check_at).is_not(None)).values(next_check_at=now))


def ask_due(db: Database, till: Till, now: datetime) -> int:
    """Ask about every attempt whose turn it is; returns how many were. One silent gateway stops no other."""
    with db.read() as session:
        turn = select(PaymentAttempt).where(col(PaymentAttempt.next_check_at) <= now)
        attempts = session.exec(turn.order_by(col(PaymentAttempt.next_check_at)).limit(_AT_ONCE)).all()
    silent: set[str] = set()
    for attempt in attempts:
        gateway: object = till.gateways.get(attempt.gateway)
        facts: Sequence[Fact] = ()
        if isinstance(gateway, CanQuery) and attempt.gateway not in silent:
            try:
                facts = _ask(gateway, attempt, now)
            except GatewaySilent as reason:
                silent.add(attempt.gateway)
                log.warning("gateway silent", gateway=attempt.gateway, why=str(reason))
            except Exception:  # an adapter's own mistake must not keep all others from being asked
                silent.add(attempt.gateway)
                log.exception("gateway not asked", gateway=attempt.gateway)
        with db.write() as session:
            for fact in facts:
                take_fact(session, fact, now)
            kept = session.get_one(PaymentAttempt, attempt.id)
            kept.checks += 1
            kept.next_check_at = _next(session, kept, now) if isinstance(gateway, CanQuery) else None
    return len(attempts)


def _ask(gateway: CanQuery, attempt: PaymentAttempt, now: datetime) -> Sequence[Fact]:
    """What it knows; where nobody has paid and nobody shall any more, its page is closed. Raises GatewaySilent."""
    facts = gateway.query(attempt.reference, attempt.provider_ref, attempt.created_at, now)
    if facts or attempt.given_up_at is None or not isinstance(gateway, CanCancel):
        return facts
    try:
        return gateway.cancel(attempt.reference, attempt.provider_ref, "Cho HTX: khong can nua", now)
    except GatewayRefused as refused:  # paid at this very moment, or closed by itself: the next question tells
        log.info("page not closed", gateway=attempt.gateway, why=str(refused))
        return ()


def owed_vnd(session: Session, gateway: str, reference: str, now: datetime) -> int | None:
    """What an open attempt still asks for; None when there is none, or its due is closed or paid."""
    named = (PaymentAttempt.gateway == gateway, PaymentAttempt.reference == reference)
    found = session.exec(select(PaymentAttempt, PaymentDue).join(PaymentDue).where(*named)).first()
    if found is None:
        return None
    attempt, due = found
    is_open = state_of_attempt(session, attempt.id) is AttemptState.PENDING
    in_time = due.closes_at is None or due.closes_at > now
    fits = state_of_due(session, due).missing_vnd == attempt.amount_vnd
    return attempt.amount_vnd if is_open and in_time and fits else None


def _next(session: Session, attempt: PaymentAttempt, now: datetime) -> datetime | None:
    """When to ask again: never once the money is there or the gateway said that none will come."""
    if state_of_attempt(session, attempt.id) not in (AttemptState.PENDING, AttemptState.AUTHORISED):
        return None
    if now - attempt.created_at > GIVE_UP_AFTER:
        return None
    wait = BACK_OFF[attempt.checks - 1] if attempt.checks <= len(BACK_OFF) else HOURLY
    last_look = attempt.expires_at + LAST_LOOK if attempt.expires_at else None
    return min(now + wait, last_look) if last_look and last_look > now else now + wait
