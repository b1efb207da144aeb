"""Disputed card payments: the money waits until they are won, or lost and borne; told in any order, the end is one."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import ledger, refunds
from payments.disputes import service as disputes
from payments.disputes.models import Dispute, ReviewItem
from payments.disputes.open import DisputeOpen
from payments.earnings.models import Earning
from payments.earnings.service import ReturnTooLarge, Sale, earn, release
from payments.gateway import Fact, FactKind, Outcome
from payments.gateways.stripe_disputes import dispute_facts
from payments.models import Entry, PaymentAttempt, PaymentDue
from payments.receive import take_fact
from payments.service import RefundTooLarge, give_back, open_due, refundable_vnd, refunds_of, request_refund, state_of
from payments.verify import check
from shop.core.db import Database
from shop.core.errors import Refusal
from tests.payments.factories import NOW, OPERATOR, due_of, make_due
from tests.payments.many import many
from tests.payments.test_histories import ON_POSTGRESQL, ON_SQLITE, Undo, shared

SUM_VND, FEE_VND = 480_000, 380_000
CARD = "1120:stripe"


def event(status: str, *, fee: bool = True, ref: str = "dp_1", charge: str = "ch_1") -> tuple[Fact, ...]:
    moved = [{"currency": "vnd", "fee": FEE_VND, "amount": -SUM_VND}] if fee else []
    told = {"id": ref, "status": status, "amount": SUM_VND, "currency": "vnd", "reason": "fraudulent"}
    return dispute_facts(told | {"charge": charge, "payment_intent": "pi_1", "balance_transactions": moved}, NOW, CARD)


def paid(session: Session, subject: str) -> Fact:
    attempt = session.exec(
        select(PaymentAttempt)
        .join(PaymentDue, col(PaymentDue.id) == PaymentAttempt.due_id)
        .where(PaymentDue.subject == subject)
    ).one()
    return Fact("stripe", "ch_1", FactKind.CAPTURED, SUM_VND, NOW, "ipn", CARD, reference=attempt.reference)


def tell(session: Session, *facts: Fact) -> list[Outcome]:
    return [take_fact(session, fact, NOW) for fact in facts]


def stands(session: Session) -> dict[str, int]:
    wanted = select(Entry.account, func.sum(Entry.amount_vnd)).where(col(Entry.pending).is_(False))
    return {name: int(total) for name, total in session.exec(wanted.group_by(col(Entry.account))) if total}


@pytest.fixture
def due(db: Database) -> PaymentDue:
    """An order of 480.000 ₫ paid by card."""
    it = make_due(db, SUM_VND, "stripe")
    with db.write() as session:
        tell(session, paid(session, it.subject))
    return it


def lost(db: Database) -> int:
    """The dispute was opened and lost; what a person has to decide."""
    with db.write() as session:
        tell(session, *event("needs_response"), *event("lost"))
    with db.read() as session:
        return session.exec(select(ReviewItem.id).where(ReviewItem.reason == "dispute_lost")).one()


def delivered(db: Database, due: PaymentDue) -> None:
    """Its parcel is with the buyer, and what it brought the co-op can be paid out."""
    with db.write() as session:
        earn(session, Sale("coop:7", due.subject, due.label, "parcel:9", SUM_VND, 0, 48_000, NOW), NOW)
    with db.write() as session:
        release(session, session.exec(select(Earning.id)).one(), NOW)


class TestADispute:
    def test_takes_the_money_and_its_fee_from_what_stripe_holds(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"))
        with db.read() as session:
            books = stands(session)
            assert books["1310:stripe:dp_1"] == SUM_VND
            assert books["5130:stripe"] == FEE_VND
            assert books[CARD] == -FEE_VND
            (matter,) = disputes.open_reviews(session)
            assert (matter.label, matter.item.reason, matter.to_decide) == (due.label, "dispute", False)
            assert check(session) == []

    def test_that_is_won_comes_back(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"), *event("won"), *event("won"))
        with db.read() as session:
            assert stands(session) == {
                CARD: SUM_VND - FEE_VND,
                "5130:stripe": FEE_VND,
                f"2110:{due.subject}": -SUM_VND,
            }
            assert [one.item.reason for one in disputes.open_reviews(session)] == ["dispute_won"]
            assert check(session) == []

    def test_that_is_lost_is_borne_by_the_market(self, db: Database, due: PaymentDue) -> None:
        matter = lost(db)
        with db.write() as session:
            disputes.decide(session, matter, "market", "giao đúng, chủ thẻ gian", OPERATOR, NOW)
        with db.read() as session:
            books = stands(session)
            assert books[disputes.LOSS] == SUM_VND
            assert "1310:stripe:dp_1" not in books
            assert books[f"2110:{due.subject}"] == -SUM_VND
            assert disputes.count_open(session) == 0
            assert check(session) == []

    def test_before_delivery_is_borne_by_the_orders_money(self, db: Database, due: PaymentDue) -> None:
        matter = lost(db)
        with db.write() as session:
            disputes.decide(session, matter, "order", "chưa gửi hàng", OPERATOR, NOW)
        with db.read() as session:
            assert stands(session) == {CARD: -FEE_VND, "5130:stripe": FEE_VND}
            assert state_of(session, due.subject).refundable_vnd == 0
            assert check(session) == []
        with pytest.raises(Refusal), db.write() as session:
            request_refund(session, due.subject, 1, "cancelled by the buyer", NOW)

    def test_after_delivery_is_borne_by_the_co_op_and_the_commission(self, db: Database, due: PaymentDue) -> None:
        delivered(db, due)
        matter = lost(db)
        with pytest.raises(ReturnTooLarge), db.write() as session:
            disputes.decide(session, matter, "order", "đã giao", OPERATOR, NOW)
        with db.write() as session:
            disputes.decide(session, matter, "coop", "HTX giao sai hàng", OPERATOR, NOW)
        with db.read() as session:
            assert stands(session) == {CARD: -FEE_VND, "5130:stripe": FEE_VND}
            assert check(session) == []

    def test_is_decided_once_with_a_word_why_and_not_before_it_is_lost(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"))
        with db.read() as session:
            opened = session.exec(select(ReviewItem.id)).one()
        with pytest.raises(disputes.NotLost), db.write() as session:
            disputes.decide(session, opened, "market", "x", OPERATOR, NOW)
        matter = lost(db)
        with pytest.raises(disputes.NotLost), db.write() as session:
            disputes.close(session, matter, "chỉ ghi chú", OPERATOR, NOW)
        with pytest.raises(disputes.NoteMissing), db.write() as session:
            disputes.decide(session, matter, "market", "", OPERATOR, NOW)
        with db.write() as session:
            disputes.decide(session, matter, "market", "x", OPERATOR, NOW)
        with pytest.raises(disputes.AlreadyReviewed), db.write() as session:
            disputes.decide(session, matter, "market", "x", OPERATOR, NOW)

    def test_of_a_payment_that_nobody_knows_can_only_be_the_markets(self, db: Database) -> None:
        matter = lost(db)
        with pytest.raises(disputes.NobodysPayment), db.write() as session:
            disputes.decide(session, matter, "coop", "x", OPERATOR, NOW)
        with db.write() as session:
            disputes.decide(session, matter, "market", "x", OPERATOR, NOW)

    def test_that_is_only_an_inquiry_moves_no_money(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            before = stands(session)
            tell(session, *event("warning_needs_response", fee=False))
            assert stands(session) == before
            assert disputes.count_open(session) == 1


def test_what_a_gateway_suspects_waits_for_a_person_once(db: Database) -> None:
    due = make_due(db, method="vnpay")
    with db.write() as session:
        reference = session.exec(select(PaymentAttempt.reference)).one()
        held = Fact("vnpay", f"{reference}:07", FactKind.AUTHORISED, 255_000, NOW, "ipn", "1120:vnpay", "00/07")
        tell(session, *[replace(held, reference=reference, review=True)] * 2)
    with db.read() as session:
        (matter,) = disputes.open_reviews(session)
        assert (matter.item.reason, matter.label, matter.item.amount_vnd) == ("suspicious", due.label, 255_000)
    with db.write() as session:
        disputes.close(session, matter.item.id, "VNPAY nói là thật", OPERATOR, NOW)
    with pytest.raises(disputes.AlreadyReviewed), db.write() as session:
        disputes.close(session, matter.item.id, "lần nữa", OPERATOR, NOW)


def test_another_sum_than_was_asked_waits_for_a_person(db: Database) -> None:
    due = make_due(db, SUM_VND + 1_000, "stripe")
    with db.write() as session:
        assert tell(session, paid(session, due.subject)) == [Outcome.AMOUNT_MISMATCH]
    with db.read() as session:
        assert [one.item.reason for one in disputes.open_reviews(session)] == ["amount"]


STORY = ["paid", "needs_response", "needs_response without fee", "under_review", "end"]
stories = st.tuples(st.sampled_from(["won", "lost"]), st.sets(st.sampled_from(STORY)), st.integers(0, 2**16))


def _play(session: Session, end: str, heard: list[str]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    open_due(session, "order:1", SUM_VND, "stripe", NOW + timedelta(hours=2), NOW)
    due_of(session, "order:1")
    payment = paid(session, "order:1")
    for what in heard:
        status, _, without = what.partition(" without")
        told = event(end if status == "end" else status, fee=not without) if what != "paid" else (payment,)
        tell(session, *told)
        assert check(session) == []
    reviews = session.exec(select(ReviewItem.movement_id, ReviewItem.state)).all()
    return stands(session), set(reviews)


def check_story(db: Database, end: str, happened: set[str], shuffle: int) -> None:
    chance, straight = random.Random(shuffle), [what for what in STORY if what in happened]
    shuffled = straight + chance.choices(straight, k=len(straight)) if straight else []
    chance.shuffle(shuffled)
    ends = []
    for heard in (straight, shuffled):
        with suppress(Undo), db.write() as session:
            ends.append(_play(session, end, heard))
            raise Undo
    assert ends[0] == ends[1]
    books = ends[0][0]
    assert sum(books.values()) == 0
    is_open = bool(happened - {"paid"}) and not (end == "won" and "end" in happened)
    assert books.get("1310:stripe:dp_1", 0) == (SUM_VND if is_open else 0)


@ON_SQLITE
@settings(max_examples=many(20, 400), deadline=None, suppress_health_check=shared)
@given(story=stories)
def test_a_dispute_ends_the_same_whatever_order_it_is_told_in(db: Database, story: tuple[str, set[str], int]) -> None:
    check_story(db, *story)


@ON_POSTGRESQL
@settings(max_examples=many(5, 80), deadline=None, suppress_health_check=shared)
@given(story=stories)
def test_and_on_postgresql(db: Database, story: tuple[str, set[str], int]) -> None:
    check_story(db, *story)


def test_a_dispute_is_one_row_however_often_it_is_told(db: Database) -> None:
    with db.write() as session:
        tell(session, *event("lost"), *event("needs_response"), *event("lost"))
    with db.read() as session:
        assert session.exec(select(func.count()).select_from(Dispute)).one() == 1
        assert ledger.balance_vnd(session, "1310:stripe:dp_1") == SUM_VND


class TestARefund:
    def test_is_refused_while_the_bank_has_the_money(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"))
        with db.write() as session, pytest.raises(DisputeOpen):
            request_refund(session, due.subject, 1_000, "đổi ý", NOW)
        lost(db)
        with db.write() as session, pytest.raises(DisputeOpen):  # nobody has said who bears it
            request_refund(session, due.subject, 1_000, "đổi ý", NOW)

    def test_may_be_given_when_it_was_won(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"), *event("won"))
            (refund,) = request_refund(session, due.subject, SUM_VND, "đổi ý", NOW)
            assert (refund.way, refund.amount_vnd) == ("stripe", SUM_VND)

    def test_that_an_order_owes_waits_for_the_end_and_goes_when_it_is_won(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            tell(session, *event("needs_response"))
            give_back(session, due.subject, 200_000, "cancelled", NOW)
        with db.read() as session:
            assert {one.item.reason for one in disputes.open_reviews(session)} == {"dispute", "refund_waits"}
            assert refunds_of(session, due.subject) == []
        with db.write() as session:
            tell(session, *event("won"), *event("won"))
        with db.read() as session:
            assert [(one.way, one.amount_vnd) for one in refunds_of(session, due.subject)] == [("stripe", 200_000)]
            assert [one.item.reason for one in disputes.open_reviews(session)] == ["dispute_won"]
            assert check(session) == []

    def test_never_follows_a_loss_that_the_market_bears(self, db: Database, due: PaymentDue) -> None:
        matter = lost(db)
        with db.write() as session:
            disputes.decide(session, matter, "market", "chợ chịu", OPERATOR, NOW)
        with db.write() as session:
            assert refundable_vnd(session, due.subject) == 0
            with pytest.raises(RefundTooLarge):
                request_refund(session, due.subject, 1, "đổi ý", NOW)

    def test_promised_before_is_not_sent_by_hand_meanwhile(self, db: Database, due: PaymentDue) -> None:
        with db.write() as session:
            (refund,) = request_refund(session, due.subject, 1_000, "đổi ý", NOW)
            refunds.send_by_transfer(session, refund.id, OPERATOR, NOW)
            tell(session, *event("needs_response"))
        with db.write() as session, pytest.raises(DisputeOpen):
            refunds.mark_sent(session, refund.id, "FT1", OPERATOR, NOW)
        with db.write() as session, pytest.raises(refunds.CannotTryAgain):
            refunds.try_again(session, refund.id, OPERATOR, NOW)


def test_a_fee_given_back_with_a_dispute_won_is_booked_once(db: Database, due: PaymentDue) -> None:
    told = {"id": "dp_1", "status": "won", "amount": SUM_VND, "currency": "vnd", "reason": "fraudulent"}
    moved = [
        {"currency": "vnd", "fee": FEE_VND, "amount": -SUM_VND},
        {"currency": "vnd", "fee": -FEE_VND, "amount": SUM_VND},
    ]
    won = dispute_facts(told | {"charge": "ch_1", "payment_intent": "pi_1", "balance_transactions": moved}, NOW, CARD)
    with db.write() as session:
        tell(session, *won, *won)
    with db.read() as session:
        assert stands(session) == {CARD: SUM_VND, f"2110:{due.subject}": -SUM_VND}
        assert check(session) == []
