"""Sends the picture on, as it is; one small program for each site packs it anew. A site that is slow or gone hurts
nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime

import structlog

from livestream.simulcast import targets
from livestream.simulcast.models import TargetState
from livestream.simulcast.site import WRITE_WITHIN_S, NotTaken, NotTrusted, Site
from livestream.video.channel import Channel
from livestream.video.glue import LOST_AFTER_S
from livestream.video.remux import program, restrain
from livestream.video.stage import Stage
from shop.core.sealing import CannotOpen
from shop.settings import Settings

log = structlog.get_logger()
LOOK_EVERY_S, STANDS_AFTER_S = 2.0, 4.0
FIRST_WAIT_S, LONGEST_WAIT_S = 3.0, 60.0
_IN = ("-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "pipe")
_THROUGH = ("-fflags", "+nobuffer", "-f", "mp4", "-i", "pipe:0", "-c", "copy", "-flvflags", "no_duration_filesize")
_OUT = ("-flush_packets", "1", "-f", "flv", "pipe:1")


def wait_s(tries: int) -> float:
    """Seconds before the next try: twice as long each time, a minute at most, however many there were."""
    return min(FIRST_WAIT_S * (1 << min(tries, 10)), LONGEST_WAIT_S)


class Relays:
    """Looks which sites want which picture, from `start` to `stop`."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self._stage, self._secret_key = stage, settings.secret_key
        self._allowed = settings.allowed_simulcast_hosts
        self._going: dict[int, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        tasks = [task for task in (self._watching, *self._going.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("sites not looked at")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        wanted = await self._stage.in_db(targets.wanted)
        for target_id in [one for one, task in self._going.items() if _has_failed(task)]:
            log.error("site given up, and begun anew", exc_info=self._going.pop(target_id).exception())
        for target_id in self._going.keys() - wanted.keys():
            self._going.pop(target_id).cancel()
        for target_id in wanted.keys() - self._going.keys():
            live_id, server, sealed = wanted[target_id]
            act = await self._stage.act(live_id)
            if act and act.channel.is_recording:
                self._going[target_id] = asyncio.create_task(self._relay(target_id, act.channel, server, sealed))

    async def _relay(self, target_id: int, channel: Channel, server: str, sealed: str) -> None:
        """Try again and again, each time a little later, as long as the session is on air."""
        try:
            key = targets.key(self._secret_key, sealed)
        except CannotOpen:
            await self._tell(target_id, TargetState.REFUSED, 0)
            return
        tries = 0
        while True:
            sent_s: float | None = 0.0
            why = TargetState.REFUSED
            try:
                sent_s = await self._send(target_id, channel, server, key, tries)
            except NotTrusted:
                why = TargetState.UNTRUSTED
            if sent_s is None:
                tries = 0
                await self._wait_for_picture(target_id, channel)
                continue
            tries = 1 if sent_s > LONGEST_WAIT_S else tries + 1
            await self._tell(target_id, why, tries)
            await asyncio.sleep(wait_s(tries))

    async def _wait_for_picture(self, target_id: int, channel: Channel) -> None:
        await self._tell(target_id, TargetState.WAITING, 0)
        while not _films(channel):
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tell(self, target_id: int, state: TargetState, tries: int) -> None:
        await self._stage.in_db(targets.note, target_id, state, tries, datetime.now(UTC))

    async def _send(self, target_id: int, channel: Channel, server: str, key: str, tries: int) -> float | None:
        """One connection, until it ends. Returns how long it stood; None when it was our own picture that ended it.

        Raises NotTrusted.
        """
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            site = await Site.meet(server, key, self._allowed)
        except NotTaken as why:
            log.info("picture not taken", target_id=target_id, why=str(why))
            if isinstance(why, NotTrusted):
                raise
            return loop.time() - began_s if _films(channel) else None
        try:
            is_ours = await self._go_on(target_id, channel, site, tries)
        finally:
            site.leave()
        return None if is_ours or not _films(channel) else loop.time() - began_s

    async def _go_on(self, target_id: int, channel: Channel, site: Site, tries: int) -> bool:
        """Until the picture, the program or the site ends; True when it was the picture."""
        sender = await _begin()
        assert sender.stdout  # noqa: S101  it is a pipe
        feeding = asyncio.create_task(self._feed(channel, sender))
        tasks = [feeding, asyncio.create_task(site.send(sender.stdout)), asyncio.create_task(site.listen())]
        try:
            done, _ = await asyncio.wait(tasks, timeout=STANDS_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await self._tell(target_id, TargetState.SENDING, tries)
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(ProcessLookupError):
                sender.kill()
            await asyncio.gather(*tasks, sender.wait(), return_exceptions=True)
        return feeding.done() and not feeding.cancelled() and feeding.result()

    async def _feed(self, channel: Channel, sender: asyncio.subprocess.Process) -> bool:
        """From the newest key frame on, part by part. True when the recording ended, False when the site did not
        keep up."""
        into, made = sender.stdin, channel.packager
        assert into  # noqa: S101  it is a pipe
        msn, place, epoch = made.next_msn, 0, -1  # the segment that grows: each begins with a key frame
        with contextlib.suppress(OSError, TimeoutError):
            while not self._stage.closing:
                changed, segment = channel.changed, made.segment(msn)
                if segment is not None and epoch not in (-1, segment.epoch):
                    return True
                if segment is not None and place < len(segment.parts):
                    if epoch < 0:
                        epoch = segment.epoch
                        into.write(channel.inits[epoch])
                    into.write(segment.parts[place].body)
                    await asyncio.wait_for(into.drain(), WRITE_WITHIN_S)
                    place += 1
                elif made.next_msn > msn and segment is not None:
                    msn, place = msn + 1, 0
                elif made.ended or (segment is None and made.next_msn > msn):
                    return made.ended
                elif not _films(channel):
                    return True
                else:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), LOOK_EVERY_S)
        return False


async def _begin() -> asyncio.subprocess.Process:
    """The program that packs the picture as RTMP has it. Raises OSError."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    command = [program(), *_IN, *_THROUGH, *_OUT]
    sender = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=nowhere)
    restrain(sender.pid)
    return sender


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def _films(channel: Channel) -> bool:
    """Whether parts of a picture come."""
    return channel.is_recording and time.monotonic() - channel.shown_at < LOST_AFTER_S
