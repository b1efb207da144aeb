"""Every rule that can say no has its sentence, in both languages, whatever its facts are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

import admin
import livestream
import payments
import shop
from shop.core.errors import Refusal
from shop.core.web import TEMPLATES


def refusals() -> Iterator[type[Refusal]]:
    """All of them, found in all modules of all packages."""
    for package in (shop, payments, livestream, admin):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name:
                importlib.import_module(module.name)
    return _below(Refusal)


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


ALL = sorted(
    {kind for kind in refusals() if not kind.__module__.startswith("tests.")},
    key=lambda kind: (kind.__module__, kind.__name__),  # two rooms may have a rule of the same name
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_it_has_a_sentence(kind: type[Refusal]) -> None:
    room = kind().room
    words = TEMPLATES / "refusals" / f"{room}.html"
    assert words.exists(), f"{kind.__name__} needs {words.name}"
    assert f"macro {kind.__name__}(facts)" in words.read_text("utf-8"), f"{words.name} has no sentence for it"


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_no_sentence_stands_for_a_rule_that_is_gone(app: FastAPI) -> None:
    names = {(kind().room, kind.__name__) for kind in ALL}
    for file in (TEMPLATES / "refusals").glob("*.html"):
        module = app.state.templates.get_template(f"refusals/{file.name}").module
        said = {name for name in vars(module) if name[0].isupper()}
        assert {(file.stem, name) for name in said} <= names | {("core", "Refusal")}, file.name
