"""Money that was promised back: the operator sends it by bank transfer and says so with the bank's reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.books import lock_due, record_fact
from payments.events import RefundSent
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import PaymentDue, PaymentFact, Refund, UnmatchedMoney
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.events import publish


class AlreadySent(Refusal):
    """This refund was marked as sent before."""


@dataclass(frozen=True)
class RefundRow:
    """A refund as the operator reads it: for which order, or for which bank line."""

    refund: Refund
    label: str
    page_path: str
    content: str
    bank_reference: str


def to_send(session: Session, most: int = 200) -> list[RefundRow]:
    """What has still to be sent, oldest first."""
    return _rows(session, "requested", most, newest_first=False)


def sent(session: Session, most: int = 50) -> list[RefundRow]:
    """What was sent, newest first."""
    return _rows(session, "sent", most, newest_first=True)


def count_to_send(session: Session) -> int:
    """How many refunds wait to be sent."""
    return session.exec(select(func.count()).select_from(Refund).where(Refund.state == "requested")).one()


def mark_sent(session: Session, refund_id: int, reference: str, person: Person, now: datetime) -> None:
    """The transfer left the bank under `reference`: booked, told, audited. Raises AlreadySent on the second time."""
    mine = (col(Refund.id) == refund_id, col(Refund.state) == "requested")
    values = {"state": "sent", "reference": reference, "sent_at": now, "sent_by": person.id}
    if session.exec(update(Refund).where(*mine).values(**values)).rowcount == 0:
        raise AlreadySent(refund_id=refund_id)
    refund = session.get_one(Refund, refund_id, populate_existing=True)
    due = lock_due(session, refund.due_id) if refund.due_id else None
    movement = f"refund:{refund.id}"
    fact = Fact("own", movement, FactKind.REFUNDED, refund.amount_vnd, now, "manual", ledger.BANK, reference)
    of_due = due if refund.unmatched_id is None else None  # what came too much never covered the due
    record_fact(session, fact, now, of_due)
    lines = [
        Line(ledger.account("2120", movement), refund.amount_vnd),
        Line(ledger.BANK, -refund.amount_vnd),
    ]
    ledger.post(session, f"own:{movement}", "refund_sent", lines, now, subject=due.subject if due else "")
    audit(session, person, "refund", movement, "requested", {"state": "sent", "reference": reference}, now)
    if due:
        publish(session, RefundSent(due.subject, refund.amount_vnd, refund.id), due_at=now)


def _rows(session: Session, state: str, most: int, *, newest_first: bool) -> list[RefundRow]:
    order = col(Refund.id).desc() if newest_first else col(Refund.id)
    wanted = (
        select(Refund, PaymentDue, UnmatchedMoney)
        .outerjoin(PaymentDue, col(PaymentDue.id) == Refund.due_id)
        .outerjoin(UnmatchedMoney, col(UnmatchedMoney.id) == Refund.unmatched_id)
        .where(Refund.state == state)
        .order_by(order)
        .limit(most)
    )
    rows = session.exec(wanted).all()
    came_by = _bank_references(session, [due.id for _, due, _ in rows if due])
    return [
        RefundRow(
            refund,
            due.label if due else "",
            due.page_path if due else "",
            money.content if money else "",
            money.bank_reference if money else came_by.get(due.id if due else 0, ""),
        )
        for refund, due, money in rows
    ]


def _bank_references(session: Session, due_ids: list[int]) -> dict[int, str]:
    """Under which reference the money of each due came, so that the operator finds the sender in the bank's app."""
    came = select(PaymentFact.due_id, PaymentFact.code).where(
        col(PaymentFact.due_id).in_(due_ids), PaymentFact.kind == FactKind.CAPTURED, PaymentFact.code != ""
    )
    return {due_id or 0: code for due_id, code in session.exec(came.order_by(col(PaymentFact.id)))}
