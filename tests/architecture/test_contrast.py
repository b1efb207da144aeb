"""Words can be read by everybody: every pair of colours that meets on a page, by the formula of WCAG 2.2 §1.4.3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
TOKEN = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})\b")
TOKENS = dict(TOKEN.findall((CSS / "app" / "10-tokens.css").read_text("utf-8")))
WORKSPACE = TOKENS | dict(TOKEN.findall((CSS / "workspace" / "10-workspace.css").read_text("utf-8")))
LIVE = TOKENS | dict(TOKEN.findall((CSS / "live" / "10-room.css").read_text("utf-8")))

GROUNDS = ("paper", "card", "paper-deep")
READ = [
    *(
        (words, ground)
        for words in ("ink", "quiet", "pitaya", "pitaya-deep", "leaf", "sun", "chili")
        for ground in GROUNDS
    ),
    *((tone, f"{tone}-mist") for tone in ("pitaya", "leaf", "sun", "chili")),
    *(("ink", f"{tone}-mist") for tone in ("pitaya", "leaf", "sun", "chili")),
    *(("quiet", f"{tone}-mist") for tone in ("pitaya", "leaf", "sun", "chili")),
    ("pitaya-deep", "pitaya-mist"),
    *(("on-pitaya", ground) for ground in ("pitaya", "pitaya-deep", "leaf", "chili", "ink", "night")),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_agrees_with_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("words", "ground"), READ)
def test_words_stand_out_from_what_they_are_on(words: str, ground: str) -> None:
    assert contrast(TOKENS[words], TOKENS[ground]) >= 4.5


@pytest.mark.parametrize("words", ["ink", "quiet"])
@pytest.mark.parametrize("ground", ["card", "pitaya-mist", "sun-mist", "leaf-mist"])
def test_what_a_manager_reads_in_the_sun_stands_out_more(words: str, ground: str) -> None:
    assert contrast(WORKSPACE[words], WORKSPACE[ground]) >= 7


@pytest.mark.parametrize("ground", ["paper", "card"])
def test_edges_of_fields_can_be_seen(ground: str) -> None:
    """WCAG 2.2 §1.4.11: 3:1 for what shows where to press."""
    assert contrast(TOKENS["line-strong"], TOKENS[ground]) >= 3


def test_words_in_the_dark_room_stand_out() -> None:
    assert contrast(LIVE["night-quiet"], LIVE["night"]) >= 7
    assert contrast("#ffffff", LIVE["pitaya"]) >= 4.5
