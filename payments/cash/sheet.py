"""A carrier's sheet of collected cash: which column means what, and every row of it as it was read.

No database here. Files are cut into tables and cells are read as those of bank statements are.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from payments.content import squeeze
from payments.statements import columns
from payments.statements.columns import Mapping, Unreadable
from payments.statements.sheets import Cell, NotAStatement, Table, tables

_WORDS = {  # the best first; headings are squeezed to capital letters
    "tracking": ("MAVANDON", "VANDON", "MABUUGUI", "BUUGUI", "TRACKING", "ORDERCODE", "MADONGHN", "MABILL", "BILLCODE"),
    "reference": (
        *("MADONKHACHHANG", "MADONRIENG", "MADONSHOP", "MADONHANGSHOP", "CLIENTORDERCODE", "MATHAMCHIEU"),
        *("REFERENCE", "MADONHANG", "MADON"),
    ),
    "fee": ("PHITHUHO", "PHICOD", "CODFEE", "PHIDICHVUTHUHO"),
    "freight": ("CUOC", "PHIVANCHUYEN", "PHIGIAOHANG", "PHIDICHVU", "TONGPHI", "SHIPPINGFEE", "FREIGHT"),
    "collected": ("TIENTHUHO", "SOTIENTHU", "THUHO", "CODAMOUNT", "TIENCOD", "COLLECTED", "COD", "SOTIEN", "AMOUNT"),
    "date": ("NGAYGIAO", "NGAYPHAT", "NGAYTHU", "NGAYDOISOAT", "NGAYCHUYEN", "NGAY", "DATE"),
}
ROLES = tuple(_WORDS)
_LAST_HEADING_ROW = 60
_SUM = re.compile("(TONG|CONG|TOTAL).*")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the sheet. `code` is the tracking code, `reference` our own; `problem` says why it cannot be read."""

    number: int
    key: str
    code: str
    reference: str
    said: str
    collected_vnd: int = 0
    fee_vnd: int = 0
    freight_vnd: int = 0
    paid_on: date | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: how its columns were understood, and its rows with money or a code."""

    mapping: Mapping
    rows: tuple[Row, ...]


def read(content: bytes, remembered: Mapping | None = None) -> Sheet:
    """Read a sheet. Raises NotAStatement, with the reason "columns" when no row names a code and a collected sum."""
    for table in tables(content):
        if found := _heading_row(table, remembered):
            place, mapping = found
            names = columns.names(table[place])
            places = {role: names.index(name) for role, name in mapping.items()}
            seen: Counter[str] = Counter()
            rows = [_row(number, cells, places, seen) for number, cells in enumerate(table[place + 1 :], place + 2)]
            return Sheet(mapping, tuple(row for row in rows if row))
    raise NotAStatement("columns")


def names_from(headings: Mapping) -> Mapping:
    """A mapping typed by a person, role -> heading, as it is remembered; roles left empty are left out."""
    return {role: squeeze(heading) for role, heading in headings.items() if role in ROLES and squeeze(heading)}


def _heading_row(table: Table, remembered: Mapping | None) -> tuple[int, Mapping] | None:
    for place, row in enumerate(table[:_LAST_HEADING_ROW]):
        if remembered and set(remembered.values()) <= set(columns.names(row)):
            return place, remembered
    for place, row in enumerate(table[:_LAST_HEADING_ROW]):
        mapping = _guess(row)
        if "collected" in mapping and {"tracking", "reference"} & set(mapping):
            return place, mapping
    return None


def _guess(headings: list[Cell]) -> Mapping:
    found: Mapping = {}
    names = columns.names(headings)
    for role, words in _WORDS.items():
        free = [name for name in names if name and name not in found.values()]
        if named := next((name for word in words for name in free if word in name), None):
            found[role] = named
    return found


def _row(number: int, cells: list[Cell], places: dict[str, int], seen: Counter[str]) -> Row | None:
    def cell(role: str) -> Cell:
        place = places.get(role)
        return cells[place] if place is not None and place < len(cells) else ""

    said = " · ".join(str(value) for value in cells if str(value).strip())[:500].replace("\x00", "")
    code, reference = (" ".join(str(cell(role)).split())[:60].replace("\x00", "") for role in ("tracking", "reference"))
    first = next((squeeze(str(value)) for value in cells if squeeze(str(value))), "")
    if _SUM.fullmatch(first) or not (code or reference or re.search(r"\d", str(cell("collected")))):
        return None
    try:
        sums = [columns.vnd(cell(role)) for role in ("collected", "fee", "freight")]
        if min(sums) < 0:
            raise Unreadable(said)
    except Unreadable:
        return Row(number, _key(said, seen), code, reference, said, problem="amount")
    if not any(sums):
        return None
    paid_on = _day(cell("date"))
    key = _key("|".join(map(str, [squeeze(code or reference), *sums, paid_on])), seen)
    return Row(number, key, code, reference, said, sums[0], sums[1], sums[2], paid_on)


def _day(cell: Cell) -> date | None:
    """A sheet may leave the day out, or write it as it likes: it only tells equal rows apart."""
    if isinstance(cell, datetime):
        return cell.date()
    try:
        return columns.moment(cell)[0].date()
    except Unreadable:
        return None


def _key(facts: str, seen: Counter[str]) -> str:
    key = hashlib.sha256(facts.encode()).hexdigest()[:24]
    seen[key] += 1
    return key if seen[key] == 1 else f"{key}-{seen[key]}"
