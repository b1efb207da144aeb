"""Counts every few seconds who watches the sessions on air."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import case, update
from sqlmodel import Session, col, select

from livestream.figures.models import LiveMinute
from livestream.models import ON_AIR, LiveSession
from livestream.service import note_viewers
from shop.core.db import Database, insert_once, run
from shop.core.hub import Hub
from shop.core.streams import live_room

log = structlog.get_logger()
EVERY_S = 15


class Audience:
    """One thread per process with a hub."""

    def __init__(self, db: Database, hub: Hub) -> None:
        self._db, self._hub = db, hub
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audience", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                count(self._db, lambda slug: self._hub.viewers(live_room(slug)), datetime.now(UTC))
            except Exception:
                log.exception("viewers not counted")


def count(db: Database, viewers_of: Callable[[str], int], now: datetime) -> None:
    """Write down who watches each session on air now; `viewers_of` knows it by the session's address."""
    with db.read() as session:
        on_air = select(LiveSession.id, LiveSession.slug).where(col(LiveSession.state).in_(ON_AIR))
        watched = [(live_id, viewers_of(slug)) for live_id, slug in session.exec(on_air)]
    if not watched:
        return
    with db.write() as session:
        for live_id, viewers in watched:
            _note(session, live_id, viewers, now)
            note_viewers(session, live_id, viewers)


def _note(session: Session, live_id: int, viewers: int, now: datetime) -> None:
    minute = now.replace(second=0, microsecond=0)
    fresh = {"session_id": live_id, "minute_at": minute, "viewers": viewers, "counted_at": now}
    if insert_once(session, LiveMinute, {**fresh, "watched_s": viewers * EVERY_S}, ["session_id", "minute_at"]):
        return
    due = (col(LiveMinute.session_id) == live_id, col(LiveMinute.minute_at) == minute)
    ripe = col(LiveMinute.counted_at) <= now - timedelta(seconds=EVERY_S - 3)
    more = case((col(LiveMinute.viewers) < viewers, viewers), else_=col(LiveMinute.viewers))
    seen = {"viewers": more, "watched_s": col(LiveMinute.watched_s) + viewers * EVERY_S, "counted_at": now}
    run(session, update(LiveMinute).where(*due, ripe).values(**seen))
