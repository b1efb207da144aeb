"""Money promised back, as the operator handles it: what goes by transfer, what a gateway still has to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, func, select

from payments import ledger
from payments.books import lock_due, state_of_due
from payments.disputes.open import DisputeOpen, borne_by_market_vnd, require_none_open
from payments.gateway import Fact, FactKind, Outcome
from payments.models import PaymentDue, PaymentFact, Refund, UnmatchedMoney
from payments.refunding import OUTSIDE, TRANSFER, book_sent, by_transfer, goes_by, left_on_vnd
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

ASKED_OFTEN = 5  # by then a gateway has had most of an hour to answer


class AlreadySent(Refusal):
    """This refund was marked as sent before, or the gateway is at it. Facts: refund_id."""


class GatewayIsAtIt(Refusal):
    """The gateway may be giving it back at this moment: sending it by transfer, too, would pay twice. Facts: way."""


class NothingSaid(Refusal):
    """Nobody has said that the gateway paid this refund. Facts: refund_id."""


class NeedsAnother(Refusal):
    """Above the limit a second person must have seen it. Facts: amount_vnd."""


class ReferenceOfAnother(Refusal):
    """This reference stands in the books already. Facts: reference."""


class CannotTryAgain(Refusal):
    """The gateway has nothing left of this payment to give back, or it came without one."""


@dataclass(frozen=True)
class RefundRow:
    """A refund as the operator reads it: for which order, or for which bank line; `came_by` how its money came."""

    refund: Refund
    label: str
    page_path: str
    content: str
    bank_reference: str
    came_by: str = ""

    @property
    def is_stuck(self) -> bool:
        """The gateway was asked often and never said what became of it: a person looks there."""
        return self.refund.state == "sending" and self.refund.checks >= ASKED_OFTEN

    @property
    def is_outside(self) -> bool:
        return self.refund.reason == OUTSIDE


def to_send(session: Session, most: int = 200) -> list[RefundRow]:
    """What a person has still to send, oldest first."""
    return _rows(session, _BY_HAND, most, newest_first=False)


def under_way(session: Session, most: int = 200) -> list[RefundRow]:
    """What gateways are giving back, oldest first."""
    return _rows(session, (col(Refund.state) != "sent", col(Refund.way) != TRANSFER), most, newest_first=False)


def sent(session: Session, most: int = 50) -> list[RefundRow]:
    """What was sent, newest first."""
    return _rows(session, (col(Refund.state) == "sent",), most, newest_first=True)


def count_to_send(session: Session) -> int:
    """How many refunds wait for a person: to be sent, or to be looked up at a gateway that does not answer."""
    stuck = (col(Refund.state) == "sending") & (col(Refund.checks) >= ASKED_OFTEN)
    return session.exec(select(func.count()).select_from(Refund).where(and_(*_BY_HAND) | stuck)).one()


def mark_sent(session: Session, refund_id: int, reference: str, person: Person, now: datetime) -> None:
    """The transfer left the bank under `reference`: booked, told, audited.

    Raises AlreadySent on the second time, DisputeOpen while the card's bank has the money or has given it back.
    """
    refund = _locked(session, refund_id)
    if refund.state != "requested" or refund.way != TRANSFER:
        raise AlreadySent(refund_id=refund_id)
    if refund.due_id:
        require_none_open(session, refund.due_id)
    if refund.due_id and refund.unmatched_id is None:
        due = lock_due(session, refund.due_id)
        if state_of_due(session, due).refundable_vnd < borne_by_market_vnd(session, due.id):
            raise DisputeOpen(due_id=due.id)
    refund.sent_by = person.id
    movement = f"refund:{refund.id}"
    fact = Fact("own", movement, FactKind.REFUNDED, refund.amount_vnd, now, "manual", ledger.BANK, reference)
    book_sent(session, refund, fact, "refund_sent", now)
    audit(session, person, "refund", movement, "requested", {"state": "sent", "reference": reference}, now)


def send_by_transfer(session: Session, refund_id: int, person: Person, now: datetime) -> None:
    """Not through the gateway after all: a person will send it.

    Before the gateway was called at any time; afterwards only when it has not said for long what became of it, and
    the person has looked there. Raises AlreadySent, GatewayIsAtIt. Audited.
    """
    refund = _locked(session, refund_id)
    if refund.state == "sent" or refund.way == TRANSFER:
        raise AlreadySent(refund_id=refund_id)
    if refund.state == "sending" and refund.checks < ASKED_OFTEN:
        raise GatewayIsAtIt(way=refund.way)
    audit(session, person, "refund", f"refund:{refund.id}", refund.way, TRANSFER, now)
    by_transfer(session, refund, "", now)


def say_paid(session: Session, refund_id: int, reference: str, person: Person, now: datetime, limit_vnd: int) -> str:
    """The gateway never answered, and a person has seen in its own pages that it paid, as `reference`.

    "sent", or "proposed" above the limit: somebody else must say so too. What the gateway still tells later is known.
    Raises AlreadySent, GatewayIsAtIt (it may yet answer), ReferenceOfAnother. Audited.
    """
    refund = _silent(session, refund_id)
    if refund.amount_vnd <= limit_vnd:
        return _paid_after_all(session, refund, reference, person, now)
    refund.said_reference, refund.said_by = reference, person.id
    session.add(refund)
    said = {"state": "proposed", "reference": reference}
    audit(session, person, "refund", f"refund:{refund.id}", "sending", said, now)
    return "proposed"


def agree_paid(session: Session, refund_id: int, person: Person, now: datetime) -> str:
    """The second person has seen it too. Raises AlreadySent, NothingSaid, NeedsAnother, ReferenceOfAnother."""
    refund = _silent(session, refund_id)
    if not refund.said_reference:
        raise NothingSaid(refund_id=refund_id)
    if refund.said_by == person.id:
        raise NeedsAnother(amount_vnd=refund.amount_vnd)
    return _paid_after_all(session, refund, refund.said_reference, person, now)


def unsay_paid(session: Session, refund_id: int, person: Person, now: datetime) -> None:
    """It was not paid, or nobody is sure: what was said is taken back. Raises AlreadySent, NothingSaid."""
    refund = _silent(session, refund_id)
    if not refund.said_reference:
        raise NothingSaid(refund_id=refund_id)
    audit(session, person, "refund", f"refund:{refund.id}", "proposed", "withdrawn", now)
    refund.said_reference, refund.said_by = "", None
    session.add(refund)


def _silent(session: Session, refund_id: int) -> Refund:
    """A refund, locked, of which its gateway was asked often and never said anything."""
    refund = _locked(session, refund_id)
    if refund.state != "sending" or refund.way == TRANSFER:
        raise AlreadySent(refund_id=refund_id)
    if refund.checks < ASKED_OFTEN:
        raise GatewayIsAtIt(way=refund.way)
    return refund


def _paid_after_all(session: Session, refund: Refund, reference: str, person: Person, now: datetime) -> str:
    refund.sent_by = person.id
    clearing = ledger.account("1120", refund.way)
    fact = Fact(refund.way, reference, FactKind.REFUNDED, refund.amount_vnd, now, "manual", clearing)
    if book_sent(session, refund, fact, "refund_sent", now) is Outcome.DUPLICATE:
        raise ReferenceOfAnother(reference=reference)
    told = {"state": "sent", "reference": reference}
    audit(session, person, "refund", f"refund:{refund.id}", "sending", told, now)
    return "sent"


def try_again(session: Session, refund_id: int, person: Person, now: datetime) -> None:
    """Through the gateway once more, under an id of its own. Raises AlreadySent, CannotTryAgain. Audited."""
    refund = _locked(session, refund_id)
    if refund.state != "requested" or refund.way != TRANSFER:
        raise AlreadySent(refund_id=refund_id)
    movement = session.get(PaymentFact, refund.fact_id) if refund.fact_id else None
    if refund.due_id:
        lock_due(session, refund.due_id)
    if movement is None or left_on_vnd(session, movement) < refund.amount_vnd:
        raise CannotTryAgain
    session.add(goes_by(refund, movement, now))
    refund.refused = ""
    audit(session, person, "refund", f"refund:{refund.id}", TRANSFER, refund.way, now)


def _locked(session: Session, refund_id: int) -> Refund:
    wanted = select(Refund).where(Refund.id == refund_id).with_for_update()
    refund = session.exec(wanted.execution_options(populate_existing=True)).first()
    if refund is None:
        raise NotFound(refund_id=refund_id)
    return refund


_BY_HAND = (col(Refund.state) == "requested", col(Refund.way) == TRANSFER)


def _rows(session: Session, which: Sequence[ColumnElement[bool]], most: int, *, newest_first: bool) -> list[RefundRow]:
    order = col(Refund.id).desc() if newest_first else col(Refund.id)
    wanted = (
        select(Refund, PaymentDue, UnmatchedMoney, PaymentFact)
        .outerjoin(PaymentDue, col(PaymentDue.id) == Refund.due_id)
        .outerjoin(UnmatchedMoney, col(UnmatchedMoney.id) == Refund.unmatched_id)
        .outerjoin(PaymentFact, col(PaymentFact.id) == Refund.fact_id)
        .where(*which)
        .order_by(order)
        .limit(most)
    )
    rows = session.exec(wanted).all()
    references = _bank_references(session, [due.id for _, due, _, _ in rows if due])
    return [
        RefundRow(
            refund,
            due.label if due else "",
            due.page_path if due else "",
            money.content if money else "",
            money.bank_reference if money else references.get(due.id if due else 0, ""),
            movement.gateway if movement else "",
        )
        for refund, due, money, movement in rows
    ]


def _bank_references(session: Session, due_ids: list[int]) -> dict[int, str]:
    """Under which reference the money of each due came, so that the operator finds the sender in the bank's app."""
    came = select(PaymentFact.due_id, PaymentFact.code).where(
        col(PaymentFact.due_id).in_(due_ids), PaymentFact.kind == FactKind.CAPTURED, PaymentFact.code != ""
    )
    return {due_id or 0: code for due_id, code in session.exec(came.order_by(col(PaymentFact.id)))}
