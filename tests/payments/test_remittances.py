"""Carriers pay out what they collected: every đồng is booked once, and what is missing stays open per parcel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import ledger, unmatched
from payments.cash import open_items, remittances
from payments.cash.freight import charge_freight
from payments.cash.models import CarrierCash, Remittance, RemittanceRow
from payments.cash.open_items import GivenUpByTwo, MoreThanOpen
from payments.cash.plan import Fate, plan
from payments.cash.remittances import AlreadyBooked, NothingInIt, SumsDiffer, book, drop, take_in, tie
from payments.cash.sheet import Sheet, read
from payments.cod import collect_cod, hand_over_cod, void_cod
from payments.earnings.service import Sale, earn
from payments.models import Entry, PaymentDue, UnmatchedMoney
from payments.service import open_due, state_of
from payments.statements.sheets import NotAStatement
from payments.unmatched import NeedsSecondPerson, TooSoonToKeep
from payments.verify import check
from shop.core.db import Database
from tests.payments.bank_files import xlsx
from tests.payments.factories import COLLEAGUE, NOW, OPERATOR, arrive, make_due, make_line
from tests.payments.many import many

GHN = "1130:ghn"
HEAD = "Mã vận đơn,Mã đơn khách hàng,Tiền thu hộ,Phí thu hộ,Cước vận chuyển,Ngày giao"


def sheet_of(*rows: str) -> bytes:
    """A carrier's sheet as CSV."""
    return "\n".join(["CÔNG TY GIAO HÀNG", HEAD, *rows, "Tổng cộng,,999,9,9,"]).encode()


@pytest.fixture
def due(db: Database) -> PaymentDue:
    """An order of three parcels of 100.000 ₫ with GHN; the first is delivered."""
    due = make_due(db, 300_000, method="cod", closes_at=None, label="DONA1")
    with db.write() as session:
        for number in (1, 2, 3):
            parcel = f"parcel:{number}"
            hand_over_cod(session, due.subject, parcel, "GHN", 100_000, NOW, f"ghn 00{number}")
        collect_cod(session, "parcel:1", NOW)
    return due


def taken_in(db: Database, *rows: str, carrier: str = "Ghn") -> int:
    content = sheet_of(*rows)
    with db.write() as session:
        return take_in(session, carrier, "t11.csv", content, read(content), OPERATOR, NOW)


def booked(db: Database, *rows: str, **how: int) -> int:
    remittance_id = taken_in(db, *rows)
    with db.write() as session:
        book(session, remittance_id, OPERATOR, NOW, **how)
    return remittance_id


def stands(db: Database, *accounts: str) -> list[int]:
    with db.read() as session:
        assert check(session) == []
        return [ledger.balance_vnd(session, account) for account in accounts]


def fates(db: Database, remittance_id: int) -> list[str]:
    with db.read() as session:
        return [one.fate for one in plan(session, session.get_one(Remittance, remittance_id)).rows]


def test_every_row_has_its_fate_before_anything_is_booked(db: Database, due: PaymentDue) -> None:
    remittance_id = taken_in(
        db,
        "GHN001,,100.000,1.000,,20/11/2026",
        "GHN-002,,90.000,,,20/11/2026",
        ",DONA1-3,100.500,,,20/11/2026",
        "GHN001,,1.000,,,21/11/2026",
        "LA9,,5.000,,,21/11/2026",
        "GHN002,,,3.000,,21/11/2026",
        "GHN003,,mot tram,,,",
    )
    assert fates(db, remittance_id) == [
        Fate.EXACT,
        Fate.SHORT,
        Fate.OVER,
        Fate.TWICE,
        Fate.UNKNOWN,
        Fate.FEE,
        Fate.UNREADABLE,
    ]
    assert stands(db, GHN, "1110:main") == [100_000, 0]
    with db.write() as session:
        drop(session, remittance_id, OPERATOR, NOW)
        assert session.exec(select(func.count()).select_from(RemittanceRow)).one() == 0


def test_a_remittance_is_booked_net_of_fee_and_freight(db: Database, due: PaymentDue) -> None:
    booked(db, "GHN001,,100.000,1.000,22.000,20/11/2026")
    assert stands(db, "1110:main", "5120:ghn", "2310:ghn", GHN) == [77_000, 1_000, 22_000, 0]


def earned(db: Database, due: PaymentDue, parcel: str) -> None:
    sale = Sale("coop:7", due.subject, due.label, parcel, 70_000, 30_000, 7_000, NOW)
    with db.write() as session:
        earn(session, sale, NOW)
        charge_freight(session, [parcel], NOW)


