"""How long `chohtx serve` takes to its first page on a filled database, and what the process tree holds at rest."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from tests.bench.stand import Line, filled, market, ports, running

MOST_S, MOST_MB = 3.0, 200.0


def bench_start() -> list[Line]:
    """With the worker in the process, as by default."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        filled(home)
        port = ports(1)[0]
        command, settings = market(home, port)
        begun = time.perf_counter()
        with running(command, settings | {"CHOHTX_WORKER": "thread"}, port, "/") as pid:
            took_s = time.perf_counter() - begun
            for path in ("/live", "/htx", "/gio-hang", "/en", "/dia-chi/tim?q=ham+duc"):
                with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10):
                    pass
            time.sleep(2)
            mb = sum(_resident_mb(one) for one in _tree(pid))
        return [
            Line(f"start: first page after {took_s:.1f} s (limit {MOST_S:.0f})", took_s <= MOST_S),
            Line(f"start: {mb:.0f} MB at rest, whole process tree (limit {MOST_MB:.0f})", mb <= MOST_MB),
        ]


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
