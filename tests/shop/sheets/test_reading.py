"""Files of every kind are read, and hostile ones do no harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter

from shop.core.backroom import Backroom, BackroomFailed
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


def book_of(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        fill(book)
    return out.getvalue()


def test_a_hidden_page_is_not_read_and_a_second_one_with_goods_is_told() -> None:
    def pages(book: xlsxwriter.Workbook) -> None:
        for name, price in (("Giá cũ", 1000), ("Giá mới", 25000), ("Tháng sau", 30000)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Tên hàng", "Giá bán"])
            sheet.write_row(1, 0, [f"Gạo {name}", price])
        book.worksheets()[0].hide()
        book.worksheets()[1].activate()

    found = read(book_of(pages))
    assert [cells["product"] for _number, cells in found.rows] == ["Gạo Giá mới"]
    assert found.passes_over
    assert not read(as_xlsx([ROW])).passes_over


def test_one_name_over_several_rows_names_each_but_one_count_is_not_three() -> None:
    def merged(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 3, "Bảng giá")
        sheet.write_row(2, 0, ["Tên hàng", "Quy cách", "Giá bán", "Tồn kho"])
        sheet.merge_range(3, 0, 4, 0, "Thanh long")
        sheet.merge_range(3, 3, 4, 3, 20)
        sheet.write_row(3, 1, ["Thùng 5 kg", 100_000])
        sheet.write_row(4, 1, ["Thùng 10 kg", 190_000])

    assert read(book_of(merged)).rows == [
        (4, {"product": "Thanh long", "variant": "Thùng 5 kg", "price": "100000", "on_hand": "20"}),
        (5, {"product": "Thanh long", "variant": "Thùng 10 kg", "price": "190000", "on_hand": ""}),
    ]


def test_what_a_formula_reckoned_a_hair_beside_a_whole_number_is_that_number() -> None:
    def reckoned(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Tên hàng", "Giá bán", "Tồn kho", "Khối lượng"])
        sheet.write_row(1, 0, ["Gạo lứt", 57_000 * 1.1, 0.1 + 0.2, 2.5])

    ((_number, cells),) = read(book_of(reckoned)).rows
    assert cells == {"product": "Gạo lứt", "price": "62700", "on_hand": "0,3", "weight": "2,5"}


def test_a_sheet_of_a_thousand_million_empty_cells_ends_the_child_and_not_the_market() -> None:
    def far_apart(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Tên hàng", "Giá bán"])
        sheet.write_string(1_048_575, 16_383, "x")

    backroom = Backroom()
    try:
        with pytest.raises(BackroomFailed):
            backroom.run(read, book_of(far_apart))
        assert len(backroom.run(read, as_csv([ROW])).rows) == 1
    finally:
        backroom.close()


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
