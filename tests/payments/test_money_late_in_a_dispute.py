"""An order is called off while a bank has its money: a transfer that comes late does not set that money free."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
from sqlmodel import select

from payments import refunds, unmatched
from payments.disputes import service as disputes
from payments.disputes.models import ReviewItem
from payments.disputes.open import DisputeOpen
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt
from payments.receive import take_fact
from payments.refunding import by_transfer
from payments.service import give_back, refunds_of, request_refund, set_aside, state_of
from payments.verify import check
from shop.core.db import Database
from tests.payments.factories import NOW, OPERATOR, make_due
from tests.payments.test_disputes import CARD, SUM_VND, event, paid, tell

LATE_VND = 70_000


def late_in_a_dispute(db: Database) -> str:
    """Paid by card and disputed; the order is called off, then the buyer pays once more and the order is closed."""
    due = make_due(db, SUM_VND, "stripe")
    with db.write() as session:
        tell(session, paid(session, due.subject), *event("needs_response"))
        give_back(session, due.subject, SUM_VND, "cancelled", NOW)
    with db.write() as session:
        reference = session.exec(select(PaymentAttempt.reference)).one()
        again = Fact("stripe", "ch_2", FactKind.CAPTURED, LATE_VND, NOW, "ipn", CARD, reference=reference)
        take_fact(session, again, NOW)
        set_aside(session, due.subject, "late", NOW)  # as orders do when money comes for an order that is over
    return due.subject


def test_what_the_bank_has_is_not_put_before_the_operator_as_money_to_send_back(db: Database) -> None:
    subject = late_in_a_dispute(db)
    with db.read() as session:
        assert [row.money.amount_vnd for row in unmatched.waiting(session)] == [LATE_VND]
        assert state_of(session, subject).refundable_vnd == SUM_VND
        assert check(session) == []


def test_it_goes_back_once_the_dispute_is_won(db: Database) -> None:
    subject = late_in_a_dispute(db)
    with db.write() as session:
        tell(session, *event("won"))
    with db.read() as session:
        assert sum(refund.amount_vnd for refund in refunds_of(session, subject)) == SUM_VND
        assert check(session) == []


def test_and_stays_with_the_bank_when_it_is_lost(db: Database) -> None:
    subject = late_in_a_dispute(db)
    with db.write() as session:
        tell(session, *event("lost"))
        matter = session.exec(select(ReviewItem.id).where(ReviewItem.reason == "dispute_lost")).one()
        disputes.decide(session, matter, "market", "đã hủy", OPERATOR, NOW)
        assert set_aside(session, subject, "late", NOW) == 0
    with db.read() as session:
        assert refunds_of(session, subject) == []
        assert check(session) == []


@pytest.mark.parametrize("rest_vnd", [0, 100_000])
def test_what_the_bank_gave_back_at_the_markets_expense_is_not_transferred_as_well(db: Database, rest_vnd: int) -> None:
    due = make_due(db, SUM_VND + rest_vnd, "stripe")
    with db.write() as session:
        tell(session, replace(paid(session, due.subject), amount_vnd=SUM_VND + rest_vnd))
        refund, *_ = request_refund(session, due.subject, rest_vnd or SUM_VND, "cancelled", NOW)
        by_transfer(session, refund, "charge_disputed", NOW)
        tell(session, *event("lost"))
        matter = session.exec(select(ReviewItem.id).where(ReviewItem.reason == "dispute_lost")).one()
        disputes.decide(session, matter, "market", "ngân hàng đã trả khách", OPERATOR, NOW)
    with nullcontext() if rest_vnd else pytest.raises(DisputeOpen), db.write() as session:
        refunds.mark_sent(session, refund.id, "FT1", OPERATOR, NOW)
