"""Shows in every open room what the database says after each commit, whoever changed it: host, buyer or worker."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from jinja2 import Environment
from sqlmodel import col, select

from livestream import room as rooms
from livestream import service as live
from livestream.chat import claims
from livestream.models import AHEAD, ON_AIR, LiveSession
from livestream.room import Room
from shop.core import pagecache
from shop.core.db import Database
from shop.core.hub import Hub
from shop.core.i18n import Lang, speaking
from shop.core.money import format_vnd
from shop.core.streams import live_room

log = structlog.get_logger()
TAG, CHAT = "session", "chat"
GONE = "gone"
"""What a room is told whose seller shows it to nobody any more: whoever looks at it goes on to the other sessions."""
PEAKS_EVERY_S = 10.0


def studio_room(live_id: int) -> str:
    """The name of the host's own room."""
    return f"studio:{live_id}"


@dataclass(frozen=True)
class _Shown:
    """What viewers were told last."""

    state: str
    picture: str
    card: tuple[Any, ...]
    goods: str
    prices: tuple[int, ...]


class Screen:
    """One thread per process. A commit that bumped `session:17` makes it read room 17 again and tell what differs.

    Many commits in the meantime are one reading, so 200 buyers in a second do not mean 200 frames.
    """

    def __init__(self, db: Database, hub: Hub, templates: Environment) -> None:
        self._db, self._hub, self._templates = db, hub, templates
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._shown: dict[int, _Shown] = {}
        self._slugs: dict[int, str] = {}
        self._peaks: dict[int, int] = {}
        self._promoted: dict[int, datetime] = {}
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)

    def start(self) -> None:
        pagecache.listen(self._changed)
        self._thread.start()

    def stop(self) -> None:
        pagecache.forget(self._changed)
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _changed(self, tags: Iterable[str]) -> None:
        for tag in tags:
            kind, _, live_id = tag.partition(":")
            if kind == TAG and live_id.isdecimal():
                self._waiting.put(int(live_id))
            elif kind == CHAT and live_id.isdecimal():
                self._hub.tell(studio_room(int(live_id)), "said")

    def _prime(self) -> None:
        """What rooms show as the process begins, so that the first change is told as one, a stop above all."""
        with self._db.read() as session:
            going_on = select(LiveSession).where(col(LiveSession.state).in_((*AHEAD, *ON_AIR)))
            for row in session.exec(going_on).all():
                self._shown.setdefault(row.id, _as_shown(rooms.read(session, row)))

    def _run(self) -> None:
        try:
            self._prime()
        except Exception:
            log.exception("rooms not primed")
        going = True
        while going:
            going, changed = self._take()
            for live_id in changed:
                try:
                    self.show(live_id)
                except Exception:
                    log.exception("room not shown", live_id=live_id)
                    self._shown.pop(live_id, None)
            if not changed:
                self._note_peaks()

    def _take(self) -> tuple[bool, list[int]]:
        """Wait for a change, then take all that wait: each session once, in order."""
        try:
            waiting = [self._waiting.get(timeout=PEAKS_EVERY_S)]
        except queue.Empty:
            return True, []
        while not self._waiting.empty():
            waiting.append(self._waiting.get())
        return None not in waiting, list(dict.fromkeys(live_id for live_id in waiting if live_id is not None))

    def show(self, live_id: int) -> None:
        """Read the room and tell its viewers what differs from what they were told last."""
        with self._db.read() as session:
            row = session.get(LiveSession, live_id)
            room = rooms.read(session, row) if row else None
            promoted = claims.promoted_since(session, live_id, self._promoted.get(live_id))
        if room is None:
            return
        name = live_room(room.live.slug)
        if room.live.is_for_all:
            self._tell_viewers(room, name)
        else:
            self._tell_nobody(room, name)
        self._hub.tell(studio_room(live_id), "changed")
        for visitor_key, self._promoted[live_id] in promoted:
            self._hub.whisper(name, visitor_key, "mine-changed")

    def _tell_nobody(self, room: Room, name: str) -> None:
        """A practice or a draft, whose address somebody may guess; or its seller keeps it back from who is there."""
        self._shown.pop(room.live.id, None)
        self._slugs.pop(room.live.id, None)
        if room.live.is_kept_back:
            self._hub.tell(name, "state", GONE, at_once=True)

    def _tell_viewers(self, room: Room, name: str) -> None:
        before, now = self._shown.get(room.live.id), _as_shown(room)
        self._shown[room.live.id], self._slugs[room.live.id] = now, room.live.slug
        if before is None or before.card != now.card:
            self._hub.tell(name, "", {lang: self._card(room, lang) for lang in ("vi", "en")}, at_once=True)
        if before is None or before.goods != now.goods:
            self._hub.tell(name, "goods", now.goods, at_once=before is not None and before.prices != now.prices)
        if before is not None and before.state != now.state:
            self._hub.tell(name, "state", now.state, at_once=True)
        elif before is not None and before.picture != now.picture:
            self._hub.tell(name, "picture", now.picture)

    def _card(self, room: Room, lang: Lang) -> str:
        template = self._templates.get_template("live/room.html")
        with speaking(lang):
            card = "".join(template.blocks["pinned"](template.new_context({"room": room})))
        return f'<hx-partial hx-target="#pinned">{card}</hx-partial>'

    def _note_peaks(self) -> None:
        for live_id, slug in list(self._slugs.items()):
            viewers = self._hub.viewers(live_room(slug))
            if viewers > self._peaks.get(live_id, 0):
                self._peaks[live_id] = viewers
                with self._db.write() as session:
                    live.note_viewers(session, live_id, viewers)


def _as_shown(room: Room) -> _Shown:
    pinned = room.pinned
    deal = (pinned.deal.id, pinned.deal.runs, pinned.deal.ends_at) if pinned and pinned.deal else ()
    shown = (pinned.id, pinned.live_price_vnd, pinned.variant.price_vnd, *deal) if pinned else ()
    goods = {
        item.code: [item.left, format_vnd(item.live_price_vnd), *(item.deal.told if item.deal else [0])]
        for item in room.items
    }
    packed = json.dumps(goods, ensure_ascii=False, separators=(",", ":"))
    prices = tuple(item.live_price_vnd for item in room.items)
    return _Shown(room.live.state, room.picture.kind, (room.live.state, *shown), packed, prices)
