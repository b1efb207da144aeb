"""Files of every kind are read, and hostile ones do no harm."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from shop.core.backroom import Backroom
from shop.sheets.reading import LARGEST_FILE, NotASheet, read
from tests.shop.sheets.sheet_files import as_csv, as_xlsx

ROW = ["Thanh long ruột đỏ", "Thùng 5 kg", "", "", 185000, 12, "Trái cây tươi"]


def reason(content: bytes) -> str:
    with pytest.raises(NotASheet) as no:
        read(content)
    return no.value.reason


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (as_csv([ROW]), 2),
        (as_csv([ROW], delimiter=","), 2),
        (as_csv([ROW], "utf-16", "\t"), 2),
        (b"sep=;\n" + as_csv([ROW], "utf-8"), 2),
        (as_xlsx([ROW]), 4),
    ],
    ids=["semicolon", "comma", "utf-16 tabs", "sep", "xlsx"],
)
def test_the_same_goods_come_out_of_each_kind_of_file(content: bytes, number: int) -> None:
    found = read(content)
    assert [at for at, _cells in found.rows] == [number]
    assert {name: cell for name, cell in found.rows[0][1].items() if cell} == {
        "product": "Thanh long ruột đỏ",
        "variant": "Thùng 5 kg",
        "price": "185000",
        "on_hand": "12",
        "category": "Trái cây tươi",
    }


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(f"xl/{name}.xml", body)
    return out.getvalue()


def lying_about_its_size() -> bytes:
    """A workbook of 150 MB that says of itself that it has ten bytes."""
    whole = bytearray(packed(workbook=b"0" * 150_000_000))
    true, told = (150_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    return bytes(whole).replace(true, told)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (as_csv([]), "empty"),
        (b"x" * (LARGEST_FILE + 1), "too_large"),
        (packed(workbook=b"0" * 150_000_000), "too_large"),
        (lying_about_its_size(), "spreadsheet"),
        (packed(workbook=b"no xml"), "spreadsheet"),
        (as_xlsx([ROW])[:3000], "spreadsheet"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "encoding"),
        (b"<html><table><tr><td>Gia</td></tr></table>", "html"),
        (b"mot,hai,ba\n1,2,3\n", "headings"),
        (as_csv([ROW] * 20_100), "too_many_rows"),
    ],
    ids=lambda it: it if isinstance(it, str) else "file",
)
def test_what_is_no_sheet_is_refused_with_its_reason(content: bytes, why: str) -> None:
    assert reason(content) == why


def test_a_formula_is_never_run_only_its_last_value_counts() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Tên hàng", "Giá bán"])
        sheet.write_string(1, 0, "Gạo lứt")
        sheet.write_formula(1, 1, '=WEBSERVICE("http://192.0.2.1/")', None, 25000)
    assert read(out.getvalue()).rows == [(2, {"product": "Gạo lứt", "price": "25000"})]


def test_the_back_room_hands_on_the_reason_and_lives() -> None:
    backroom = Backroom()
    try:
        with pytest.raises(NotASheet) as no:
            backroom.run(read, b"<html>")
        assert no.value.reason == "html"
        child = backroom.child_pid
        assert len(backroom.run(read, as_csv([ROW])).rows) == 1
        assert backroom.child_pid == child
    finally:
        backroom.close()
