"""Which column of a sheet is which, by the words that co-ops write above it, with and without accents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from shop.core.text import fold

Column = Literal["code", "product", "variant", "unit", "weight", "price", "on_hand", "category", "origin", "summary"]
COLUMNS: tuple[Column, ...] = get_args(Column)
NEEDED: tuple[Column, ...] = ("product",)
WORDS: Mapping[Column, tuple[str, ...]] = {
    "code": ("ma", "ma hang", "ma loai", "ma so", "code", "sku"),
    "product": ("ten", "ten hang", "ten san pham", "san pham", "ten mon", "mat hang", "hang hoa", "ten hang hoa",
                "product", "name"),
    "variant": ("loai", "quy cach", "phan loai", "dong goi", "loai hang", "cach dong goi", "variant", "pack"),
    "unit": ("don vi", "dvt", "don vi tinh", "don vi ban", "unit"),
    "weight": ("khoi luong", "trong luong", "can nang", "nang", "kl", "weight"),
    "price": ("gia", "gia ban", "don gia", "gia tien", "gia ban le", "gia le", "price"),
    "on_hand": ("ton", "ton kho", "so luong", "sl", "so luong ton", "con lai", "so ton", "hang ton", "stock"),
    "category": ("danh muc", "nhom", "nhom hang", "ke hang", "ke", "category"),
    "origin": ("noi trong", "xuat xu", "vung trong", "origin"),
    "summary": ("mo ta", "gioi thieu", "mo ta ngan", "ghi chu", "summary"),
}  # fmt: skip
MOST_ROWS_ABOVE = 20
_MEANT: Mapping[str, Column] = {word: column for column, words in WORDS.items() for word in words}


def columns_of(cells: Sequence[str]) -> dict[Column, int]:
    """Column -> place, of what is understood of a row of headings; a word in brackets ("Giá (đồng)") is left out."""
    found: dict[Column, int] = {}
    for at, cell in enumerate(cells):
        words = " ".join(fold(cell.partition("(")[0]).replace(":", " ").replace("*", " ").split())
        column = _MEANT.get(words)
        if column is not None:
            found.setdefault(column, at)
    return found


def heading_row(rows: Sequence[Sequence[str]]) -> tuple[int, dict[Column, int]] | None:
    """The place of the row of headings and its columns, None when no row near the top names goods and one thing more.

    Above it may stand the co-op's name, a title, a date.
    """
    for at, cells in enumerate(rows[:MOST_ROWS_ABOVE]):
        found = columns_of(cells)
        if all(column in found for column in NEEDED) and len(found) > len(NEEDED):
            return at, found
    return None
