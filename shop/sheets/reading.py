"""A file as rows of cells by column. Runs in the back room: files come from anywhere and may be hostile.

Formulas and macros are never run: of a workbook only the values that were last shown are read.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from shop.sheets.encodings import NotText, decode, reader_for
from shop.sheets.headings import Column, heading_row

LARGEST_FILE = 10 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 1000
_LARGEST_UNPACKED = 100 * 1024 * 1024
_PIECE = 1024 * 1024
_SAID_ONCE: tuple[Column, ...] = ("product", "unit", "category", "origin")


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
    """`rows` are (number in the file, text by column); rows without any text are left out.

    They are those of the first page that shows goods; `passes_over`: another page shows some, too.
    """

    encoding: str
    rows: list[tuple[int, dict[Column, str]]]
    passes_over: bool = False


class _Page(NamedTuple):
    """`joined` are the first and the last place, (row, column), of cells that were made one."""

    cells: list[list[str]]
    joined: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()


def read(content: bytes) -> SheetRead:
    """The goods of a file. What the file is, is seen in its first bytes, not in its name. Raises NotASheet."""
    if not content.strip():
        raise NotASheet("empty")
    if len(content) > LARGEST_FILE:
        raise NotASheet("too_large")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        pages = _pages(content)
        found = _first_with_goods(pages, "xlsx")
        return replace(found, passes_over=_has_goods(pages))
    try:
        text, encoding = decode(content)
    except NotText as error:
        raise NotASheet("encoding") from error
    if text.lstrip()[:1] == "<":
        raise NotASheet("html")
    return _first_with_goods(map(_Page, _cut(text)), encoding)


def _first_with_goods(pages: Iterator[_Page], encoding: str) -> SheetRead:
    for page in pages:
        found = heading_row(page.cells)
        if found is not None:
            _repeat(page, found[1])
            rows = list(_rows(page.cells, *found))
            if not rows:
                raise NotASheet("empty")
            return SheetRead(encoding, rows)
    raise NotASheet("headings")


def _has_goods(pages: Iterator[_Page]) -> bool:
    try:
        return any(heading_row(page.cells) is not None for page in pages)
    except NotASheet:
        return False  # whatever it is: nobody reads it


def _repeat(page: _Page, columns: Mapping[Column, int]) -> None:
    """What names goods over several rows names those of each row; a price or a count may be for all together."""
    named = {columns[column] for column in _SAID_ONCE if column in columns}
    for (top, place), (bottom, _right) in page.joined:
        if place in named:
            for row in page.cells[top + 1 : bottom + 1]:
                if place < len(row):
                    row[place] = page.cells[top][place]


def _rows(table: list[list[str]], at: int, columns: dict[Column, int]) -> Iterator[tuple[int, dict[Column, str]]]:
    for number, cells in enumerate(table[at + 1 :], start=at + 2):
        row = {column: cells[place][:LONGEST_CELL] for column, place in columns.items() if place < len(cells)}
        if any(row.values()):
            yield number, row


def _pages(content: bytes) -> Iterator[_Page]:
    """The pages of a workbook that it shows."""
    import python_calamine  # only the back room reads workbooks

    _require_unpackable(content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = python_calamine.SheetVisibleEnum.Visible
        for name in [it.name for it in book.sheets_metadata if it.visible == shown]:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > MOST_ROWS + 50:
                raise NotASheet("too_many_rows")
            cells = [[_text(value) for value in row[:MOST_COLUMNS]] for row in sheet.to_python(skip_empty_area=False)]
            meant = reader_for([cell for row in cells[:500] for cell in row])
            yield _Page([[meant(cell) for cell in row] for row in cells], sheet.merged_cell_ranges or ())
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
        near = round(value, 6)  # what a formula reckoned may be a hair beside what it means
        return str(int(near)) if near.is_integer() and abs(near) < 1e15 else repr(near).replace(".", ",")
    return _clean(str(value))


def _clean(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    return "".join(letter for letter in plain if letter.isprintable() or letter in "\n\t").strip()


def _cut(text: str) -> Iterator[list[list[str]]]:
    if text[:4].lower() == "sep=":  # Excel's own hint
        text = text.partition("\n")[2]
    if text.count("\n") + text.count("\r") > 4 * MOST_ROWS:
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
