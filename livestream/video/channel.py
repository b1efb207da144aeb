"""One session's picture in this process: pieces come in, parts go out. Lives in the event loop; files are written by
a thread of the stage, in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from livestream.video import packager
from livestream.video.boxes import Fragment, Init, NotVideo, Splitter
from livestream.video.packager import Packager, Segment
from livestream.video.remux import Remux, Remuxer, Stuck
from livestream.video.sequence import Sequence
from livestream.video.shelf import Shelf

log = structlog.get_logger()
UNDERSTOOD_WITHIN_S = 20.0  # the first pieces hold all a player needs; a slow line or a busy machine makes it late
OnDisk = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Taken:
    """What became of a piece: where the recording stands now, and whether the piece was refused because one is missing
    (or, if `closed`, because its recording is over: a new one may begin)."""

    epoch: int
    next: int
    missing: bool = False
    closed: bool = False


class Channel:
    """The picture of session `live_id`. `on_disk` runs a function of the shelf in the stage's thread."""

    def __init__(self, live_id: int, shelf: Shelf, made: Packager, remuxer: Remuxer, on_disk: OnDisk) -> None:
        self.live_id, self.shelf, self.packager = live_id, shelf, made
        self.sequence = Sequence(made.rows[-1].epoch if made.rows else -1)
        self.inits: dict[int, bytes] = {}
        self.changed = asyncio.Event()
        self.heard_at = time.monotonic()
        """When a piece last arrived."""
        self.asked_at = time.monotonic()
        """When a viewer last asked for something."""
        self.shown_at = 0.0
        """When a part was last shown."""
        self.is_last = False
        """Whether the phone said that nothing follows."""
        self.is_full = False
        """Whether the disk or the session's share of it is used up: the picture goes on, unrecorded."""
        self.closing = False
        """Whether nobody may wait any longer."""
        self.on_segment: Callable[[Channel], None] = lambda _channel: None
        self._remuxer, self._on_disk = remuxer, on_disk
        self._remux: Remux | None = None
        self._reading: asyncio.Task[None] | None = None
        self._understood, self._opened_at = True, 0.0
        self._lock = asyncio.Lock()

    @property
    def is_recording(self) -> bool:
        return self._remux is not None

    def records(self, epoch: int) -> bool:
        """Whether more of this recording may come."""
        return self.is_recording and self.sequence.epoch == epoch

    async def take(self, epoch: int, seq: int, kind: str, data: bytes) -> Taken:
        """One piece of a recording. Raises NotVideo when it can be none."""
        async with self._lock:
            self._require_sense(epoch)
            verdict = self.sequence.verdict(epoch, seq)
            if verdict == "gap":
                return self._where(missing=True)
            self.heard_at = time.monotonic()
            if verdict == "open":
                _require_head(kind, data)
                await self._close_epoch()
                await self._open_epoch(epoch, kind)
            if verdict != "have":
                await self._feed(data)
                self.sequence.took()
            return self._where()

    def _require_sense(self, epoch: int) -> None:
        if epoch == self.sequence.epoch and not self.sequence.is_open and not self._understood:
            raise NotVideo(why="nothing came out of it")

    def _where(self, *, missing: bool = False) -> Taken:
        at = self.sequence
        return Taken(at.epoch, at.next if at.is_open else 0, missing, closed=not at.is_open)

    async def _open_epoch(self, epoch: int, kind: str) -> None:
        self._remux = await self._remuxer.start(kind)
        self._understood, self._opened_at = False, time.monotonic()
        self.sequence.open(epoch)
        await self._keep(self.packager.open_epoch(epoch))
        self._reading = asyncio.create_task(self._read(self._remux, epoch))

    async def _feed(self, data: bytes) -> None:
        try:
            if self._remux is None:
                raise Stuck("it ended by itself")
            if not self._understood and time.monotonic() - self._opened_at > UNDERSTOOD_WITHIN_S:
                self._remux.kill()
                raise Stuck("nothing comes out of it")
            await self._remux.feed(data)
        except Stuck as stuck:
            log.warning("recording not taken", live_id=self.live_id, epoch=self.sequence.epoch, why=str(stuck))
            await self._close_epoch()
            raise NotVideo(why=str(stuck)) from stuck

    async def _read(self, remux: Remux, epoch: int) -> None:
        """Everything that comes out of one recording, until it ends or turns out to be something else."""
        splitter = Splitter()
        try:
            while data := await remux.read():
                for whole in splitter.feed(data):
                    await self._show(whole, epoch)
        except NotVideo as wrong:
            log.warning("not a video", live_id=self.live_id, epoch=epoch, why=wrong.facts["why"])
        except OSError as full:
            log.error("recording not kept", live_id=self.live_id, epoch=epoch, why=str(full))
        remux.kill()
        if self._remux is remux:
            self._remux = None
        self.sequence.close()

    async def _show(self, whole: Init | Fragment, epoch: int) -> None:
        if isinstance(whole, Init):
            if not whole.has_picture:
                raise NotVideo(why="no H.264 picture")
            self._understood = True
            await self._write(self.shelf.keep_init, epoch, whole.body)
            self.inits = {**dict(list(self.inits.items())[-packager.WINDOW :]), epoch: whole.body}
            return
        closed, growing = self.packager.add(whole, time.time())
        await self._keep(closed)
        if len(growing.parts) == 1:
            await self._write(self.shelf.begin, growing)
        await self._write(self.shelf.append, growing.msn, whole.body)
        self.shown_at = time.monotonic()
        self.stir()
        if closed is not None:
            self.on_segment(self)

    async def _keep(self, closed: Segment | None) -> None:
        if closed is not None:
            await self._write(self.shelf.close, closed.row())

    async def _write(self, job: Callable[..., None], *told: object) -> None:
        """Keep it while there is room; viewers are shown the picture all the same."""
        if self.is_full:
            return
        try:
            await self._on_disk(job, *told)
        except OSError as full:
            log.error("recording not kept", live_id=self.live_id, epoch=self.sequence.epoch, why=str(full))
            self.is_full = True

    def stir(self) -> None:
        """Wake everybody who waits for the next part."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def _close_epoch(self) -> None:
        """What is still inside comes out; then players are told that a break follows."""
        remux, reading = self._remux, self._reading
        self.sequence.close()
        if remux is not None:
            await remux.close()
        if reading is not None:
            await reading
        self._remux = self._reading = None
        await self._keep(self.packager.close())
        self.stir()

    async def close_epoch(self, epoch: int | None = None) -> None:
        """Nothing more of the recording `epoch` is waited for, or of whichever runs; another that began meanwhile goes
        on."""
        async with self._lock:
            if epoch in (None, self.sequence.epoch):
                await self._close_epoch()

    async def end(self) -> None:
        """The session is over: nothing follows, and players are told so."""
        async with self._lock:
            await self._close_epoch()
            await self._keep(self.packager.end())
            if self.is_full:
                self.packager.keep_only(await self._on_disk(self.shelf.load))
            self.stir()

    async def cut(self) -> None:
        """At once: whatever is still inside is dropped."""
        if self._remux is not None:
            self._remux.kill()
        await self.end()

    async def stop(self) -> None:
        """The process ends: a later one goes on with a new epoch."""
        if self._remux is not None:
            self._remux.kill()
        await self.close_epoch()

    async def wait_for(self, has: Callable[[Packager], bool], seconds: float) -> bool:
        """Whether it came about in time."""
        until = time.monotonic() + seconds
        while not has(self.packager):
            changed = self.changed
            left_s = until - time.monotonic()
            if left_s <= 0 or self.closing:
                return False
            try:
                async with asyncio.timeout(left_s):
                    await changed.wait()
            except TimeoutError:
                return has(self.packager)
        return True


def wants(msn: int, part: int | None) -> Callable[[Packager], bool]:
    """The condition of a player that asks for a playlist with this part."""
    return partial(Packager.has, msn=msn, part=part)


HEADS: dict[str, Callable[[bytes], bool]] = {
    "video/mp4": lambda data: data[4:8] == b"ftyp",
    "video/x-matroska": lambda data: data.startswith(b"\x1a\x45\xdf\xa3"),
    "video/webm": lambda data: data.startswith(b"\x1a\x45\xdf\xa3"),
    "video/x-flv": lambda data: data.startswith(b"FLV"),
}


def _require_head(kind: str, data: bytes) -> None:
    """The first bytes of a recording say what it is, so most of what is none never reaches the program."""
    if not HEADS[kind](data):
        raise NotVideo(why=f"no {kind} by its first bytes")
