"""A gateway's settlement file: every row of it, what it is, and the name of its movement. No database here.

Which column means what is guessed from the headings and remembered for the gateway, by the squeezed name of the heading
as in `payments.statements.columns`. Portals write them in Vietnamese or English; Stripe's is its itemized payout
reconciliation report (docs.stripe.com/reports/payout-reconciliation).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from payments.content import squeeze
from payments.gateway import FactKind
from payments.statements.columns import Mapping, Unreadable, moment, names, vnd
from payments.statements.sheets import Cell, NotAStatement, Table, tables
from payments.statements.wire import HIGHEST_VND

ROLES = ("batch", "movement", "reference", "gross", "fee", "net", "kind", "date")
_WORDS = {  # the best first; "=" wants the whole heading
    "batch": (
        *("AUTOMATICPAYOUTID", "PAYOUTID", "MAPHIEN", "PHIENTHANHTOAN", "PHIENDOISOAT", "MALO", "DOTTHANHTOAN"),
        *("KYDOISOAT", "BATCH", "=LO", "=PHIEN", "=DOT"),
    ),
    "movement": (
        *("SOURCEID", "ZPTRANSID", "MAGIAODICH", "TRANSACTIONNO", "TRANSACTIONID", "TRANSID", "SOGIAODICH"),
        *("MAGD", "SOGD"),
    ),
    "reference": ("MADONHANG", "MADON", "MAHOADON", "ORDERID", "APPTRANSID", "TXNREF", "MATHAMCHIEU", "REFERENCE"),
    "fee": ("TONGPHI", "PHIGIAODICH", "PHIDICHVU", "PHITHANHTOAN", "FEE", "=PHI", "SOTIENPHI"),
    "net": (
        *("THUCNHAN", "SOTIENNHAN", "SAUPHI", "SOTIENTHANHTOAN", "SOTIENQUYETTOAN", "CONLAI", "SETTLEMENTAMOUNT"),
        *("NETAMOUNT", "=NET"),
    ),
    "gross": ("SOTIENGIAODICH", "GIATRIGIAODICH", "SOTIENGOC", "GIATRIDONHANG", "GROSS", "SOTIEN", "AMOUNT", "GIATRI"),
    "kind": ("REPORTINGCATEGORY", "LOAIGIAODICH", "LOAIGD", "TRANSACTIONTYPE", "=LOAI", "=TYPE", "=KIND"),
    "date": (
        *("AUTOMATICPAYOUTEFFECTIVEAT", "NGAYTHANHTOAN", "NGAYQUYETTOAN", "NGAYDOISOAT", "SETTLEMENTDATE"),
        *("SETTLEDDATE", "PAYOUTDATE", "NGAYGIAODICH", "NGAY", "THOIGIAN", "DATE", "CREATED"),
    ),
}
_KINDS = {  # what a kind is called; the first that is spoken of
    FactKind.DISPUTE_WON: ("DISPUTEREVERSAL", "CHARGEBACKREVERSAL", "HOANKHIEUNAI"),
    FactKind.DISPUTED: ("DISPUTE", "CHARGEBACK", "KHIEUNAI"),
    FactKind.REFUNDED: ("REFUND", "HOANTIEN", "HOANTRA", "TRALAI", "=HOAN"),
    FactKind.CAPTURED: ("SALE", "CHARGE", "PAYMENT", "PURCHASE", "THANHTOAN", "BANHANG", "GIAODICH", "=THU", "="),
}
_FEES = ("FEE", "PHI", "PHIDICHVU", "PHITHUE")
_LAST_HEADING_ROW, _LONGEST_HEADING = 60, 80
FEE = "fee"


class Problem(StrEnum):
    """Why a row cannot be read."""

    DATE = "date"
    AMOUNT = "amount"
    SUM = "sum"
    KIND = "kind"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement as the gateway lists it; `kind` is the fact that it must be, or "fee".

    `gross_vnd` is never below nothing, `net_vnd` is what it adds to the transfer, both less or more the fee.
    """

    kind: str
    movement_id: str
    reference: str
    gross_vnd: int
    fee_vnd: int
    net_vnd: int
    settled_on: date
    batch_ref: str

    @property
    def cleared_vnd(self) -> int:
        """What leaves the account of what the gateway holds: a dispute's fee was booked there when it was told."""
        if self.kind in (FactKind.DISPUTED, FactKind.DISPUTE_WON):
            return self.net_vnd
        return self.net_vnd + self.fee_vnd

    @property
    def own_fee_vnd(self) -> int:
        """What of it is the gateway's fee for its service."""
        return self.cleared_vnd - self.net_vnd


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file, `number` from 1, as it is shown and as it is understood."""

    number: int
    cells: tuple[str, ...]
    movement: Movement | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A file that was read. `names` are the columns to choose from, `headings` how they are written."""

    headings: tuple[str, ...]
    names: tuple[str, ...]
    columns: Mapping
    rows: tuple[Row, ...]

    @property
    def movements(self) -> list[Movement]:
        return [row.movement for row in self.rows if row.movement]


