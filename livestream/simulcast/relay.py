"""Sends the picture on, as it is, by one small program for each site. A site that is slow or gone hurts nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from datetime import UTC, datetime

import structlog

from livestream.simulcast import targets
from livestream.simulcast.models import TargetState
from livestream.video.channel import Channel
from livestream.video.glue import LOST_AFTER_S
from livestream.video.remux import program, restrain
from livestream.video.stage import Stage
from shop.core.sealing import CannotOpen
from shop.settings import Settings

log = structlog.get_logger()
LOOK_EVERY_S, STANDS_AFTER_S, WRITE_WITHIN_S = 2.0, 4.0, 10.0
FIRST_WAIT_S, LONGEST_WAIT_S = 3.0, 60.0
_IN = ("-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1", "-fflags", "+nobuffer")
_THROUGH = ("-protocol_whitelist", "pipe,tcp,tls,rtmp,rtmps", "-f", "mp4", "-i", "pipe:0", "-c", "copy")


def wait_s(tries: int) -> float:
    """Seconds before the next try: twice as long each time, a minute at most, however many there were."""
    return min(FIRST_WAIT_S * (1 << min(tries, 10)), LONGEST_WAIT_S)


class Relays:
    """Looks which sites want which picture, from `start` to `stop`."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self._stage, self._secret_key = stage, settings.secret_key
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
            sent_s = await self._send(target_id, channel, server, key, tries)
            if sent_s is None:
                tries = 0
                await self._wait_for_picture(target_id, channel)
                continue
            tries = 1 if sent_s > LONGEST_WAIT_S else tries + 1
            await self._tell(target_id, TargetState.REFUSED, tries)
            await asyncio.sleep(wait_s(tries))

    async def _wait_for_picture(self, target_id: int, channel: Channel) -> None:
        await self._tell(target_id, TargetState.WAITING, 0)
        while not _films(channel):
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tell(self, target_id: int, state: TargetState, tries: int) -> None:
        await self._stage.in_db(targets.note, target_id, state, tries, datetime.now(UTC))

    async def _send(self, target_id: int, channel: Channel, server: str, key: str, tries: int) -> float | None:
        """One connection, until it ends. Returns how long it stood; None when it was our own picture that ended it."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        sender = await _begin(server, key)
        feeding = asyncio.create_task(self._feed(channel, sender))
        ended = asyncio.create_task(sender.wait())
        try:
            done, _ = await asyncio.wait((feeding, ended), timeout=STANDS_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await self._tell(target_id, TargetState.SENDING, tries)
                await asyncio.wait((feeding, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            feeding.cancel()
            with contextlib.suppress(ProcessLookupError):
                sender.kill()
            await asyncio.gather(feeding, ended, return_exceptions=True)
        is_ours = feeding.done() and not feeding.cancelled() and feeding.result()
        return None if is_ours or not _films(channel) else loop.time() - began_s

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


async def _begin(server: str, key: str) -> asyncio.subprocess.Process:
    """The program that sends to a server. It reads the key as a setting from a pipe of its own, for anybody on the
    machine can see commands. Raises OSError."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    reads, writes = os.pipe()
    try:
        os.write(writes, f"rtmp_playpath={key}\n".encode())  # far less than a pipe holds
        os.close(writes)
        command = [program(), *_IN, *_THROUGH, "-fpre", f"/dev/fd/{reads}", "-f", "flv", server]
        sender = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=nowhere, stderr=nowhere, pass_fds=[reads]
        )
    finally:
        os.close(reads)
    restrain(sender.pid)
    return sender


def _films(channel: Channel) -> bool:
    """Whether parts of a picture come."""
    return channel.is_recording and time.monotonic() - channel.shown_at < LOST_AFTER_S
