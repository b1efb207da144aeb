"""Sums in words: as a cashier writes them, and never the same words for two sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.spoken import vnd_in_words

SAID = {
    0: "Không đồng",
    1: "Một đồng",
    4: "Bốn đồng",
    5: "Năm đồng",
    10: "Mười đồng",
    11: "Mười một đồng",
    14: "Mười bốn đồng",
    15: "Mười lăm đồng",
    20: "Hai mươi đồng",
    21: "Hai mươi mốt đồng",
    24: "Hai mươi tư đồng",
    25: "Hai mươi lăm đồng",
    44: "Bốn mươi tư đồng",
    55: "Năm mươi lăm đồng",
    91: "Chín mươi mốt đồng",
    100: "Một trăm đồng",
    101: "Một trăm lẻ một đồng",
    104: "Một trăm lẻ bốn đồng",
    105: "Một trăm lẻ năm đồng",
    110: "Một trăm mười đồng",
    111: "Một trăm mười một đồng",
    115: "Một trăm mười lăm đồng",
    121: "Một trăm hai mươi mốt đồng",
    555: "Năm trăm năm mươi lăm đồng",
    999: "Chín trăm chín mươi chín đồng",
    1_000: "Một nghìn đồng chẵn",
    1_001: "Một nghìn không trăm lẻ một đồng",
    1_015: "Một nghìn không trăm mười lăm đồng",
    1_500: "Một nghìn năm trăm đồng",
    5_000: "Năm nghìn đồng chẵn",
    10_000: "Mười nghìn đồng chẵn",
    15_000: "Mười lăm nghìn đồng chẵn",
    21_000: "Hai mươi mốt nghìn đồng chẵn",
    24_500: "Hai mươi tư nghìn năm trăm đồng",
    100_000: "Một trăm nghìn đồng chẵn",
    105_000: "Một trăm lẻ năm nghìn đồng chẵn",
    255_000: "Hai trăm năm mươi lăm nghìn đồng chẵn",
    494_000: "Bốn trăm chín mươi tư nghìn đồng chẵn",
    999_999: "Chín trăm chín mươi chín nghìn chín trăm chín mươi chín đồng",
    1_000_000: "Một triệu đồng chẵn",
    1_000_005: "Một triệu không trăm lẻ năm đồng",
    1_005_000: "Một triệu không trăm lẻ năm nghìn đồng chẵn",
    1_200_000: "Một triệu hai trăm nghìn đồng chẵn",
    2_040_500: "Hai triệu không trăm bốn mươi nghìn năm trăm đồng",
    14_000_000: "Mười bốn triệu đồng chẵn",
    21_021_021: "Hai mươi mốt triệu không trăm hai mươi mốt nghìn không trăm hai mươi mốt đồng",
    1_000_000_000: "Một tỷ đồng chẵn",
    1_000_000_015: "Một tỷ không trăm mười lăm đồng",
    1_000_015_000: "Một tỷ không trăm mười lăm nghìn đồng chẵn",
    1_234_567_891: "Một tỷ hai trăm ba mươi tư triệu năm trăm sáu mươi bảy nghìn tám trăm chín mươi mốt đồng",
    15_000_000_000: "Mười lăm tỷ đồng chẵn",
    1_000_000_000_000: "Một nghìn tỷ đồng chẵn",
    1_005_000_000_001: "Một nghìn không trăm lẻ năm tỷ không trăm lẻ một đồng",
    -5_000: "Âm năm nghìn đồng chẵn",
}
DIGITS = {word: at for at, word in enumerate(["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"])}
DIGITS |= {"mốt": 1, "tư": 4, "lăm": 5}


@pytest.mark.parametrize(("amount_vnd", "words"), SAID.items())
def test_a_sum_is_said_as_a_cashier_writes_it(amount_vnd: int, words: str) -> None:
    assert vnd_in_words(amount_vnd) == words


def heard(words: str) -> int:
    """What somebody who hears the words writes down."""
    total = below = group = digit = 0
    for word in words.lower().split():
        if word in DIGITS:
            digit = DIGITS[word]
        elif word == "mười":
            group += 10
        elif word in ("mươi", "trăm"):
            group, digit = group + digit * (10 if word == "mươi" else 100), 0
        elif word in ("nghìn", "triệu"):
            below, group, digit = below + (group + digit) * (1000 if word == "nghìn" else 10**6), 0, 0
        elif word == "tỷ":
            total, below, group, digit = (total + below + group + digit) * 10**9, 0, 0, 0
    return total + below + group + digit


@given(st.integers(0, 10**15))
def test_who_hears_the_words_writes_the_same_sum(amount_vnd: int) -> None:
    assert heard(vnd_in_words(amount_vnd)) == amount_vnd
