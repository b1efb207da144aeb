"""Sums as people type and say them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.money import NotMoney, format_number, format_vnd, read_vnd

THOUSANDS = st.integers(1, 999_999)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("35k", 35_000),
        ("35K", 35_000),
        ("35 nghìn", 35_000),
        ("35 ngàn đồng", 35_000),
        ("35.000", 35_000),
        ("35,000", 35_000),
        ("35 000đ", 35_000),
        ("35000", 35_000),
        ("35.000 ₫", 35_000),
        ("35k5", 35_500),
        ("1tr2", 1_200_000),
        ("1tr25", 1_250_000),
        ("1tr250", 1_250_000),
        ("1tr050", 1_050_000),
        ("1 triệu 2", 1_200_000),
        ("1,2 triệu", 1_200_000),
        ("1.2tr", 1_200_000),
        ("1 triệu 250 nghìn", 1_250_000),
        ("1.250k", 1_250_000),
        ("2tr rưỡi", 2_500_000),
        ("1 tỷ 2", 1_200_000_000),
        ("0", 0),
    ],
)
def test_a_price_is_understood_as_people_write_it(typed: str, meant: int) -> None:
    assert read_vnd(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["", "k", "abc", "-5", "1.2", "35.00", "1k2tr", "3 5", "1..000", "1.000,000", "1tr2tr", "0,0001k", "1²",
     "rưỡi", "٣٥", "1" * 41, "35k 2 3", "1tr,2", "35 lít"],
)  # fmt: skip
def test_what_is_no_sum_is_refused(typed: str) -> None:
    with pytest.raises(NotMoney):
        read_vnd(typed)


@given(st.integers(0, 10**12))
def test_what_pages_write_is_read_back(amount_vnd: int) -> None:
    for written in (str(amount_vnd), format_number(amount_vnd), format_vnd(amount_vnd)):
        assert read_vnd(written) == amount_vnd


@given(THOUSANDS)
def test_thousands_are_the_same_in_every_spelling(thousands: int) -> None:
    spellings = {f"{thousands}k", f"{thousands} nghìn", f"{thousands} NGÀN đồng", f"{format_number(thousands)}k"}
    assert {read_vnd(spelling) for spelling in spellings} == {thousands * 1000}


@given(st.integers(1, 999), st.integers(0, 999))
def test_millions_and_their_rest_add_up(millions: int, thousands: int) -> None:
    meant = millions * 10**6 + thousands * 1000
    assert read_vnd(f"{millions}tr{thousands:03d}") == meant
    assert read_vnd(f"{millions} triệu {thousands} nghìn") == meant


@given(st.text(alphabet="0123456789., ktrngđniuệêì₫-", max_size=45))
def test_whatever_is_typed_is_a_sum_or_refused(typed: str) -> None:
    with suppress(NotMoney):
        assert read_vnd(typed) >= 0
