"""A person confirms that something was paid: cash at a co-op's counter, or a transfer seen in the bank's app.

Above a limit two people. When the bank's notification of the same transfer comes after all, it is the same money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from payments import ledger
from payments.books import capture, lock_due, record_fact, state_of_due
from payments.cash.models import HandPayment
from payments.cash.remittances import end_money
from payments.content import squeeze
from payments.earnings.service import own_cash
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import PaymentDue, UnmatchedMoney
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

GATEWAY = "hand"


class PaidAlready(Refusal):
    """Nothing is missing of this order. Facts: code."""


class ReferenceUsed(Refusal):
    """The bank's reference belongs to another confirmed payment. Facts: reference."""


class WaitsForSecond(Refusal):
    """Somebody has confirmed this already; a second person must agree. Facts: code."""


class ConfirmedAlone(Refusal):
    """Above the limit the second word must come from somebody else. Facts: amount_vnd."""


class NotWaiting(Refusal):
    """Somebody else was quicker."""


class NotTheSame(Refusal):
    """No transfer confirmed by hand is this sum."""


@dataclass(frozen=True)
class Row:
    """A confirmed payment as it is read: for which order."""

    payment: HandPayment
    label: str
    page_path: str


def confirm(
    session: Session,
    subject: str,
    person: Person,
    now: datetime,
    limit_vnd: int,
    *,
    seller: str = "",
    bank_reference: str = "",
) -> str:
    """All that is missing of `subject` was paid: "booked", or "proposed" when a second person must agree.

    `seller` ("coop:7") took cash at its counter, and its next payout is less by it; without one it was a transfer
    that the bank's app shows under `bank_reference`. Raises PaidAlready, ReferenceUsed, WaitsForSecond, NotFound.
    """
    found = session.exec(select(PaymentDue.id).where(PaymentDue.subject == subject)).first()
    if found is None:
        raise NotFound(subject=subject)
    due = lock_due(session, found)
    missing_vnd = state_of_due(session, due).missing_vnd
    if not missing_vnd:
        raise PaidAlready(code=due.label)
    proposed = (HandPayment.due_id == due.id, HandPayment.state == "proposed")
    if session.exec(select(HandPayment.id).where(*proposed)).first():
        raise WaitsForSecond(code=due.label)
    reference = squeeze(bank_reference)
    used = (HandPayment.bank_reference == reference, HandPayment.state != "withdrawn")
    if reference and session.exec(select(HandPayment.id).where(*used)).first():
        raise ReferenceUsed(reference=bank_reference)
    payment = HandPayment(
        due_id=due.id,
        way="counter" if seller else "bank",
        account=ledger.account("1130", own_cash(seller)) if seller else ledger.BANK,
        amount_vnd=missing_vnd,
        bank_reference=reference,
        proposed_by=person.id,
        proposed_at=now,
    )
    session.add(payment)
    session.flush()
    audit(session, person, "payment by hand", due.subject, None, f"{payment.way} {missing_vnd} proposed", now)
    if missing_vnd > limit_vnd:
        return "proposed"
    return _book(session, payment, person, now)


def agree(session: Session, payment_id: int, person: Person, now: datetime) -> str:
    """The second person agrees: "booked". Raises NotFound, NotWaiting, ConfirmedAlone."""
    payment = _lock(session, payment_id)
    if payment.proposed_by == person.id:
        raise ConfirmedAlone(amount_vnd=payment.amount_vnd)
    return _book(session, payment, person, now)


def withdraw(session: Session, payment_id: int, person: Person, now: datetime) -> None:
    """Take a proposal back. Raises NotFound, NotWaiting."""
    payment = _lock(session, payment_id)
    payment.state, payment.decided_by, payment.decided_at = "withdrawn", person.id, now
    session.add(payment)
    session.flush()
    audit(session, person, "payment by hand", f"hand:{payment.id}", "proposed", "withdrawn", now)