@pytest.mark.parametrize("first", ["earned", "remitted"])
def test_freight_that_the_carrier_kept_is_the_co_ops_whose_shipping_fee_it_was(
    db: Database, due: PaymentDue, first: str
) -> None:
    if first == "earned":
        earned(db, due, "parcel:1")
    booked(db, "GHN001,,100.000,1.000,22.000,20/11/2026", ",DONA1-99,0,0,5.000,20/11/2026")
    if first == "remitted":
        assert stands(db, "2310:ghn", "1210:coop:7") == [27_000, 0]
        earned(db, due, "parcel:1")
    with db.write() as session:
        charge_freight(session, ["parcel:1"], NOW)
    assert stands(db, "2310:ghn", "1210:coop:7", "2210:coop:7") == [5_000, 22_000, -93_000]


def test_cash_of_a_parcel_that_the_co_op_has_not_marked_is_ours_all_the_same(db: Database, due: PaymentDue) -> None:
    booked(db, "GHN001,,100000,,,", "GHN002,,60000,,,")
    assert stands(db, "1110:main", GHN) == [160_000, 40_000]
    with db.read() as session:
        assert state_of(session, due.subject).received_vnd == 200_000
    with db.write() as session:
        collect_cod(session, "parcel:2", NOW)
    assert stands(db, GHN) == [40_000]


def test_the_same_file_or_the_same_rows_again_change_nothing(db: Database, due: PaymentDue) -> None:
    first = booked(db, "GHN001,,100000,,,20/11/2026")
    assert taken_in(db, "GHN001,,100000,,,20/11/2026") == first
    with pytest.raises(AlreadyBooked), db.write() as session:
        book(session, first, OPERATOR, NOW)
    again = taken_in(db, "GHN001,,100000,,,20/11/2026", "GHN002,,100000,,,20/11/2026")
    assert fates(db, again) == [Fate.KNOWN, Fate.EXACT]
    with db.write() as session:
        book(session, again, OPERATOR, NOW)
    assert stands(db, "1110:main", GHN) == [200_000, 0]
    third = taken_in(db, "GHN002,,100000,,,20/11/2026")
    with pytest.raises(NothingInIt), db.write() as session:
        book(session, third, OPERATOR, NOW)


def test_less_came_than_the_sheet_says(db: Database, due: PaymentDue) -> None:
    """Journals 24 to 26: 10.000 stay open, 8.000 are paid when claimed, 2.000 given up by two people."""
    booked(db, "GHN001,,100000,3000,,", "GHN002,,100000,,,", received_vnd=187_000)
    assert stands(db, "1110:main", "5120:ghn", GHN) == [187_000, 3_000, 10_000]
    with db.read() as session:
        (item,) = open_items.open_items(session)
        assert (item.parcel, item.label, item.open_vnd) == ("parcel:2", "DONA1", 10_000)
    with db.write() as session:
        open_items.claim(session, item.id, "Gọi GHN, chị Lan hẹn thứ Hai", OPERATOR, NOW)
    with db.write() as session:
        open_items.pay_later(session, item.id, 8_000, OPERATOR, NOW, bank_reference="FT1")
    with pytest.raises(AlreadyBooked), db.write() as session:
        open_items.pay_later(session, item.id, 1_000, OPERATOR, NOW, bank_reference="FT1")
    with pytest.raises(MoreThanOpen), db.write() as session:
        open_items.pay_later(session, item.id, 8_000, OPERATOR, NOW, bank_reference="FT2")
    with db.write() as session:
        open_items.propose_write_off(session, item.id, OPERATOR, NOW)
    with pytest.raises(GivenUpByTwo), db.write() as session:
        open_items.agree_write_off(session, item.id, OPERATOR, NOW)
    with db.write() as session:
        open_items.agree_write_off(session, item.id, COLLEAGUE, NOW)
    assert stands(db, "1110:main", "5310:ghn", GHN) == [195_000, 2_000, 0]
    with db.read() as session:
        assert open_items.open_items(session) == []


def test_more_than_the_sheet_says_is_refused(db: Database, due: PaymentDue) -> None:
    with pytest.raises(SumsDiffer):
        booked(db, "GHN001,,100000,,,", received_vnd=100_001)
    assert stands(db, GHN) == [100_000]


def test_money_that_no_parcel_explains_waits_for_a_person(db: Database, due: PaymentDue) -> None:
    """Journal 29, and its way to the parcel that it was meant for."""
    booked(db, "GHN001,,100000,,,", "SAI-MA,,100000,,,")
    assert stands(db, "1110:main", "2140:unapplied") == [200_000, -100_000]
    with db.write() as session:
        (row,) = unmatched.waiting(session)
        collect_cod(session, "parcel:2", NOW)
        (item,) = open_items.open_items(session)
        open_items.pay_later(session, item.id, 0, OPERATOR, NOW, unmatched_id=row.money.id)
    assert stands(db, "1110:main", "2140:unapplied", GHN) == [200_000, 0, 0]


