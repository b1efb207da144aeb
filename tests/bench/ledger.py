"""The balance of a co-op with a million entries: without a checkpoint, with one, with thousands of entries since."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import psycopg

from payments import ledger
from payments.checkpoints.service import LOOK_AFTER, make_checkpoints
from payments.earnings.service import balances
from payments.ledger import Line
from shop import migrations
from shop.core.db import Database
from tests.bench.stand import Line as Figure
from tests.bench.stand import now
from tests.conftest import with_database
from tests.servers import postgresql

ENTRIES, AT_ONCE, MOST_MS, LOOKS = 1_000_000, 1_000, 50.0, 15
SELLER = "coop:7"


def bench_ledger() -> list[Figure]:
    """On both databases. What is asked is `earnings.balances`, all five balances of the co-op."""
    return [line for name, db in _databases() for line in _measure(name, db)]


def _measure(name: str, db: Database) -> list[Figure]:
    at = now()
    _book(db, ENTRIES, at, "first")
    bare_ms = _took_ms(db)
    began = time.perf_counter()
    make_checkpoints(db, at)
    made_s = time.perf_counter() - began
    kept_ms = _took_ms(db)
    _book(db, LOOK_AFTER - AT_ONCE, at + timedelta(hours=1), "newer")
    newer_ms = _took_ms(db)
    what = f"ledger: {name}, balances of a co-op with {ENTRIES:,} entries"
    return [
        Figure(f"{what}: {kept_ms:.1f} ms at a checkpoint (limit {MOST_MS:.0f} ms)", kept_ms <= MOST_MS),
        Figure(
            f"{what}: {newer_ms:.1f} ms with {LOOK_AFTER - AT_ONCE:,} entries since (limit {MOST_MS:.0f} ms)",
            newer_ms <= MOST_MS,
        ),
        Figure(f"{what}: {bare_ms:.0f} ms without a checkpoint; made in {made_s:.1f} s"),
    ]


def _took_ms(db: Database) -> float:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        with db.read() as session:
            balances(session, SELLER)
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _book(db: Database, entries: int, at: datetime, name: str) -> None:
    """So many payable sums of the co-op, a thousand in one journal."""
    lines = [Line(f"2220:{SELLER}", -1_000)] * AT_ONCE + [Line(f"2210:{SELLER}", 1_000 * AT_ONCE)]
    for number in range(entries // AT_ONCE):
        with db.write() as session:
            ledger.post(session, f"{name}:{number}", "released", lines, at)


def _databases() -> Iterator[tuple[str, Database]]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with _opened(f"sqlite:///{Path(folder) / 'market.sqlite'}") as db:
            yield "SQLite", db
        server = stack.enter_context(postgresql())
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS bench_ledger")
            connection.execute("CREATE DATABASE bench_ledger")
        with _opened(with_database(server, "bench_ledger")) as db:
            yield "PostgreSQL", db


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    db = Database(url)
    migrations.upgrade(db)
    try:
        yield db
    finally:
        db.close()
