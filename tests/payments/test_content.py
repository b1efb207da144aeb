"""The code in a bank transfer is found again whatever the bank made of it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payments.content import PREFIX, beginning_in, codes_in, new_code
from shop.core.ids import ALPHABET, check_symbol

noise = st.text("ABCXYZabcxyz0123456789 .-/:;ếộĐđ", max_size=40)
gaps = st.lists(st.sampled_from(["", "", "", " ", ".", "-", "  "]), min_size=12, max_size=12)


def code_from(number: int) -> str:
    body = "".join(ALPHABET[number >> shift & 31] for shift in range(0, 40, 5))
    return PREFIX + body + check_symbol(body)


codes = st.integers(0, 2**40 - 1).map(code_from)


@given(code=codes, before=noise, after=noise, gap=gaps, lower=st.booleans())
def test_prefixes_suffixes_case_and_spaces_do_not_hide_it(
    code: str, before: str, after: str, gap: list[str], lower: bool
) -> None:
    written = "".join(letter + space for letter, space in zip(code, gap, strict=True))
    assert code in codes_in(before + (written.lower() if lower else written) + after)


@given(code=codes)
def test_letters_that_people_type_for_digits_are_read_as_digits(code: str) -> None:
    assert code in codes_in(code.replace("0", "O").replace("1", "l"))


@given(code=codes, at=st.integers(len(PREFIX), 11), other=st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_no_code(code: str, at: int, other: str) -> None:
    assume(other != code[at] and {other, code[at]} != {"0", "Z"})  # the check symbol cannot tell these two apart
    assert codes_in(code[:at] + other + code[at + 1 :]) == []


@pytest.mark.parametrize(
    "content",
    [
        "MBVCB.3278907687.{}.CT tu 0123499999 NGUYEN THI LAN toi 0123499999",
        "{}-CHUYEN TIEN-OQCH0001abc-MOMO123",
        "CT DEN:517012345678 {} FT25165001",
        "chuyển khoản tiền thanh long {} ạ",
        "HTX{}",
    ],
)
def test_as_banks_really_write_it(content: str) -> None:
    code = new_code()
    assert code in codes_in(content.format(code))
    assert code in codes_in(content.format(code).lower())


def test_a_content_without_a_code_has_none() -> None:
    assert codes_in("thanh toan tien HTX nong san thang 11") == []


def test_codes_are_short_enough_for_every_bank_and_never_the_same() -> None:
    made = {new_code() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(code) for code in made} == {12}


def test_what_is_left_of_a_cut_code_can_be_suggested() -> None:
    code = new_code()
    assert beginning_in(f"CT {code[:9]}", code)
    assert not beginning_in(f"CT {code[:6]}", code)
