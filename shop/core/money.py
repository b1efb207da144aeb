"""Money is whole đồng. No float, no Decimal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shop.core.text import fold

NBSP = "\u00a0"
_CURRENCY = re.compile(r"\s*(?:₫|dong|vnd|d)$")
_UNITS = {"k": 10**3, "n": 10**3, "ng": 10**3, "nghin": 10**3, "ngan": 10**3, "tr": 10**6, "trieu": 10**6,
          "ty": 10**9, "ti": 10**9}  # fmt: skip
_GROUPED = re.compile(r"\d{1,3}(?:([ .,])\d{3})(?:\1\d{3})*")
_PART = re.compile(r"(\d+(?:[ .,]\d+)*)\s*([a-z]*)\s*")
_LONGEST_TYPED = 40


def format_number(number: int) -> str:
    """1234567 -> '1.234.567'."""
    return f"{number:,}".replace(",", ".")


def format_vnd(amount_vnd: int) -> str:
    """1250000 -> '1.250.000 ₫' with a no-break space."""
    return f"{format_number(amount_vnd)}{NBSP}₫"


def per_kg_vnd(price_vnd: int, weight_g: int) -> int:
    """The price of a kilogram to the nearest đồng, 0 where the weight says nothing (0 g)."""
    return (price_vnd * 1000 + weight_g // 2) // weight_g if weight_g else 0


def split_by_share(total_vnd: int, shares: Sequence[int]) -> list[int]:
    """Split a sum in proportion to `shares` so that the parts add up to it exactly (largest remainder).

    Equal remainders go to the earlier part. Raises ValueError when shares are negative or all zero.
    """
    whole = sum(shares)
    if whole <= 0 or min(shares) < 0:
        raise ValueError("shares must be positive")
    parts = [total_vnd * share // whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda at: (-(total_vnd * shares[at] % whole), at))
    for at in by_remainder[: total_vnd - sum(parts)]:
        parts[at] += 1
    return parts


class NotMoney(ValueError):
    """What was typed is no sum of money."""


def read_vnd(typed: str) -> int:
    """What a person means who types a sum: `35k`, `35 nghìn`, `35.000`, `1tr2`, `1 triệu 250 nghìn`, `2tr rưỡi`.

    Digits behind a unit are a part of it: 1tr2 and "1 triệu 2" are 1.200.000. Raises NotMoney, also for a part of a
    đồng.
    """
    words = _CURRENCY.sub("", fold(typed.replace(NBSP, " ")))
    if not words or len(typed) > _LONGEST_TYPED:
        raise NotMoney(typed)
    return _whole(words) if re.fullmatch(r"[\d ., ]+", words) else _with_units(words, typed)


def _whole(digits: str) -> int:
    """35000, or 35.000 with one kind of mark between groups of three."""
    if not (digits.isascii() and (digits.isdigit() or _GROUPED.fullmatch(digits))):
        raise NotMoney(digits)
    return int(re.sub(r"\D", "", digits))


def _with_units(words: str, typed: str) -> int:
    total_vnd, last_unit, at = 0, 10**12, 0
    while at < len(words):
        if words[at:] == "ruoi" and total_vnd:
            return total_vnd + last_unit // 2
        part = _PART.match(words, at)
        at = part.end() if part else len(words)
        if part is None or (part[2] and _UNITS.get(part[2], last_unit) >= last_unit):
            raise NotMoney(typed)
        if not part[2]:
            return total_vnd + _tail(part[1], last_unit, at == len(words) and total_vnd > 0)
        last_unit = _UNITS[part[2]]
        total_vnd += _times(part[1], last_unit)
    return total_vnd


def _tail(digits: str, unit: int, is_last: bool) -> int:
    """The 2 of 1tr2, the 250 of 1tr250."""
    if not (is_last and digits.isdigit()):
        raise NotMoney(digits)
    return _exactly(int(digits) * unit, 10 ** len(digits))


def _times(number: str, unit: int) -> int:
    """A mark before three digits groups them (1.250k), any other is the decimal mark (1,2tr)."""
    if number.isdigit() or (_GROUPED.fullmatch(number) and not ("," in number and unit > 1000)):
        return int(re.sub(r"\D", "", number)) * unit
    whole, *rest = re.split(r"[.,]", number)
    if len(rest) != 1 or " " in number:
        raise NotMoney(number)
    return int(whole) * unit + _exactly(int(rest[0]) * unit, 10 ** len(rest[0]))


def _exactly(number: int, by: int) -> int:
    if number % by:
        raise NotMoney(str(number))
    return number // by
