"""Does a page stay quick when the market grows a hundredfold? Uncached pages of a small and a large market, in turn.

On SQLite and on PostgreSQL, with the same limits.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from fastapi import FastAPI
from sqlmodel import select

from shop import migrations
from shop.catalog import listing
from shop.catalog.listing import Filters
from shop.catalog.models import Category, Product
from shop.core.db import Database
from shop.demo.scale import SYLLABLES, make_many
from shop.main import create_app
from shop.settings import Settings
from tests.conftest import with_database
from tests.servers import postgresql

SMALL, LARGE = (1_000, 10), (100_000, 1_000)
MOST_RATIO, MOST_BROAD_MS = 1.5, 100.0
LEAST_HITS, MOST_HITS = 60, 300
BROAD = "/tim?q=thanh+long"


@dataclass(frozen=True)
class ScaleFigures:
    """p95 in milliseconds by kind of page, small and large; and of a word that a third of the large market carries."""

    small_ms: dict[str, float]
    large_ms: dict[str, float]
    broad_ms: float
    database: str = "SQLite"
    sizes: tuple[int, int] = (SMALL[0], LARGE[0])

    @property
    def holds(self) -> bool:
        ratios = (self.large_ms[kind] / self.small_ms[kind] for kind in self.small_ms)
        return all(ratio <= MOST_RATIO for ratio in ratios) and self.broad_ms <= MOST_BROAD_MS

    def lines(self) -> list[str]:
        """One line a figure, with its limit."""
        small, large = self.sizes
        return [
            f"scale: {self.database}, {kind} uncached p95 {self.large_ms[kind]:.1f} ms with {large:,} products, "
            f"{small_ms:.1f} ms with {small:,}: {self.large_ms[kind] / small_ms:.2f} (limit {MOST_RATIO})"
            for kind, small_ms in self.small_ms.items()
        ] + [
            f"scale: {self.database}, a word that a third of all carry, p95 {self.broad_ms:.1f} ms "
            f"(limit {MOST_BROAD_MS:.0f})"
        ]


def bench_scale(times: int = 200, folder: Path | None = None, large: tuple[int, int] = LARGE) -> ScaleFigures:
    """Measure on SQLite. Markets made before in `folder` are used again."""
    with tempfile.TemporaryDirectory() as fresh:
        home = folder or Path(fresh)
        addresses = [f"sqlite:///{home / f'market-{size[0]}.sqlite'}" for size in (SMALL, large)]
        return _compare(home, addresses, large, times, "SQLite")


def bench_scale_on_postgresql(times: int = 200, large: tuple[int, int] = LARGE) -> ScaleFigures:
    """The same on a PostgreSQL of its own, or the one at TEST_DATABASE_URL. Raises NotAvailable."""
    with tempfile.TemporaryDirectory() as fresh, postgresql() as server:
        names = [f"scale_{size[0]}" for size in (SMALL, large)]
        try:
            for name in names:
                _order(server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
            return _compare(Path(fresh), [with_database(server, name) for name in names], large, times, "PostgreSQL")
        finally:
            _order(server, *(f"DROP DATABASE IF EXISTS {name}" for name in names))


def _order(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _compare(home: Path, addresses: list[str], most: tuple[int, int], times: int, database: str) -> ScaleFigures:
    with _market(home, addresses[0], *SMALL) as small, _market(home, addresses[1], *most) as large:
        small_paths, large_paths = _paths(small), _paths(large)
        figures = {kind: _in_turn(small, large, small_paths[kind], large_paths[kind], times) for kind in small_paths}
        broad = [asyncio.run(_took_ms(large, f"{BROAD}&n={number}")) for number in range(times)]
    small_ms = {kind: _p95(both[0]) for kind, both in figures.items()}
    large_ms = {kind: _p95(both[1]) for kind, both in figures.items()}
    return ScaleFigures(small_ms, large_ms, _p95(broad), database, (SMALL[0], most[0]))


def _in_turn(
    small: FastAPI, large: FastAPI, small_paths: list[str], large_paths: list[str], times: int
) -> tuple[list[float], list[float]]:
    """Small and large alternate, so that what else the machine does touches both alike."""
    took: tuple[list[float], list[float]] = ([], [])
    turns = zip(itertools.cycle(small_paths), itertools.cycle(large_paths), range(times + 10), strict=False)
    for small_path, large_path, number in turns:
        for app, path, ms in ((small, small_path, took[0]), (large, large_path, took[1])):
            mark = "&" if "?" in path else "?"
            ms.append(asyncio.run(_took_ms(app, f"{path}{mark}n={number}")))  # a query nobody asked: not in the cache
    return took[0][10:], took[1][10:]


def _p95(ms: list[float]) -> float:
    return statistics.quantiles(ms, n=20)[-1]


async def _took_ms(app: FastAPI, address: str) -> float:
    path, _, query = address.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"bench"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1),
        "server": ("bench", 80),
        "root_path": "",
    }
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status"))

    start = time.perf_counter()
    await app(scope, receive, send)  # type: ignore[arg-type]  # plain dicts are ASGI messages
    took = (time.perf_counter() - start) * 1000
    if statuses[0] != 200:
        raise RuntimeError(f"{address} answered {statuses[0]}")
    return took


@contextmanager
def _market(home: Path, address: str, products: int, coops: int) -> Iterator[FastAPI]:
    db = Database(address)
    migrations.upgrade(db)
    with db.read() as session:
        empty = session.exec(select(Product.id).limit(1)).first() is None
    if empty:
        make_many(db, products, coops)
    settings = Settings(data_dir=home, worker="none", public_url="http://bench")
    yield create_app(settings, db)
    db.close()


def _paths(app: FastAPI) -> dict[str, list[str]]:
    """Addresses of each kind of page; the questions find between LEAST_HITS and MOST_HITS products."""
    with app.state.db.read() as session:
        shelves = session.exec(select(Category.slug)).all()
        goods = session.exec(select(Product.slug).where(Product.id % 37 == 0).limit(200)).all()
    questions = list(itertools.islice(_questions(app), 12))
    return {
        "category": [f"/danh-muc/{slug}" for slug in shelves],
        "product": [f"/san-pham/{slug}" for slug in goods],
        "search": [f"/tim?q={question.replace(' ', '+')}" for question in questions],
    }


def _questions(app: FastAPI) -> Iterator[str]:
    pairs = itertools.combinations(SYLLABLES, 2)
    names = ("bưởi", "xoài", "gạo", "mít", "cà phê", "chuối", "mật ong", "hạt điều", *SYLLABLES)
    for words in (*(f"thanh long {one} {two}" for one, two in pairs), *names):
        with app.state.db.read() as session:
            found = listing.page_of(session, Filters(words=words), datetime.now(UTC)).found or 0
        if LEAST_HITS <= found <= MOST_HITS:
            yield words


if __name__ == "__main__":
    print("\n".join([*bench_scale().lines(), *bench_scale_on_postgresql().lines()]))  # noqa: T201  its output
