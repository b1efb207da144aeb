"""Card payments that their owners dispute: the money waits under 1310 until the dispute is won, or lost and borne.

Each thing told is a journal of its own, booked once, so the order and the number of tellings do not matter.
Whatever a machine must not decide waits as a `ReviewItem` until a person closes it with a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.books import lock_due, record_fact, state_of_due
from payments.disputes.models import Dispute, ReviewItem
from payments.earnings.models import Earning
from payments.earnings.service import lock_sellers_of, take_back
from payments.gateway import Fact, FactKind, Outcome
from payments.ledger import Line
from payments.models import PaymentAttempt, PaymentDue, PaymentFact
from payments.state import PaymentState
from shop.core.audit import audit
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

OPENED, FEE, WON, LOST = FactKind.DISPUTED, FactKind.DISPUTE_FEE, FactKind.DISPUTE_WON, FactKind.DISPUTE_LOST
FEE_BACK = FactKind.DISPUTE_FEE_BACK
DISPUTES = (OPENED, FEE, FEE_BACK, WON, LOST)
_REASONS = {OPENED: "dispute", WON: "dispute_won", LOST: "dispute_lost", FactKind.AUTHORISED: "suspicious"}
LOSS = ledger.account("5320", "dispute")

BorneBy = Literal["market", "order", "coop"]


class AlreadyReviewed(Refusal):
    """Somebody else closed it, or it was decided before."""


class NotLost(Refusal):
    """Who bears a dispute is decided when it is lost, not before."""


class NoteMissing(Refusal):
    """What a person decides needs a word why."""


class NobodysPayment(Refusal):
    """The disputed payment belongs to no order that we know, so only the market can bear it."""


@dataclass(frozen=True)
class Review:
    """A matter as the operator reads it; `dispute` if it is about one; `label` the order's code, `money` its sums."""

    item: ReviewItem
    dispute: Dispute | None
    label: str
    page_path: str
    money: PaymentState | None = None

    @property
    def to_decide(self) -> bool:
        """Whether somebody must say who bears a lost dispute."""
        return self.item.reason == "dispute_lost" and self.dispute is not None and not self.dispute.borne_by


def ask_a_person(session: Session, fact: Fact, now: datetime, reason: str = "") -> None:
    """Put a fact before the operator, once for each movement."""
    row = {
        "gateway": fact.gateway,
        "movement_id": fact.movement_id,
        "reason": reason or _REASONS.get(fact.kind, "failed"),
        "code": fact.code,
        "amount_vnd": fact.amount_vnd,
        "reference": fact.reference,
        "of_movement": fact.of_movement,
        "occurred_at": fact.occurred_at,
        "told_at": now,
        "state": "open",
        "note": "",
    }
    insert_once(session, ReviewItem, row, ["gateway", "movement_id"])


def take_dispute(session: Session, fact: Fact, now: datetime) -> Outcome:
    """Book what was told of a dispute; a loss is booked when a person has said who bears it."""
    if record_fact(session, fact, now) is None:
        return Outcome.DUPLICATE
    ref = fact.movement_id.partition(":")[0]
    if fact.kind not in (FEE, FEE_BACK):
        row = {"of_movement": fact.of_movement, "amount_vnd": fact.amount_vnd, "told_at": now, "borne_by": ""}
        insert_once(session, Dispute, {"gateway": fact.gateway, "dispute_ref": ref, **row}, ["gateway", "dispute_ref"])
    clearing, disputed = ledger.account("1120", fact.gateway), ledger.account("1310", f"{fact.gateway}:{ref}")
    fees = ledger.account("5130", fact.gateway)
    moved = {
        OPENED: (disputed, clearing),
        WON: (clearing, disputed),
        FEE: (fees, clearing),
        FEE_BACK: (clearing, fees),
    }.get(fact.kind)
    if moved:
        lines = [Line(moved[0], fact.amount_vnd), Line(moved[1], -fact.amount_vnd)]
        event = f"{fact.gateway}:{fact.movement_id}"
        due = _due_of(session, fact.gateway, fact.of_movement)
        subject = due.subject if due else ""
        ledger.post(session, event, str(fact.kind), lines, now, effective_at=fact.occurred_at, subject=subject)
    _close_what_is_over(session, fact.gateway, ref)
    return Outcome.RECORDED


def open_reviews(session: Session, most: int = 200) -> list[Review]:
    """What a person must look at, oldest first."""
    wanted = select(ReviewItem).where(ReviewItem.state == "open").order_by(col(ReviewItem.id)).limit(most)
    return [_read(session, item) for item in session.exec(wanted)]


def closed_reviews(session: Session, most: int = 50) -> list[Review]:
    """What was looked at, newest first."""
    wanted = select(ReviewItem).where(ReviewItem.state == "closed").order_by(col(ReviewItem.id).desc()).limit(most)
    return [_read(session, item) for item in session.exec(wanted)]


def count_open(session: Session) -> int:
    """How many matters wait for a person."""
    return session.exec(select(func.count()).select_from(ReviewItem).where(ReviewItem.state == "open")).one()


def close(session: Session, item_id: int, note: str, person: Person, now: datetime) -> None:
    """Somebody has looked. Raises NoteMissing, AlreadyReviewed; NotFound; a loss is closed by `decide` only."""
    item = session.get(ReviewItem, item_id)
    if item is None:
        raise NotFound(review_id=item_id)
    if _read(session, item).to_decide:
        raise NotLost(review_id=item_id)
    _close(session, item, note, person, now)


