"""All sessions whose picture goes through this process: who may send, what state they are in, what must be told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

import structlog

from livestream import keeping
from livestream.mtx import files as mtx_files
from livestream.video import films, glue, lease, unkept
from livestream.video.channel import Channel, Taken
from livestream.video.glue import Standing
from livestream.video.newest import Newest
from livestream.video.packager import Packager
from livestream.video.refusals import (
    DiskIsFull,
    NoPicture,
    NoToken,
    NotReady,
    NotYourPicture,
    PictureOver,
    PiecesTooFast,
    StageIsFull,
    TakenOver,
)
from livestream.video.remux import Ffmpeg, Remuxer
from livestream.video.sequence import Allowance
from livestream.video.shelf import shelf_of
from shop.core import pagecache
from shop.core.db import Database
from shop.settings import Settings

log = structlog.get_logger()
T = TypeVar("T")

MOST_PIECE_BYTES = 2 * 1024 * 1024
BYTES_PER_S, BYTES_AT_ONCE = 800_000.0, 32_000_000.0  # a backlog of a minute comes at once, four cameras' worth do not
PIECES_PER_S, PIECES_AT_ONCE = 20.0, 150.0
LEAST_FREE_BYTES = 500 * 1024 * 1024
TICK_S, SEEN_EVERY_S, LOOK_AT_DISK_S = 1.0, 5.0, 10.0
FORGET_AFTER_S = 120.0
SWEEP_EVERY_S = 3600.0
FILM_WITHIN_S = 20.0
MOST_CHANNELS = 2_000


@dataclass
class Act:
    """A channel, what is known of its session, and what its phone may still send."""

    channel: Channel
    standing: Standing
    bytes_left: Allowance = field(default_factory=lambda: Allowance(BYTES_PER_S, BYTES_AT_ONCE))
    pieces_left: Allowance = field(default_factory=lambda: Allowance(PIECES_PER_S, PIECES_AT_ONCE))
    busy: bool = False
    """Whether something is being told of it."""
    told_full: bool = False
    """Whether the session was told that its picture is not recorded."""
    looked_at: float = 0.0
    poster: asyncio.Task[None] | None = None
    """Makes the first picture; viewers ask for it in the same moment."""


class Stage:
    """Lives in one event loop, from `start` to `stop`. The database and the disk are reached by one thread each."""

    def __init__(self, db: Database, settings: Settings, remuxer: Remuxer | None = None) -> None:
        self._db, self._settings, self._remuxer = db, settings, remuxer or Ffmpeg()
        self._acts: dict[int, Act] = {}
        self._asked: dict[int, asyncio.Future[Act | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clerk = ThreadPoolExecutor(1, "stage-clerk")
        self._hand = ThreadPoolExecutor(1, "stage-hand")
        self._cutter = ThreadPoolExecutor(1, "stage-cutter")
        self._films: dict[tuple[int, str], asyncio.Future[Path]] = {}
        self._noted_at = 0.0
        self._newest = Newest(self.in_db)
        self.closing = False

    async def start(self) -> None:
        """Take up what was going on when the last process ended, and watch."""
        self._loop = asyncio.get_running_loop()
        pagecache.listen(self._heard)
        self._spawn(self._watch())

    async def stop(self) -> None:
        """End every recording at once; what viewers were shown is on disk. Takes seconds at most."""
        self.closing = True
        self._let_go()
        pagecache.forget(self._heard)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for act in self._acts.values():
            with suppress(Exception):
                await asyncio.wait_for(act.channel.stop(), 6)
        self._clerk.shutdown(wait=True, cancel_futures=True)
        self._hand.shutdown(wait=True)
        self._cutter.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Let go of everybody who waits: the process was told to end. From any thread or a signal."""
        self.closing = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        for act in self._acts.values():
            act.channel.closing = True
            act.channel.stir()

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def in_db(self, job: Callable[..., T], *told: Any) -> T:
        """Run `job` with the database, in the thread that keeps the books of the stage."""
        return await asyncio.get_running_loop().run_in_executor(self._clerk, job, self._db, *told)

    async def beside(self, job: Callable[..., T], *told: Any) -> T:
        """Run `job` with the database, in no thread that the stage needs: strangers may ask for it without end."""
        return await asyncio.to_thread(job, self._db, *told)

    async def on_disk(self, job: Callable[..., T], *told: Any) -> T:
        """Run `job` in the thread that writes recordings."""
        return await asyncio.get_running_loop().run_in_executor(self._hand, job, *told)

    async def film(self, act: Act, name: str) -> Path:
        """A file made of the whole recording, made once. Raises NotReady while that takes long, NoPicture."""
        file, key = act.channel.shelf.path(name), (act.channel.live_id, name)
        if await self.on_disk(file.exists):
            return file
        if key not in self._films:
            self._films[key] = asyncio.ensure_future(self._make(act, name))
            self._films[key].add_done_callback(lambda _done: self._films.pop(key, None))
        try:
            async with asyncio.timeout(FILM_WITHIN_S):
                return await asyncio.shield(self._films[key])
        except TimeoutError as late:
            raise NotReady(retry_after_s=10) from late
        except films.NotMade as failed:
            raise NoPicture from failed

    async def _make(self, act: Act, name: str) -> Path:
        channel, rows, loop = act.channel, list(act.channel.packager.rows), asyncio.get_running_loop()
        by_mtx = [] if rows else await self.in_db(mtx_files.filmed, channel.live_id)
        if name == "video.mp4" and by_mtx:
            return await loop.run_in_executor(self._cutter, films.joined, channel.shelf, by_mtx)
        if name == "video.mp4":
            return await loop.run_in_executor(self._cutter, films.whole_film, channel.shelf, rows)
        item_id = int(name.removeprefix("clip-").removesuffix(".mp4"))
        shown = await self.in_db(glue.shown_from_to, channel.live_id, item_id)
        if shown is None:
            raise films.NotMade("it was never pinned")
        if by_mtx:
            return await loop.run_in_executor(self._cutter, films.clip_of, channel.shelf, by_mtx, item_id, *shown)
        return await loop.run_in_executor(self._cutter, films.clip, channel.shelf, rows, item_id, *shown)

    async def _keep_poster(self, channel: Channel) -> None:
        """From the first part of all: what the session looked like when it began."""
        first = channel.packager.segment(0)
        init = channel.inits.get(first.epoch) if first else None
        if first is None or init is None:
            return
        try:
            body = await asyncio.to_thread(films.still, init, first.parts[0].body)  # no film is to wait for
            await self.on_disk(channel.shelf.path("poster.jpg").write_bytes, body)
        except (films.NotMade, OSError) as failed:
            log.warning("no poster", live_id=channel.live_id, why=str(failed))

    async def act(self, live_id: int) -> Act | None:
        """The session's act, read from database and disk when it is first asked for; None when there is no session."""
        if act := self._acts.get(live_id):
            return act
        if live_id not in self._asked:
            self._asked[live_id] = asyncio.ensure_future(self._set_up(live_id))
            self._asked[live_id].add_done_callback(lambda _done: self._asked.pop(live_id, None))
        return await asyncio.shield(self._asked[live_id])

    async def act_shown(self, live_id: int) -> Act | None:
        """The same for viewers, who may ask for any number: none that was invented reaches the database or stays."""
        if act := self._acts.get(live_id):
            return act
        return await self.act(live_id) if await self._newest.knows(live_id) else None

    async def _set_up(self, live_id: int) -> Act | None:
        standing = (await self.in_db(glue.standings, [live_id])).get(live_id)
        if standing is None:
            self._newest.is_none(live_id)
            return None
        shelf = shelf_of(self._settings.data_dir, live_id)
        made = Packager(await self.on_disk(shelf.load))
        made.ended = standing.state not in glue.TAKES
        act = Act(Channel(live_id, shelf, made, self._remuxer, self.on_disk), standing)
        act.channel.on_segment = lambda _channel: self._on_segment(act)
        if len(self._acts) < MOST_CHANNELS:
            self._acts[live_id] = act
        return act

    def _on_segment(self, act: Act) -> None:
        if act.channel.packager.next_msn == 1:
            act.poster = self._spawn(self._keep_poster(act.channel))
        self._consider(act)

    async def admit(self, live_id: int, token: str, size: int) -> Act:
        """Whether this phone may send a piece of that many bytes now.

        Raises NoToken, NotYourPicture, TakenOver, PictureOver, PiecesTooFast, DiskIsFull; NotReady while the server
        stops, for the phone sends on to the one that starts next.
        """
        if not token:
            raise NoToken
        number = lease.number_of(self._settings.secret_key, live_id, token)
        act = await self.act(live_id) if number is not None else None
        if act is None or number is None:
            raise NotYourPicture
        if number > act.standing.number:
            await self._refresh([live_id])  # taken a moment ago, in another process
        if number != act.standing.number:
            raise TakenOver
        if self.closing:
            raise NotReady(retry_after_s=2)
        if act.standing.state not in glue.TAKES:
            raise PictureOver
        now_s = time.monotonic()
        if wait_s := act.pieces_left.spend(1, now_s) or act.bytes_left.spend(size, now_s):
            raise PiecesTooFast(retry_after_s=ceil(wait_s))
        return act

    async def admit_encoder(self, live_id: int, number: int) -> Act | None:
        """The act of a session whose lease of this number was given out a moment ago."""
        act = await self.act(live_id)
        await self._refresh([live_id])
        return act if act and self.still_sends(act, number) else None

    def still_sends(self, act: Act, number: int) -> bool:
        """Whether the one with this lease may go on sending."""
        return act.standing.number == number and act.standing.state in glue.TAKES and not self.closing

    async def take(self, act: Act, epoch: int, seq: int, kind: str, data: bytes, *, last: bool) -> Taken:
        """One piece of an admitted phone. Raises NotVideo, StageIsFull, and DiskIsFull before the first picture."""
        if act.channel.sequence.verdict(epoch, seq) == "open":
            await self._require_place(act)
        taken = await act.channel.take(epoch, seq, kind, data)
        if last and not taken.missing:
            act.channel.is_last = True
            self._consider(act)
        return taken

    async def _require_place(self, act: Act) -> None:
        most = self._settings.live_most_sessions
        if not act.channel.is_recording and sum(one.channel.is_recording for one in self._acts.values()) >= most:
            raise StageIsFull(most=most)
        act.channel.is_full = await self._has_no_room(act)
        if act.channel.is_full and not act.channel.packager.rows:
            raise DiskIsFull

    async def _has_no_room(self, act: Act) -> bool:
        used = sum(row.bytes for row in act.channel.packager.rows)
        free = await self.on_disk(act.channel.shelf.free_bytes)
        return used > self._settings.live_most_gb * 10**9 or free < LEAST_FREE_BYTES

    def _heard(self, tags: Iterable[str]) -> None:
        """A commit of this process changed some sessions. Called from any thread."""
        ids = [int(tag[8:]) for tag in tags if tag.startswith("session:") and tag[8:].isdecimal()]
        known = [live_id for live_id in ids if live_id in self._acts]
        if known and self._loop and not self.closing:
            self._loop.call_soon_threadsafe(self._spawn_refresh, known)

    def _spawn_refresh(self, ids: list[int]) -> None:
        if not self.closing:
            self._spawn(self._refresh(ids))

    async def _refresh(self, ids: list[int]) -> None:
        """Read how these sessions stand, and do what follows from it."""
        standings = await self.in_db(glue.standings, ids)
        for live_id in ids:
            act = self._acts.get(live_id)
            if act is None:
                continue
            if live_id not in standings:
                self._acts.pop(live_id)
            else:
                act.standing = standings[live_id]
                self._consider(act)

    def _consider(self, act: Act) -> None:
        """Tell or do what is due now, one thing at a time."""
        if act.busy or self.closing:
            return
        channel, now_s = act.channel, time.monotonic()
        silent_s, dark_s = now_s - channel.heard_at, now_s - channel.shown_at
        made = channel.packager
        facts = glue.Facts(bool(made.rows), silent_s, dark_s, channel.is_last, made.ended, channel.is_full)
        if step := glue.due(act.standing, facts):
            act.busy = True
            self._spawn(self._do(act, step))

    async def _do(self, act: Act, step: glue.Step) -> None:
        channel, live_id = act.channel, act.channel.live_id
        try:
            if step == "end":
                await channel.end()
            elif step == "cut":
                await channel.cut()
            else:
                told = (channel.packager.duration_s, time.monotonic() - channel.heard_at, datetime.now(UTC))
                await self.in_db(glue.tell, step, live_id, *told)
        except Exception:
            log.exception("step of a session not done", live_id=live_id, step=step)
        else:
            await self._refresh_quietly(live_id)
        act.busy = False

    async def _refresh_quietly(self, live_id: int) -> None:
        standings = await self.in_db(glue.standings, [live_id])
        if (act := self._acts.get(live_id)) and live_id in standings:
            act.standing = standings[live_id]

    async def _watch(self) -> None:
        """Every second: how all stand, whose picture stays away, who is asked for no longer."""
        for live_id in await self.in_db(glue.going_on):
            await self.act(live_id)
        swept_at = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._tick()
                if time.monotonic() - swept_at > SWEEP_EVERY_S:
                    swept_at = time.monotonic()
                    await self._sweep()
            except Exception:
                log.exception("stage not watched")

    async def _sweep(self) -> None:
        """What the market has forgotten goes from this disk, too, wherever its worker runs."""
        years = keeping.Years(self._settings.live_pictures_years, self._settings.live_records_years)
        await self.in_db(keeping.sweep, datetime.now(UTC), years, self._settings.data_dir)

    async def _tick(self) -> None:
        if self._acts:
            await self._refresh(list(self._acts))
        now_s = time.monotonic()
        for live_id, act in list(self._acts.items()):
            if act.channel.is_recording:
                await self._look_for_room(act, now_s)
            elif act.standing.state not in glue.TAKES and now_s - act.channel.asked_at > FORGET_AFTER_S:
                self._acts.pop(live_id)
        await self._note_seen(now_s)

    async def _look_for_room(self, act: Act, now_s: float) -> None:
        """Whether the recording still fits, and a word to the host when that changed."""
        if now_s - act.looked_at >= LOOK_AT_DISK_S:
            act.looked_at = now_s
            act.channel.is_full = act.channel.is_full or await self._has_no_room(act)
        if act.channel.is_full != act.told_full:
            act.told_full = act.channel.is_full
            await self.in_db(unkept.tell, act.channel.live_id, act.told_full, datetime.now(UTC))

    async def _note_seen(self, now_s: float) -> None:
        """Whose pieces arrive, so that nobody takes their place."""
        if now_s - self._noted_at < SEEN_EVERY_S:
            return
        self._noted_at = now_s
        sending = [one for one in self._acts.values() if one.channel.is_recording]
        seen = [one for one in sending if now_s - one.channel.heard_at < SEEN_EVERY_S]
        if seen:
            told = [(one.channel.live_id, one.standing.number, one.channel.sequence.epoch) for one in seen]
            await self.in_db(glue.note_seen, told, datetime.now(UTC))
