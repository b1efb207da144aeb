"""Every text has its English line, with the same facts in it."""

from __future__ import annotations

import re

from shop.locales import collect

FACT = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def test_every_text_has_an_english_line() -> None:
    assert collect.missing() == [], "run `python -m shop.locales.collect` and fill in the empty lines"


def test_english_lines_carry_the_same_facts() -> None:
    known = collect.english()
    different = [
        (message.id, message.string)
        for message in known
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and message.string
        and set(FACT.findall(message.id)) != set(FACT.findall(message.string))
    ]
    assert different == []
