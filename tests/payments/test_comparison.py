"""Ours, theirs and the bank: what agrees, what differs, and money that is counted once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import ledger, unmatched
from payments.comparison import batches, items, settlements
from payments.comparison.compare import Terms, compare, judge
from payments.comparison.files import Problem, read
from payments.comparison.models import ComparisonItem, SettlementBatch, SettlementRow
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt, UnmatchedMoney
from payments.receive import take_fact
from payments.statements.sheets import NotAStatement
from payments.verify import check
from shop.core.audit import AuditEntry
from shop.core.db import Database
from tests.payments.factories import NOW, OPERATOR, arrive, make_due, make_line
from tests.payments.settlement_files import Paid, in_english, in_vietnamese, of_stripe

LATER = NOW + timedelta(days=3)


def pay(db: Database, movement_id: str, amount_vnd: int = 255_000, gateway: str = "momo") -> str:
    """A due paid at a gateway; its reference there."""
    due = make_due(db, amount_vnd, gateway)
    with db.write() as session:
        mine = select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)
        reference = session.exec(mine).one()
        account = ledger.account("1120", gateway)
        take_fact(
            session, Fact(gateway, movement_id, FactKind.CAPTURED, amount_vnd, NOW, "ipn", account, "", reference), NOW
        )
    return reference


def bring(db: Database, content: bytes, gateway: str = "momo") -> int:
    """The file is uploaded and taken in; how many rows were new."""
    told = read(content)
    with db.write() as session:
        file_id = settlements.upload(session, gateway, "doi-soat.csv", content, told.columns, OPERATOR, NOW)
    with db.write() as session:
        return settlements.take_in(session, file_id, told, OPERATOR, NOW)


def states(db: Database) -> dict[str, str]:
    with db.read() as session:
        return dict(session.exec(select(ComparisonItem.movement_id, ComparisonItem.state)).all())


def books_are_right(db: Database) -> None:
    with db.read() as session:
        assert check(session) == []


def balance(db: Database, account: str) -> int:
    with db.read() as session:
        return ledger.balance_vnd(session, account)


def batch_of(session: Session) -> SettlementBatch:
    return session.exec(select(SettlementBatch)).one()


class TestAFile:
    @pytest.mark.parametrize("write", [in_vietnamese, in_english, of_stripe])
    def test_is_understood_however_a_portal_writes_it(self, write: object) -> None:
        paid = [Paid("4014083433", 300_000, 3_300, "HTX1"), Paid("4014083440", -50_000, 0, "HTX1")]
        found = read(write(paid)).movements  # type: ignore[operator]  # one of three functions
        assert [(it.kind, it.gross_vnd, it.fee_vnd, it.net_vnd) for it in found] == [
            ("captured", 300_000, 3_300, 296_700),
            ("refunded", 50_000, 0, -50_000),
        ]
        assert {it.settled_on for it in found} == {date(2026, 11, 22)}

    def test_of_stripe_names_disputes_their_end_and_fees_apart(self) -> None:
        told = [
            Paid("dp_1", -480_000, 380_000, kind="dispute"),
            Paid("dp_1", 480_000, kind="dispute_reversal"),
            Paid("x", -2_000, kind="fee"),
        ]
        found = read(of_stripe(told)).movements
        assert [(it.kind, it.movement_id, it.cleared_vnd, it.own_fee_vnd) for it in found] == [
            ("disputed", "dp_1", -860_000, 0),
            ("dispute_won", "dp_1:won", 480_000, 0),
            ("fee", "x", 0, 2_000),
        ]

    def test_says_which_rows_nobody_can_read(self) -> None:
        head = "Ngày thanh toán,Mã giao dịch,Loại giao dịch,Số tiền,Phí,Thực nhận\n"
        rows = [
            "hôm qua,1,,10,0,10",
            "22/11/2026,2,,mười,0,10",
            "22/11/2026,3,,10,1,10",
            "22/11/2026,4,đổi quà,10,0,10",
        ]
        told = read((head + "\n".join([*rows, "22/11/2026,,,10,0,10"])).encode())
        assert [row.problem for row in told.rows] == [
            Problem.DATE,
            Problem.AMOUNT,
            Problem.SUM,
            Problem.KIND,
            Problem.NAME,
        ]

    def test_without_its_columns_is_none(self) -> None:
        with pytest.raises(NotAStatement, match="columns"):
            read(b"a,b,c\n1,2,3\n")

    def test_uploaded_again_changes_nothing(self, db: Database) -> None:
        content = in_vietnamese([Paid("1", 255_000, 2_805)])
        assert bring(db, content) == 1
        with pytest.raises(settlements.FileTakenIn):
            bring(db, content)
        longer = in_vietnamese([Paid("1", 255_000, 2_805), Paid("2", 100_000, 1_100)])
        assert bring(db, longer) == 1
        with db.read() as session:
            assert session.exec(select(func.count()).select_from(SettlementRow)).one() == 2
            parts = session.exec(select(SettlementBatch.part, SettlementBatch.net_vnd)).all()
            assert set(parts) == {(1, 252_195), (2, 98_900)}

    def test_that_changes_a_row_is_shown_and_not_believed(self, db: Database) -> None:
        bring(db, in_vietnamese([Paid("1", 255_000, 2_805)]))
        with db.read() as session:
            told = settlements.preview(session, "momo", read(in_vietnamese([Paid("1", 250_000, 2_805)])))
        assert (told.new, told.known, len(told.changed)) == ([], 0, 1)

    def test_is_read_by_columns_that_a_person_named_and_they_are_remembered(self, db: Database) -> None:
        content = b"Khi nao,Ten,Tien,Tru\n22/11/2026,77,255000,2805\n"
        with pytest.raises(NotAStatement):
            read(content)
        chosen = {"date": "KHINAO", "movement": "TEN", "gross": "TIEN", "fee": "TRU"}
        told = read(content, chosen)
        with db.write() as session:
            file_id = settlements.upload(session, "momo", "a.csv", content, told.columns, OPERATOR, NOW)
            assert settlements.upload(session, "momo", "b.csv", content, told.columns, OPERATOR, NOW) == file_id
            assert settlements.take_in(session, file_id, told, OPERATOR, NOW) == 1
            assert settlements.remembered(session, "momo") == chosen


class TestABatch:
    def test_is_booked_when_its_bank_line_is_tied_in_one_tap(self, db: Database) -> None:
        pay(db, "1", 300_000)
        bring(db, in_vietnamese([Paid("1", 300_000, 3_300)]))
        assert balance(db, "1120:momo") == 300_000
        arrive(db, make_line("CTY MSERVICE CK DOI SOAT P1", 296_700))
        arrive(db, make_line("nguoi la chuyen", 296_700))
        with db.write() as session:
            (proposal,) = batches.batches(session)
            assert proposal.line is not None
            batches.tie(session, proposal.batch.id, proposal.line.id, OPERATOR, NOW)
        assert [balance(db, name) for name in ("1120:momo", "5110:momo", "1110:main")] == [0, 3_300, 2 * 296_700]
        with db.read() as session:
            assert unmatched.count_waiting(session) == 1
        books_are_right(db)

    def test_is_tied_once_and_only_to_its_own_sum(self, db: Database) -> None:
        pay(db, "1", 300_000)
        bring(db, in_vietnamese([Paid("1", 300_000, 3_300)]))
        arrive(db, make_line("MOMO", 296_000), make_line("MOMO", 296_700))
        with db.read() as session:
            short, right = session.exec(select(UnmatchedMoney.id).order_by(col(UnmatchedMoney.amount_vnd))).all()
            batch_id = batch_of(session).id
        with pytest.raises(batches.NotThisMoney), db.write() as session:
            batches.tie(session, batch_id, short, OPERATOR, NOW)
        with db.write() as session:
            batches.tie(session, batch_id, right, OPERATOR, NOW)
        with pytest.raises(batches.BatchBooked), db.write() as session:
            batches.tie(session, batch_id, right, OPERATOR, NOW)
        books_are_right(db)

    def test_money_that_no_bank_line_told_of_is_never_a_batch(self, db: Database) -> None:
        """A wallet's payment under a reference that is not ours lies at the wallet, whatever its sum."""
        pay(db, "1", 300_000)
        bring(db, in_vietnamese([Paid("1", 300_000, 3_300)]))
        with db.write() as session:
            stray = Fact("momo", "9", FactKind.CAPTURED, 296_700, NOW, "ipn", "1120:momo", reference="NOTOURS")
            take_fact(session, stray, NOW)
            money_id = session.exec(select(UnmatchedMoney.id)).one()
        with pytest.raises(batches.NotThisMoney), db.write() as session:
            batches.tie(session, batch_of(session).id, money_id, OPERATOR, NOW)

    def test_booked_on_a_persons_word_is_not_counted_again_when_the_line_comes(self, db: Database) -> None:
        pay(db, "1", 300_000)
        bring(db, in_vietnamese([Paid("1", 300_000, 3_300)]))
        with db.write() as session:
            batches.book(session, batch_of(session).id, OPERATOR, NOW)
        assert balance(db, "1110:main") == 296_700
        arrive(db, make_line("MOMO thanh toan", 296_700))
        with db.write() as session:
            (proposal,) = batches.batches(session)
            assert proposal.line is not None
            batches.tie(session, proposal.batch.id, proposal.line.id, OPERATOR, NOW)
        assert [balance(db, name) for name in ("1110:main", "2140:unapplied", "1120:momo")] == [296_700, 0, 0]
        books_are_right(db)

    def test_far_from_its_day_or_of_another_name_is_not_proposed(self, db: Database) -> None:
        bring(db, in_vietnamese([Paid("1", 300_000, 3_300)]))
        arrive(db, make_line("MOMO", 296_700, occurred_at=NOW - timedelta(days=9)), make_line("zalopay", 296_700))
        with db.read() as session:
            assert [it.line for it in batches.batches(session)] == [None]


