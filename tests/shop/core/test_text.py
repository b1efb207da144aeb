from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.text import fold, slug, sort_key, tone_normalised

CASES = json.loads((Path(__file__).parents[2] / "data" / "text_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("written", "folded"), CASES["fold"])
def test_a_search_sees_past_accents_and_case(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_folding_collapses_spaces_and_takes_decomposed_text() -> None:
    assert fold("  Sầu   riêng\n\tRi6 ") == "sau rieng ri6"
    assert fold("Đa\u0323i Hiê\u0323p") == "dai hiep"


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_words_sort_as_in_a_vietnamese_dictionary() -> None:
    shuffled = random.Random(7).sample(CASES["sorted_vi"], len(CASES["sorted_vi"]))
    assert sorted(shuffled, key=sort_key) == CASES["sorted_vi"]


def test_tones_sort_in_dictionary_order_and_only_after_letters() -> None:
    assert sorted(["mạ", "má", "mã", "mả", "mà", "ma"], key=sort_key) == ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert sorted(["Cà Mau", "Ca Lăng", "Cả Xa"], key=sort_key) == ["Ca Lăng", "Cà Mau", "Cả Xa"]


@given(st.lists(st.text(alphabet="aăâbdđeêoôơuưAĐ ốộngh12")))
def test_a_stored_key_sorts_the_same_in_bytes(names: list[str]) -> None:
    assert sorted(names, key=sort_key) == sorted(names, key=lambda name: sort_key(name).encode())


@pytest.mark.parametrize(
    ("old_place", "new_place"), [("Hòa", "Hoà"), ("Thủy", "Thuỷ"), ("Úy", "Uý"), ("XÓA", "XOÁ"), ("khỏe", "khoẻ")]
)
def test_both_places_of_the_tone_mark_are_one_word(old_place: str, new_place: str) -> None:
    assert tone_normalised(old_place) == tone_normalised(new_place) == new_place


@pytest.mark.parametrize("word", ["mùa", "quý", "hoàn", "thời", "bưởi", "đu đủ", "cộng", "chuyện"])
def test_other_words_keep_their_tone_where_it_is(word: str) -> None:
    assert tone_normalised(word) == word


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Thanh long ruột đỏ LĐ1, thùng 5kg", "thanh-long-ruot-do-ld1-thung-5kg"),
        ("  Ổi – Đài Loan! ", "oi-dai-loan"),
        ("🥭", ""),
    ],
)
def test_a_slug_is_plain_letters_and_hyphens(name: str, address: str) -> None:
    assert slug(name) == address
