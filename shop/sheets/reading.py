"""A file as rows of cells by column. Runs in the back room: files come from anywhere and may be hostile.

Formulas and macros are never run: of a workbook only the values that were last shown are read.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shop.sheets.encodings import NotText, decode, reader_for
from shop.sheets.headings import Column, heading_row

LARGEST_FILE = 10 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 1000
_LARGEST_UNPACKED = 100 * 1024 * 1024
_PIECE = 1024 * 1024


class NotASheet(Exception):
    """The file holds no goods. `reason` is one word for the page.

    empty, too_large, too_many_rows, encoding, spreadsheet (broken, or with a password), html (a page saved as .xls),
    headings (no row names the goods and one thing more).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class SheetRead:
    """`rows` are (number in the file, text by column); rows without any text are left out."""

    encoding: str
    rows: list[tuple[int, dict[Column, str]]]


def read(content: bytes) -> SheetRead:
    """The goods of a file. What the file is, is seen in its first bytes, not in its name. Raises NotASheet."""
    if not content.strip():
        raise NotASheet("empty")
    if len(content) > LARGEST_FILE:
        raise NotASheet("too_large")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _first_with_goods(_sheets(content), "xlsx")
    try:
        text, encoding = decode(content)
    except NotText as error:
        raise NotASheet("encoding") from error
    if text.lstrip()[:1] == "<":
        raise NotASheet("html")
    return _first_with_goods(_cut(text), encoding)


def _first_with_goods(tables: Iterator[list[list[str]]], encoding: str) -> SheetRead:
    for table in tables:
        found = heading_row(table)
        if found is not None:
            rows = list(_rows(table, *found))
            if not rows:
                raise NotASheet("empty")
            return SheetRead(encoding, rows)
    raise NotASheet("headings")


def _rows(table: list[list[str]], at: int, columns: dict[Column, int]) -> Iterator[tuple[int, dict[Column, str]]]:
    for number, cells in enumerate(table[at + 1 :], start=at + 2):
        row = {column: cells[place][:LONGEST_CELL] for column, place in columns.items() if place < len(cells)}
        if any(row.values()):
            yield number, row


def _sheets(content: bytes) -> Iterator[list[list[str]]]:
    import python_calamine  # only the back room reads workbooks

    _require_unpackable(content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > MOST_ROWS + 50:
                raise NotASheet("too_many_rows")
            cells = [[_text(value) for value in row[:MOST_COLUMNS]] for row in sheet.to_python(skip_empty_area=False)]
            meant = reader_for([cell for row in cells[:500] for cell in row])
            yield [[meant(cell) for cell in row] for row in cells]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise NotASheet("spreadsheet") from error


def _require_unpackable(content: bytes) -> None:
    """Counts what really comes out of the archive, since what it says of itself may be a lie."""
    if not content.startswith(b"PK"):
        return
    left = _LARGEST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for part in archive.infolist():
                if part.file_size > left:
                    raise NotASheet("too_large")
                with archive.open(part) as packed:
                    while piece := packed.read(_PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise NotASheet("too_large")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise NotASheet("spreadsheet") from error


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).replace(".", ",")
    return _clean(str(value))


def _clean(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    return "".join(letter for letter in plain if letter.isprintable() or letter in "\n\t").strip()


def _cut(text: str) -> Iterator[list[list[str]]]:
    if text[:4].lower() == "sep=":  # Excel's own hint
        text = text.partition("\n")[2]
    if text.count("\n") > 2 * MOST_ROWS:
        raise NotASheet("too_many_rows")
    for delimiter in (",", ";", "\t", "|"):
        try:
            rows = [[_clean(cell) for cell in row[:MOST_COLUMNS]] for row in _lines(text, delimiter)]
        except csv.Error:
            continue
        if len(rows) > MOST_ROWS + 50:
            raise NotASheet("too_many_rows")
        yield rows


def _lines(text: str, delimiter: str) -> Iterator[list[str]]:
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
