"""Which numbers are of sessions at all: invented ones are told apart without asking the database for each."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from livestream.models import LiveSession
from shop.core.db import Database

LOOK_EVERY_S, FORGET_EVERY_S = 1.0, 10.0
MOST_GAPS = 1_000


def newest_of(db: Database) -> int:
    """The number of the session that was made last; 0 before there is one."""
    with db.read() as session:
        return session.exec(select(func.max(col(LiveSession.id)))).one() or 0


class Newest:
    """What numbers there are, looked up once a second at most. `in_db` runs a function with the database.

    Numbers only grow; a gap among them (a session that was taken away) is kept for ten seconds.
    """

    def __init__(self, in_db: Callable[..., Awaitable[Any]]) -> None:
        self._in_db = in_db
        self._number, self._looked_at = 0, -LOOK_EVERY_S
        self._gaps: set[int] = set()
        self._gaps_since = 0.0

    async def knows(self, live_id: int) -> bool:
        """Whether there may be a session of this number."""
        now_s = time.monotonic()
        if live_id > self._number and now_s - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now_s
            self._number = await self._in_db(newest_of)
        if now_s - self._gaps_since > FORGET_EVERY_S:
            self._gaps_since, self._gaps = now_s, set()
        return live_id <= self._number and live_id not in self._gaps

    def is_none(self, live_id: int) -> None:
        """There is no session of this number."""
        if len(self._gaps) < MOST_GAPS:
            self._gaps.add(live_id)
