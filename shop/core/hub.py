"""What changed reaches whoever is looking now: all rooms of a process, joined with those of others by the bus."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Mapping

from sqlmodel import Session

from shop.core.bus import Bus, MemoryBus
from shop.core.db import after_commit
from shop.core.room import Room, Texts, Viewer

BEAT_S = 3.75
KEEP_EMPTY_S = 120.0
COUNT_IS_OLD_S = 12.0
SWEEP_S = 10.0

_hubs: list[Hub] = []


def tell(session: Session, room: str, event: str, text: Texts = "") -> None:
    """Tell `room` once this transaction has committed; nobody hears of it if it rolls back."""
    after_commit(session, lambda: tell_now(room, event, text))


def tell_now(room: str, event: str, text: Texts = "") -> None:
    """Tell `room` at once: through the hub of this process, and through the bus those of all others."""
    for hub in list(_hubs):
        hub.tell(room, event, text)


class Hub:
    """All rooms of one process, joined with those of other processes by the bus."""

    def __init__(self, bus: Bus | None = None) -> None:
        self.closing = False
        self._rooms: dict[str, Room] = {}
        self._elsewhere: dict[str, dict[str, tuple[int, float]]] = {}
        self._me = secrets.token_hex(4)
        self._guard = threading.Lock()
        self._beating: asyncio.TimerHandle | None = None
        self._swept_at = 0.0
        self._bus = bus or MemoryBus()
        self._bus.subscribe(self._heard, self._reset_all)
        _hubs.append(self)

    def tell(self, room: str, event: str, text: Texts = "", *, at_once: bool = False) -> None:
        """Tell everybody in the room, in all processes. From any thread; returns at once. Call it after the commit.

        What must not wait for the end of the tick (a pin, a price) is told `at_once`.
        """
        self._say(room, event, text, at_once=at_once)
        self._publish("room", {"room": room, "event": event, "text": text, "at_once": at_once})

    def whisper(self, room: str, viewer: str, event: str, text: str = "") -> None:
        """Tell one viewer of the room ("my reservation"); only the newest letter is kept until it is read."""
        self._slip(room, viewer, event, text)
        self._publish("letter", {"room": room, "viewer": viewer, "event": event, "text": text})

    def cursor(self, room: str) -> str:
        """Where the room stands. Read it before the facts of a page: then nothing falls between page and stream."""
        return self.room(room).cursor

    def viewers(self, room: str) -> int:
        """How many different people look at the room now, in all processes."""
        here = self._rooms.get(room)
        fresh_after = time.monotonic() - COUNT_IS_OLD_S
        elsewhere = list(self._elsewhere.get(room, {}).values())
        return (len(here.viewers) if here else 0) + sum(count for count, at in elsewhere if at > fresh_after)

    @property
    def open_streams(self) -> int:
        """Streams open in this process, for /metrics."""
        return sum(room.streams for room in list(self._rooms.values()))

    def close(self) -> None:
        """Let all streams end, so that the server can stop. From any thread."""
        self.closing = True
        if self in _hubs:
            _hubs.remove(self)
        for room in list(self._rooms.values()):
            room.end()

    def room(self, name: str) -> Room:
        """The room of that name; made when it is first needed, forgotten two minutes after the last viewer left."""
        room = self._rooms.get(name)
        if room is None:
            with self._guard:
                self._forget_empty()
                room = self._rooms.setdefault(name, Room(name))
        room.touched_at = time.monotonic()
        return room

    def enter(self, viewer: Viewer) -> None:
        """A stream opens. Only from the event loop."""
        viewer.room.enter(viewer)
        if self._beating is None:
            self._beating = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _forget_empty(self) -> None:
        old = time.monotonic() - KEEP_EMPTY_S
        if self._swept_at > time.monotonic() - SWEEP_S:
            return
        self._swept_at = time.monotonic()
        for name, room in list(self._rooms.items()):
            if not room.viewers and room.touched_at < old:
                del self._rooms[name]

    def _beat(self) -> None:
        """Every few seconds: tell the number of viewers where it changed, and keep the lines open."""
        busy = [room for room in list(self._rooms.values()) if room.viewers]
        for room in busy:
            count = self.viewers(room.name)
            if count != room.told_viewers:
                room.told_viewers = count
                room.say("viewers", str(count))
            room.beat()
        if busy:
            self._publish("viewers", {"hub": self._me, "counts": {room.name: len(room.viewers) for room in busy}})
        again = busy and not self.closing
        self._beating = asyncio.get_running_loop().call_later(BEAT_S, self._beat) if again else None

    def _publish(self, channel: str, message: Mapping[str, object]) -> None:
        self._bus.publish(channel, json.dumps(message, ensure_ascii=False).encode())

    def _heard(self, channel: str, body: bytes) -> None:
        if channel == "room":
            told = json.loads(body)
            self._say(told["room"], told["event"], told["text"], at_once=told.get("at_once", False))
        elif channel == "letter":
            told = json.loads(body)
            self._slip(told["room"], told["viewer"], told["event"], told["text"])
        elif channel == "viewers":
            told = json.loads(body)
            for name, count in told["counts"].items():
                self._elsewhere.setdefault(name, {})[told["hub"]] = (count, time.monotonic())

    def _say(self, room: str, event: str, text: Texts, *, at_once: bool = False) -> None:
        if (here := self._rooms.get(room)) is not None:
            here.say(event, text, at_once=at_once)

    def _slip(self, room: str, viewer: str, event: str, text: str) -> None:
        if (here := self._rooms.get(room)) is not None:
            here.slip(viewer, event, text)

    def _reset_all(self) -> None:
        for room in list(self._rooms.values()):
            room.say("reset", "")
