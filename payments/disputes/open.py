"""What a dispute forbids: money that its bank has taken back is not given back by us a second time.

While a dispute is open nothing of its order is refunded. What the rules of orders would have sent back waits before the
operator, and is sent when the dispute is won; when it is lost it went back through the bank.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from payments.disputes.models import Dispute, ReviewItem
from payments.disputes.service import ask_a_person
from payments.gateway import Fact, FactKind
from payments.models import PaymentDue, PaymentFact
from shop.core.errors import Refusal

REASON = "refund_waits"


class DisputeOpen(Refusal):
    """The card's bank has taken this money back and has not decided: giving it back now would pay twice."""


def charged_back_vnd(session: Session, movement: PaymentFact) -> int:
    """How much of a captured movement its bank has taken back and not returned, whoever bears it."""
    return sum(dispute.amount_vnd for dispute in _about(session, PaymentFact.id == movement.id))


def borne_by_market_vnd(session: Session, due_id: int) -> int:
    """How much went back to the buyer through the bank at the market's expense: not owed to the buyer any more."""
    return sum(one.amount_vnd for one in _about(session, PaymentFact.due_id == due_id) if one.borne_by == "market")


def at_the_bank_vnd(session: Session, due_id: int) -> int:
    """How much of a due its bank has, or gave back to the buyer at the market's expense: not ours to send back."""
    return sum(
        one.amount_vnd for one in _about(session, PaymentFact.due_id == due_id) if one.borne_by in ("", "market")
    )


def require_none_open(session: Session, due_id: int) -> None:
    """Raises DisputeOpen while a bank, or the operator after it, has still to decide about money of this due."""
    if any(not dispute.borne_by for dispute in _about(session, PaymentFact.due_id == due_id)):
        raise DisputeOpen(due_id=due_id)


def wait_for_end(session: Session, subject: str, amount_vnd: int, now: datetime) -> None:
    """Put before the operator what would go back if there were no dispute."""
    named = (ReviewItem.gateway == "own", ReviewItem.reason == REASON, ReviewItem.reference == subject)
    number = session.exec(select(func.count()).select_from(ReviewItem).where(*named)).one()
    movement = f"{subject}:{REASON}:{number + 1}"
    kind = FactKind.REFUND_REQUESTED
    told = Fact("own", movement, kind, amount_vnd, now, "manual", reference=subject)
    ask_a_person(session, told, now, REASON)


def waited_for(session: Session, gateway: str, movement_id: str) -> list[ReviewItem]:
    """What waits for the end of the disputes of an order, by the captured movement that a dispute was about."""
    mine = (PaymentFact.gateway == gateway, PaymentFact.movement_id == movement_id)
    about = select(PaymentDue.subject).join(PaymentFact, col(PaymentFact.due_id) == PaymentDue.id).where(*mine)
    wanted = (ReviewItem.reason == REASON, ReviewItem.state == "open", col(ReviewItem.reference).in_(about))
    return list(session.exec(select(ReviewItem).where(*wanted).order_by(col(ReviewItem.id))))


def _about(session: Session, which: bool) -> list[Dispute]:
    """Disputes that were not won."""
    same = (col(PaymentFact.gateway) == Dispute.gateway) & (col(PaymentFact.movement_id) == Dispute.of_movement)
    captured = select(Dispute).join(PaymentFact, same).where(which, PaymentFact.kind == FactKind.CAPTURED)
    return [one for one in session.exec(captured).all() if not _won(session, one)]


def _won(session: Session, dispute: Dispute) -> bool:
    won = (PaymentFact.gateway == dispute.gateway, PaymentFact.movement_id == f"{dispute.dispute_ref}:won")
    return session.exec(select(PaymentFact.id).where(*won)).first() is not None