def decide(session: Session, item_id: int, borne_by: BorneBy, note: str, person: Person, now: datetime) -> None:
    """Say who bears a lost dispute, and book it: the market's loss, the order's money, or what its co-ops earned.

    Raises NotLost, AlreadyReviewed, NobodysPayment, NoteMissing, ReturnTooLarge when less than that is left.
    """
    item = session.get(ReviewItem, item_id)
    if item is None:
        raise NotFound(review_id=item_id)
    dispute = _dispute_of(session, item)
    if dispute is None or item.reason != "dispute_lost":
        raise NotLost(review_id=item_id)
    mine = (col(Dispute.id) == dispute.id, col(Dispute.borne_by) == "")
    values = {"borne_by": borne_by, "decided_by": person.id, "decided_at": now}
    if run(session, update(Dispute).where(*mine).values(**values)).rowcount == 0:
        raise AlreadyReviewed(review_id=item_id)
    due = _due_of(session, dispute.gateway, dispute.of_movement)
    lines = _borne(session, dispute, borne_by, due, now)
    lines += [Line(ledger.account("1310", f"{dispute.gateway}:{dispute.dispute_ref}"), -dispute.amount_vnd)]
    event, subject = f"own:dispute:{dispute.id}:lost", due.subject if due else ""
    ledger.post(session, event, "dispute_lost", lines, now, subject=subject)
    audit(session, person, "dispute", f"dispute:{dispute.id}", "", borne_by, now)
    _close(session, item, note, person, now)


def _borne(session: Session, dispute: Dispute, borne_by: BorneBy, due: PaymentDue | None, now: datetime) -> list[Line]:
    if borne_by == "market":
        return [Line(LOSS, dispute.amount_vnd)]
    if due is None:
        raise NobodysPayment(dispute_ref=dispute.dispute_ref)
    lock_due(session, due.id)
    movement = f"dispute:{dispute.id}:lost"
    gone = Fact("own", movement, FactKind.CHARGED_BACK, dispute.amount_vnd, now, "manual")
    record_fact(session, gone, now, due)
    if borne_by == "order":
        return take_back(session, due.subject, "", dispute.amount_vnd)
    return _from_sellers(session, due.subject, dispute.amount_vnd)


def _from_sellers(session: Session, subject: str, amount_vnd: int) -> list[Line]:
    """From what the parcels of the order brought, one after the other; what they do not cover is the buyer's own."""
    lines: list[Line] = []
    lock_sellers_of(session, subject)
    wanted = select(Earning).where(Earning.subject == subject).order_by(col(Earning.id))
    for earning in session.exec(wanted.execution_options(populate_existing=True)).all():
        part_vnd = min(amount_vnd, earning.left_vnd)
        if part_vnd:
            lines += take_back(session, subject, earning.parcel, part_vnd)
            amount_vnd -= part_vnd
    return lines + (take_back(session, subject, "", amount_vnd) if amount_vnd else [])


def _close_what_is_over(session: Session, gateway: str, ref: str) -> None:
    """Nobody has to answer a dispute that has ended; only its end is looked at."""
    ends = (f"{ref}:won", f"{ref}:lost")
    ended = select(PaymentFact.id).where(PaymentFact.gateway == gateway, col(PaymentFact.movement_id).in_(ends))
    if session.exec(ended).first():
        opened = (col(ReviewItem.gateway) == gateway, col(ReviewItem.movement_id) == ref)
        run(session, update(ReviewItem).where(*opened, col(ReviewItem.state) == "open").values(state="closed"))


def _close(session: Session, item: ReviewItem, note: str, person: Person, now: datetime) -> None:
    if not note:
        raise NoteMissing(review_id=item.id)
    mine = (col(ReviewItem.id) == item.id, col(ReviewItem.state) == "open")
    values = {"state": "closed", "note": note, "closed_by": person.id, "closed_at": now}
    if run(session, update(ReviewItem).where(*mine).values(**values)).rowcount == 0:
        raise AlreadyReviewed(review_id=item.id)
    audit(session, person, "review", f"review:{item.id}", "open", {"state": "closed", "note": note}, now)


def _read(session: Session, item: ReviewItem) -> Review:
    due = _due_of(session, item.gateway, item.of_movement or item.movement_id)
    if due is None and item.gateway == "own":
        due = session.exec(select(PaymentDue).where(PaymentDue.subject == item.reference)).first()
    elif due is None and item.reference:
        mine = (PaymentAttempt.gateway == item.gateway, PaymentAttempt.reference == item.reference)
        named = select(PaymentDue).join(PaymentAttempt, col(PaymentAttempt.due_id) == PaymentDue.id).where(*mine)
        due = session.exec(named).first()
    dispute = _dispute_of(session, item)
    if due is None:
        return Review(item, dispute, "", "")
    return Review(item, dispute, due.label, due.page_path, state_of_due(session, due))


def _dispute_of(session: Session, item: ReviewItem) -> Dispute | None:
    ref = item.movement_id.partition(":")[0]
    return session.exec(select(Dispute).where(Dispute.gateway == item.gateway, Dispute.dispute_ref == ref)).first()


def _due_of(session: Session, gateway: str, movement_id: str) -> PaymentDue | None:
    """What a captured movement was paid for."""
    mine = (PaymentFact.gateway == gateway, PaymentFact.movement_id == movement_id)
    wanted = select(PaymentDue).join(PaymentFact, col(PaymentFact.due_id) == PaymentDue.id).where(*mine)
    return session.exec(wanted).first()
