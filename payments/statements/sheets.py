"""A bank's file as tables of cells: CSV in the encodings banks use, XLSX and XLS. No meaning is given to cells here."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import python_calamine

Cell = str | int | float | datetime
Table = list[list[Cell]]

LARGEST_FILE = 8 * 1024 * 1024
_LARGEST_UNPACKED = 128 * 1024 * 1024
_MOST_ROWS = 50_000
_MOST_CELLS = 2_000_000
_MOST_COLUMNS = 100
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class NotAStatement(Exception):
    """The file cannot be read as a bank statement. `reason` is one word for the page.

    empty, too_large, too_many_rows, encoding (no text in a known encoding), spreadsheet (broken or with a password),
    html (a page saved as .xls: to be saved as XLSX first), columns (no heading row with date, content and sum).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def tables(content: bytes) -> Iterator[Table]:
    """The tables a file may hold: one for each sheet, or for each way to cut its lines. Raises NotAStatement.

    What the file is, is seen in its first bytes, for banks name HTML and CSV ".xls" too.
    """
    if not content.strip():
        raise NotAStatement("empty")
    if len(content) > LARGEST_FILE:
        raise NotAStatement("too_large")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheets(content)
    text = _text(content)
    if text.lstrip()[:1] == "<":
        raise NotAStatement("html")
    return _cut(text)


def _sheets(content: bytes) -> Iterator[Table]:
    _require_unpackable(content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > _MOST_ROWS or sheet.total_height * sheet.total_width > _MOST_CELLS:
                raise NotAStatement("too_many_rows")
            yield [[_cell(value) for value in row[:_MOST_COLUMNS]] for row in sheet.to_python(skip_empty_area=False)]
    except python_calamine.CalamineError as error:
        raise NotAStatement("spreadsheet") from error


def _require_unpackable(content: bytes) -> None:
    if not content.startswith(b"PK"):
        return
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise NotAStatement("spreadsheet") from error
    if unpacked > _LARGEST_UNPACKED:
        raise NotAStatement("too_large")


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  Vietnam's clock is given to it by who reads
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return unicodedata.normalize("NFC", str(value)).strip()


def _text(content: bytes) -> str:
    """As its mark says, else UTF-8, else UTF-16 without a mark, else Windows-1258; banks write all of them."""
    coding = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    if not coding and b"\x00" in content[:2000]:
        coding = "utf-16-le" if content[1:2000:2].count(0) > content[:2000:2].count(0) else "utf-16-be"
    for name in (coding,) if coding else ("utf-8", "cp1258"):
        try:
            return unicodedata.normalize("NFC", content.decode(name))
        except UnicodeDecodeError:
            continue
    raise NotAStatement("encoding")


def _cut(text: str) -> Iterator[Table]:
    if text.startswith("sep="):  # Excel's own hint
        text = text.partition("\n")[2]
    if text.count("\n") > _MOST_ROWS:
        raise NotAStatement("too_many_rows")
    for delimiter in (",", ";", "\t", "|"):
        try:
            rows = csv.reader(io.StringIO(text), delimiter=delimiter)
            yield [[cell.strip() for cell in row[:_MOST_COLUMNS]] for row in rows]
        except csv.Error:
            continue
