"""Templates and scripts keep to the content security policy, and every form works without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    file for file in (ROOT / "storefront_templates").rglob("*.html") if "mail" not in file.relative_to(ROOT).parts
)
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
FORBIDDEN = {
    "inline styles": re.compile(r"\sstyle\s*="),
    "style elements": re.compile(r"<style"),
    "event attributes": re.compile(r"\son(click|change|submit|input|load|error)\s*="),
    "htmx code": re.compile(r"hx-on|\bjs:|hx-trigger=\"[^\"]*\["),
    "old htmx names": re.compile(r"\b(sse-connect|sse-swap|hx-ext|hx-disabled-elt)\b"),
    "inline scripts": re.compile(r"<script(?![^>]*(src=|application/ld\+json))"),
}


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    found = [name_of(file) for file in TEMPLATES if FORBIDDEN[what].search(file.read_text("utf-8"))]
    assert found == []


def test_what_htmx_posts_a_plain_form_posts_too() -> None:
    """A form or button with `hx-post` stands in a form with `method` and `action`, or is one."""
    lone = re.compile(r"<form(?=[^>]*hx-post)(?![^>]*\baction=)[^>]*>")
    found = [name_of(file) for file in TEMPLATES if lone.search(file.read_text("utf-8"))]
    assert found == []


def test_every_address_inside_keeps_the_language() -> None:
    raw = re.compile(r"(?:href|action|hx-get|hx-post)=\"/(?!static|media)")
    found = [name_of(file) for file in TEMPLATES if raw.search(file.read_text("utf-8"))]
    assert found == []


def test_styles_use_the_tokens_that_exist() -> None:
    text = "\n".join(file.read_text("utf-8") for file in STYLES)
    known = set(re.findall(r"(--[\w-]+)\s*:", text))
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert used <= known
