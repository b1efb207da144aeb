"""The one place where a fact becomes money on a due: recorded once, split, booked, told.

Facts may come in any order and any number of times; the sums and the ledger end the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from payments import ledger
from payments.content import new_code
from payments.events import MoneyArrived
from payments.gateway import Fact, FactKind
from payments.holds import keeping
from payments.ledger import Line
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, UnmatchedMoney
from payments.state import AttemptState, PaymentState, attempt_state, state_from
from shop.core.db import key_of_new, run
from shop.core.events import publish
from shop.core.hub import tell
from shop.core.prepared import Prepared


class Owed(NamedTuple):
    """A due as it was read under its lock: plain values for those who only read it."""

    id: int
    subject: str
    label: str
    method: str
    amount_vnd: int
    tolerance_vnd: int
    closes_at: datetime | None


class Known(NamedTuple):
    """A fact as it was written down: plain values, for it never changes."""

    id: int
    attempt_id: int | None
    gateway: str
    movement_id: str
    kind: str
    amount_vnd: int
    applied_vnd: int
    account: str
    occurred_at: datetime


_DUE: Any = PaymentDue.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_FACT: Any = PaymentFact.__table__  # type: ignore[attr-defined]  # as above
_DUE_ID: sa.BindParameter[int] = sa.bindparam("the_due")
_LOCK = Prepared(sa.select(*(_DUE.c[name] for name in Owed._fields)).where(_DUE.c.id == _DUE_ID).with_for_update())
_FACTS = Prepared(
    sa.select(*(_FACT.c[name] for name in Known._fields)).where(_FACT.c.due_id == _DUE_ID).order_by(_FACT.c.id)
)


def lock_due(session: Session, due_id: int) -> PaymentDue:
    """The due as it is now, locked until the end of the transaction, so that two payments never fill the same gap."""
    wanted = select(PaymentDue).where(PaymentDue.id == due_id).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def _lock_to_read(session: Session, due_id: int) -> Owed:
    """The same, without the object: every payment comes by here."""
    return Owed._make(run(session, _LOCK, {"the_due": due_id}).one())


def state_of_due(session: Session, due: PaymentDue | Owed) -> PaymentState:
    """Where one due stands."""
    return state_from(due.method, due.amount_vnd, due.closes_at, facts_of(session, due.id))


def facts_of(session: Session, due_id: int) -> list[Known]:
    """Everything known of one due, in the order in which we learned of it."""
    return [Known._make(row) for row in run(session, _FACTS, {"the_due": due_id})]


def record_fact(
    session: Session,
    movement: Fact,
    now: datetime,
    due: PaymentDue | Owed | None = None,
    attempt_id: int | None = None,
    applied_vnd: int = 0,
) -> Known | None:
    """Write a fact down, or return None when this movement is known already."""
    seen: dict[str, Any] = {
        "attempt_id": attempt_id,
        "gateway": movement.gateway,
        "movement_id": movement.movement_id,
        "kind": movement.kind.value,
        "amount_vnd": movement.amount_vnd,
        "applied_vnd": applied_vnd,
        "account": movement.account,
        "occurred_at": movement.occurred_at,
    }
    told = {"due_id": due.id if due else None, "recorded_at": now, "via": movement.via, "code": movement.code}
    key = key_of_new(session, PaymentFact, {**seen, **told}, ["gateway", "movement_id"])
    return Known(id=key[0], **seen) if key else None


def ready_attempt(session: Session, due: PaymentDue | Owed, now: datetime) -> None:
    """Let the newest attempt of the due's method ask for exactly what is missing, under a code of its own."""
    missing_vnd = state_of_due(session, due).missing_vnd
    if due.method == "cod" or not missing_vnd:
        return
    latest = latest_attempt(session, due)
    if latest and latest.amount_vnd == missing_vnd and _still_good(session, latest):
        latest.expires_at = due.closes_at
        session.add(latest)
        return
    session.add(
        PaymentAttempt(
            due_id=due.id,
            gateway=due.method,
            reference=new_code(),
            amount_vnd=missing_vnd,
            expires_at=due.closes_at,
            created_at=now,
        )
    )
    session.flush()


