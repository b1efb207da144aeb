"""Ten cameras for a minute, and a room of two thousand in which people talk for a minute while some no longer read."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

from tests.bench.crowd import _crowd, _heard, _order
from tests.bench.live import _compile, _pipe, _serve, _settled_kb
from tests.bench.video import bench_cameras
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke

CAMERAS, FILMED_S = 10, 60
VIEWERS, STALLED, PER_S, TALKED_S = 2_000, 200, 5, 60
P99_MS, KB_A_VIEWER, TIMES_CALM, TICK_MS = 1_000, 40.0, 2, 250


def crowded(_folder: Path) -> list[Figure]:
    """Ten sessions at once for a minute, two thousand viewers of a room for another (criteria 4, 5 and 27)."""
    return [*_cameras(), *_room()]


def _cameras() -> list[Figure]:
    """Criteria 4 and 5, with the limits of the bench."""
    told = bench_cameras(CAMERAS, FILMED_S)
    for line in told:
        if line.holds is False:
            raise Broke(line.words)
    return [(f"{CAMERAS} cameras for {FILMED_S} s", line.words.removeprefix("live: ")) for line in told]


def _room() -> list[Figure]:
    """Criterion 27: nobody is dropped, nobody misses a sentence, with stalled readers beside them or without."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_now:
        client = _compile(Path(folder))
        server, path, port = _serve(open_now, Path(folder))
        quiet_kb = _settled_kb(server.pid)
        crowd = _crowd(open_now, client, port, VIEWERS, path)
        each_kb = (_settled_kb(server.pid) - quiet_kb) / VIEWERS
        calm_ms = _minute(server, crowd)
        _crowd(open_now, client, port, STALLED, path, "stalled")
        disturbed_ms = _minute(server, crowd)
    if each_kb > KB_A_VIEWER:
        raise Broke(f"a viewer takes {each_kb:.1f} KB")
    if disturbed_ms > max(TIMES_CALM * calm_ms, TIMES_CALM * TICK_MS):
        raise Broke(f"{STALLED} stalled readers made p99 {disturbed_ms} ms of {calm_ms} ms")
    told = f"{VIEWERS:,} viewers, {PER_S} sentences/s for {TALKED_S} s, none lost"
    return [
        (f"{told}: p99", f"{calm_ms} ms"),
        (f"the same with {STALLED} stalled readers: p99", f"{disturbed_ms} ms"),
        ("memory a viewer", f"{each_kb:.1f} KB"),
    ]


def _minute(server: Popen[str], crowd: Popen[str]) -> int:
    """They talk for a minute; the p99 in milliseconds. Raises Broke when a viewer was dropped or missed a sentence."""
    _order(server, f"talk {PER_S} {TALKED_S}")
    said = int(_pipe(server.stdout).readline())
    time.sleep(2)
    if crowd.poll() is not None:
        raise Broke("viewers were dropped")
    heard = _heard(crowd, 0.0)
    if heard.sentences != said * VIEWERS:
        raise Broke(f"{said} sentences were said to {VIEWERS}, {heard.sentences} read")
    if heard.p99_ms > P99_MS:
        raise Broke(f"the p99 is {heard.p99_ms} ms")
    return heard.p99_ms
