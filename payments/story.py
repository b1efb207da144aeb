"""Everything the books and the gateways know of one payment, for the person who must explain it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel import Session, col, select

from payments import ledger
from payments.books import state_of_due
from payments.cash.models import CarrierCash, HandPayment
from payments.comparison.models import ComparisonItem
from payments.disputes.models import Dispute, ReviewItem
from payments.earnings.models import Earning
from payments.gateway import FactKind
from payments.ledger import JournalRow
from payments.models import (
    Entry,
    InboxRequest,
    Journal,
    PaymentAttempt,
    PaymentDue,
    PaymentFact,
    Refund,
    UnmatchedMoney,
)
from payments.payouts.models import Settlement
from payments.state import AttemptState, PaymentState, attempt_state

_TOLD_WITHIN = timedelta(minutes=2)
_UNTIL_DECIDED = ("waiting", "proposed")


@dataclass(frozen=True)
class Try:
    """One try to pay, where it stands, and what was heard of it, oldest first."""

    attempt: PaymentAttempt
    state: AttemptState
    facts: list[PaymentFact]


@dataclass(frozen=True)
class Story:
    """All of it, each list oldest first. `heard` names the raw request of a fact, `compared` its comparison."""

    due: PaymentDue
    state: PaymentState
    tries: list[Try]
    by_itself: list[PaymentFact]
    unmatched: list[UnmatchedMoney]
    refunds: list[Refund]
    reviews: list[ReviewItem]
    disputes: list[Dispute]
    hand: list[HandPayment]
    earnings: list[Earning]
    payouts: dict[int, Settlement]
    cash: list[CarrierCash]
    journals: list[JournalRow]
    heard: dict[int, int] = field(default_factory=dict)
    compared: dict[int, int] = field(default_factory=dict)

    @property
    def authorised_vnd(self) -> int:
        """What a card or a carrier is to bring and has not: held, no money yet."""
        return sum(self._held(one.facts) for one in self.tries if one.state is AttemptState.AUTHORISED)

    @property
    def undecided_vnd(self) -> int:
        """What came for it and waits for a person's word."""
        waiting = [row for row in self.unmatched if row.state in _UNTIL_DECIDED and row.due_id == self.due.id]
        return sum(row.amount_vnd for row in waiting)

    @property
    def refunding_vnd(self) -> int:
        return sum(refund.amount_vnd for refund in self.refunds if refund.state != "sent")

    @property
    def sent_back_vnd(self) -> int:
        return sum(refund.amount_vnd for refund in self.refunds if refund.state == "sent")

    @property
    def balances(self) -> list[tuple[str, int]]:
        """What stands on each account by these journals alone, debit positive; what came to nothing is left out."""
        sums: dict[str, int] = {}
        for entry in (entry for row in self.journals for entry in row.entries if not entry.pending):
            sums[entry.account] = sums.get(entry.account, 0) + entry.amount_vnd
        return [(account, amount_vnd) for account, amount_vnd in sorted(sums.items()) if amount_vnd]

    def _held(self, facts: Iterable[PaymentFact]) -> int:
        return sum(fact.amount_vnd for fact in facts if fact.kind == FactKind.AUTHORISED)


def story_of(session: Session, subject: str, parcels: Sequence[str] = ()) -> Story | None:
    """What is known of the payment of `subject` ("order:17") and of its `parcels` ("parcel:9"); None: nothing owed."""
    due = session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).first()
    if due is None:
        return None
    mine = select(PaymentFact).where(PaymentFact.due_id == due.id).order_by(col(PaymentFact.id))
    facts = list(session.exec(mine))
    tries = _tries(session, due, facts)
    own = {one.attempt.id for one in tries}
    refunds = list(session.exec(select(Refund).where(Refund.due_id == due.id).order_by(col(Refund.id))))
    movements = [fact.movement_id for fact in facts]
    references = [one.attempt.reference for one in tries]
    disputed = select(Dispute).where(col(Dispute.of_movement).in_(movements)).order_by(col(Dispute.id))
    disputes = list(session.exec(disputed)) if movements else []
    brought = select(Earning).where(Earning.subject == subject).order_by(col(Earning.id))
    earnings = list(session.exec(brought))
    return Story(
        due=due,
        state=state_of_due(session, due),
        tries=tries,
        by_itself=[fact for fact in facts if fact.attempt_id not in own],
        unmatched=_unmatched(session, due, refunds),
        refunds=refunds,
        reviews=_reviews(session, movements, references),
        disputes=disputes,
        hand=list(session.exec(select(HandPayment).where(HandPayment.due_id == due.id).order_by(col(HandPayment.id)))),
        earnings=earnings,
        payouts=_payouts(session, earnings),
        cash=_cash(session, parcels),
        journals=_journals(session, subject, refunds, disputes),
        heard=_heard(session, facts),
        compared=_compared(session, facts),
    )


