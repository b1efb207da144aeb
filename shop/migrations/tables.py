"""Every table there is, by importing the models of every room."""

from __future__ import annotations

import importlib
from pathlib import Path

from sqlmodel import SQLModel

ROOT = Path(__file__).parents[2]
PACKAGES = ("shop", "payments", "livestream")
CORE = ("shop.core.outbox", "shop.core.pagecache", "shop.core.audit", "shop.core.slugs", "shop.core.pictures")


def _models() -> list[str]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).glob("**/models.py"))]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]


for _name in (*CORE, *_models()):
    importlib.import_module(_name)

metadata = SQLModel.metadata
