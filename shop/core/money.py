"""Money is whole đồng. No float, no Decimal."""

from __future__ import annotations

from collections.abc import Sequence

NBSP = "\u00a0"


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