def note(session: Session, attempt: PaymentAttempt, fact: Fact, now: datetime) -> Known | None:
    """Write down what moved no money yet: held money is a pending pair, let go it is taken back. None when known.

    What is told as held after it was taken or let go is only a marker, so that the order of telling does not matter.
    """
    due = lock_due(session, attempt.due_id)
    held = fact.kind is FactKind.AUTHORISED and not _knows(session, attempt.id, *_ENDS_OF_HELD, FactKind.AUTHORISED)
    new = record_fact(session, fact if held else replace(fact, amount_vnd=0), now, due, attempt.id)
    if new is None:
        return None
    event, pending_id = f"{fact.gateway}:{fact.movement_id}", None
    if fact.kind is FactKind.VOIDED:
        keeping.let_go_there(session, attempt.id, now)
        pending_id = ledger.open_pending(session, authorised_event(session, attempt.id))
    if held:
        lines = [Line(fact.account, fact.amount_vnd, pending=True)]
        lines += [Line(ledger.account("2110", due.subject), -fact.amount_vnd, pending=True)]
        ledger.post(session, event, "authorised", lines, now, effective_at=fact.occurred_at, subject=due.subject)
        keeping.held(session, due, attempt, fact, now, rest=state_of_due(session, due).missing_vnd)
    elif pending_id:
        lines = ledger.reversed_lines(session, pending_id)
        ledger.post(session, event, "voided", lines, now, subject=due.subject, settles_id=pending_id)
    tell(session, due.subject, "order", str(fact.kind))
    return new


_ENDS_OF_HELD = (FactKind.CAPTURED, FactKind.VOIDED)  # "cancelled" alone may be a page that was left: it frees nothing


def _knows(session: Session, attempt_id: int, *kinds: FactKind) -> bool:
    mine = (PaymentFact.attempt_id == attempt_id, col(PaymentFact.kind).in_(kinds))
    return session.exec(select(PaymentFact.id).where(*mine).limit(1)).first() is not None


def authorised_event(session: Session, attempt_id: int) -> str:
    """The journal under which the money of this attempt is held, "" when none is."""
    mine = (PaymentFact.attempt_id == attempt_id, PaymentFact.kind == FactKind.AUTHORISED, PaymentFact.amount_vnd > 0)
    held = session.exec(select(PaymentFact).where(*mine)).first()
    return f"{held.gateway}:{held.movement_id}" if held else ""


def latest_attempt(session: Session, due: PaymentDue | Owed) -> PaymentAttempt | None:
    """The newest try at the due's method."""
    mine = (PaymentAttempt.due_id == due.id, PaymentAttempt.gateway == due.method)
    return session.exec(select(PaymentAttempt).where(*mine).order_by(col(PaymentAttempt.id).desc()).limit(1)).first()


def state_of_attempt(session: Session, attempt_id: int) -> AttemptState:
    """Where one try stands."""
    facts = session.exec(select(PaymentFact).where(PaymentFact.attempt_id == attempt_id)).all()
    return attempt_state(facts)


def _still_good(session: Session, attempt: PaymentAttempt) -> bool:
    """A gateway takes a reference once: what failed there is tried again under another."""
    if attempt.given_up_at is not None:
        return False
    return state_of_attempt(session, attempt.id) in (AttemptState.PENDING, AttemptState.AUTHORISED)


def capture(
    session: Session,
    due_id: int,
    attempt_id: int | None,
    movement: Fact,
    now: datetime,
    *,
    content: str = "",
    bank_reference: str = "",
    pending_event: str = "",
) -> Known | None:
    """Money came for a due: cover what is missing, keep the rest as the buyer's credit, tell the other rooms.

    None when this movement is known already. `pending_event` names the journal of a pending pair that this settles.
    """
    due = _lock_to_read(session, due_id)
    before = state_of_due(session, due)
    gap_vnd = max(0, before.due_vnd - before.received_vnd)
    applied_vnd = min(movement.amount_vnd, gap_vnd) if _may_fill(due, movement.gateway) else 0
    fact = record_fact(session, movement, now, due, attempt_id, applied_vnd)
    if fact is None:
        return None
    _book_capture(session, due, fact, pending_event, now)
    accepted_vnd, kept_vnd = settle_variance(session, due, now)
    if fact.amount_vnd > applied_vnd and not kept_vnd:
        _ask_whose(session, due, fact, content, bank_reference)
    complete = gap_vnd <= applied_vnd + accepted_vnd
    if not complete:
        ready_attempt(session, due, now)
    publish(session, MoneyArrived(due.subject, movement.amount_vnd, complete), due_at=now)
    return fact


def _may_fill(due: PaymentDue | Owed, gateway: str) -> bool:
    """What is to be collected in cash is collected in full: a transfer that comes after all waits for a person."""
    return due.method != "cod" or gateway in ("cod", "own", "hand")


def _book_capture(session: Session, due: Owed, fact: Known, pending_event: str, now: datetime) -> None:
    pending_id = ledger.open_pending(session, pending_event) if pending_event else None
    lines = ledger.reversed_lines(session, pending_id) if pending_id else []
    lines += [
        Line(fact.account, fact.amount_vnd),
        Line(ledger.account("2110", due.subject), -fact.applied_vnd),
        Line(ledger.account("2130", due.subject), fact.applied_vnd - fact.amount_vnd),
    ]
    ledger.post(
        session,
        f"{fact.gateway}:{fact.movement_id}",
        "captured",
        lines,
        now,
        effective_at=fact.occurred_at,
        subject=due.subject,
        settles_id=pending_id,
    )