def test_what_nobody_claims_for_ninety_days_is_kept_by_two_people(db: Database, due: PaymentDue) -> None:
    """Journal 30."""
    booked(db, "LA,,1000,,,")
    with pytest.raises(TooSoonToKeep), db.write() as session:
        unmatched.keep(session, 1, OPERATOR, NOW + timedelta(days=89))
    with db.write() as session:
        assert unmatched.keep(session, 1, OPERATOR, NOW + timedelta(days=90)) == "proposed"
    with pytest.raises(NeedsSecondPerson), db.write() as session:
        unmatched.agree(session, 1, OPERATOR, NOW + timedelta(days=90))
    with db.write() as session:
        assert unmatched.agree(session, 1, COLLEAGUE, NOW + timedelta(days=90)) == "matched"
    assert stands(db, "2140:unapplied", "4310:unclaimed") == [0, -1_000]


def test_two_sheets_with_the_same_row_booked_at_once_count_it_once(db: Database, due: PaymentDue) -> None:
    row = "GHN001,,100000,,,20/11/2026"
    numbers = [taken_in(db, row, f"LA{n},,{n}000,,,") for n in (1, 2, 3, 4)]

    def press(remittance_id: int) -> None:
        with db.write() as session:
            book(session, remittance_id, OPERATOR, NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, numbers))
    assert stands(db, "1110:main", GHN, "2140:unapplied") == [110_000, 0, -10_000]


class TestTheBanksLineOfARemittance:
    def test_that_came_first_is_not_counted_twice(self, db: Database, due: PaymentDue) -> None:
        arrive(db, make_line("GHN CHUYEN TIEN THU HO", 99_000))
        with db.read() as session:
            (money,) = remittances.could_be(session, 99_000)
        booked(db, "GHN001,,100000,1000,,", unmatched_id=money.id)
        assert stands(db, "1110:main", "2140:unapplied", GHN, "5120:ghn") == [99_000, 0, 0, 1_000]
        with db.read() as session:
            assert unmatched.count_waiting(session) == 0

    def test_that_comes_later_is_tied_to_it(self, db: Database, due: PaymentDue) -> None:
        remittance_id = booked(db, "GHN001,,100000,1000,,", "LA,,500,,,")
        arrive(db, make_line("GHN CHUYEN TIEN THU HO", 99_500))
        with db.write() as session:
            (money,) = remittances.could_be(session, 99_500)
            tie(session, remittance_id, money.id, OPERATOR, NOW)
        with pytest.raises(AlreadyBooked), db.write() as session:
            tie(session, remittance_id, money.id, OPERATOR, NOW)
        assert stands(db, "1110:main", "2140:unapplied", GHN) == [99_500, -500, 0]

    def test_of_another_sum_is_another_payment(self, db: Database, due: PaymentDue) -> None:
        remittance_id = booked(db, "GHN001,,100000,,,")
        arrive(db, make_line("GHN", 99_500))
        with pytest.raises(SumsDiffer), db.write() as session:
            (money,) = remittances.could_be(session, 99_500)
            tie(session, remittance_id, money.id, OPERATOR, NOW)

    def test_settles_the_parcel_that_was_left_open(self, db: Database, due: PaymentDue) -> None:
        booked(db, "GHN001,,92000,,,")
        arrive(db, make_line("GHN tra bu", 8_000))
        with db.write() as session:
            (money,) = remittances.could_be(session, 8_000)
            (item,) = open_items.open_items(session)
            open_items.pay_later(session, item.id, 0, OPERATOR, NOW, unmatched_id=money.id)
        assert stands(db, "1110:main", "2140:unapplied", GHN) == [100_000, 0, 0]


def test_what_the_co_op_carries_itself_is_no_carriers(db: Database) -> None:
    due = make_due(db, 50_000, method="cod", closes_at=None, label="DONB2")
    with db.write() as session:
        hand_over_cod(session, due.subject, "parcel:9", "own:coop:7", 50_000, NOW)
        collect_cod(session, "parcel:9", NOW)
        assert open_items.open_items(session) == []
    assert fates(db, taken_in(db, ",DONB2,50000,,,")) == [Fate.UNKNOWN]


