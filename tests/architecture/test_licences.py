"""The market is MIT; whatever it runs on must let anybody use, change and pass it on."""

from __future__ import annotations

import json
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PERMISSIVE = {"MIT", "MIT-0", "MIT-CMU", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "ISC", "PSF-2.0"}
PERMISSIVE |= {"OFL-1.1"}  # fonts: free to embed and to cut down
SPELLINGS = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "BSD-0-Clause": "0BSD",  # as htmx writes it
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Apache Software License": "Apache-2.0",
}
EXCEPTIONS = {
    "psycopg": "LGPL: unchanged, from its own wheel, and only when the database is PostgreSQL; anybody may replace it",
    "psycopg-binary": "LGPL: as psycopg",
    "psycopg-pool": "LGPL: as psycopg",
    "certifi": "MPL: unchanged, from its own wheel; the list of authorities that the client under stripe trusts",
}
LOCKED = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def licences(package: Distribution) -> set[str]:
    """Every licence the package's own words demand; of `A OR B` the one that we may choose."""
    words = package.metadata
    if "License-Expression" in words:
        expression = words["License-Expression"].replace("(", "").replace(")", "")
        return {_choose(part.split(" OR ")) for part in expression.split(" AND ")}
    named = [line.rpartition(" :: ")[2] for line in words.get_all("Classifier") or [] if line.startswith("License ::")]
    return {_choose([SPELLINGS.get(name, name) for name in [*(words.get_all("License") or []), *named] if name])}


def _choose(offered: list[str]) -> str:
    return next((name for name in offered if name in PERMISSIVE), " / ".join(offered) or "none named")


def is_refused(name: str) -> bool:
    """Not installed here (another system's package): nothing to judge."""
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return False
    return not licences(package) <= PERMISSIVE


def test_every_package_the_market_runs_on_is_permissive() -> None:
    refused = {name: licences(distribution(name)) for name in LOCKED if is_refused(name) and name not in EXCEPTIONS}
    assert not refused


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_needed(name: str) -> None:
    assert name in LOCKED
    assert is_refused(name)


def test_every_script_and_font_in_the_browser_is_permissive() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    shipped = {name: facts["license"] for name, facts in lock.items() if name and not facts.get("dev")}
    assert shipped
    assert {SPELLINGS.get(licence, licence) for licence in shipped.values()} <= PERMISSIVE


def test_the_project_says_its_own_licence() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