class TestTheComparison:
    def test_finds_a_wrong_fee_a_missing_row_and_a_row_that_is_nobodys(self, db: Database) -> None:
        for number in ("1", "2", "3", "4"):
            pay(db, number)
        with db.write() as session:
            settlements.set_terms(session, "momo", 110, 0, 1, OPERATOR, NOW)
        told = [Paid("1", 255_000, 2_805), Paid("2", 255_000, 5_000), Paid("4", 250_000, 2_750), Paid("9", 90_000, 990)]
        bring(db, in_vietnamese(told))
        compare(db, LATER)
        expected = {"1": "matched", "2": "fee_diff", "3": "missing_there", "4": "amount_diff", "9": "missing_here"}
        assert states(db) == expected
        compare(db, LATER)
        assert states(db) == expected

    def test_waits_a_day_for_what_the_gateway_has_not_listed_yet(self, db: Database) -> None:
        pay(db, "1")
        compare(db, NOW)
        assert states(db) == {"1": "not_yet"}
        compare(db, NOW + timedelta(days=1))
        assert states(db) == {"1": "not_yet"}
        compare(db, NOW + timedelta(days=2))
        assert states(db) == {"1": "missing_there"}
        bring(db, in_vietnamese([Paid("1", 255_000, 2_805)]))
        compare(db, NOW + timedelta(days=2))
        assert states(db) == {"1": "matched"}

    def test_joins_a_row_that_came_first_with_its_late_fact(self, db: Database) -> None:
        bring(db, in_vietnamese([Paid("1", 255_000, 2_805)]))
        compare(db, LATER)
        assert states(db) == {"1": "missing_here"}
        pay(db, "1")
        compare(db, LATER)
        assert states(db) == {"1": "matched"}

    def test_knows_a_payment_by_our_reference_where_the_file_has_another_number(self, db: Database) -> None:
        reference = pay(db, "4014083433")
        bring(db, in_vietnamese([Paid("PORTAL-7", 255_000, 2_805, reference)]))
        compare(db, LATER)
        assert states(db) == {"4014083433": "matched"}

    def test_keeps_what_a_person_wrote_and_opens_it_only_for_another_difference(self, db: Database) -> None:
        pay(db, "1")
        compare(db, LATER)
        with db.read() as session:
            (item,) = items.differences(session)
        with pytest.raises(items.ReasonMissing), db.write() as session:
            items.close(session, item.id, "", OPERATOR, LATER)
        with db.write() as session:
            items.close(session, item.id, "đã hỏi MoMo", OPERATOR, LATER)
        with pytest.raises(items.ItemClosed), db.write() as session:
            items.close(session, item.id, "lần nữa", OPERATOR, LATER)
        compare(db, LATER + timedelta(days=1))
        with db.read() as session:
            assert items.count_open(session) == 0
            assert session.exec(select(AuditEntry.what).where(AuditEntry.what == "comparison")).all() == ["comparison"]
        bring(db, in_vietnamese([Paid("1", 200_000, 2_805)]))
        compare(db, LATER + timedelta(days=1))
        with db.read() as session:
            (again,) = items.differences(session)
            assert (again.id, again.state, again.note) == (item.id, "amount_diff", "đã hỏi MoMo")
            side = items.whole(session, again.id, LATER)
            assert (side.item.our_vnd, side.item.their_vnd, side.age_days) == (255_000, 200_000, 3)
            assert side.fact is not None
            assert side.row is not None
            assert side.batch is not None

    def test_sums_each_gateway_and_day(self, db: Database) -> None:
        pay(db, "1")
        pay(db, "2", 100_000, "zalopay")
        bring(db, in_vietnamese([Paid("1", 255_000, 2_805)]))
        compare(db, LATER)
        with db.read() as session:
            told = {
                day.gateway: (day.counts["matched"], day.differ, day.our_vnd) for day in items.by_day(session, LATER)
            }
        assert told == {"momo": (1, 0, 255_000), "zalopay": (0, 1, 100_000)}


@given(
    ours=st.none() | st.integers(1, 10**9),
    theirs=st.none() | st.integers(1, 10**9),
    fee=st.integers(0, 10**6),
    bps=st.none() | st.integers(0, 500),
    age=st.integers(0, 10),
)
def test_a_movement_agrees_only_if_both_sides_say_the_same(
    ours: int | None, theirs: int | None, fee: int, bps: int | None, age: int
) -> None:
    today = date(2026, 11, 22)
    told = judge("captured", ours, theirs, fee, today - timedelta(days=age), Terms(bps), today)
    if told.state == "matched":
        assert ours == theirs is not None
        assert told.agreed_fee_vnd is None or abs(fee - told.agreed_fee_vnd) <= 1
    if ours != theirs:
        assert told.state in ("not_yet", "missing_here", "missing_there", "amount_diff")
    assert (told.state == "not_yet") == (theirs is None and age <= 1)
