"""What a comment asks for, case by case, and what never happens whatever is typed."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestream.chat.reading import Kind, read_comment
from livestream.chat.words import masked, plain

BOXES = {"A1": 0, "A2": 0, "A3": 0, "A10": 0}
LOOSE = {"B1": 1000, "B2": 500}
CODES = {**BOXES, **LOOSE}
ORDERS = [
    ("A1", {"A1": 1}),
    ("a1", {"A1": 1}),
    ("#A1", {"A1": 1}),
    ("#a1 2", {"A1": 2}),
    ("A1 x2", {"A1": 2}),
    ("a1x2", {"A1": 2}),
    ("A1 2", {"A1": 2}),
    ("A1:2", {"A1": 2}),
    ("A1 = 2", {"A1": 2}),
    ("A1, 2", {"A1": 2}),
    ("A1 +1", {"A1": 1}),
    ("A1×2", {"A1": 2}),
    ("A1*2", {"A1": 2}),
    ("A1 sl 2", {"A1": 2}),
    ("A1 số lượng 3", {"A1": 3}),
    ("2xA1", {"A1": 2}),
    ("2 x A1", {"A1": 2}),
    ("3 A1", {"A1": 3}),
    ("Ａ１ ｘ２", {"A1": 2}),
    ("A10 2", {"A10": 2}),
    ("a 1", {"A1": 1}),
    ("chốt a 1 2", {"A1": 2}),
    ("A-1 2", {"A1": 2}),
    ("😍A1 2😍", {"A1": 2}),
    ("A1❤️❤️", {"A1": 1}),
    ("A1 2 thùng", {"A1": 2}),
    ("A1 hai thùng", {"A1": 2}),
    ("2 bó A1", {"A1": 2}),
    ("2 ký B1", {"B1": 2}),
    ("2kg B1", {"B1": 2}),
    ("B1 2 kí", {"B1": 2}),
    ("hai ký B1", {"B1": 2}),
    ("B2 2kg", {"B2": 4}),
    ("B2 1,5kg", {"B2": 3}),
    ("B2 1 ký rưỡi", {"B2": 3}),
    ("B2 500g", {"B2": 1}),
    ("nửa ký B2", {"B2": 1}),
    ("cho chị 3 A1 với A2", {"A1": 3, "A2": 1}),
    ("A1, B1", {"A1": 1, "B1": 1}),
    ("A1 2, A2 3", {"A1": 2, "A2": 3}),
    ("A1 2 A2", {"A1": 2, "A2": 1}),
    ("2 A1 3 A2", {"A1": 2, "A2": 3}),
    ("2 A1, A2 x3", {"A1": 2, "A2": 3}),
    ("A1\nA2 2", {"A1": 1, "A2": 2}),
    ("A1 A1 A1", {"A1": 1}),
    ("A1 2 cho Lan, A2 1 cho Mai", {"A1": 2, "A2": 1}),
    ("lấy A1 thôi", {"A1": 1}),
    ("Huy chốt A1", {"A1": 1}),
    ("cho bà A1", {"A1": 1}),
    ("bơ A1", {"A1": 1}),
    ("A1 2 nha shop giao 15/11", {"A1": 2}),
    ("A1 x1000", {"A1": 1000}),
]
OTHERS = [
    ("A1?", Kind.QUESTION),
    ("A1 ？", Kind.QUESTION),
    ("A1 bao nhiêu", Kind.QUESTION),
    ("A1 bn", Kind.QUESTION),
    ("A1 giá sao shop", Kind.QUESTION),
    ("A1 còn không", Kind.QUESTION),
    ("A1 ko", Kind.QUESTION),
    ("A1 ngọt không ạ", Kind.QUESTION),
    ("bỏ A1", Kind.CANCEL),
    ("bo A1", Kind.CANCEL),
    ("hủy A1", Kind.CANCEL),
    ("huỷ đơn A1", Kind.CANCEL),
    ("A1 hủy nhé", Kind.CANCEL),
    ("không lấy A1 nữa", Kind.CANCEL),
    ("A1 không lấy nữa", Kind.CANCEL),
    ("không A1", Kind.CANCEL),
    ("2 ký A1", Kind.UNCLEAR),
    ("B1 500g", Kind.UNCLEAR),
    ("B1 1.5kg", Kind.UNCLEAR),
    ("A1 0", Kind.UNCLEAR),
    ("A1 x 999999", Kind.UNCLEAR),
    ("A1 20901234567", Kind.UNCLEAR),
    ("A1 150k", Kind.UNCLEAR),
    ("A1 150.000đ", Kind.UNCLEAR),
    ("A1-A3", Kind.UNCLEAR),
    ("A1 giao 15 Lê Lợi", Kind.UNCLEAR),
    ("bo A1 2 kg", Kind.UNCLEAR),
    ("A11", Kind.NOTHING),
    ("2A1", Kind.NOTHING),
    ("vitamin B12", Kind.NOTHING),
    ("A9 2", Kind.NOTHING),
    ("Z1", Kind.NOTHING),
    ("cho a 1 thùng", Kind.NOTHING),
    ("giao 2 Lê Lợi", Kind.NOTHING),
    ("0901234567", Kind.NOTHING),
    ("", Kind.NOTHING),
    ("😍😍", Kind.NOTHING),
]
CHANGES = [
    ("A1 đổi thành 3", {"A1": 3}),
    ("sửa A1 thành 3", {"A1": 3}),
    ("A1 giảm còn 1", {"A1": 1}),
    ("bỏ A1 lấy A2", {"A1": 0, "A2": 1}),
    ("đổi A1 sang A2", {"A1": 0, "A2": 1}),
    ("đổi A1 sang A2 x2", {"A1": 0, "A2": 2}),
]


def asked(words: str) -> dict[str, int]:
    return {item.code: item.quantity for item in read_comment(words, CODES).items}


@pytest.mark.parametrize(("words", "wanted"), ORDERS)
def test_criterion_21_an_order_is_read(words: str, wanted: dict[str, int]) -> None:
    assert (read_comment(words, CODES).kind, asked(words)) == (Kind.ORDER, wanted)
    assert asked(unicodedata.normalize("NFD", words)) == wanted


@pytest.mark.parametrize(("words", "kind"), OTHERS)
def test_what_is_no_order_orders_nothing(words: str, kind: Kind) -> None:
    reading = read_comment(words, CODES)
    assert reading.kind == kind
    assert [item for item in reading.items if item.quantity] == []


@pytest.mark.parametrize(("words", "wanted"), CHANGES)
def test_a_change_says_exactly_how_many(words: str, wanted: dict[str, int]) -> None:
    reading = read_comment(words, CODES)
    assert (reading.kind, reading.exact, asked(words)) == (Kind.CHANGE, True, wanted)


@pytest.mark.parametrize(
    ("words", "quantity"),
    [
        ("A1 2 0901234567", 2),
        ("0901234567 A1", 1),
        ("A1 0901 234 567 2", 2),
        ("A1 +84901234567", 1),
        ("A1 2 0901.234.567 giao 15 Lê Lợi", 2),
    ],
)
def test_a_phone_number_is_no_quantity(words: str, quantity: int) -> None:
    assert (asked(words), read_comment(words, CODES).phone) == ({"A1": quantity}, "+84901234567")


def test_them_adds() -> None:
    assert [read_comment(words, CODES).more for words in ("thêm A1", "A1 thêm 2", "A1 2")] == [True, True, False]


ALPHABET = st.sampled_from(
    [*"aAbB1290 x,+-?.:đủỏ​#\n", "A1", "B2", "kg ", "thùng", "0901234567", "hủy ", "đổi ", "👍", "Ａ"]
)


@given(st.lists(ALPHABET, max_size=30).map("".join) | st.text(max_size=80))
def test_nothing_is_ordered_that_was_not_said(words: str) -> None:
    reading = read_comment(words, CODES)
    bare = re.sub(r"[\s\-_.]", "", plain(unicodedata.normalize("NFKC", words)))
    for item in reading.items:
        assert item.code.lower() in bare
        assert item.quantity >= 0
        assert item.quantity == 0 or reading.kind in (Kind.ORDER, Kind.CHANGE)


@given(st.text(max_size=200))
def test_a_masked_sentence_shows_no_whole_number(words: str) -> None:
    assert "0912345678" not in masked(f"{words} 0912 345 678").replace(" ", "")
