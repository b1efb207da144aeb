"""The benchmarks: `python3 run.py bench [name …]`, each printed against its limit.

`--write` puts the figures into docs/benchmarks.md. `--runs 3` measures so often and tells the median of each figure; it
is what `live` does unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.comparison import bench_comparison
from tests.bench.crowd import bench_crowd
from tests.bench.glass import bench_glass
from tests.bench.ledger import bench_ledger
from tests.bench.live import bench_live
from tests.bench.median import medians
from tests.bench.notifications import bench_notifications
from tests.bench.orders import bench_orders
from tests.bench.pages import bench_pages
from tests.bench.pasting import bench_pasting
from tests.bench.scale import ScaleFigures, bench_scale, bench_scale_on_postgresql
from tests.bench.stand import CannotMeasure, Line
from tests.bench.start import bench_start
from tests.bench.video import bench_video
from tests.servers import NotAvailable

PAPER = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def _scale() -> list[Line]:
    measured = [bench_scale()]
    try:
        measured.append(bench_scale_on_postgresql())
    except NotAvailable as reason:
        return [*_told(measured), Line(f"scale: PostgreSQL skipped, {reason}")]
    return _told(measured)


def _told(measured: Sequence[ScaleFigures]) -> list[Line]:
    return [Line(words, figures.holds) for figures in measured for words in figures.lines()]


def _live() -> list[Line]:
    return [*bench_live().lines(), *bench_crowd(), *bench_pasting(), *bench_video(), *bench_glass()]


BENCHES: dict[str, Callable[[], list[Line]]] = {
    "pages": bench_pages,
    "orders": bench_orders,
    "notifications": bench_notifications,
    "ledger": bench_ledger,
    "comparison": bench_comparison,
    "scale": _scale,
    "live": _live,
    "start": bench_start,
}


RUNS = {"live": 3}


def main(arguments: Sequence[str]) -> int:
    """Run those named, or all. Returns 1 when a limit was missed."""
    asked = _parser().parse_args(arguments)
    names = asked.names or list(BENCHES)
    lines: list[Line] = []
    for name in names:
        try:
            told = medians([BENCHES[name]() for _ in range(asked.runs or RUNS.get(name, 1))])
        except CannotMeasure as reason:
            told = [Line(f"{name}: skipped, {reason}")]
        for line in told:
            print(line, flush=True)  # noqa: T201  what the command is for
        lines += told
    if asked.write:
        _write(names, lines)
    return 1 if any(line.holds is False for line in lines) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--runs", type=int, default=0, help="measure so often, and tell the medians")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/benchmarks.md")
    return parser


def _write(names: Sequence[str], lines: Sequence[Line]) -> None:
    """Replace the sections of these benchmarks, keep the others."""
    kept = PAPER.read_text("utf-8").split("\n## ") if PAPER.exists() else [HEAD]
    sections = {part.split("\n", 1)[0]: part for part in kept[1:]}
    day = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )
    for name in names:
        mine = [f"- {line.words}" for line in lines if line.words.startswith(f"{name}:")]
        sections[name] = f"{name}\n\n{day}, load {os.getloadavg()[0]:.1f}\n\n" + "\n".join(mine) + "\n"
    order = [name for name in BENCHES if name in sections] + [name for name in sections if name not in BENCHES]
    PAPER.write_text("\n## ".join([kept[0].rstrip() + "\n", *(sections[name] for name in order)]), "utf-8")


HEAD = "# Measured\n\n`python3 run.py bench` prints these figures; each is a ratio or a limit within one run.\n"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