def subject_of(session: Session, typed: str) -> str:
    """For what a reference was paid that the gateway or the bank knows: ours, or theirs. "" when nobody knows it."""
    of_tries = select(PaymentAttempt.due_id).where(PaymentAttempt.reference == typed.upper())
    due_id = session.exec(of_tries).first()
    due = session.get(PaymentDue, due_id) if due_id else None
    return due.subject if due else ""


def _tries(session: Session, due: PaymentDue, facts: Sequence[PaymentFact]) -> list[Try]:
    wanted = select(PaymentAttempt).where(PaymentAttempt.due_id == due.id).order_by(col(PaymentAttempt.id))
    attempts = session.exec(wanted).all()
    told = {attempt.id: [fact for fact in facts if fact.attempt_id == attempt.id] for attempt in attempts}
    return [Try(attempt, attempt_state(told[attempt.id]), told[attempt.id]) for attempt in attempts]


def _unmatched(session: Session, due: PaymentDue, refunds: Sequence[Refund]) -> list[UnmatchedMoney]:
    named = [refund.unmatched_id for refund in refunds if refund.unmatched_id]
    mine = (
        (col(UnmatchedMoney.due_id) == due.id)
        | (col(UnmatchedMoney.target_due_id) == due.id)
        | col(UnmatchedMoney.id).in_(named)
    )
    return list(session.exec(select(UnmatchedMoney).where(mine).order_by(col(UnmatchedMoney.id))))


def _reviews(session: Session, movements: Sequence[str], references: Sequence[str]) -> list[ReviewItem]:
    about = (
        col(ReviewItem.movement_id).in_(movements)
        | col(ReviewItem.of_movement).in_(movements)
        | col(ReviewItem.reference).in_(references)
    )
    return list(session.exec(select(ReviewItem).where(about).order_by(col(ReviewItem.id))))


def _payouts(session: Session, earnings: Sequence[Earning]) -> dict[int, Settlement]:
    """By the id of the earning that it paid."""
    paid = {earning.id: earning.settlement_id for earning in earnings if earning.settlement_id}
    wanted = select(Settlement).where(col(Settlement.id).in_(paid.values()))
    known = {settlement.id: settlement for settlement in session.exec(wanted)} if paid else {}
    return {earning_id: known[number] for earning_id, number in paid.items() if number in known}


def _cash(session: Session, parcels: Sequence[str]) -> list[CarrierCash]:
    wanted = select(CarrierCash).where(col(CarrierCash.parcel).in_(parcels)).order_by(col(CarrierCash.id))
    return list(session.exec(wanted)) if parcels else []


def _journals(
    session: Session, subject: str, refunds: Sequence[Refund], disputes: Sequence[Dispute]
) -> list[JournalRow]:
    """Those that name it, and those that touch an account of it or of its refunds and disputes."""
    accounts = [ledger.account(code, subject) for code in ("2110", "2130")]
    accounts += [ledger.account("2120", f"refund:{refund.id}") for refund in refunds]
    accounts += [ledger.account("1310", f"{dispute.gateway}:{dispute.dispute_ref}") for dispute in disputes]
    touching = select(Entry.journal_id).where(col(Entry.account).in_(accounts))
    mine = (col(Journal.subject) == subject) | col(Journal.id).in_(touching)
    return ledger.with_entries(
        session, select(Journal).where(mine).order_by(col(Journal.recorded_at), col(Journal.effective_at))
    )


def _heard(session: Session, facts: Sequence[PaymentFact]) -> dict[int, int]:
    """Which raw request told of which fact: asked for by the moment, which has an index, then by its movements."""
    found: dict[int, int] = {}
    for fact in (fact for fact in facts if fact.via == "ipn"):
        near = (
            col(InboxRequest.received_at) >= fact.recorded_at - _TOLD_WITHIN,
            col(InboxRequest.received_at) <= fact.recorded_at + _TOLD_WITHIN,
            col(InboxRequest.movements).contains(f'"{fact.movement_id}"', autoescape=True),
        )
        wanted = select(InboxRequest.id).where(*near).order_by(col(InboxRequest.id))
        if request_id := session.exec(wanted).first():
            found[fact.id] = request_id
    return found


def _compared(session: Session, facts: Sequence[PaymentFact]) -> dict[int, int]:
    ids = [fact.id for fact in facts]
    wanted = select(ComparisonItem.fact_id, ComparisonItem.id).where(col(ComparisonItem.fact_id).in_(ids))
    return {fact_id: item_id for fact_id, item_id in session.exec(wanted) if fact_id}
