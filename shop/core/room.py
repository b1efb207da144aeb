"""One room and its viewers: what was said last, and who listens. No database session, no thread or task per viewer.

A ring of encoded frames, one tick for all, the bytes of a tick joined once and shared by every viewer at the same
place, written straight to the lines. A viewer who was cut off comes back with `Last-Event-ID` and gets what was missed,
or one `reset` when that is too long ago: then the page reads its block again.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import chain, islice
from typing import Any, Protocol
from zlib import crc32

RING = 256
TICK_S, SMALL_TICK_S, SMALL_ROOM = 0.25, 0.1, 500
AT_ONCE = 250  # lines written before the loop looks at other requests: some three milliseconds
REST = 0.25  # of the time a round took, at least: a crowd too large for the tick leaves the shop its share
QUIET_BEATS = 3
PING = b": ping\n\n"

Texts = str | Mapping[str, str]


def frame(event: str, text: str, place: str = "") -> bytes:
    """One server-sent event, unnamed if `event` is "" (pages swap in what it says).

    Source: HTML standard, 9.2.5 "Parsing an event stream".
    """
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    head = (f"id: {place}\n" if place else "") + (f"event: {event}\n" if event else "")
    return f"{head}{lines}\n".encode()


class Line(Protocol):
    """What a stream writes to: a socket's transport, or what stands for one."""

    def write(self, data: bytes, /) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Viewer(asyncio.Protocol):
    """One open stream: who listens, in which language, and up to where. No task and no queue, so thousands are cheap.

    Who reads slower than the room talks is passed over while his line is full. Then he gets what he missed, or a
    `reset`: nothing piles up for him.
    """

    __slots__ = ("key", "lang", "letter", "line", "of_server", "open", "place", "room")
    line: Line

    def __init__(self, room: Room, key: str, lang: str, place: int) -> None:
        self.room, self.key, self.lang, self.place = room, key, lang, place
        self.letter = b""
        self.open = True
        self.of_server: set[Any] = set()

    def catch_up(self) -> None:
        """Write what was shown since the last time, and the letter that waits."""
        if not self.open:
            return
        news, self.place = self.room.since(self.place, self.lang)
        if self.letter:
            news, self.letter = news + self.letter, b""
        if news:
            self.line.write(news)

    def ping(self) -> None:
        if self.open:
            self.line.write(PING)

    def pause_writing(self) -> None:
        self.open = False

    def resume_writing(self) -> None:
        self.open = True
        self.catch_up()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.open = False
        self.room.leave(self)
        self.of_server.discard(self)

    def shutdown(self) -> None:
        """End the stream, as uvicorn asks when it stops; whoever does not read gets no time to."""
        if self.open:
            self.line.close()
        else:
            self.line.abort()


class Room:
    """What was said last, and who listens. Only the hub and the streams touch it.

    `seq` counts what was said, `shown` what the last tick released: viewers read up to `shown`, so a busy room sends
    one joined frame per tick and viewer. A quiet room shows at once. `_guard` protects what other threads reach;
    ticks and rounds run in the event loop of the viewers.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.birth = secrets.token_hex(4)  # tells this ring from one before a restart or in another process
        self.seq = self.shown = self.streams = 0
        self.ring: deque[Mapping[str, bytes]] = deque(maxlen=RING)
        self.viewers: dict[str, tuple[Viewer, ...]] = {}
        self.told_viewers = 0
        self.others: int | None = None
        """How many look on in other processes and not here; None when that is to be counted anew."""
        self.touched_at = time.monotonic()
        self._joined: dict[tuple[int, str], bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._going_round = self._stirred = self._urgent = False
        self._beat_seq = self._quiet_beats = 0
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
            self._stirred = True
            if self._loop is None:
                self._release()
            else:
                self._in_loop(self._show)

    def slip(self, viewer: str, event: str, text: str) -> None:
        """Give one viewer a letter, on all his screens; a newer one replaces what he could not read yet."""
        if viewer in self.viewers:
            self._in_loop(self._deliver, viewer, frame(event, text))

    def _deliver(self, key: str, letter: bytes) -> None:
        for viewer in self.viewers.get(key, ()):
            viewer.letter = letter
            viewer.catch_up()

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

    def enter(self, viewer: Viewer) -> None:
        with self._guard:
            if not self.viewers:
                self._loop = asyncio.get_running_loop()
                self._tick, self._going_round = None, False
                self._release()
            self.viewers[viewer.key] = (*self.viewers.get(viewer.key, ()), viewer)
            self.streams += 1

    def leave(self, viewer: Viewer) -> None:
        with self._guard:
            self.touched_at = time.monotonic()
            self.streams -= 1
            others = tuple(other for other in self.viewers.pop(viewer.key) if other is not viewer)
            if others:
                self.viewers[viewer.key] = others
            if not self.viewers:
                self._loop = None

    def marks(self) -> frozenset[int]:
        """Who is here, as short numbers that other processes may know: of 20,000 people hardly two share one."""
        return frozenset(crc32(key.encode()) for key in list(self.viewers))

    def _release(self) -> None:
        self.shown = self.seq
        self._stirred = self._urgent = False
        self._joined.clear()

    def _show(self) -> None:
        """Release what was said, unless the tick before is not over: then its end does. What is urgent ends it."""
        with self._guard:
            busy = self._going_round or self._tick is not None
            if not self._stirred or self._loop is None or (busy and not self._urgent):
                return
            self._release()
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if not self._going_round:  # else the round takes it along, and goes once more for those it had passed
            self._go_round()

    def _go_round(self) -> None:
        self._going_round = True
        loop, shown = asyncio.get_running_loop(), self.shown
        began = loop.time()

        def over() -> None:
            self._going_round = False
            if self.shown != shown:
                self._go_round()
                return
            took_s = loop.time() - began
            tick_s = TICK_S if self.streams >= SMALL_ROOM else SMALL_TICK_S
            self._tick = loop.call_later(max(tick_s - took_s, took_s * REST), self._tick_over)

        self._visit(Viewer.catch_up, over)

    def _visit(self, each: Callable[[Viewer], None], over: Callable[[], None]) -> None:
        """Go to all who are here now, some at once, letting the loop do what else waits in between."""
        here = list(chain.from_iterable(self.viewers.values()))
        loop = asyncio.get_running_loop()

        def some(start: int) -> None:
            try:
                for viewer in here[start : start + AT_ONCE]:
                    each(viewer)
            finally:
                if start + AT_ONCE < len(here):
                    loop.call_soon(some, start + AT_ONCE)
                else:
                    over()

        some(0)

    def _tick_over(self) -> None:
        self._tick = None
        self._show()

    def beat(self) -> None:
        """Keep the lines open when nothing is said. Only from the viewers' loop."""
        self._quiet_beats = self._quiet_beats + 1 if self.seq == self._beat_seq else 0
        self._beat_seq = self.seq
        if self._quiet_beats == QUIET_BEATS:
            self._quiet_beats = 0
            self._visit(Viewer.ping, lambda: None)

    def end(self) -> None:
        """End all streams. From any thread."""
        self._in_loop(self._visit, Viewer.shutdown, lambda: None)

    def _in_loop(self, do: Callable[..., None], *args: Any) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(do, *args)
