"""What changed reaches whoever is looking now: all rooms of a process, joined with those of others by the bus."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from shop.core.bus import Bus, MemoryBus
from shop.core.db import after_commit
from shop.core.room import Room, Texts, Viewer

BEAT_S = 3.75
KEEP_EMPTY_S = 120.0
COUNT_IS_OLD_S = 12.0
SWEEP_S = 10.0
MOST_ROOMS = 4_000  # anybody can open a room under an invented name

_hubs: list[Hub] = []


def tell(session: Session, room: str, event: str, text: Texts = "") -> None:
    """Tell `room` once this transaction has committed; nobody hears of it if it rolls back."""
    after_commit(session, lambda: tell_now(room, event, text))


def tell_now(room: str, event: str, text: Texts = "") -> None:
    """Tell `room` at once: through the hub of this process, and through the bus those of all others."""
    for hub in list(_hubs):
        hub.tell(room, event, text)


@dataclass(frozen=True)
class _Elsewhere:
    """Who looks on in another process, as it told last: the marks of its viewers by room."""

    rooms: Mapping[str, frozenset[int]]
    at: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        return self.at < time.monotonic() - COUNT_IS_OLD_S


class Hub:
    """All rooms of one process, joined with those of other processes by the bus."""

    def __init__(self, bus: Bus | None = None) -> None:
        self.closing = False
        self._rooms: dict[str, Room] = {}
        self._elsewhere: dict[str, _Elsewhere] = {}
        self._me = secrets.token_hex(4)
        self._guard = threading.Lock()
        self._beating: asyncio.TimerHandle | None = None
        self._swept_at = 0.0
        self._most_rooms = MOST_ROOMS
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
        """How many different people look at the room now, in all processes: to within a beat, who looks on in two
        counts once."""
        here = self._rooms.get(room)
        if here is None or not here.viewers:
            return len(self._people_elsewhere(room))
        if here.others is None:
            here.others = len(self._people_elsewhere(room) - here.marks())
        return len(here.viewers) + here.others

    def _people_elsewhere(self, room: str) -> frozenset[int]:
        told = [one.rooms[room] for one in list(self._elsewhere.values()) if room in one.rooms and not one.is_old]
        return frozenset().union(*told)

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
        """Now and then those nobody came back to; when there are too many, the half of them left the longest ago."""
        crowded = len(self._rooms) >= self._most_rooms
        if self._swept_at > time.monotonic() - SWEEP_S and not crowded:
            return
        self._swept_at = time.monotonic()
        empty = [room for room in self._rooms.values() if not room.viewers]
        empty.sort(key=lambda room: room.touched_at)
        self._most_rooms = max(MOST_ROOMS, 2 * (len(self._rooms) - len(empty)))
        too_many = (len(empty) + 1) // 2 if crowded else 0
        for place, room in enumerate(empty):
            if place < too_many or room.touched_at < self._swept_at - KEEP_EMPTY_S:
                del self._rooms[room.name]

    def _beat(self) -> None:
        """Every few seconds: tell the number of viewers where it changed, and keep the lines open."""
        busy = [room for room in list(self._rooms.values()) if room.viewers]
        for room in busy:
            room.others = None
            count = self.viewers(room.name)
            if count != room.told_viewers:
                room.told_viewers = count
                room.say("viewers", str(count))
            room.beat()
        self._publish("people", {"hub": self._me, "rooms": {room.name: list(room.marks()) for room in busy}})
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
        elif channel == "people":
            told = json.loads(body)
            self._hear_of(told["hub"], {name: frozenset(marks) for name, marks in told["rooms"].items()})

    def _hear_of(self, hub: str, rooms: Mapping[str, frozenset[int]]) -> None:
        known = {name: one for name, one in self._elsewhere.items() if name != hub and not one.is_old}
        self._elsewhere = known | {hub: _Elsewhere(rooms)}
        for name in rooms:
            if (here := self._rooms.get(name)) is not None:
                here.others = None

    def _say(self, room: str, event: str, text: Texts, *, at_once: bool = False) -> None:
        if (here := self._rooms.get(room)) is not None:
            here.say(event, text, at_once=at_once)

    def _slip(self, room: str, viewer: str, event: str, text: str) -> None:
        if (here := self._rooms.get(room)) is not None:
            here.slip(viewer, event, text)

    def _reset_all(self) -> None:
        for room in list(self._rooms.values()):
            room.say("reset", "")
