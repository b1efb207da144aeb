"""What people write into the cells of a sheet, and what is meant."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.money import format_number
from shop.sheets.headings import Column, columns_of, heading_row
from shop.sheets.rows import NotARow, wanted


def row(**cells: str) -> dict[Column, str]:
    return cast("dict[Column, str]", {"product": "Thanh long", **cells})


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (
            ["TÊN HÀNG", "Quy cách", "ĐVT", "Giá bán (đồng)", "Tồn kho"],
            "product variant unit price on_hand",
        ),
        (["ten hang", "quy cach", "dvt", "gia ban", "ton kho"], "product variant unit price on_hand"),
        (["STT", "Tên sản phẩm *", "Đơn giá:", "SL"], "product price on_hand"),
        (
            ["Mã", "Mặt hàng", "Khối lượng", "Danh mục", "Nơi trồng"],
            "code product weight category origin",
        ),
    ],
)
def test_headings_are_known_with_and_without_accents(headings: list[str], columns: str) -> None:
    assert list(columns_of(headings)) == columns.split()


def test_the_headings_may_stand_below_a_title() -> None:
    rows = [["HTX Hàm Thuận"], ["Bảng giá vụ mùa"], [], ["Tên hàng", "Giá"], ["Gạo", "25.000"]]
    assert heading_row(rows) == (3, {"product": 0, "price": 1})
    assert heading_row([["Gạo", "25.000"]]) is None


@pytest.mark.parametrize(
    ("typed", "price_vnd"),
    [
        ("1.250.000", 1_250_000),
        ("1,250,000", 1_250_000),
        ("1.250.000,00", 1_250_000),
        ("1,250,000.00", 1_250_000),
        ("1250000.0", 1_250_000),
        ("185000", 185_000),
        ("35k", 35_000),
        ("1tr2", 1_200_000),
        ("35.000 đ", 35_000),
    ],
)
def test_prices_are_read_as_people_type_them(typed: str, price_vnd: int) -> None:
    assert wanted(row(price=typed)).price_vnd == price_vnd


@given(st.integers(1_000, 1_000_000_000))
def test_every_price_we_write_is_read_back(price_vnd: int) -> None:
    assert wanted(row(price=format_number(price_vnd))).price_vnd == price_vnd


@given(st.integers(0, 1_000_000))
def test_every_count_we_write_is_read_back(count: int) -> None:
    assert wanted(row(on_hand=format_number(count))).count == count


@pytest.mark.parametrize(
    ("typed", "count", "grams"),
    [
        ("1.250", 1250, 1_250_000),
        ("30.0", 30, 30_000),
        ("30,00", 30, 30_000),
        ("12.5", None, 12_500),
        ("12,50", None, 12_500),
        ("0,125", None, 125),
        ("1,125 kg", None, 1125),
        ("30 thùng", 30, 30_000),
    ],
)
def test_counts_are_read_as_people_and_programs_write_them(typed: str, count: int | None, grams: int) -> None:
    found = wanted(row(on_hand=typed))
    assert (found.count, found.count_g) == (count, grams)


@pytest.mark.parametrize(
    ("cells", "kind", "step_g", "name"),
    [
        ({"variant": "Thùng 5 kg"}, "box", 5000, "Thùng 5 kg"),
        ({"unit": "thùng", "weight": "10"}, "box", 10_000, "Thùng 10 kg"),
        ({"unit": "chai", "weight": "500 ml 520 g"}, "piece", 520, "Chai 520 g"),
        ({"unit": "túi", "weight": "1,5 ký"}, "piece", 1500, "Túi 1,5 kg"),
        ({"unit": "kg"}, "loose", 500, "Kg"),
        ({"unit": "ký"}, "loose", 500, "Ký"),
        ({"unit": "gói", "weight": "250"}, "piece", 250, "Gói 250 g"),
        ({}, None, None, ""),
    ],
)
def test_unit_and_weight_say_how_it_is_sold(cells: dict[str, str], kind: str, step_g: int, name: str) -> None:
    found = wanted(row(**cells))
    assert (found.kind, found.step_g, found.variant) == (kind, step_g, name)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"product": ""}, "name_missing"),
        ({"product": "=cmd|' /C calc'!A0"}, "name"),
        ({"product": "Thanh lo\ufffdg"}, "name"),
        ({"variant": "Th\ufffdng 5 kg"}, "name"),
        ({"product": "x" * 200}, "long"),
        ({"price": "rẻ"}, "price"),
        ({"price": "5"}, "price"),
        ({"price": "-35.000"}, "price"),
        ({"price": "185,5"}, "price"),
        ({"price": "25.000/kg"}, "price"),
        ({"price": "05/05/2026"}, "price"),
        ({"on_hand": "1,250"}, "on_hand"),
        ({"on_hand": "-3"}, "on_hand"),
        ({"on_hand": "nhiều"}, "on_hand"),
        ({"on_hand": "99999999"}, "on_hand"),
        ({"weight": "nặng"}, "weight"),
        ({"weight": "900 kg"}, "weight"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(NotARow) as no:
        wanted(row(**cells))
    assert no.value.reason == reason


@given(
    st.dictionaries(st.sampled_from(["variant", "unit", "weight", "price", "on_hand", "code"]), st.text(max_size=60))
)
def test_no_text_at_all_breaks_the_reading(cells: dict[str, str]) -> None:
    with suppress(NotARow):
        assert wanted(row(**cells)).product == "Thanh long"
