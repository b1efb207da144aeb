"""Money without an owner finds one or goes back; promises to pay back are kept once; large sums take two people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import col, select

from payments import ledger, refunds, unmatched
from payments.books import capture, state_of_attempt
from payments.events import RefundSent
from payments.gateway import Fact, FactKind, Outcome
from payments.models import InboxRequest, PaymentAttempt, PaymentDue, Refund, UnmatchedMoney
from payments.receive import take_fact
from payments.service import RefundTooLarge, request_refund, set_aside, state_of
from payments.state import AttemptState, State
from payments.verify import check
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.outbox import OutboxEvent
from tests.payments.factories import COLLEAGUE, NOW, OPERATOR, arrive, code_of, make_due, make_line

LIMIT_VND = 5_000_000


@pytest.fixture(autouse=True)
def every_rule_holds_at_the_end(db: Database) -> object:
    yield
    with db.read() as session:
        assert check(session) == []


def nobodys(db: Database, amount_vnd: int = 255_000) -> int:
    """Money without a code; returns the row's number."""
    arrive(db, make_line("tien cam on", amount_vnd))
    return waiting(db)[-1].id


def waiting(db: Database) -> list[UnmatchedMoney]:
    with db.read() as session:
        return [row.money for row in unmatched.waiting(session)]


def paid(db: Database, amount_vnd: int = 255_000) -> PaymentDue:
    due = make_due(db, amount_vnd)
    arrive(db, make_line(code_of(db, due), amount_vnd))
    return due


def audited(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(row.person_name, row.subject) for row in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]


class TestMatching:
    def test_pays_the_order_and_is_audited(self, db: Database) -> None:
        due, money = make_due(db), nobodys(db)
        with db.write() as session:
            assert unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND) == "matched"
        with db.read() as session:
            assert state_of(session, due.subject).state is State.PAID
            assert ledger.balance_vnd(session, ledger.UNAPPLIED) == 0
        assert waiting(db) == []
        assert audited(db) == [("Chị Ba", f"unmatched:{money}")]

    def test_a_try_at_a_gateway_that_is_still_open_stays_open(self, db: Database) -> None:
        due, money = make_due(db, method="momo"), nobodys(db)
        with db.write() as session:
            unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND)
        with db.read() as session:
            attempt = session.exec(select(PaymentAttempt).where(PaymentAttempt.due_id == due.id)).one()
            assert state_of_attempt(session, attempt.id) is AttemptState.PENDING

    def test_twice_is_refused(self, db: Database) -> None:
        due, money = make_due(db), nobodys(db)
        with db.write() as session:
            unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND)
        with pytest.raises(unmatched.AlreadyDecided), db.write() as session:
            unmatched.send_back(session, money, COLLEAGUE, NOW, LIMIT_VND)

    def test_a_code_that_nobody_has(self, db: Database) -> None:
        money = nobodys(db)
        with pytest.raises(unmatched.NoSuchOrder), db.write() as session:
            unmatched.match(session, money, "KHONGCO", OPERATOR, NOW, LIMIT_VND)

    def test_an_order_that_needs_nothing(self, db: Database) -> None:
        due, money = paid(db), nobodys(db)
        with pytest.raises(unmatched.NothingMissing), db.write() as session:
            unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND)

    def test_more_than_is_missing_leaves_the_rest_in_the_inbox(self, db: Database) -> None:
        due, money = make_due(db), nobodys(db, 300_000)
        with db.write() as session:
            unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND)
        assert [(row.reason, row.amount_vnd) for row in waiting(db)] == [("over", 45_000)]

    def test_what_one_order_had_too_much_can_pay_another(self, db: Database) -> None:
        rich, poor = make_due(db), make_due(db, 5_000)
        arrive(db, make_line(code_of(db, rich), 260_000))
        (over,) = waiting(db)
        with db.write() as session:
            unmatched.match(session, over.id, poor.label, OPERATOR, NOW, LIMIT_VND)
        with db.read() as session:
            assert state_of(session, poor.subject).complete
            assert state_of(session, rich.subject).surplus_vnd == 0

    def test_late_money_can_go_back_to_its_own_order(self, db: Database) -> None:
        due = paid(db)
        with db.write() as session:
            set_aside(session, due.subject, "late", NOW)
        (late,) = waiting(db)
        with db.write() as session:
            unmatched.match(session, late.id, due.label, OPERATOR, NOW, LIMIT_VND)
        with db.read() as session:
            assert state_of(session, due.subject).state is State.PAID


