"""python -m tests.rehearsals [name …]: run them all, or those named, and write what they measured."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.rehearsals import report
from tests.rehearsals.camera import camera
from tests.rehearsals.crowded import crowded
from tests.rehearsals.cut_off import cut_off
from tests.rehearsals.day import day
from tests.rehearsals.histories import histories
from tests.rehearsals.kill_nine import kill_nine
from tests.rehearsals.live import live_clocks
from tests.rehearsals.processes import processes
from tests.rehearsals.restore import restore
from tests.rehearsals.scarce import scarce
from tests.rehearsals.shed import shed
from tests.rehearsals.storm import storm

Rehearsal = Callable[[Path], list[report.Figure]]
REHEARSALS: dict[str, Rehearsal] = {
    "kill-9": kill_nine,
    "storm": storm,
    "scarce": scarce,
    "live": live_clocks,
    "camera": camera,
    "cut-off": cut_off,
    "crowded": crowded,
    "day": day,
    "shed": shed,
    "histories": histories,
    "processes": processes,
    "restore": restore,
}


def rehearse(name: str) -> bool:
    """Run one in a folder of its own, print and keep its figures. False when a promise was broken."""
    play = REHEARSALS[name]
    sys.stdout.write(f"· {name}: {play.__doc__}\n")
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="chohtx-rehearsal-") as folder:
            figures = play(Path(folder))
    except Exception:  # noqa: BLE001  the next rehearsal still has its turn
        traceback.print_exc()
        sys.stdout.write(f"  {name}: FAILED\n")
        return False
    figures.append(("the whole run", f"{time.perf_counter() - began:.0f} s"))
    for what, value in figures:
        sys.stdout.write(f"  {what}: {value}\n")
    now = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))
    report.write(report.section(name, str(play.__doc__), figures, now))
    return True


def main(names: list[str]) -> int:
    """0 when every promise was kept."""
    if unknown := set(names) - REHEARSALS.keys():
        sys.stderr.write(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(REHEARSALS)}\n")
        return 2
    kept = [rehearse(name) for name in names or REHEARSALS]  # each has its turn, whatever became of the others
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