def test_a_spreadsheet_with_other_headings_is_read_by_the_names_a_person_gave() -> None:
    table: list[list[object]] = [["Phiếu", "Thực thu"], ["GHN001", 100_000]]
    with pytest.raises(NotAStatement):
        read(xlsx(table))
    found = read(xlsx(table), {"tracking": "PHIEU", "collected": "THUCTHU"})
    assert [(row.code, row.collected_vnd) for row in found.rows] == [("GHN001", 100_000)]


def test_dates_and_sums_of_a_row_are_understood() -> None:
    (row,) = read(sheet_of("GHN001,X1,1.250.000,12.500,,20/11/2026")).rows
    assert (row.code, row.reference, row.collected_vnd, row.fee_vnd) == ("GHN001", "X1", 1_250_000, 12_500)
    assert row.paid_on == date(2026, 11, 20)


# --- any sequence of what may happen keeps the books right

steps = st.one_of(
    st.tuples(st.just("collect"), st.integers(0, 3), st.sampled_from([None, 60_000])),
    st.tuples(st.just("refuse"), st.integers(0, 3), st.none()),
    st.tuples(st.just("remit"), st.integers(0, 3), st.sampled_from([100_000, 70_000, 100_500])),
    st.tuples(st.just("remit less"), st.integers(0, 3), st.sampled_from([100_000, 70_000])),
    st.tuples(st.just("claim"), st.integers(0, 3), st.none()),
    st.tuples(st.just("pay"), st.integers(0, 3), st.sampled_from([1, 30_000, 40_000])),
    st.tuples(st.just("write off"), st.integers(0, 3), st.none()),
)


class Undo(Exception):
    """Ends a history without a trace."""


def act(session: Session, number: int, what: str, parcel: int, amount_vnd: int | None) -> None:
    name = f"parcel:{parcel}"
    if what == "collect":
        collect_cod(session, name, NOW, amount_vnd)
    elif what == "refuse":
        void_cod(session, name, NOW)
    elif what.startswith("remit"):
        content = sheet_of(f"T{parcel},,{amount_vnd},1000,,{1 + number}/11/2026")
        came_vnd = (amount_vnd or 0) - (5_000 if what == "remit less" else 0) - 1_000
        sheet: Sheet = read(content)
        try:
            with session.begin_nested():
                remittance_id = take_in(session, "GHN", "t.csv", content, sheet, OPERATOR, NOW)
                book(session, remittance_id, OPERATOR, NOW, received_vnd=came_vnd)
        except SumsDiffer:
            return
    else:
        of_parcel = [it for it in open_items.open_items(session) if it.parcel == name]
        for item in of_parcel:
            _on_item(session, item, number, what, amount_vnd)


def _on_item(session: Session, item: CarrierCash, number: int, what: str, amount_vnd: int | None) -> None:
    if what == "claim":
        open_items.claim(session, item.id, "hỏi", OPERATOR, NOW)
    elif what == "pay" and amount_vnd and amount_vnd <= item.open_vnd:
        open_items.pay_later(session, item.id, amount_vnd, OPERATOR, NOW, bank_reference=f"FT{number}")
    elif what == "write off":
        open_items.propose_write_off(session, item.id, OPERATOR, NOW)
        open_items.agree_write_off(session, item.id, COLLEAGUE, NOW)


@settings(max_examples=many(15, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, max_size=10))
def test_any_sequence_leaves_the_carrier_with_what_it_collected_and_did_not_remit(
    db: Database, history: list[tuple[str, int, int | None]]
) -> None:
    try:
        with db.write() as session:
            open_due(session, "order:1", 400_000, "cod", None, NOW, label="DONX")
            for parcel in range(4):
                hand_over_cod(session, "order:1", f"parcel:{parcel}", "GHN", 100_000, NOW, f"T{parcel}")
            for number, (what, parcel, amount_vnd) in enumerate(history):
                act(session, number, what, parcel, amount_vnd)
            session.flush()
            assert check(session) == []
            assert not session.exec(select(func.sum(Entry.amount_vnd))).one()
            cash = session.exec(select(CarrierCash)).all()
            open_vnd = sum(it.collected_vnd - it.remitted_vnd - it.written_off_vnd for it in cash)
            assert ledger.balance_vnd(session, GHN) == open_vnd >= 0
            remitted_vnd = session.exec(select(func.sum(col(RemittanceRow.applied_vnd)))).one() or 0
            assert sum(it.remitted_vnd for it in cash) >= remitted_vnd
            waiting_vnd = session.exec(
                select(func.sum(col(UnmatchedMoney.amount_vnd))).where(UnmatchedMoney.account == ledger.UNAPPLIED)
            ).one()
            assert -ledger.balance_vnd(session, ledger.UNAPPLIED) == (waiting_vnd or 0)
            raise Undo
    except Undo:
        pass
