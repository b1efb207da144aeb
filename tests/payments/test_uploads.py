"""Uploaded bank statements: three banks' files are understood, and no line is lost, invented or counted twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.gateway import BankLine
from payments.statements import columns, wire
from payments.statements.sheets import Cell, NotAStatement
from payments.statements.uploads import Fate, Problem, Statement, fate, read
from tests.payments.bank_files import ACCOUNT, Movement, agribank, bidv, text, vietcombank, xlsx

DAY = date(2026, 11, 2)
Bank = Callable[[Sequence[Movement]], bytes]


def movements(*told: tuple[int, int, str]) -> list[Movement]:
    """Movements of (days after the first, sum, content), with references and running balances as a bank has them."""
    balances = list(accumulate((signed for _, signed, _ in told), initial=10_000_000))[1:]
    return [
        Movement(DAY + timedelta(days), signed, content, f"5213.{10_000 + number}", balance)
        for number, ((days, signed, content), balance) in enumerate(zip(told, balances, strict=True))
    ]


MONTH = movements(
    (0, 1_250_000, "MBVCB.3278907687.HTX7K3M9QX2A.CT tu 0123456789 NGUYEN VAN A"),
    (0, 255_000, "Chuyển tiền gạo ST25"),
    (0, 255_000, "Chuyển tiền gạo ST25"),
    (1, -500_000, "Trả tiền bao bì"),
    (28, 99_000, "Xoài cát Hòa Lộc; đã nhận, cảm ơn"),
)


def fates(statement: Statement, known: Sequence[str] = ()) -> list[Fate]:
    return [fate(row, known) for row in statement.rows]


def csv_rows(*rows: Sequence[object]) -> Statement:
    return read(
        text([["Ngày giao dịch", "Nội dung", "Ghi nợ", "Ghi có", "Số tham chiếu"], *rows], ",").encode(), ACCOUNT
    )


def lines(statement: Statement) -> list[BankLine]:
    return [row.line for row in statement.rows if row.line]


class TestThreeBanks:
    @pytest.mark.parametrize("bank", [vietcombank, bidv, agribank])
    def test_every_movement_is_a_line_and_nothing_else_is(self, bank: Bank) -> None:
        statement = read(bank(MONTH), ACCOUNT)
        found = [
            (line.occurred_at.astimezone(wire.VIETNAM), line.amount_vnd, line.incoming, line.content)
            for line in lines(statement)
        ]
        clock = time(10, 15) if bank is bidv else time()
        assert sorted(found) == sorted(
            (datetime.combine(one.day, clock, wire.VIETNAM), abs(one.signed_vnd), one.signed_vnd > 0, one.content)
            for one in MONTH
        )
        assert Fate.UNREADABLE not in fates(statement)
        assert len(set(statement.ids)) == len(MONTH)
        assert all(row.certain for row in statement.rows)
        assert statement.account_named == ACCOUNT
        assert statement.period == (DAY, DAY + timedelta(28))

    @pytest.mark.parametrize("bank", [vietcombank, bidv])
    def test_references_are_read(self, bank: Bank) -> None:
        assert sorted(line.bank_reference for line in lines(read(bank(MONTH), ACCOUNT))) == [
            one.reference for one in MONTH
        ]

    def test_the_same_account_in_two_layouts_has_the_same_lines(self) -> None:
        assert set(read(vietcombank(MONTH), ACCOUNT).ids) == set(read(bidv(MONTH), ACCOUNT).ids)
        assert read(vietcombank(MONTH), ACCOUNT).ids == read(vietcombank(MONTH, numbers=True), ACCOUNT).ids

    def test_the_preview_says_what_becomes_of_each_row(self) -> None:
        statement = read(agribank(MONTH), ACCOUNT)
        known = [line.line_id for line in lines(statement)[:2]]
        assert fates(statement, known) == [
            *(Fate.NO_LINE, Fate.KNOWN, Fate.KNOWN, Fate.NEW, Fate.OUTGOING, Fate.NEW),
            *(Fate.NO_LINE, Fate.NO_LINE, Fate.NO_LINE),
        ]
        assert statement.rows[1].number == 5
        assert statement.rows[1].cells[2:4] == ("", "1.250.000")

    def test_the_mapping_is_remembered_as_plain_data(self) -> None:
        first = read(bidv(MONTH), ACCOUNT)
        assert first.mapping == {
            "date": "NGAYGIAODICH",
            "content": "MOTAGIAODICH",
            "credit": "SOTIENGHICO",
            "debit": "SOTIENGHINO",
            "balance": "SODU",
            "reference": "SOTHAMCHIEU",
        }
        without = {role: name for role, name in first.mapping.items() if role != "reference"}
        again = read(bidv(MONTH), ACCOUNT, without)
        assert again.mapping == without
        assert not any(line.bank_reference for line in lines(again))

    def test_a_bank_that_renames_its_columns_is_guessed_anew(self) -> None:
        remembered = read(bidv(MONTH), ACCOUNT).mapping
        assert read(agribank(MONTH), ACCOUNT, remembered).mapping == read(agribank(MONTH), ACCOUNT).mapping

    def test_a_statement_of_another_account_names_it(self) -> None:
        assert read(bidv(MONTH), "999888777").account_named == ACCOUNT

    def test_one_column_of_sums_with_a_column_of_directions(self) -> None:
        rows = [
            ["Ngày giao dịch", "Số tiền", "Nợ/Có", "Diễn giải"],
            ["02/11/2026", "1.000", "Có", "a"],
            ["02/11/2026", "2.000", "Nợ", "b"],
            ["02/11/2026", "3.000", "?", "c"],
        ]
        statement = read(text(rows, ";").encode("utf-8-sig"), ACCOUNT)
        assert [(line.amount_vnd, line.incoming) for line in lines(statement)] == [(1_000, True), (2_000, False)]
        assert statement.rows[2].problem is Problem.DIRECTION

    def test_dates_and_sums_may_be_real_ones(self) -> None:
        rows: list[list[Any]] = [["Ngày", "Nội dung", "Ghi có"], [datetime(2026, 11, 2, 9, 30), "a", 1_250_000]]  # noqa: DTZ001
        (line,) = lines(read(xlsx(rows), ACCOUNT))
        assert (line.occurred_at, line.amount_vnd) == (datetime(2026, 11, 2, 2, 30, tzinfo=UTC), 1_250_000)


class TestHeadings:
    @pytest.mark.parametrize(
        ("headings", "roles"),
        [
            ("Ngày hiệu lực|Ngày giao dịch|Số GD|Nội dung giao dịch|Rút ra|Gửi vào|Số dư", "-drtBCs"),
            ("STT|Ngày giao dịch|Mô tả|Nợ/Debit|Có/Credit|Số dư tài khoản/Account balance|Số giao dịch", "-dtBCsr"),
            ("Ngày GD|Diễn giải|Số bút toán|Nợ TKTT/Debit|Có TKTT/Credit|Tài khoản ghi có|Số dư", "dtrBC-s"),
            ("Transaction date|Description|Amount|DC|Reference", "dtamr"),
            ("Ngày|Nợ|Có|Nội dung", "dBCt"),
        ],
    )
    def test_of_other_banks_are_guessed(self, headings: str, roles: str) -> None:
        letters = dict(zip("dtCBamrs", columns.ROLES, strict=True))
        named = columns.names(list(headings.split("|")))
        assert columns.guess(list(headings.split("|"))) == {
            letters[letter]: name for letter, name in zip(roles, named, strict=True) if letter != "-"
        }

    def test_two_columns_of_one_name_stay_two(self) -> None:
        assert columns.names(["Số tiền", "Ngày", "Số tiền", ""]) == ["SOTIEN", "NGAY", "SOTIEN#2", ""]


class TestRowsThatCannotBeRead:
    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            (["31/02/2026", "a", "", "1.000", "FT12345"], Problem.DATE),
            (["", "a", "", "1.000", "FT12345"], Problem.DATE),
            (["", "TONG CONG TY A chuyen tien", "", "1.000", ""], Problem.DATE),
            (["2/11", "a", "", "1.000", "FT12345"], Problem.DATE),
            (["02/11/2026", "a", "", "1.25", "FT12345"], Problem.AMOUNT),
            (["02/11/2026", "a", "", "1.000,50", "FT12345"], Problem.AMOUNT),
            (["02/11/2026", "a", "", "1000 USD", "FT12345"], Problem.AMOUNT),
            (["02/11/2026", "a", "", "9" * 18, "FT12345"], Problem.AMOUNT),
            (["02/11/2026", "a", "", "", "FT12345"], Problem.NO_AMOUNT),
            (["02/11/2026", "a", "1.000", "1.000", "FT12345"], Problem.BOTH_WAYS),
            (["02/11/2026", "a", "", "-1.000", "FT12345"], Problem.NEGATIVE),
        ],
    )
    def test_say_why_and_harm_no_other(self, row: list[str], problem: Problem) -> None:
        statement = csv_rows(row, ["02/11/2026", "b", "", "7.000", "FT777777"])
        assert statement.rows[0].problem is problem
        assert fates(statement) == [Fate.UNREADABLE, Fate.NEW]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b" \r\n", "empty"),
            (b"<html><table><tr><td>a</td></tr></table>", "html"),
            (b"PK\x03\x04 no sheet", "spreadsheet"),
            (b"\xd0\xcf\x11\xe0 no sheet", "spreadsheet"),
            (b"\x81\x8a\x8d" * 9, "encoding"),
            ("Thư ngỏ;gửi\nquý;khách".encode(), "columns"),
            (b"x" * (9 * 1024 * 1024), "too_large"),
            (b"a;b\n" * 60_000, "too_many_rows"),
        ],
    )
    def test_a_file_that_is_no_statement_says_why(self, content: bytes, reason: str) -> None:
        with pytest.raises(NotAStatement) as refused:
            read(content, ACCOUNT)
        assert refused.value.reason == reason


class TestEqualTransfers:
    def test_two_of_one_day_are_two_even_without_reference_and_balance(self) -> None:
        row = ["02/11/2026", "gao", "", "255.000", ""]
        noon, evening = csv_rows(row), csv_rows(row, row, row)
        assert len(set(evening.ids)) == 3
        assert fates(evening, noon.ids) == [Fate.KNOWN, Fate.NEW, Fate.NEW]
        assert not any(row.certain for row in evening.rows)

    def test_a_kind_of_transfer_is_no_reference(self) -> None:
        statement = csv_rows(["02/11/2026", "a", "", "5.000", "CK"], ["02/11/2026", "b", "", "5.000", "CK"])
        assert [line.bank_reference for line in lines(statement)] == ["", ""]
        assert len(set(statement.ids)) == 2

    def test_one_reference_of_a_transfer_and_its_fee_is_two_lines(self) -> None:
        statement = csv_rows(["02/11/2026", "a", "5.000", "", "FT12345"], ["02/11/2026", "phi", "1.100", "", "FT12345"])
        assert len(set(statement.ids)) == 2

    def test_equal_lines_of_two_accounts_are_two(self) -> None:
        assert not set(read(bidv(MONTH), ACCOUNT).ids) & set(read(bidv(MONTH), "999888777").ids)


told = st.tuples(
    st.integers(0, 3), st.sampled_from([5_000, 5_000, 255_000, -5_000]), st.sampled_from(["gao", "Gạo", "cá"])
)
months = st.lists(told, min_size=1, max_size=12).map(lambda rows: movements(*sorted(rows, key=lambda row: row[0])))


def upload_all(files: Sequence[bytes]) -> set[str]:
    """Upload one after the other; what is new is kept."""
    known: set[str] = set()
    for file in files:
        statement = read(file, ACCOUNT)
        assert len(set(statement.ids)) == len(statement.ids)
        known |= set(statement.ids)
    return known


class TestOverlappingFiles:
    @settings(max_examples=60, deadline=None)
    @given(months, st.sampled_from([vietcombank, bidv]), st.data())
    def test_with_references_any_pieces_in_any_order_give_each_line_once(
        self, month: list[Movement], bank: Bank, data: st.DataObject
    ) -> None:
        cut = st.integers(0, len(month))
        pieces = data.draw(st.lists(st.tuples(cut, cut), max_size=4))
        files = [bank(month[min(piece) : max(piece)]) for piece in pieces] + [bank(month)]
        assert len(upload_all(data.draw(st.permutations(files)))) == len(month)

    @settings(max_examples=60, deadline=None)
    @given(months, st.data())
    def test_without_them_days_from_their_beginning_do(self, month: list[Movement], data: st.DataObject) -> None:
        """The last day of a file may end at any hour."""
        days = st.tuples(st.integers(0, 3), st.integers(0, len(month)))
        pieces = [
            [one for one in month[:end] if one.day >= DAY + timedelta(first)]
            for first, end in data.draw(st.lists(days, max_size=4))
        ]
        files = [agribank(piece) for piece in [*pieces, month]]
        assert len(upload_all(data.draw(st.permutations(files)))) == len(month)

    @settings(max_examples=60, deadline=None)
    @given(months)
    def test_equal_rows_with_nothing_to_tell_them_apart_are_counted(self, month: list[Movement]) -> None:
        bare = [[f"{one.day:%d/%m/%Y}", one.content, "", f"{abs(one.signed_vnd):,}", ""] for one in month]
        assert len(set(csv_rows(*bare).ids)) == len(month)
        assert csv_rows(*bare).ids == csv_rows(*bare).ids


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "vnd"),
        [
            ("1.250.000", 1_250_000),
            ("1,250,000", 1_250_000),
            ("1,250,000.00", 1_250_000),
            ("1.250.000,00", 1_250_000),
            ("1250000", 1_250_000),
            ("+1.250.000 VND", 1_250_000),
            ("-1,250,000 đ", -1_250_000),
            ("(1,250,000)", -1_250_000),
            ("1\u00a0250\u00a0000", 1_250_000),
            ("1.250", 1_250),
            (1_250_000, 1_250_000),
            ("", 0),
            ("-", 0),
        ],
    )
    def test_sums(self, cell: Cell, vnd: int) -> None:
        assert columns.vnd(cell) == vnd

    @pytest.mark.parametrize(
        "cell", ["1.25", "1,250.000", "12.50.000", "1.250.00.000", "abc", "1e6", "١٢٣", 12.5, "0x10"]
    )
    def test_what_is_no_sum_is_not_guessed(self, cell: Cell) -> None:
        with pytest.raises(columns.Unreadable):
            columns.vnd(cell)

    @given(st.integers(0, 10**14))
    def test_every_sum_is_read_as_it_was_written(self, amount: int) -> None:
        written = f"{amount:,}"
        assert columns.vnd(written) == columns.vnd(written.replace(",", ".")) == columns.vnd(f"{written}.00") == amount

    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, 6_000), st.binary(min_size=1, max_size=4))
    def test_no_broken_spreadsheet_does_either(self, place: int, bytes_there: bytes) -> None:
        whole = vietcombank(MONTH)
        with suppress(NotAStatement):
            read(whole[:place] + bytes_there + whole[place + len(bytes_there) :], ACCOUNT)

    @settings(max_examples=200)
    @given(st.binary(max_size=300))
    def test_no_file_breaks_the_reading(self, content: bytes) -> None:
        with suppress(NotAStatement):
            read(content, ACCOUNT)
