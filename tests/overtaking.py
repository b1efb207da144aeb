"""Two people at the same moment, always in the same order: the second one begins before the first one has committed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import text
from sqlmodel import Session

from shop.core.db import Database

T = TypeVar("T")


def nothing(_session: Session) -> None:
    """Only commits."""


def overtaken(
    db: Database, first: Callable[[Session], Any], second: Callable[[], T], then: Callable[[Session], Any] = nothing
) -> T:
    """What `second` comes to when it runs into `first`, which goes on with `then` and commits once the other waits.

    On SQLite the second one waits for the whole of the first; on PostgreSQL it has read what it reads before it locks.
    """
    with ThreadPoolExecutor(1) as pool:
        with db.write() as session:
            first(session)
            other = pool.submit(second)
            while not (other.done() or _somebody_waits(db)):
                continue
            then(session)
        return other.result()


def _somebody_waits(db: Database) -> bool:
    if db.is_sqlite:
        return bool(db._turn._waiting)  # type: ignore[union-attr]
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with db.read() as session:
        return bool(session.connection().execute(text(waits)).scalar_one())
