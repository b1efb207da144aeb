"""Vietnamese mobile numbers, whatever people type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shop.core.phones import read_phone

CASES = json.loads((Path(__file__).parents[2] / "data" / "text_cases.json").read_text())


@pytest.mark.parametrize(("typed", "stored"), CASES["phone"])
def test_one_spelling_in_the_store(typed: str, stored: str) -> None:
    assert read_phone(typed) == stored


@pytest.mark.parametrize("typed", ["(+84) 912.345.678", "0084912345678", "+84 912-345-678", "０９１２３４５６７８"])
def test_other_usual_spellings_mean_the_same_number(typed: str) -> None:
    assert read_phone(typed) == "+84912345678"


@pytest.mark.parametrize("typed", [*CASES["phone_invalid"], "", "0212345678", "+85912345678", "09123456789", "đt 0912"])
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    assert read_phone(typed) is None
