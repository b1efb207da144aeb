"""What changed reaches whoever is looking now. Holds no database session and no thread per viewer.

One `Room` per name: a ring of encoded frames, one tick for all, the bytes of a tick joined once and shared by every
viewer at the same place. A viewer who was cut off comes back with `Last-Event-ID` and gets what was missed, or one
`reset` when that is too long ago: then the page reads its block again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from itertools import islice

from sqlmodel import Session

from shop.core.bus import Bus, MemoryBus
from shop.core.db import after_commit

RING = 256
TICK_S, SMALL_TICK_S, SMALL_ROOM = 0.25, 0.1, 500
BEAT_S, BEATS_PER_PING = 3.75, 4
KEEP_EMPTY_S = 120.0
COUNT_IS_OLD_S = 12.0
SWEEP_S = 10.0

Texts = str | Mapping[str, str]

_hubs: list[Hub] = []


def tell(session: Session, room: str, event: str, text: Texts = "") -> None:
    """Tell `room` once this transaction has committed; nobody hears of it if it rolls back."""
    after_commit(session, lambda: tell_now(room, event, text))


def tell_now(room: str, event: str, text: Texts = "") -> None:
    """Tell `room` at once: through the hub of this process, and through the bus those of all others."""
    for hub in list(_hubs):
        hub.tell(room, event, text)


def frame(event: str, text: str, place: str = "") -> bytes:
    """One server-sent event, unnamed if `event` is "" (pages swap in what it says).

    Source: HTML standard, 9.2.5 "Parsing an event stream".
    """
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    head = (f"id: {place}\n" if place else "") + (f"event: {event}\n" if event else "")
    return f"{head}{lines}\n".encode()


class Room:
    """What was said last, and who listens. Only the hub and the streams touch it.

    `seq` counts what was said, `shown` what the last tick released: viewers read up to `shown`, so a busy room sends
    one joined frame per tick and viewer. A quiet room shows at once. `_guard` protects what other threads reach;
    ticks and wake-ups run in the event loop of the viewers.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.birth = secrets.token_hex(4)  # tells this ring from one before a restart or in another process
        self.seq = self.shown = self.beat = self.letters = 0
        self.ring: deque[Mapping[str, bytes]] = deque(maxlen=RING)
        self.viewers: Counter[str] = Counter()
        self.mailboxes: dict[str, tuple[int, bytes]] = {}
        self.told_viewers = 0
        self.touched_at = time.monotonic()
        self.changed = asyncio.Event()
        self._joined: dict[tuple[int, str], bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._stirred = self._urgent = False
        self._guard = threading.Lock()

    @property
    def cursor(self) -> str:
        """Where a page made now stands; the browser gives it back as `Last-Event-ID`."""
        return f"{self.birth}-{self.seq}"

    def place_of(self, cursor: str) -> int:
        """The place of a cursor: none means now; one of another ring, or from the future, means too old (-1)."""
        if not cursor:
            return self.seq
        birth, _, seq = cursor.partition("-")
        known = birth == self.birth and seq.isascii() and seq.isdecimal() and int(seq) <= self.seq
        return int(seq) if known else -1

    def say(self, event: str, texts: Texts, *, at_once: bool = False) -> None:
        """Say it to all, in each viewer's language if `texts` has several; `at_once` does not wait for the tick."""
        with self._guard:
            self.seq += 1
            self._urgent |= at_once
            spoken = {"": texts} if isinstance(texts, str) else texts
            self.ring.append({lang: frame(event, text, self.cursor) for lang, text in spoken.items()})
            self._stir()

    def slip(self, viewer: str, event: str, text: str) -> None:
        """Put a letter into one viewer's box; a newer one replaces it."""
        with self._guard:
            if viewer in self.viewers:
                self.letters += 1
                self.mailboxes[viewer] = (self.letters, frame(event, text))
                self._stir()

    def since(self, place: int, lang: str) -> tuple[bytes, int]:
        """What was shown after `place`, joined once for all viewers there, and the place to ask from next."""
        with self._guard:
            if place >= self.shown:
                return b"", place
            joined = self._joined.get((place, lang))
            if joined is None:
                joined = self._joined[place, lang] = self._join(place, lang)
            return joined, self.shown

    def _join(self, place: int, lang: str) -> bytes:
        first = len(self.ring) - (self.seq - place)
        if place < 0 or first < 0:
            return frame("reset", "", f"{self.birth}-{self.shown}")
        frames = islice(self.ring, first, len(self.ring) - (self.seq - self.shown))
        return b"".join(said.get(lang) or said.get("") or said["vi"] for said in frames)

    def letter(self, viewer: str, read: int) -> tuple[bytes, int]:
        """The letter in this viewer's box if it is newer than the one read, and its number."""
        number, letter = self.mailboxes.get(viewer, (0, b""))
        return (letter, number) if number > read else (b"", read)

    def enter(self, viewer: str) -> None:
        with self._guard:
            if not self.viewers:
                self._loop = asyncio.get_running_loop()
                self._release()
            self.viewers[viewer] += 1

    def leave(self, viewer: str) -> None:
        with self._guard:
            self.touched_at = time.monotonic()
            self.viewers[viewer] -= 1
            if self.viewers[viewer] <= 0:
                del self.viewers[viewer]
                self.mailboxes.pop(viewer, None)
            if not self.viewers:
                self._loop = None

    def _release(self) -> None:
        self.shown = self.seq
        self._stirred = self._urgent = False
        self._joined.clear()

    def _stir(self) -> None:
        self._stirred = True
        if self._loop is None:
            self._release()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._show)

    def _show(self) -> None:
        """Release what was said, unless the tick before is not over: then its end does. What is urgent ends it."""
        with self._guard:
            if not self._stirred or self._loop is None or (self._tick is not None and not self._urgent):
                return
            self._release()
            if self._tick is not None:
                self._tick.cancel()
            tick_s = TICK_S if len(self.viewers) >= SMALL_ROOM else SMALL_TICK_S
            self._tick = self._loop.call_later(tick_s, self._tick_over)
        self.wake()

    def _tick_over(self) -> None:
        self._tick = None
        self._show()

    def wake(self) -> None:
        """Let every viewer look again. Only from the viewers' loop."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def wake_from_outside(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.wake)


class Hub:
    """All rooms of one process, joined with those of other processes by the bus."""

    def __init__(self, bus: Bus | None = None) -> None:
        self.closing = False
        self._rooms: dict[str, Room] = {}
        self._elsewhere: dict[str, dict[str, tuple[int, float]]] = {}
        self._me = secrets.token_hex(4)
        self._guard = threading.Lock()
        self._beats = 0
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
        return sum(room.viewers.total() for room in list(self._rooms.values()))

    def close(self) -> None:
        """Let all streams end, so that the server can stop. From any thread."""
        self.closing = True
        if self in _hubs:
            _hubs.remove(self)
        for room in list(self._rooms.values()):
            room.wake_from_outside()

    def room(self, name: str) -> Room:
        """The room of that name; made when it is first needed, forgotten two minutes after the last viewer left."""
        room = self._rooms.get(name)
        if room is None:
            with self._guard:
                self._forget_empty()
                room = self._rooms.setdefault(name, Room(name))
        room.touched_at = time.monotonic()
        return room

    def enter(self, room: Room, viewer: str) -> None:
        """A stream opens. Only from the event loop."""
        room.enter(viewer)
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
        self._beats += 1
        busy = [room for room in list(self._rooms.values()) if room.viewers]
        for room in busy:
            count = self.viewers(room.name)
            if count != room.told_viewers:
                room.told_viewers = count
                room.say("viewers", str(count))
            if self._beats % BEATS_PER_PING == 0:
                room.beat += 1
                room.wake()
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
