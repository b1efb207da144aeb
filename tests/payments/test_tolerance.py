"""A few đồng too little or too much: within the tolerance nobody is asked, and the books end the same in any order."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import ledger, unmatched
from payments.cod import collect_cod, hand_over_cod
from payments.gateway import RawRequest
from payments.models import Entry, PaymentAttempt, UnmatchedMoney
from payments.receive import receive
from payments.service import change_due, open_due, request_refund, set_aside, state_of
from payments.state import PaymentState, State
from payments.verify import check
from shop.core.db import Database
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import NOW, OPERATOR, OURS, TILL, arrive, code_of, due_of, make_due, make_line
from tests.payments.many import many
from tests.payments.test_histories import ON_POSTGRESQL, ON_SQLITE, Undo, shared

SHORT, OVER = "5310:payments", "4310:payments"


def stands(db: Database, subject: str) -> PaymentState:
    with db.read() as session:
        assert check(session) == []
        return state_of(session, subject)


def books(db: Database) -> tuple[int, int]:
    with db.read() as session:
        return ledger.balance_vnd(session, SHORT), -ledger.balance_vnd(session, OVER)


def test_five_hundred_dong_short_of_a_hundred_thousand_is_paid(db: Database) -> None:
    due = make_due(db, 100_000, tolerance_vnd=1_000)
    arrive(db, make_line(code_of(db, due), 99_500))
    state = stands(db, due.subject)
    assert (state.state, state.missing_vnd, state.received_vnd) == (State.PAID, 0, 99_500)
    assert books(db) == (500, 0)
    with db.read() as session:
        assert ledger.balance_vnd(session, f"2110:{due.subject}") == -100_000
        assert unmatched.short(session) == []


@pytest.mark.parametrize("tolerance_vnd", [0, 499])
def test_beyond_the_tolerance_the_rest_is_asked_for(db: Database, tolerance_vnd: int) -> None:
    due = make_due(db, 100_000, tolerance_vnd=tolerance_vnd)
    first = code_of(db, due)
    arrive(db, make_line(first, 99_500))
    assert stands(db, due.subject).missing_vnd == 500
    assert code_of(db, due) != first
    assert books(db) == (0, 0)


def test_the_last_dong_may_still_come_and_nothing_was_given_up(db: Database) -> None:
    due = make_due(db, 100_000, tolerance_vnd=1_000)
    arrive(db, make_line(code_of(db, due), 99_500), make_line(code_of(db, due), 500))
    assert stands(db, due.subject).received_vnd == 100_000
    assert books(db) == (0, 0)


def test_a_little_too_much_is_kept_until_it_is_no_longer_little(db: Database) -> None:
    due = make_due(db, 100_000, tolerance_vnd=1_000)
    arrive(db, make_line(code_of(db, due), 100_600))
    assert (stands(db, due.subject).surplus_vnd, books(db)) == (0, (0, 600))
    with db.read() as session:
        assert unmatched.count_waiting(session) == 0
    arrive(db, make_line(code_of(db, due), 700))
    assert (stands(db, due.subject).surplus_vnd, books(db)) == (1_300, (0, 0))
    with db.read() as session:
        assert sum(row.money.amount_vnd for row in unmatched.waiting(session)) == 1_300
    with db.write() as session:
        unmatched.send_back(session, 1, OPERATOR, NOW, 10**9)
        unmatched.send_back(session, 2, OPERATOR, NOW, 10**9)
    assert stands(db, due.subject).surplus_vnd == 0


def test_a_carrier_that_brings_too_little_owes_the_rest(db: Database) -> None:
    due = make_due(db, 100_000, method="cod", tolerance_vnd=1_000)
    with db.write() as session:
        hand_over_cod(session, due.subject, "parcel:1", "ghn", 100_000, NOW)
        collect_cod(session, "parcel:1", NOW, 99_500)
    assert stands(db, due.subject).missing_vnd == 500


def test_given_back_whole_the_buyer_gets_what_was_paid_and_no_more(db: Database) -> None:
    due = make_due(db, 100_000, tolerance_vnd=1_000)
    arrive(db, make_line(code_of(db, due), 99_500))
    with db.write() as session:
        request_refund(session, due.subject, 60_000, "x", NOW)
    assert books(db) == (500, 0)
    with db.write() as session:
        request_refund(session, due.subject, 39_500, "x", NOW)
    assert stands(db, due.subject).refundable_vnd == 0
    assert books(db) == (0, 0)


def test_set_aside_or_lowered_the_accepted_rest_follows(db: Database) -> None:
    aside, lowered = make_due(db, 100_000, tolerance_vnd=1_000), make_due(db, 100_000, tolerance_vnd=1_000)
    for due in (aside, lowered):
        arrive(db, make_line(code_of(db, due), 99_500))
    with db.write() as session:
        assert set_aside(session, aside.subject, "late", NOW) == 99_500
        change_due(session, lowered.subject, 99_600, NOW)
    assert stands(db, aside.subject).accepted_vnd == 0
    assert stands(db, lowered.subject).accepted_vnd == 100
    assert books(db) == (100, 0)


def test_an_order_keeps_the_tolerance_of_the_day_it_was_placed(db: Database, settings: Settings) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    box, at = variant_of(db, make_product(db, coop)).id, datetime.now(UTC)
    tolerant = settings.model_copy(update={"payment_tolerance_vnd": 1_000})
    order = make_order(db, {box: 1}, tolerant, at, pay="vietqr")
    with db.read() as session:
        due = due_of(session, f"order:{order.id}")
    assert due.tolerance_vnd == 1_000
    line = make_line(code_of(db, due), due.amount_vnd - 900, account_no=OURS, occurred_at=at)
    arrive(db, line, now=at)
    assert stands(db, due.subject).complete


sums = st.sampled_from([1, 300, 500, 700, 1_000, 1_001, 49_500, 99_000, 99_500, 100_000])
DUE_VND = 100_000

End = tuple[PaymentState, dict[str, int], int]


def play(session: Session, transfers: list[int], tolerance_vnd: int, shuffle: int) -> End:
    closes_at = NOW + timedelta(hours=2)
    open_due(session, "order:1", DUE_VND, "vietqr", closes_at, NOW, tolerance_vnd=tolerance_vnd)
    code = session.exec(select(PaymentAttempt.reference)).one()
    lines = [make_line(code, amount_vnd, line_id=str(number)) for number, amount_vnd in enumerate(transfers)]
    if shuffle:
        chance = random.Random(shuffle)
        lines += chance.choices(lines, k=len(lines)) if lines else []
        chance.shuffle(lines)
    for line in lines:
        receive(session, TILL, "sepay", RawRequest({}, b"", NOW), [line], NOW)
    session.flush()
    assert check(session) == []
    sums_of = select(Entry.account, func.sum(Entry.amount_vnd)).group_by(col(Entry.account))
    stood = {name: int(sum_vnd) for name, sum_vnd in session.exec(sums_of) if sum_vnd}
    waiting = session.exec(select(func.sum(UnmatchedMoney.amount_vnd))).one()
    return state_of(session, "order:1"), stood, int(waiting or 0)


def check_transfers(db: Database, transfers: list[int], tolerance_vnd: int, shuffle: int) -> None:
    found: list[End] = []
    for chance in (0, shuffle):
        with suppress(Undo), db.write() as session:
            found.append(play(session, transfers, tolerance_vnd, chance))
            raise Undo
    assert found[1] == found[0]
    state, stood, waiting_vnd = found[0]
    came_vnd = sum(transfers)
    short_vnd = DUE_VND - came_vnd if came_vnd and 0 < DUE_VND - came_vnd <= tolerance_vnd else 0
    kept_vnd = came_vnd - DUE_VND if 0 < came_vnd - DUE_VND <= tolerance_vnd else 0
    assert (stood.get(SHORT, 0), -stood.get(OVER, 0)) == (short_vnd, kept_vnd)
    assert state.received_vnd == min(came_vnd, DUE_VND)
    assert state.complete == (came_vnd + short_vnd >= DUE_VND)
    assert waiting_vnd == state.surplus_vnd == max(0, came_vnd - DUE_VND) - kept_vnd
    assert sum(stood.values()) == 0


some_transfers = st.lists(sums, max_size=5)
tolerances = st.sampled_from([0, 1, 500, 1_000])


@ON_SQLITE
@runs(max_examples=many(30, 600), deadline=None, suppress_health_check=shared)
@given(transfers=some_transfers, tolerance_vnd=tolerances, shuffle=st.integers(1, 2**16))
def test_in_any_order_the_same_is_given_up(
    db: Database, transfers: list[int], tolerance_vnd: int, shuffle: int
) -> None:
    check_transfers(db, transfers, tolerance_vnd, shuffle)


@ON_POSTGRESQL
@runs(max_examples=many(6, 100), deadline=None, suppress_health_check=shared)
@given(transfers=some_transfers, tolerance_vnd=tolerances, shuffle=st.integers(1, 2**16))
def test_in_any_order_the_same_is_given_up_on_postgresql(
    db: Database, transfers: list[int], tolerance_vnd: int, shuffle: int
) -> None:
    check_transfers(db, transfers, tolerance_vnd, shuffle)
