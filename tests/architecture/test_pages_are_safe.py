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


EXTENDED = {name for file in TEMPLATES for name in re.findall(r"{%-? extends \"([^\"]+)\"", file.read_text("utf-8"))}
PLACES = {  # in a layout, never sent alone
    block
    for name in EXTENDED
    for block in re.findall(r"{%-?\s*block (\w+)", (ROOT / "storefront_templates" / name).read_text("utf-8"))
}
LAYOUT = PLACES | {
    "refusal",  # goes into #notices, whatever page it came from
    "more",  # the next items of a list and its next pager, in place of the pager
}


def with_parts(text: str) -> str:
    """A template with what it includes in place of the words that include it."""
    templates = ROOT / "storefront_templates"
    return re.sub(r'{%-?\s*include "([^"]+)".*?%}', lambda part: (templates / part[1]).read_text("utf-8"), text)


def test_a_block_that_can_travel_alone_carries_the_id_of_its_name() -> None:
    """Block name = element id = hx-target, so that a fragment finds its place by itself."""
    wrong = []
    for file in TEMPLATES:
        text = with_parts(file.read_text("utf-8"))
        for block in re.finditer(r"{%-?\s*block (\w+)", text):
            name = block[1]
            rest = text[block.end() :]
            is_empty = re.match(r"\s*-?%}\s*{%-?\s*endblock", rest)  # all it has to say goes out of band
            if name not in LAYOUT and not is_empty and f'id="{name}"' not in rest:
                wrong.append(f"{name_of(file)}: {name}")
    assert wrong == []


def test_what_a_lone_block_needs_stands_inside_it() -> None:
    """A block rendered alone does not see `set`, `import` or `from` at the top of a page."""
    top = re.compile(r"^{%-?\s*(set|import|from)\b", re.MULTILINE)
    wrong = []
    for file in TEMPLATES:
        text = file.read_text("utf-8")
        if "{% extends" in text and top.search(text.split("{% block", 1)[0]):
            wrong.append(name_of(file))
    assert wrong == []
