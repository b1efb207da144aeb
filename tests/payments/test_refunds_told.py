"""What a gateway tells of refunds by notification: in any order, and also of what we never asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from payments import ledger, refunds
from payments.gateway import Fact, FactKind, Outcome
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, Refund
from payments.sending import _claim
from payments.service import state_of
from payments.state import State
from shop.core.audit import AuditEntry
from shop.core.db import Database
from tests.payments.factories import COLLEAGUE, NOW, OPERATOR, make_due
from tests.payments.test_refunds_by_gateway import at, of, promised, tell
from tests.payments.test_refunds_by_gateway import every_rule_holds_at_the_end as every_rule_holds_at_the_end


@pytest.fixture
def due(db: Database) -> PaymentDue:
    due = make_due(db, method="stripe")
    with db.read() as session:
        reference = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
    came = Fact("stripe", "ch_1", FactKind.CAPTURED, 255_000, NOW, "ipn", "1120:stripe")
    tell(db, replace(came, reference=reference, provider_ref="pi_1"))
    return due


def claimed(db: Database, due: PaymentDue) -> str:
    (promise,) = promised(db, due)
    with db.write() as session:
        claimed = _claim(session, promise, NOW)
    assert claimed
    return claimed[0].gateway_id


def done(refund_id: str = "", amount_vnd: int = 255_000) -> Fact:
    about = {"account": "1120:stripe", "provider_ref": "pi_1", "refund_id": refund_id}
    return Fact("stripe", "re_1", FactKind.REFUNDED, amount_vnd, NOW, "ipn", **about)  # type: ignore[arg-type]


def failed(refund_id: str = "") -> Fact:
    return replace(done(refund_id), movement_id="re_1:failed", kind=FactKind.FAILED, code="lost_card")


def test_told_twice_counts_once(db: Database, due: PaymentDue) -> None:
    refund_id = claimed(db, due)
    assert tell(db, done(refund_id), done(refund_id)) == [Outcome.RECORDED, Outcome.DUPLICATE]
    assert at(db, due) is State.REFUNDED


@pytest.mark.parametrize("in_order", [True, False])
def test_told_that_it_failed_after_all_it_waits_for_a_person(db: Database, due: PaymentDue, in_order: bool) -> None:
    refund_id = claimed(db, due)
    told = [done(refund_id), failed(refund_id)]
    tell(db, *(told if in_order else reversed(told)), *told)
    assert [(one.state, one.way, one.refused) for one in of(db, due)] == [("requested", "transfer", "lost_card")]
    with db.read() as session:
        assert ledger.balance_vnd(session, "1120:stripe") == 255_000
    assert at(db, due) is State.REFUNDING


def test_told_what_nobody_asked_for_here_is_booked_and_shown(db: Database, due: PaymentDue) -> None:
    told = [done(amount_vnd=55_000)] * 2
    assert tell(db, *told) == [Outcome.RECORDED, Outcome.DUPLICATE]
    with db.read() as session:
        (row,) = refunds.sent(session)
        state = state_of(session, due.subject)
    assert (row.is_outside, row.refund.way, row.refund.amount_vnd) == (True, "stripe", 55_000)
    assert (state.refunded_vnd, state.refundable_vnd) == (55_000, 200_000)
    assert [(one.way, one.amount_vnd) for one in promised(db, due, 200_000)] == [("stripe", 200_000)]


def test_told_what_went_by_transfer_meanwhile_was_paid_twice_and_is_shown(db: Database, due: PaymentDue) -> None:
    refund_id = claimed(db, due)
    refund = of(db, due)[0]
    with db.write() as session:
        stuck = session.get_one(Refund, refund.id)
        stuck.checks = refunds.ASKED_OFTEN
    with db.write() as session:
        refunds.send_by_transfer(session, refund.id, OPERATOR, NOW)
        refunds.mark_sent(session, refund.id, "FT1", OPERATOR, NOW)
    tell(db, done(refund_id), done(refund_id))
    with db.read() as session:
        assert [row.is_outside for row in refunds.sent(session)] == [True, False]
        assert ledger.balance_vnd(session, f"2110:{due.subject}") == 255_000  # overdrawn: the market's loss so far


def test_told_of_a_payment_we_do_not_know_is_kept_in_the_inbox(db: Database) -> None:
    assert tell(db, replace(done(), provider_ref="pi_9")) == [Outcome.UNKNOWN_REF]
    with db.read() as session:
        assert session.exec(select(PaymentFact)).all() == []


class TestAGatewayThatStaysSilent:
    @pytest.fixture
    def silent(self, db: Database, due: PaymentDue) -> tuple[int, str]:
        """Its id, and under which id the gateway was asked for it, in vain."""
        refund_id = claimed(db, due)
        number = of(db, due)[0].id
        with db.write() as session:
            session.get_one(Refund, number).checks = refunds.ASKED_OFTEN
        return number, refund_id

    def test_is_believed_where_a_person_saw_in_its_pages_that_it_paid(
        self, db: Database, due: PaymentDue, silent: tuple[int, str]
    ) -> None:
        number, refund_id = silent
        with db.write() as session:
            assert refunds.say_paid(session, number, "re_1", OPERATOR, NOW, 10**7) == "sent"
        with db.write() as session, pytest.raises(refunds.AlreadySent):
            refunds.say_paid(session, number, "re_1", OPERATOR, NOW, 10**7)
        assert tell(db, done(refund_id)) == [Outcome.DUPLICATE]  # told after all: counted once
        assert at(db, due) is State.REFUNDED
        with db.read() as session:
            assert ledger.balance_vnd(session, "1120:stripe") == 0
            told = session.exec(select(AuditEntry.after).where(AuditEntry.what == "refund")).all()
        assert told == [{"state": "sent", "reference": "re_1"}]

    def test_above_the_limit_two_people_must_have_seen_it(self, db: Database, silent: tuple[int, str]) -> None:
        number, _ = silent
        with db.write() as session, pytest.raises(refunds.NothingSaid):
            refunds.agree_paid(session, number, COLLEAGUE, NOW)
        with db.write() as session:
            assert refunds.say_paid(session, number, "re_1", OPERATOR, NOW, 100_000) == "proposed"
        with db.write() as session, pytest.raises(refunds.NeedsAnother):
            refunds.agree_paid(session, number, OPERATOR, NOW)
        with db.write() as session:
            refunds.unsay_paid(session, number, COLLEAGUE, NOW)
            refunds.say_paid(session, number, "re_1", OPERATOR, NOW, 100_000)
        with db.write() as session:
            assert refunds.agree_paid(session, number, COLLEAGUE, NOW) == "sent"

    def test_is_not_overruled_before_it_had_time_to_answer(self, db: Database, due: PaymentDue) -> None:
        claimed(db, due)
        with db.write() as session, pytest.raises(refunds.GatewayIsAtIt):
            refunds.say_paid(session, of(db, due)[0].id, "re_1", OPERATOR, NOW, 10**7)

    def test_and_said_later_that_it_failed_the_money_is_with_us_again(
        self, db: Database, due: PaymentDue, silent: tuple[int, str]
    ) -> None:
        number, refund_id = silent
        with db.write() as session:
            refunds.say_paid(session, number, "seen-1", OPERATOR, NOW, 10**7)
        tell(db, failed(refund_id))
        assert at(db, due) is State.REFUNDING
        with db.read() as session:
            assert ledger.balance_vnd(session, "1120:stripe") == 255_000
