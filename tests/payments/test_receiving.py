"""Money comes in by bank transfer: in time, late, short, over, twice, nameless."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from payments import ledger, unmatched
from payments.events import MoneyArrived
from payments.gateway import Outcome
from payments.models import PaymentDue, UnmatchedMoney
from payments.service import action, open_due, set_aside, state_of
from payments.state import State
from payments.verify import check
from shop.core.db import Database
from shop.core.outbox import OutboxEvent
from shop.settings import Settings
from tests.payments.factories import NOW, arrive, code_of, due_of, make_due, make_line


def told(db: Database) -> list[dict[str, object]]:
    with db.read() as session:
        mine = select(OutboxEvent).where(OutboxEvent.event == MoneyArrived.__name__).order_by(col(OutboxEvent.id))
        return [row.facts for row in session.exec(mine)]


def inbox(db: Database) -> list[UnmatchedMoney]:
    with db.read() as session:
        return [row.money for row in unmatched.waiting(session)]


def balance(db: Database, name: str) -> int:
    with db.read() as session:
        return ledger.balance_vnd(session, name)


@pytest.fixture(autouse=True)
def every_rule_holds_at_the_end(db: Database) -> object:
    yield
    with db.read() as session:
        assert check(session) == []


class TestTheWholeSum:
    def test_pays_the_order_and_is_told_once_however_often_the_bank_repeats_it(self, db: Database) -> None:
        due = make_due(db)
        line = make_line(f"MBVCB.32789.{code_of(db, due).lower()} thanh toan.CT tu 0123")
        assert arrive(db, line, line, line) == [Outcome.RECORDED, Outcome.DUPLICATE, Outcome.DUPLICATE]
        with db.read() as session:
            state = state_of(session, due.subject)
        assert (state.state, state.received_vnd, state.missing_vnd, state.late) == (State.PAID, 255_000, 0, False)
        assert told(db) == [{"subject": due.subject, "amount_vnd": 255_000, "complete": True}]
        assert balance(db, ledger.BANK) == 255_000
        assert balance(db, f"2110:{due.subject}") == -255_000

    def test_after_the_order_closed_still_counts_and_is_marked_late(self, db: Database) -> None:
        due = make_due(db)
        arrive(db, make_line(code_of(db, due), occurred_at=NOW + timedelta(hours=3)))
        with db.read() as session:
            assert state_of(session, due.subject).late

    def test_by_the_code_that_the_source_recognised(self, db: Database) -> None:
        due = make_due(db)
        assert arrive(db, make_line("khong doc duoc", code=code_of(db, due))) == [Outcome.RECORDED]


class TestTooLittle:
    def test_keeps_the_order_open_and_asks_for_the_rest_under_a_new_code(
        self, db: Database, settings: Settings
    ) -> None:
        due = make_due(db)
        first_code = code_of(db, due)
        assert arrive(db, make_line(first_code, 250_000)) == [Outcome.AMOUNT_MISMATCH]
        with db.read() as session:
            rest = action(session, due.subject, settings)
            (short,) = unmatched.short(session)
        assert rest is not None
        assert (rest.amount_vnd, short.state.received_vnd, short.state.missing_vnd) == (5_000, 250_000, 5_000)
        assert rest.content != first_code
        assert "54045000" in rest.qr_text
        arrive(db, make_line(rest.content, 5_000))
        with db.read() as session:
            assert state_of(session, due.subject).state is State.PAID
            assert action(session, due.subject, settings) is None
            assert unmatched.short(session) == []
        assert [event["complete"] for event in told(db)] == [False, True]

    def test_may_be_completed_with_the_first_code_as_well(self, db: Database) -> None:
        due = make_due(db)
        code = code_of(db, due)
        arrive(db, make_line(code, 100_000), make_line(code, 155_000))
        with db.read() as session:
            assert state_of(session, due.subject).complete

    def test_of_an_order_that_closed_goes_to_the_inbox(self, db: Database) -> None:
        due = make_due(db)
        arrive(db, make_line(code_of(db, due), 250_000))
        with db.write() as session:
            assert set_aside(session, due.subject, "short", NOW) == 250_000
            assert set_aside(session, due.subject, "short", NOW) == 0
        assert [(row.reason, row.amount_vnd) for row in inbox(db)] == [("short", 250_000)]
        assert balance(db, f"2110:{due.subject}") == 0


class TestTooMuch:
    def test_the_rest_is_the_buyers_credit_and_a_row_of_the_inbox(self, db: Database) -> None:
        due = make_due(db)
        assert arrive(db, make_line(code_of(db, due), 260_000)) == [Outcome.AMOUNT_MISMATCH]
        assert [(row.reason, row.amount_vnd, row.due_id) for row in inbox(db)] == [("over", 5_000, due.id)]
        assert balance(db, f"2110:{due.subject}") == -255_000
        assert balance(db, f"2130:{due.subject}") == -5_000

    def test_a_second_payment_of_the_same_order_is_kept_whole(self, db: Database) -> None:
        due = make_due(db)
        code = code_of(db, due)
        arrive(db, make_line(code), make_line(code))
        assert [(row.reason, row.amount_vnd) for row in inbox(db)] == [("twice", 255_000)]
        with db.read() as session:
            state = state_of(session, due.subject)
        assert (state.state, state.surplus_vnd) == (State.PAID, 255_000)


class TestMoneyThatNobodyCanPlace:
    def test_without_a_code_waits_for_a_person(self, db: Database) -> None:
        make_due(db)
        assert arrive(db, make_line("me gui tien an")) == [Outcome.UNKNOWN_REF]
        (row,) = inbox(db)
        assert (row.reason, row.amount_vnd, row.content) == ("unknown", 255_000, "me gui tien an")
        assert balance(db, ledger.UNAPPLIED) == -255_000
        assert told(db) == []

    def test_with_the_codes_of_two_orders_is_not_split_by_a_machine(self, db: Database) -> None:
        one, two = make_due(db), make_due(db)
        arrive(db, make_line(f"{code_of(db, one)} {code_of(db, two)}", 510_000))
        assert [row.reason for row in inbox(db)] == ["several"]

    def test_in_another_account_is_not_taken_for_the_orders(self, db: Database) -> None:
        due = make_due(db)
        assert arrive(db, make_line(code_of(db, due), account_no="9990001")) == [Outcome.UNKNOWN_REF]
        assert [row.reason for row in inbox(db)] == ["wrong_account"]
        assert balance(db, ledger.OTHER_BANK) == 255_000

    def test_money_that_leaves_the_account_is_noted_and_not_counted(self, db: Database) -> None:
        due = make_due(db)
        arrive(db, make_line(code_of(db, due), incoming=False))
        assert (inbox(db), balance(db, ledger.BANK)) == ([], 0)

    def test_a_code_cut_by_the_bank_is_suggested_and_not_decided(self, db: Database) -> None:
        due = make_due(db)
        arrive(db, make_line(f"CT DEN 123 {code_of(db, due)[:10]}"))
        with db.read() as session:
            (row,) = unmatched.waiting(session)
        assert (row.suggested, row.money.state) == (due.label, "waiting")


class TestADue:
    def test_is_opened_once_and_keeps_its_code_while_nothing_changes(self, db: Database) -> None:
        due = make_due(db)
        code = code_of(db, due)
        with db.write() as session:
            open_due(session, due.subject, 255_000, "vietqr", NOW + timedelta(hours=5), NOW)
            assert due_of(session, due.subject).id == due.id
        assert code_of(db, due) == code
        with db.read() as session:
            assert len(session.exec(select(PaymentDue)).all()) == 1

    def test_of_nothing_is_paid_at_once(self, db: Database, settings: Settings) -> None:
        due = make_due(db, 0)
        with db.read() as session:
            assert state_of(session, due.subject).state is State.PAID
            assert action(session, due.subject, settings) is None
