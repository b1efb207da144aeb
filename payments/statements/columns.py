"""Which column of a bank's table means what, and what its cells say.

A mapping is plain data to remember for an account: role -> name of the column, its heading squeezed to letters and
digits, as {"date": "NGAYGIAODICH", "credit": "SOTIENGHICO"}. Headings stay when a bank moves its table down a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from payments.content import squeeze
from payments.statements.sheets import Cell, Table
from payments.statements.wire import HIGHEST_VND, VIETNAM

Mapping = dict[str, str]

ROLES = ("date", "content", "credit", "debit", "amount", "direction", "reference", "balance")
_WORDS = {  # the best first; "=" wants the whole heading
    "direction": ("GHINOCO", "NOCO", "LOAIGIAODICH", "LOAIGD", "DEBITCREDIT", "CRDR", "DRCR", "=DC", "=CD"),
    "credit": ("GHICO", "PHATSINHCO", "PSCO", "TIENVAO", "GUIVAO", "SOTIENCO", "CREDIT", "=CO"),
    "debit": ("GHINO", "PHATSINHNO", "PSNO", "TIENRA", "RUTRA", "SOTIENNO", "DEBIT", "=NO"),
    "balance": ("SODU", "BALANCE"),
    "content": ("NOIDUNG", "DIENGIAI", "MOTA", "DESCRIPTION", "DETAIL", "REMARK", "NARRATIVE"),
    "date": (
        *("NGAYGIAODICH", "NGAYGD", "TRANSACTIONDATE", "TRANSDATE", "TNXDATE", "THOIGIANGIAODICH", "NGAYHACHTOAN"),
        *("NGAYHIEULUC", "NGAY", "THOIGIAN", "DATE"),
    ),
    "reference": (
        *("SOTHAMCHIEU", "MATHAMCHIEU", "SOCHUNGTU", "SOCT", "SOBUTTOAN", "REFERENCE", "REFNO", "DOCNO"),
        *("MAGIAODICH", "MAGD", "SOGD", "SOGIAODICH", "TRANSACTIONID", "TRANSACTIONNO"),
    ),
    "amount": ("SOTIENGIAODICH", "SOTIEN", "AMOUNT", "GIATRI", "PHATSINH"),
}
_LONGEST_HEADING = 80
_LAST_HEADING_ROW = 60
_YEARS = range(2000, 2100)

_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)|(\d{4})[/-](\d{2})[/-](\d{2})(?!\d)")
_CLOCK = re.compile(r"[\sT,]*(\d{1,2}):(\d{2})(?::(\d{2}))?")
_CURRENCY = re.compile(r"[\s\u00a0\u202f]+|vn[dđ]|[đ₫]", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:(?P<mark>[.,])\d{3})(?:(?P=mark)\d{3})*(?:(?!(?P=mark))[.,]0{1,2})?")
_PLAIN = re.compile(r"\d+(?:[.,]0{1,2})?")
_INCOMING = {"C", "CO", "CR", "GHICO", "CREDIT", "TIENVAO", "IN", "VAO"}
_OUTGOING = {"D", "N", "NO", "DR", "GHINO", "DEBIT", "TIENRA", "OUT", "RA"}


class Unreadable(Exception):
    """A cell says something that is no date, or no sum of whole đồng."""


def names(headings: Sequence[Cell]) -> list[str]:
    """The name of each column; a heading that comes again gets a number."""
    squeezed = [squeeze(str(heading)) for heading in headings]
    seen = [squeezed[: place + 1].count(name) for place, name in enumerate(squeezed)]
    return [f"{name}#{times}" if name and times > 1 else name for name, times in zip(squeezed, seen, strict=True)]


def guess(headings: Sequence[Cell]) -> Mapping:
    """The roles that headings speak of. A column has one role, but a date may have its reference in the same cell."""
    columns = [
        name if len(str(heading)) <= _LONGEST_HEADING else ""
        for name, heading in zip(names(headings), headings, strict=True)
    ]
    found: Mapping = {}
    for role, words in _WORDS.items():
        if role == "amount" and "credit" in found:
            continue
        free = [name for name in columns if name not in found.values() or (role, name) == ("reference", _date(found))]
        named = (name for word in words for name in free if _speaks_of(role, word, name))
        if column := next(named, None):
            found[role] = column
    return found


def is_enough(mapping: Mapping) -> bool:
    """Whether a mapping is one: a date, a content, and money that came in."""
    return (
        set(mapping) <= set(ROLES) and {"date", "content"} <= set(mapping) and bool({"credit", "amount"} & set(mapping))
    )


def heading_row(table: Table, remembered: Mapping | None) -> tuple[int, Mapping] | None:
    """Where the headings are, and the mapping: the remembered one where all its columns are there, else the best guess.

    None if no row speaks of a date, a content and a sum.
    """
    rows = list(enumerate(table[:_LAST_HEADING_ROW]))
    if remembered and is_enough(remembered):
        for place, row in rows:
            if set(remembered.values()) <= set(names(row)):
                return place, remembered
    guesses = [(place, mapping) for place, row in rows if is_enough(mapping := guess(row))]
    return max(guesses, key=lambda found: len(found[1]), default=None)


def moment(cell: Cell) -> tuple[datetime, str]:
    """The moment at the beginning of a cell, by Vietnam's clock, and what stands behind it. Raises Unreadable.

    Days come before months, as everywhere in Vietnam; without an hour it is the beginning of the day.
    """
    if isinstance(cell, datetime) and cell.year in _YEARS:
        return cell.replace(tzinfo=VIETNAM), ""
    day = _DATE.match(str(cell))
    if day is None or int(day[3] or day[4]) not in _YEARS:
        raise Unreadable(str(cell))
    year, month, number = (day[3], day[2], day[1]) if day[1] else (day[4], day[5], day[6])
    clock = _CLOCK.match(str(cell), day.end())
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    try:
        at = datetime(int(year), int(month), int(number), hour, minute, second, tzinfo=VIETNAM)
    except ValueError as error:
        raise Unreadable(str(cell)) from error
    return at, str(cell)[clock.end() if clock else day.end() :].strip()


def vnd(cell: Cell) -> int:
    """Whole đồng, with its sign: 1.250.000 and 1,250,000 and 1,250,000.00 are one sum; nothing is 0. Raises Unreadable.

    What is not grouped by threes is refused rather than guessed.
    """
    if isinstance(cell, datetime):
        raise Unreadable(str(cell))
    if isinstance(cell, float):
        cell = format(Decimal(str(cell)), "f")
    text = _CURRENCY.sub("", str(cell))
    sign = -1 if text.startswith(("-", "(")) else 1
    bare = text[1:-1] if text.startswith("(") and text.endswith(")") else text.lstrip("+-")
    if not bare:
        return 0
    if not bare.isascii() or not (_GROUPED.fullmatch(bare) or _PLAIN.fullmatch(bare)):
        raise Unreadable(str(cell))
    whole = re.sub(r"[.,]\d{1,2}$", "", bare)
    amount_vnd = int(re.sub(r"[.,]", "", whole)[:20])
    if amount_vnd >= HIGHEST_VND:
        raise Unreadable(str(cell))
    return sign * amount_vnd


def points_in(cell: Cell) -> bool | None:
    """Whether a column of directions says that money came in (Có, C, +); None if it says nothing."""
    text = str(cell).strip()
    if text in ("+", "-"):
        return text == "+"
    told = squeeze(text)
    return True if told in _INCOMING else False if told in _OUTGOING else None


def _date(found: Mapping) -> str:
    return found.get("date", "")


def _speaks_of(role: str, word: str, name: str) -> bool:
    if role in ("credit", "debit") and ("TAIKHOAN" in name or "ACCOUNT" in name):
        return False
    return name == word[1:] if word.startswith("=") else word in name
