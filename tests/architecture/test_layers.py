"""Every room stands in a layer, so that import-linter judges all of them (it can be exhaustive in one package only)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def rooms() -> set[str]:
    """Each package beside the marketplace, and each package or file of it that holds code."""
    inside = [place for place in (ROOT / "shop").iterdir() if place.name not in {"__init__.py", "__pycache__"}]
    code = {f"shop.{place.stem}" for place in inside if place.suffix == ".py" or any(place.glob("*.py"))}
    return code | set(LINTER["root_packages"]) - {"shop"}


def test_every_room_stands_in_one_layer() -> None:
    layers = [room for layer in LINTER["contracts"][0]["layers"] for room in re.findall(r"[\w.]+", layer)]
    assert len(layers) == len(set(layers))
    assert len(rooms()) > 20
    assert rooms() - set(layers) == set()
