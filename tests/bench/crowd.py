"""10,000 viewers of a busy room in one process, against the barest writer in the same run; then with stalled ones.

The harder form of acceptance criterion 27 (2,000 viewers, 5 messages a second, 200 stalled readers).
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.bench.live import _compile, _cpu_ms, _next, _on_core, _pipe, _serve, _start
from tests.bench.stand import Line
from tests.servers import free_port

VIEWERS, STALLED, PER_S, SECONDS = 10_000, 300, 20, 15
TICK_MS, TIMES_BARE, MOST_CORE = 250, 4, 0.9


@dataclass(frozen=True)
class Heard:
    """How long sentences took to their viewers, and how much of a core the server used."""

    sentences: int
    p50_ms: int
    p99_ms: int
    slowest_ms: int
    core: float = 0.0


def bench_crowd(viewers: int = VIEWERS, seconds: int = SECONDS) -> list[Line]:
    """Measure. Raises CannotMeasure without a C compiler."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = _compile(folder)
        bare = _bare(client, viewers, seconds)
        server, path, port = _serve(stack, folder)
        crowd = _crowd(stack, client, port, viewers, path)
        calm = _talk(server, crowd, seconds)
        _crowd(stack, client, port, STALLED, path, "stalled")
        disturbed = _talk(server, crowd, seconds)
    return _lines(viewers, seconds, bare, calm, disturbed)


def _lines(viewers: int, seconds: int, bare: Heard, calm: Heard, disturbed: Heard) -> list[Line]:
    most_ms, whole = TICK_MS + TIMES_BARE * bare.p99_ms, viewers * PER_S * seconds * 0.99
    heard = min(calm.sentences, disturbed.sentences)
    told = f"{viewers:,} viewers, {PER_S} sentences/s"
    return [
        Line(
            f"live: {told}: p50 {calm.p50_ms} ms, p99 {calm.p99_ms} ms (limit {most_ms} ms: a tick and four times the "
            f"{bare.p99_ms} ms of a bare asyncio.Protocol), slowest {calm.slowest_ms} ms",
            calm.p99_ms <= most_ms,
            calm.p99_ms,
        ),
        Line(f"live: {told}: {calm.core:.0%} of a core (limit {MOST_CORE:.0%})", calm.core <= MOST_CORE, calm.core),
        Line(
            f"live: the same with {STALLED} stalled readers: p99 {disturbed.p99_ms} ms (limit {most_ms} ms), "
            f"{disturbed.core:.0%} of a core",
            disturbed.p99_ms <= most_ms,
            disturbed.p99_ms,
        ),
        Line(f"live: {heard:,} sentences read in {seconds} s by all of them (limit {whole:,.0f})", heard >= whole),
    ]


def _crowd(stack: ExitStack, client: Path, port: int, viewers: int, path: str, *how: str) -> Popen[str]:
    crowd = _start(stack, [*_on_core(1), str(client), "127.0.0.1", str(port), str(viewers), path, *how])
    _next(crowd, "READY")
    return crowd


def _talk(server: Popen[str], crowd: Popen[str], seconds: int) -> Heard:
    before_ms, began = _cpu_ms(server.pid), time.monotonic()
    _order(server, f"talk {PER_S} {seconds}")
    _pipe(server.stdout).readline()
    core = (_cpu_ms(server.pid) - before_ms) / 1000 / (time.monotonic() - began)
    time.sleep(1)
    return _heard(crowd, core)


def _bare(client: Path, viewers: int, seconds: int) -> Heard:
    with ExitStack() as stack:
        port = free_port()
        bare = f"{sys.executable} -m tests.bench.bare_stream {port} {PER_S} {seconds}"
        server = _start(stack, ["sh", "-c", f"ulimit -n $(ulimit -Hn); exec {' '.join(_on_core(0))} {bare}"])
        _pipe(server.stdout).readline()
        crowd = _crowd(stack, client, port, viewers, "/")
        _order(server, "talk")
        _pipe(server.stdout).readline()
        time.sleep(1)
        return _heard(crowd, 0.0)


def _order(process: Popen[str], line: str) -> None:
    _pipe(process.stdin).write(line + "\n")
    _pipe(process.stdin).flush()


def _heard(crowd: Popen[str], core: float) -> Heard:
    _order(crowd, "tell")
    sentences, p50_ms, p99_ms, slowest_ms = (int(word) for word in _next(crowd, "TOLD").split()[1:])
    return Heard(sentences, p50_ms, p99_ms, slowest_ms, core)
