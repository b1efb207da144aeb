"""What gateways tell of their own payments: each movement counts once, whichever way we learn of it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from sqlmodel import col, select

from payments import ledger, verify
from payments.books import state_of_attempt
from payments.gateway import Fact, FactKind, Notice, Outcome, RawRequest, Via
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, UnmatchedMoney
from payments.paying import NothingToPay, Payer, begin
from payments.receive import keep_malformed, receive_notice, take_fact, unreadable
from payments.service import open_due, state_of
from payments.state import AttemptState, State
from shop.core.db import Database
from shop.settings import Settings
from tests.payments.factories import NOW, make_due

CLEARING = ledger.account("1120", "momo")


def attempts_of(db: Database, due: PaymentDue) -> list[PaymentAttempt]:
    with db.read() as session:
        mine = select(PaymentAttempt).where(PaymentAttempt.due_id == due.id).order_by(col(PaymentAttempt.id))
        return list(session.exec(mine))


def fact(due_reference: str, kind: FactKind, movement_id: str, amount_vnd: int = 0, via: Via = "ipn") -> Fact:
    return Fact("momo", movement_id, kind, amount_vnd, NOW, via, CLEARING, reference=due_reference)


def take(db: Database, *facts: Fact) -> list[Outcome]:
    outcomes = []
    for one in facts:
        with db.write() as session:
            outcomes.append(take_fact(session, one, NOW))
    return outcomes


def books_are_right(db: Database) -> None:
    with db.read() as session:
        assert verify.check(session) == []


class TestAFact:
    def test_pays_the_due_once_by_notification_and_by_query(self, db: Database) -> None:
        due = make_due(db, method="momo")
        (attempt,) = attempts_of(db, due)
        told = fact(attempt.reference, FactKind.CAPTURED, "4014083433", 255_000)
        asked = fact(attempt.reference, FactKind.CAPTURED, "4014083433", 255_000, via="query")
        assert take(db, told, asked) == [Outcome.RECORDED, Outcome.DUPLICATE]
        with db.read() as session:
            assert state_of(session, due.subject).state is State.PAID
            assert ledger.balance_vnd(session, CLEARING) == 255_000
            assert state_of_attempt(session, attempt.id) is AttemptState.CAPTURED
        books_are_right(db)

    def test_with_another_sum_than_asked_is_booked_and_said(self, db: Database) -> None:
        due = make_due(db, method="momo")
        (attempt,) = attempts_of(db, due)
        short = fact(attempt.reference, FactKind.CAPTURED, "1", 200_000)
        assert take(db, short) == [Outcome.AMOUNT_MISMATCH]
        with db.read() as session:
            assert state_of(session, due.subject).missing_vnd == 55_000
        assert [it.amount_vnd for it in attempts_of(db, due)] == [255_000, 55_000]
        books_are_right(db)

    def test_under_a_reference_we_do_not_know_waits_for_a_person(self, db: Database) -> None:
        stray = fact("HTXNOTOURS", FactKind.CAPTURED, "77", 90_000)
        assert take(db, stray, stray) == [Outcome.UNKNOWN_REF, Outcome.DUPLICATE]
        with db.read() as session:
            money = session.exec(select(UnmatchedMoney)).one()
            assert (money.amount_vnd, money.reason) == (90_000, "unknown")
            assert ledger.balance_vnd(session, ledger.UNAPPLIED) == -90_000
        books_are_right(db)

    def test_of_failure_lets_the_buyer_try_again_under_another_reference(
        self, db: Database, settings: Settings
    ) -> None:
        due = make_due(db, method="momo")
        (first,) = attempts_of(db, due)
        take(db, fact(first.reference, FactKind.FAILED, f"{first.reference}:1006"))
        with db.write() as session:
            open_due(session, due.subject, 255_000, "momo", NOW + timedelta(hours=2), NOW)
        second = attempts_of(db, due)[-1]
        assert second.reference != first.reference
        take(db, fact(first.reference, FactKind.CAPTURED, "88", 255_000))  # it went through after all
        with db.read() as session:
            assert state_of_attempt(session, first.id) is AttemptState.CAPTURED
            assert state_of(session, due.subject).complete
        with pytest.raises(NothingToPay):
            begin(db, settings, due.subject, Payer(), NOW)
        books_are_right(db)


def test_a_delivery_that_comes_again_changes_nothing(db: Database) -> None:
    due = make_due(db, method="momo")
    (attempt,) = attempts_of(db, due)
    notice = Notice("d1", (fact(attempt.reference, FactKind.CAPTURED, "5", 255_000),))
    raw = RawRequest({}, b"{}", NOW)
    for expected in (Outcome.RECORDED, Outcome.DUPLICATE):
        with db.write() as session:
            assert receive_notice(session, "momo", raw, notice, NOW) is expected
    with db.read() as session:
        assert len(session.exec(select(PaymentFact)).all()) == 1


def test_in_whatever_order_the_facts_come_the_end_is_the_same(db: Database) -> None:
    ends = set()
    kinds = ((FactKind.AUTHORISED, "a", 255_000), (FactKind.FAILED, "f", 0), (FactKind.CAPTURED, "c", 300_000))
    for number, order in enumerate(permutations(kinds)):
        due = make_due(db, method="momo")
        reference = attempts_of(db, due)[0].reference
        take(db, *(fact(reference, kind, f"{number}{movement}", amount) for kind, movement, amount in order))
        with db.read() as session:
            state = state_of(session, due.subject)
        ends.add((state.state, state.received_vnd, state.surplus_vnd))
    assert ends == {(State.PAID, 255_000, 45_000)}
    books_are_right(db)


def test_two_unreadable_notifications_by_get_are_two_rows(db: Database) -> None:
    for number in ("1", "2", "2"):
        with db.write() as session:
            keep_malformed(session, "vnpay", RawRequest({}, b"", NOW, (("vnp_TxnRef", number),)))
    with db.read() as session:
        rows = unreadable(session)
    assert {row.body for row in rows} == {b"vnp_TxnRef=1", b"vnp_TxnRef=2"}
    assert len(rows) == 2


def test_a_second_press_waits_for_the_first_and_a_killed_one_is_asked_about(db: Database, settings: Settings) -> None:
    due = make_due(db, method="momo")
    (attempt,) = attempts_of(db, due)
    with db.write() as session:  # as it stands while the first press is at the gateway, or was killed there
        opening = session.get_one(PaymentAttempt, attempt.id)
        opening.created_at, opening.next_check_at = NOW, NOW + timedelta(minutes=1)
    for seconds in (2, 30):  # nobody listens at the test's own address: the gateway is silent
        assert begin(db, settings, due.subject, Payer(), NOW + timedelta(seconds=seconds)) == due.page_path
    assert attempts_of(db, due)[0].next_check_at == NOW + timedelta(seconds=90)