def read(content: bytes, remembered: Mapping | None = None) -> Settlement:
    """Read a settlement file; `remembered` counts where all its columns are there. Raises NotAStatement."""
    found = [(table, *row) for table in tables(content) if (row := _heading_row(table, remembered))]
    if not found:
        raise NotAStatement("columns")
    table, place, columns = max(found, key=lambda one: (one[2] == remembered, len(one[2])))
    headings = names(table[place])
    places = {role: headings.index(name) for role, name in columns.items()}
    rows = [_row(number, cells, places) for number, cells in enumerate(table[place + 1 :], place + 2) if any(cells)]
    written = tuple(" ".join(str(heading).split()) for heading in table[place])
    return Settlement(written, tuple(headings), columns, tuple(row for row in rows if row.movement or row.problem))


def is_enough(columns: Mapping) -> bool:
    """Whether each movement has a name, a sum and a day, and its fee can be known."""
    needed = {"movement", "date"} <= set(columns) or {"reference", "date"} <= set(columns)
    return set(columns) <= set(ROLES) and needed and "gross" in columns and bool({"fee", "net"} & set(columns))


def guess(headings: list[str]) -> Mapping:
    """The roles that squeezed headings speak of, each column one."""
    found: Mapping = {}
    for role, words in _WORDS.items():
        free = [name for name in headings if name and len(name) <= _LONGEST_HEADING and name not in found.values()]
        if name := next((name for word in words for name in free if _speaks_of(word, name)), ""):
            found[role] = name
    return found


def _speaks_of(word: str, name: str) -> bool:
    return name == word[1:] if word.startswith("=") else word in name


def _heading_row(table: Table, remembered: Mapping | None) -> tuple[int, Mapping] | None:
    rows = [(place, names(row)) for place, row in enumerate(table[:_LAST_HEADING_ROW])]
    if remembered and is_enough(remembered):
        for place, row in rows:
            if set(remembered.values()) <= set(row):
                return place, remembered
    guesses = [(place, columns) for place, row in rows if is_enough(columns := guess(row))]
    return max(guesses, key=lambda found: len(found[1]), default=None)


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _row(number: int, cells: list[Cell], places: dict[str, int]) -> Row:
    shown = tuple(str(cell) for cell in cells)
    told = {role: cells[place] if place < len(cells) else "" for role, place in places.items()}
    named = squeeze(str(told.get("movement", "")) + str(told.get("reference", "")))
    if not named and not str(told.get("date", "")).strip():
        return Row(number, shown)  # a total, a word below the table
    try:
        return Row(number, shown, _movement(told))
    except _Refused as refused:
        return Row(number, shown, problem=refused.problem)


def _movement(told: dict[str, Cell]) -> Movement:
    try:
        settled_on = moment(told["date"])[0].date()
    except Unreadable as error:
        raise _Refused(Problem.DATE) from error
    kind = _kind(str(told.get("kind", "")), told["gross"])
    gross_vnd, fee_vnd, net_vnd = _sums(kind, told)
    reference, movement_id = _text(told.get("reference", "")), _text(told.get("movement", ""))
    if not movement_id and not reference:
        raise _Refused(Problem.NAME)
    if kind == FactKind.DISPUTE_WON:
        movement_id = f"{movement_id}:won"
    batch_ref = _text(told.get("batch", "")) or settled_on.isoformat()
    return Movement(kind, movement_id or reference, reference, gross_vnd, fee_vnd, net_vnd, settled_on, batch_ref)


def _kind(said: str, gross: Cell) -> str:
    told = squeeze(said)
    if told in _FEES:
        return FEE
    kind = next((kind for kind, words in _KINDS.items() if any(_speaks_of(word, told) for word in words)), None)
    if kind is None:
        raise _Refused(Problem.KIND)
    taken_off = str(gross).strip().startswith(("-", "("))
    return FactKind.REFUNDED if kind is FactKind.CAPTURED and taken_off else kind


def _sums(kind: str, told: dict[str, Cell]) -> tuple[int, int, int]:
    """Gross, fee and net; what is not written follows from the others, what is written must agree."""
    try:
        gross_vnd = abs(vnd(told["gross"]))
        fee_vnd, net_vnd = (vnd(told[role]) if _is_there(told, role) else None for role in ("fee", "net"))
    except Unreadable as error:
        raise _Refused(Problem.AMOUNT) from error
    moved_vnd = 0 if kind == FEE else gross_vnd if kind in (FactKind.CAPTURED, FactKind.DISPUTE_WON) else -gross_vnd
    if kind == FEE:
        fee_vnd = gross_vnd or abs(fee_vnd or 0)
        return 0, fee_vnd, -fee_vnd
    if fee_vnd is not None and fee_vnd < 0 and kind == FactKind.CAPTURED:
        fee_vnd = -fee_vnd  # written as what is taken off
    if net_vnd is not None and net_vnd > 0 > moved_vnd:
        net_vnd = -net_vnd
    fee_vnd = fee_vnd if fee_vnd is not None else moved_vnd - net_vnd if net_vnd is not None else 0
    if net_vnd is not None and net_vnd != moved_vnd - fee_vnd:
        raise _Refused(Problem.SUM)
    if not gross_vnd or gross_vnd >= HIGHEST_VND:
        raise _Refused(Problem.AMOUNT)
    return gross_vnd, fee_vnd, moved_vnd - fee_vnd


def _is_there(told: dict[str, Cell], role: str) -> bool:
    return str(told.get(role, "")).strip() != ""


def _text(cell: Cell) -> str:
    return "".join(str(cell).replace("\x00", "").split())[:100]
