"""Weights as people type them. Kept as whole grams."""

from __future__ import annotations

import re

from shop.core.text import fold

_UNITS_G = {"": 1000, "kg": 1000, "ky": 1000, "ki": 1000, "kilo": 1000, "can": 1000, "g": 1, "gr": 1, "gam": 1,
            "gram": 1, "lang": 100}  # fmt: skip
_WEIGHT = re.compile(r"(\d{1,7})(?:[.,](\d{1,3}))?\s*([a-z]*)", re.ASCII)


class NotAWeight(ValueError):
    """What was typed is no weight of a whole gram or more."""


def read_weight_g(typed: str) -> int:
    """Grams of what a person types: `5`, `5 ký`, `0,5 kg`, `500g`, `3 lạng`. Without a unit it is kilograms.

    Raises NotAWeight, also for a part of a gram.
    """
    found = _WEIGHT.fullmatch(fold(typed))
    unit_g = _UNITS_G.get(found[3]) if found else None
    if found is None or unit_g is None:
        raise NotAWeight(typed)
    rest = found[2] or "0"
    part_g, left = divmod(int(rest) * unit_g, int("1" + "0" * len(rest)))
    grams = int(found[1]) * unit_g + part_g
    if left or not grams:
        raise NotAWeight(typed)
    return grams
