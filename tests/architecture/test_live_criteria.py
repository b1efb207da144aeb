"""The thirty acceptance criteria of a live session: each stands in the words of a test, a rehearsal or a bench."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"criteri(?:on|a)[ _](\d+(?:(?:, | and )\d+)*)", re.I)


WITH_A_CLOCK = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 27, 28}
"""Their seconds and minutes are too long, or too exact, for the suite."""


def named(*folders: Path) -> set[int]:
    texts = [file.read_text("utf-8") for folder in folders for file in folder.rglob("*.py") if file != Path(__file__)]
    told = " ".join(numbers for text in texts for numbers in NAMED.findall(text))
    return {int(number) for number in re.findall(r"\d+", told)}


def test_each_of_the_thirty_criteria_is_named_where_it_is_checked() -> None:
    assert sorted(set(range(1, 31)) - named(TESTS)) == []


def test_those_that_promise_seconds_are_rehearsed_with_a_clock() -> None:
    assert sorted(WITH_A_CLOCK - named(TESTS / "rehearsals")) == []
