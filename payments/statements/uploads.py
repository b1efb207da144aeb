"""Bank statements that a person uploads: every row of the file, what it is, and a line id that stays the same.

Files overlap: the same line in two files has one id, and two equal transfers of one day have two. No database here:
`read` the file, ask the database which of `ids` it knows, then `fate` of each row.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from payments.content import squeeze
from payments.gateway import BankLine
from payments.statements import columns
from payments.statements.columns import Mapping, Unreadable
from payments.statements.sheets import Cell, NotAStatement, Table, tables
from payments.statements.wire import VIETNAM

CODE = "upload"
_TOTAL = re.compile(  # not Tổng công ty, nor Mr Tống
    "(TONG(CONG|SO|TIEN|PHATSINH|DOANHSO|GHINO|GHICO|NO|CO)*|CONG(PHATSINH|DOANHSO)?|SODU.*)?(TOTAL.*|(OPENING|CLOSING|ENDING)?BALANCE.*)?"
)
_REFERENCE_DIGITS = 4  # less is a kind of transfer ("CK", "IBFT"), not its number


class Problem(StrEnum):
    """Why a row cannot be read."""

    DATE = "date"
    AMOUNT = "amount"
    NO_AMOUNT = "no_amount"
    BOTH_WAYS = "both_ways"
    DIRECTION = "direction"
    NEGATIVE = "negative"


class Fate(StrEnum):
    """What becomes of a row: a new line, one we have, money out, a row a person must look at, no line at all."""

    NEW = "new"
    KNOWN = "known"
    OUTGOING = "outgoing"
    UNREADABLE = "unreadable"
    NO_LINE = "no_line"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file, `number` from 1, as it is shown and as it is understood.

    `certain`: its id rests on a reference or a running balance. Else it rests on being the first, second … of equal
    rows of its day, which is right only if each file holds whole days from their beginning.
    """

    number: int
    cells: tuple[str, ...]
    line: BankLine | None = None
    problem: Problem | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that was read. `headings` are the columns to choose from, `mapping` how they were understood.

    `account_named` is the account number that the head of the file names, "" if none: it may be another than ours.
    """

    headings: tuple[str, ...]
    mapping: Mapping
    rows: tuple[Row, ...]
    account_named: str = ""

    @property
    def ids(self) -> list[str]:
        """The line ids to look up."""
        return [row.line.line_id for row in self.rows if row.line]

    @property
    def period(self) -> tuple[date, date] | None:
        """The first and the last day with a line, by Vietnam's calendar."""
        days = [row.line.occurred_at.astimezone(VIETNAM).date() for row in self.rows if row.line]
        return (min(days), max(days)) if days else None


def read(content: bytes, account_no: str, remembered: Mapping | None = None) -> Statement:
    """Read a statement of the account `account_no`. Raises NotAStatement.

    `remembered` is the mapping of an earlier file; if the bank has changed its headings they are guessed anew, and
    `Statement.mapping` differs.
    """
    found = [(table, *row) for table in tables(content) if (row := columns.heading_row(table, remembered))]
    if not found:
        raise NotAStatement("columns")
    table, place, mapping = max(found, key=lambda one: (one[2] == remembered, len(one[2])))
    reader = _Reader(account_no, mapping, columns.names(table[place]))
    rows = [reader.row(number, cells) for number, cells in enumerate(table[place + 1 :], place + 2) if any(cells)]
    headings = tuple(" ".join(str(heading).split()) for heading in table[place])
    return Statement(headings, mapping, tuple(rows), _account_named(table[:place], account_no))


