"""The thirty acceptance criteria of a live session: each stands in the words of a test, a rehearsal or a bench."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"criteri(?:on|a)[ _](\d+(?:(?:, | and )\d+)*)", re.I)


def test_each_of_the_thirty_criteria_is_named_where_it_is_checked() -> None:
    texts = [file.read_text("utf-8") for file in TESTS.rglob("*.py") if file != Path(__file__)]
    told = " ".join(numbers for text in texts for numbers in NAMED.findall(text))
    named = {int(number) for number in re.findall(r"\d+", told)}
    assert sorted(set(range(1, 31)) - named) == []