def test_what_came_late_by_a_gateway_goes_back_by_it(db: Database) -> None:
    due = make_due(db, method="momo")
    came = Fact("momo", "5", FactKind.CAPTURED, 255_000, NOW, "ipn", "1120:momo", reference=code_of(db, due))
    with db.write() as session:
        take_fact(session, came, NOW)
        set_aside(session, due.subject, "late", NOW)
    (late,) = waiting(db)
    with db.write() as session:
        unmatched.send_back(session, late.id, OPERATOR, NOW, LIMIT_VND)
    with db.read() as session:
        refund = session.exec(select(Refund)).one()
        assert (refund.way, refund.amount_vnd) == ("momo", 255_000)
        refund_id = refund.id
    back = Fact("momo", "6", FactKind.REFUNDED, 255_000, NOW, "query", "1120:momo", reference=came.reference)
    with db.write() as session:
        named = session.get_one(Refund, refund_id)
        named.state, named.gateway_id = "sending", f"261121-R{refund_id}"
        session.flush()
        take_fact(session, replace(back, refund_id=named.gateway_id), NOW)
    with db.read() as session:
        assert ledger.balance_vnd(session, "1120:momo") == 0


def test_what_was_taken_and_is_still_held_is_found(db: Database) -> None:
    due = make_due(db, method="momo")
    reference = code_of(db, due)
    held = Fact("momo", "h", FactKind.AUTHORISED, 255_000, NOW, "ipn", "1120:momo", reference=reference)
    with db.write() as session:
        take_fact(session, held, NOW)
        attempt = session.exec(select(PaymentAttempt)).one()
        taken = replace(held, movement_id="5", kind=FactKind.CAPTURED)
        capture(session, due.id, attempt.id, taken, NOW)  # nobody says which hold it ends
    with db.read() as session:
        assert check(session) == ["payments: momo:h is held though it was taken or let go"]
    with db.write() as session:  # every rule holds at the end
        pending_id = ledger.open_pending(session, "momo:h")
        assert pending_id
        lines = ledger.reversed_lines(session, pending_id)
        ledger.post(session, "momo:h:end", "voided", lines, NOW, settles_id=pending_id)


class TestAboveTheLimit:
    def test_one_proposes_and_another_agrees(self, db: Database) -> None:
        due, money = make_due(db, 6_000_000), nobodys(db, 6_000_000)
        with db.write() as session:
            assert unmatched.match(session, money, due.label, OPERATOR, NOW, LIMIT_VND) == "proposed"
        with db.read() as session:
            assert not state_of(session, due.subject).complete
            (row,) = unmatched.waiting(session)
            assert row.target == due.label
        with pytest.raises(unmatched.NeedsSecondPerson), db.write() as session:
            unmatched.agree(session, money, OPERATOR, NOW)
        with db.write() as session:
            assert unmatched.agree(session, money, COLLEAGUE, NOW) == "matched"
        with db.read() as session:
            assert state_of(session, due.subject).complete
        assert [name for name, _ in audited(db)] == ["Chị Ba", "Anh Tư"]

    def test_a_proposal_can_be_taken_back(self, db: Database) -> None:
        money = nobodys(db, 6_000_000)
        with db.write() as session:
            unmatched.send_back(session, money, OPERATOR, NOW, LIMIT_VND)
            unmatched.withdraw(session, money, OPERATOR, NOW)
        assert [row.state for row in waiting(db)] == ["waiting"]
        with db.read() as session:
            assert refunds.count_to_send(session) == 0