def fate(row: Row, known: Collection[str]) -> Fate:
    """What becomes of a row when the lines `known` are there already."""
    if row.problem:
        return Fate.UNREADABLE
    if row.line is None:
        return Fate.NO_LINE
    if not row.line.incoming:
        return Fate.OUTGOING
    return Fate.KNOWN if row.line.line_id in known else Fate.NEW


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Reader:
    """Reads the rows of one file in their order, counting equal ones."""

    def __init__(self, account_no: str, mapping: Mapping, names: list[str]) -> None:
        self.account_no = account_no
        self.places = {role: names.index(name) for role, name in mapping.items()}
        self.seen: Counter[str] = Counter()

    def row(self, number: int, cells: list[Cell]) -> Row:
        shown = tuple(f"{cell:%d/%m/%Y %H:%M}" if isinstance(cell, datetime) else str(cell) for cell in cells)
        if self._is_no_line(cells):
            return Row(number, shown)
        try:
            line, certain = self._line(cells)
        except _Refused as refused:
            return Row(number, shown, problem=refused.problem)
        return Row(number, shown, line, certain=certain)

    def _is_no_line(self, cells: list[Cell]) -> bool:
        """Sums, balances and words below the table: no day, and no money or a word that says it is a sum."""
        try:
            columns.moment(self._cell(cells, "date"))
        except Unreadable:
            money = [str(self._cell(cells, role)) for role in ("credit", "debit", "amount")]
            first = next((squeeze(str(cell)) for cell in cells if squeeze(str(cell))), "")
            return bool(_TOTAL.fullmatch(first)) or not any(re.search(r"\d", cell) for cell in money)
        return False

    def _line(self, cells: list[Cell]) -> tuple[BankLine, bool]:
        try:
            at, behind = columns.moment(self._cell(cells, "date"))
        except Unreadable as error:
            raise _Refused(Problem.DATE) from error
        signed_vnd = self._signed_vnd(cells)
        content = " ".join(str(self._cell(cells, "content")).replace("\x00", "").split())[:500]
        reference = self._reference(cells, behind)
        line_id, certain = self._id(cells, at, signed_vnd, content, reference)
        line = BankLine(
            line_id=line_id,
            incoming=signed_vnd > 0,
            amount_vnd=abs(signed_vnd),
            content=content,
            account_no=self.account_no,
            occurred_at=at.astimezone(UTC),
            bank_reference=reference,
        )
        return line, certain

    def _signed_vnd(self, cells: list[Cell]) -> int:
        """The sum, below nothing for money out. A debit may be written with or without its minus."""
        try:
            credit, debit, amount = (columns.vnd(self._cell(cells, role)) for role in ("credit", "debit", "amount"))
        except Unreadable as error:
            raise _Refused(Problem.AMOUNT) from error
        if credit < 0:
            raise _Refused(Problem.NEGATIVE)  # the bank takes a transfer back: a person must see it
        if bool(credit) + bool(debit) + bool(amount) != 1:
            raise _Refused(Problem.BOTH_WAYS if credit or debit else Problem.NO_AMOUNT)
        if amount and "direction" in self.places:
            incoming = columns.points_in(self._cell(cells, "direction"))
            if incoming is None:
                raise _Refused(Problem.DIRECTION)
            amount = abs(amount) if incoming else -abs(amount)
        return credit + amount or -abs(debit)

    def _reference(self, cells: list[Cell], behind: str) -> str:
        shared = self.places.get("reference") == self.places["date"]
        text = behind if shared else " ".join(str(self._cell(cells, "reference")).split())
        return text[:100] if sum(map(str.isdigit, text)) >= _REFERENCE_DIGITS else ""

    def _id(self, cells: list[Cell], at: datetime, signed_vnd: int, content: str, reference: str) -> tuple[str, bool]:
        """The bank's reference names a line of a day and a sum; without one its content and the running balance do."""
        try:
            balance = columns.vnd(self._cell(cells, "balance")) if self._cell(cells, "balance") != "" else None
        except Unreadable:
            balance = None
        named = ["ref", squeeze(reference)] if reference else ["text", squeeze(content), str(balance)]
        key = "|".join([self.account_no, f"{at:%Y%m%d}", str(signed_vnd), *named])
        self.seen[key] += 1
        nth = self.seen[key]
        line_id = f"{at:%Y%m%d}-{hashlib.sha256(key.encode()).hexdigest()[:20]}"
        certain = bool(reference or balance is not None) and nth == 1
        return (line_id if nth == 1 else f"{line_id}-{nth}"), certain

    def _cell(self, cells: list[Cell], role: str) -> Cell:
        place = self.places.get(role)
        return cells[place] if place is not None and place < len(cells) else ""


def _account_named(head: Table, account_no: str) -> str:
    """The account number in the rows above the table: ours if it is anywhere in them, else the first one named."""
    texts = [" ".join(str(cell) for cell in row) for row in head]
    if any(account_no in re.sub(r"[ .-]", "", text) for text in texts):
        return account_no
    labelled = [text for text in texts if "TAIKHOAN" in squeeze(text) or "ACCOUNT" in squeeze(text)]
    return next((number[0] for text in labelled if (number := re.search(r"\d{6,19}", text))), "")
