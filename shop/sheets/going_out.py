"""Sheets that leave: today's goods to work on, rows that were refused, and everything of the co-op as a ZIP.

Made in the back room. What people typed is written as text, never as a formula that somebody's program would run.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from shop.catalog.models import VariantKind
from shop.sheets.fates import OnShelf, load
from shop.sheets.headings import COLUMNS, Column
from shop.sheets.rows import kilos_text

HEADINGS: Mapping[Column, str] = {
    "code": "Mã",
    "product": "Tên hàng",
    "variant": "Quy cách",
    "unit": "Đơn vị",
    "weight": "Khối lượng",
    "price": "Giá bán",
    "on_hand": "Tồn kho",
    "category": "Danh mục",
    "origin": "Nơi trồng",
    "summary": "Mô tả",
}
_RUNS = tuple("=+-@\t\r\n＝＋－＠")
_WIDTHS = {"Tên hàng": 32, "Quy cách": 18, "Lý do": 60, "Mô tả": 40}


def plain(text: str) -> str:
    """As a cell of a CSV file: with an apostrophe before what a spreadsheet would take for a formula.

    Source: OWASP, CSV Injection. Numbers of ours are never negative sums of text, so nothing true is lost.
    """
    return f"'{text}" if text.startswith(_RUNS) else text


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """An XLSX file of one sheet; every cell is text but whole numbers. The first row are the headings."""
    import xlsxwriter  # only the back room writes workbooks

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet("Hàng"), book.add_format({"bold": True})
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                if cell.isdecimal() and len(cell) < 13 and at:
                    sheet.write_number(at, place, int(cell))
                else:
                    sheet.write_string(at, place, cell, bold if not at else None)
        for place, heading in enumerate(rows[0]):
            sheet.set_column(place, place, _WIDTHS.get(heading, 14))
        sheet.freeze_panes(1, 0)
    return out.getvalue()


def goods(session: Session, coop_id: int) -> list[list[str]]:
    """Today's goods under our headings, to be changed and sent back: unchanged it changes nothing."""
    shelf = load(session, coop_id)
    rows = [[HEADINGS[column] for column in COLUMNS[:7]]]
    return rows + [line(it) for it in shelf.variants.values()]


def line(it: OnShelf) -> list[str]:
    """A variant as a row. Loose goods are told by the kilo; what cannot be told so to the đồng is left out."""
    size = kilos_text(it.step_g) + " kg"
    if it.kind != VariantKind.LOOSE:
        return [f"#{it.id}", it.product, it.name, "", size, str(it.price_vnd), str(it.on_hand)]
    price_vnd, rest = divmod(it.price_vnd * 1000, it.step_g)
    count = kilos_text(it.on_hand * it.step_g)
    unlike_thousands = count if len(count.partition(",")[2]) < 3 else f"{count} kg"
    return [f"#{it.id}", it.product, it.name, "kg", size, "" if rest else str(price_vnd), unlike_thousands]


def refused(rows: Sequence[tuple[int, Mapping[Column, str], str]]) -> list[list[str]]:
    """Rows that were not taken, (number, cells, why), as a sheet to correct and send again."""
    out = [["Dòng", "Lý do", *(HEADINGS[column] for column in COLUMNS)]]
    out += [[str(number), why, *(cells.get(column, "") for column in COLUMNS)] for number, cells, why in rows]
    return out
