"""Sheets as co-ops send them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import xlsxwriter

HEADINGS = ("Tên hàng", "Quy cách", "Đơn vị", "Khối lượng", "Giá bán", "Tồn kho", "Danh mục")


def as_csv(rows: Sequence[Sequence[object]], encoding: str = "utf-8-sig", delimiter: str = ";") -> bytes:
    """A text file with the usual headings."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([HEADINGS, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    """A workbook with a title above the headings; numbers are numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Vụ mùa")
        for at, row in enumerate([["HTX Hàm Thuận, bảng giá vụ mùa"], [], HEADINGS, *rows]):
            sheet.write_row(at, 0, row)
    return out.getvalue()
