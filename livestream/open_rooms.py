"""Which rooms there are for everybody: a stream opens for these alone, and any other address is one like the next."""

from __future__ import annotations

import asyncio
import threading
import time

from livestream import room as rooms
from livestream.schedule import NoSuchSession
from shop.core.db import Database

FRESH_S = 2.0
MOST = 4_000


class OpenRooms:
    """Looked up once in two seconds for each address, so that thousands who come at once ask the database once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, bool]] = {}
        self._guard = threading.Lock()

    @property
    def known_rooms(self) -> int:
        """How many addresses are remembered now."""
        return len(self._known)

    async def knows(self, slug: str) -> bool:
        """Whether a stranger may listen at this address."""
        known = self._fresh(slug)
        return await asyncio.to_thread(self._ask, slug) if known is None else known

    def _fresh(self, slug: str) -> bool | None:
        looked_at, is_open = self._known.get(slug, (-FRESH_S, False))
        return is_open if time.monotonic() - looked_at < FRESH_S else None

    def _ask(self, slug: str) -> bool:
        with self._guard:
            if (known := self._fresh(slug)) is not None:
                return known
            if len(self._known) >= MOST:
                self._known.clear()
            is_open = self.look(slug)
            self._known[slug] = time.monotonic(), is_open
            return is_open

    def look(self, slug: str) -> bool:
        """The same, as the database says it."""
        with self._db.read() as session:
            try:
                rooms.find(session, slug)
            except NoSuchSession:
                return False
        return True
