"""The thirty acceptance criteria of a live session: each stands in the words of a test or a rehearsal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
REHEARSALS = TESTS / "rehearsals"
NAMED = re.compile(r"criteri(?:on|a)[ _](\d+(?:(?:, | and )\d+)*)", re.I)


WITH_A_CLOCK = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 27, 28}
"""Their seconds and minutes are too long, or too exact, for the suite."""


def checks(file: Path) -> Iterator[str]:
    """The names and docstrings of a file's tests, and of all functions of a rehearsal: a comment checks nothing."""
    text = file.read_text("utf-8")
    for node in ast.walk(ast.parse(text)) if NAMED.search(text) else ():
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("test_") or file.parent == REHEARSALS):
            yield f"{node.name} {ast.get_docstring(node)}"


def named(folder: Path) -> set[int]:
    told = [numbers for file in folder.rglob("*.py") for words in checks(file) for numbers in NAMED.findall(words)]
    return {int(number) for number in re.findall(r"\d+", " ".join(told))}


def test_each_of_the_thirty_criteria_is_named_where_it_is_checked() -> None:
    assert sorted(set(range(1, 31)) - named(TESTS)) == []


def test_those_that_promise_seconds_are_rehearsed_with_a_clock() -> None:
    assert sorted(WITH_A_CLOCK - named(REHEARSALS)) == []