def newest(session: Session, most: int = 50) -> list[Row]:
    """Those that wait for a second person first, then the newest."""
    wanted = select(HandPayment, PaymentDue).join(PaymentDue, col(PaymentDue.id) == HandPayment.due_id)
    order = ((col(HandPayment.state) != "proposed"), col(HandPayment.id).desc())
    return [Row(it, due.label, due.page_path) for it, due in session.exec(wanted.order_by(*order).limit(most))]


def same_as(session: Session, rows: list[UnmatchedMoney]) -> dict[int, HandPayment]:
    """Which of these sums were confirmed by hand before the bank told of them, by the row's id.

    By the bank's reference, or by the order and the sum.
    """
    references = {squeeze(row.bank_reference) for row in rows if row.bank_reference}
    dues = {row.due_id for row in rows if row.due_id}
    free = (HandPayment.way == "bank", HandPayment.state == "booked", col(HandPayment.unmatched_id).is_(None))
    named = col(HandPayment.bank_reference).in_(references) | col(HandPayment.due_id).in_(dues)
    found = session.exec(select(HandPayment).where(*free, named)).all() if references or dues else []
    return {row.id: it for row in rows for it in found if row.state == "waiting" and _same(it, row)}


def same_money(session: Session, money_id: int, person: Person, now: datetime) -> None:
    """The bank told of a transfer that was confirmed by hand: it is one payment, so this one leaves the books again.

    Raises NotFound, NotWaiting, NotTheSame.
    """
    mine = (col(UnmatchedMoney.id) == money_id, col(UnmatchedMoney.state) == "waiting")
    claimed = session.exec(update(UnmatchedMoney).where(*mine).values(state="waiting")).rowcount
    money = session.get(UnmatchedMoney, money_id, populate_existing=True)
    if money is None:
        raise NotFound(unmatched_id=money_id)
    if not claimed:
        raise NotWaiting
    found = same_as(session, [money]).get(money.id)
    if found is None:
        raise NotTheSame
    payment = session.get_one(HandPayment, found.id, with_for_update=True, populate_existing=True)
    if payment.unmatched_id is not None:
        raise NotTheSame
    payment.unmatched_id = money.id
    session.add(payment)
    if money.account.startswith("2130:"):
        due = lock_due(session, money.due_id or 0)
        movement = f"unmatched:{money.id}:reassigned"
        record_fact(session, Fact("own", movement, FactKind.REASSIGNED, money.amount_vnd, now, "manual"), now, due)
    lines = [Line(money.account, money.amount_vnd), Line(ledger.BANK, -money.amount_vnd)]
    ledger.post(session, f"hand:{payment.id}:same", "same_money", lines, now)
    end_money(session, money, "same", person, now)


def _same(payment: HandPayment, money: UnmatchedMoney) -> bool:
    if payment.amount_vnd != money.amount_vnd:
        return False
    by_reference = bool(payment.bank_reference) and payment.bank_reference == squeeze(money.bank_reference)
    return by_reference or payment.due_id == money.due_id


def _lock(session: Session, payment_id: int) -> HandPayment:
    mine = (col(HandPayment.id) == payment_id, col(HandPayment.state) == "proposed")
    claimed = session.exec(update(HandPayment).where(*mine).values(state="proposed")).rowcount
    payment = session.get(HandPayment, payment_id, populate_existing=True)
    if payment is None:
        raise NotFound(payment_id=payment_id)
    if not claimed:
        raise NotWaiting
    return payment


def _book(session: Session, payment: HandPayment, person: Person, now: datetime) -> str:
    movement = f"hand:{payment.id}"
    said = payment.bank_reference
    fact = Fact(GATEWAY, movement, FactKind.CAPTURED, payment.amount_vnd, now, "manual", payment.account, said)
    payment.state, payment.decided_by, payment.decided_at = "booked", person.id, now
    session.add(payment)
    session.flush()
    capture(session, payment.due_id, None, fact, now, bank_reference=said)
    audit(session, person, "payment by hand", movement, "proposed", "booked", now)
    return "booked"
