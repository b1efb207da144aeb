"""docs/rehearsals.md: one section for each rehearsal, with the machine and the date of its last run."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "rehearsals.md"
INTRODUCTION = """# Rehearsals

The long runs of `python3 run.py rehearse [name …]`: each breaks the market on purpose, as a real process, and fails
loudly if a promise was not kept. Every section holds what its last run measured, with the machine and the date.
"""
Figure = tuple[str, object]


def machine() -> str:
    """Cores, processor, memory and Python of this machine in one line."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", cpu.read_text()) if cpu.exists() else None
    name = found[1] if found else platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores, {name}, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def section(name: str, promise: str, figures: Sequence[Figure], now: datetime) -> str:
    """The text of a rehearsal: what it promises, when and where it ran, what it measured."""
    rows = "\n".join(f"| {what} | {value} |" for what, value in figures)
    return f"## {name}\n\n{promise}\n\n{now:%d/%m/%Y}, {machine()}\n\n| measured | |\n| --- | --- |\n{rows}\n"


def put(text: str, new: str) -> str:
    """The whole file with this section in the place of its last one, or at the end."""
    heading = new.split("\n", 1)[0]
    parts = re.split(r"(?m)^(?=## )", text or INTRODUCTION)
    kept = [part.strip() + "\n" for part in parts]
    places = [index for index, part in enumerate(kept) if part.split("\n", 1)[0] == heading]
    if places:
        kept[places[0]] = new.strip() + "\n"
    else:
        kept.append(new.strip() + "\n")
    return "\n".join(kept)


def write(new: str) -> None:
    """Replace or add the section in docs/rehearsals.md."""
    FILE.write_text(put(FILE.read_text() if FILE.exists() else "", new))
