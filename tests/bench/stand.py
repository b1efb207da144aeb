"""The stand for measuring: a filled market on one core, wrk on the other, figures as lines with their limits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from shop import migrations
from shop.core.db import Database
from shop.demo.scale import make_many
from tests.servers import free_port

ROOT = Path(__file__).parents[2]


class CannotMeasure(Exception):
    """Something this benchmark needs is missing; the message says what."""


@dataclass(frozen=True)
class Line:
    """One figure in words, whether it keeps its limit (None: no limit), and the number of which a median is taken."""

    words: str
    holds: bool | None = None
    measured: float | None = None

    def __str__(self) -> str:
        mark = {True: "ok  ", False: "MISS", None: "    "}[self.holds]
        return f"{mark} {self.words}"


def on_core(core: int) -> list[str]:
    """So that server and client do not take each other's processor, where there are two."""
    can = shutil.which("taskset") and len(os.sched_getaffinity(0)) > 1
    return ["taskset", "-c", str(core)] if can else []


def filled(folder: Path, products: int = 1_000, coops: int = 10) -> str:
    """The address of a migrated SQLite market with that many products."""
    url = f"sqlite:///{folder / 'chohtx.sqlite'}"
    db = Database(url)
    migrations.upgrade(db)
    make_many(db, products, coops)
    db.close()
    return url


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], port: int, path: str = "/healthz") -> Iterator[int]:
    """A server process pinned to core 0, from its first answer on; yields its process id."""
    server = subprocess.Popen([*on_core(0), *command], env={**os.environ, **environment}, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}{path}")
        yield server.pid
    finally:
        server.terminate()
        server.wait(15)


def wait_for(address: str, seconds: float = 60) -> None:
    """Return at the first answer. Raises CannotMeasure."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urlopen(address, timeout=2):  # noqa: S310  our own server
                return
        except OSError:
            time.sleep(0.02)
    raise CannotMeasure(f"no answer from {address}")


def market(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Command and environment of `chohtx serve` on a data folder."""
    settings = {"CHOHTX_DATA_DIR": str(folder), "PORT": str(port), "CHOHTX_WORKER": "none", "CHOHTX_ENV": "demo"}
    return [sys.executable, "-m", "shop.cli", "serve"], settings


def rate(port: int, path: str, *, seconds: int = 4, script: Path | None = None, headers: Sequence[str] = ()) -> float:
    """Requests a second by wrk with 16 connections from the other core. Raises CannotMeasure without wrk."""
    wrk = shutil.which("wrk")
    if not wrk:
        raise CannotMeasure("wrk is not installed (apt-get install wrk)")
    sent = [part for header in ("Accept-Encoding: gzip", *headers) for part in ("-H", header)]
    lua = ["-s", str(script)] if script else []
    command = [*on_core(1), wrk, "-t1", "-c16", f"-d{seconds}s", *lua, *sent, f"http://127.0.0.1:{port}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    if not found or (wrong and not script):
        raise CannotMeasure(f"wrk on {path}: {told[-300:]}")
    return float(found[1])


def ports(count: int) -> list[int]:
    """Free ports."""
    return [free_port() for _ in range(count)]


def now() -> datetime:
    return datetime.now(UTC)