def _ask_whose(session: Session, due: Owed, fact: Known, content: str, bank_reference: str) -> None:
    """Put what came too much before the operator: "twice" when a whole payment came again, else "over"."""
    session.add(
        UnmatchedMoney(
            fact_id=fact.id,
            due_id=due.id,
            amount_vnd=fact.amount_vnd - fact.applied_vnd,
            reason="over" if fact.applied_vnd else "twice" if _may_fill(due, fact.gateway) else "cash",
            account=ledger.account("2130", due.subject),
            content=content or due.label,
            bank_reference=bank_reference,
            arrived_at=fact.occurred_at,
        )
    )


def settle_variance(session: Session, due: PaymentDue | Owed, now: datetime) -> tuple[int, int]:
    """Let go of what lies within the due's tolerance: what is missing (5310), or what came too much (4310).

    Both follow from the sums alone, never from their order: more money opens an accepted rest again, and what was kept
    is the buyer's again once more than the tolerance came too much. Returns what is accepted and what is kept, in đồng.
    """
    if not due.tolerance_vnd:
        return 0, 0
    facts = facts_of(session, due.id)
    state = state_from(due.method, due.amount_vnd, due.closes_at, facts)
    over_vnd = sum(fact.amount_vnd - fact.applied_vnd for fact in facts if fact.kind == FactKind.CAPTURED)
    kept_vnd = over_vnd if over_vnd <= _tolerance(due) else 0
    was_kept_vnd = _net(facts, FactKind.OVER_KEPT, FactKind.OVER_RELEASED)
    accepted_vnd = _acceptable(session, due, state)
    more = (
        (FactKind.SHORT_ACCEPTED, FactKind.SHORT_REOPENED, accepted_vnd - state.accepted_vnd),
        (FactKind.OVER_KEPT, FactKind.OVER_RELEASED, kept_vnd - was_kept_vnd),
    )
    number = sum(fact.kind in _VARIANCES for fact in facts)
    for kind, undone, by_vnd in more:
        if by_vnd:
            number += 1
            movement = f"{due.subject}:variance:{number}"
            _book_variance(session, due, kind if by_vnd > 0 else undone, abs(by_vnd), movement, now)
    return accepted_vnd, kept_vnd


_VARIANCES = {  # what is debited and what is credited
    FactKind.SHORT_ACCEPTED: ("5310:payments", "2110"),
    FactKind.SHORT_REOPENED: ("2110", "5310:payments"),
    FactKind.OVER_KEPT: ("2130", "4310:payments"),
    FactKind.OVER_RELEASED: ("4310:payments", "2130"),
}


def _tolerance(due: PaymentDue | Owed) -> int:
    return 0 if due.method == "cod" else due.tolerance_vnd  # a carrier that brings too little owes the rest


def _net(facts: list[Known], kind: FactKind, undone: FactKind) -> int:
    return sum(fact.amount_vnd * ((fact.kind == kind) - (fact.kind == undone)) for fact in facts)


def _acceptable(session: Session, due: PaymentDue | Owed, state: PaymentState) -> int:
    """How much of what is missing need not come: none once everything that came went back, unless it was earned."""
    if state.accepted_vnd and not state.refundable_vnd and state.received_vnd:
        held_vnd = -ledger.balance_vnd(session, ledger.account("2110", due.subject))
        return 0 if held_vnd >= state.accepted_vnd else state.accepted_vnd
    gap_vnd = due.amount_vnd - state.received_vnd
    return gap_vnd if 0 < gap_vnd <= _tolerance(due) and state.refundable_vnd else 0


def _book_variance(
    session: Session, due: PaymentDue | Owed, kind: FactKind, amount_vnd: int, movement: str, now: datetime
) -> None:
    debit, credit = (name if ":" in name else ledger.account(name, due.subject) for name in _VARIANCES[kind])
    fact = record_fact(session, Fact("own", movement, kind, amount_vnd, now, "manual"), now, due)
    lines = [Line(debit, amount_vnd), Line(credit, -amount_vnd)]
    ledger.post(session, f"own:{movement}", str(kind), lines, now, subject=due.subject)
    if fact and kind is FactKind.OVER_RELEASED:
        session.add(
            UnmatchedMoney(
                fact_id=fact.id,
                due_id=due.id,
                amount_vnd=amount_vnd,
                reason="over",
                account=credit,
                content=due.label,
                arrived_at=now,
            )
        )