class TestSendingBack:
    def test_waits_as_a_refund_until_the_transfer_left(self, db: Database) -> None:
        money = nobodys(db)
        with db.write() as session:
            assert unmatched.send_back(session, money, OPERATOR, NOW, LIMIT_VND) == "sent_back"
        with db.read() as session:
            (row,) = refunds.to_send(session)
            assert (row.refund.amount_vnd, row.content) == (255_000, "tien cam on")
            assert ledger.balance_vnd(session, f"2120:refund:{row.refund.id}") == -255_000
        with db.write() as session:
            refunds.mark_sent(session, row.refund.id, "FT26325001", OPERATOR, NOW)
        with db.read() as session:
            assert ledger.balance_vnd(session, ledger.BANK) == 0
            assert refunds.to_send(session) == []
            assert [sent.refund.reference for sent in refunds.sent(session)] == ["FT26325001"]

    def test_of_what_came_too_much_leaves_the_order_paid(self, db: Database) -> None:
        due = make_due(db)
        arrive(db, make_line(code_of(db, due), 260_000))
        (over,) = waiting(db)
        with db.write() as session:
            unmatched.send_back(session, over.id, OPERATOR, NOW, LIMIT_VND)
        with db.write() as session:
            refunds.mark_sent(session, 1, "FT1", OPERATOR, NOW)
        with db.read() as session:
            state = state_of(session, due.subject)
        assert (state.state, state.surplus_vnd, state.refunded_vnd) == (State.PAID, 0, 0)


class TestRefunds:
    def test_the_whole_order(self, db: Database) -> None:
        due = paid(db)
        with db.write() as session:
            (refund,) = request_refund(session, due.subject, 255_000, "cancelled", NOW)
        with db.read() as session:
            assert state_of(session, due.subject).state is State.REFUNDING
        with db.write() as session:
            refunds.mark_sent(session, refund.id, "FT2", OPERATOR, NOW)
        with db.read() as session:
            assert state_of(session, due.subject).state is State.REFUNDED
            told = session.exec(select(OutboxEvent).where(OutboxEvent.event == RefundSent.__name__)).one()
        assert told.facts == {"subject": due.subject, "amount_vnd": 255_000, "refund_id": refund.id}
        assert audited(db) == [("Chị Ba", f"refund:{refund.id}")]

    def test_a_part_leaves_the_order_paid(self, db: Database) -> None:
        due = paid(db)
        with db.write() as session:
            (refund,) = request_refund(session, due.subject, 55_000, "a parcel was refused", NOW)
            refunds.mark_sent(session, refund.id, "FT3", OPERATOR, NOW)
        with db.read() as session:
            state = state_of(session, due.subject)
        assert (state.state, state.refunded_vnd, state.refundable_vnd) == (State.PAID, 55_000, 200_000)

    @pytest.mark.parametrize("amount_vnd", [255_001, 0, -1])
    def test_more_than_came_or_nothing_is_refused(self, db: Database, amount_vnd: int) -> None:
        due = paid(db)
        with pytest.raises(RefundTooLarge), db.write() as session:
            request_refund(session, due.subject, amount_vnd, "cancelled", NOW)

    def test_the_same_money_is_not_promised_twice(self, db: Database) -> None:
        due = paid(db)
        with db.write() as session:
            request_refund(session, due.subject, 200_000, "cancelled", NOW)
        with pytest.raises(RefundTooLarge), db.write() as session:
            request_refund(session, due.subject, 200_000, "cancelled", NOW)

    def test_the_same_promise_is_not_kept_twice(self, db: Database) -> None:
        due = paid(db)
        with db.write() as session:
            (refund,) = request_refund(session, due.subject, 255_000, "cancelled", NOW)
            refunds.mark_sent(session, refund.id, "FT4", OPERATOR, NOW)
        with pytest.raises(refunds.AlreadySent), db.write() as session:
            refunds.mark_sent(session, refund.id, "FT5", OPERATOR, NOW)


def test_a_line_that_was_answered_but_not_booked_is_found(db: Database) -> None:
    line = make_line("khong ma")
    arrive(db, line, make_line("tien ra", incoming=False))
    lost = InboxRequest(source="sepay", delivery_id="7", received_at=NOW, outcome=Outcome.RECORDED, movements='["7"]')
    with db.write() as session:
        session.add(lost)
    with db.read() as session:
        assert check(session) == ["payments: sepay delivery 7 was answered but not booked"]
    with db.write() as session:  # every rule holds at the end
        session.delete(session.get_one(InboxRequest, lost.id))
