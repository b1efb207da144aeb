"""What a phone records becomes fragmented MP4 with AAC sound: the picture is copied, never encoded again.

A program of its own does it, behind two small Protocols, so that tests can play recorded bytes and a hostile recording
hurts nobody else: low priority, bounded memory and time, no file may be written, and killed when it does not end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
from functools import lru_cache
from typing import Protocol

KINDS = {"video/mp4": "mp4", "video/x-matroska": "matroska", "video/webm": "matroska"}
"""What a phone may say of its recording, and what reads it. Nothing else of a request reaches the program."""

READERS = {**KINDS, "video/x-flv": "flv"}
"""The same with what our own door for encoders hands on."""

PATIENCE_S = 5.0
STARVED_S = 15.0  # a busy machine (a backup, thirty starts at once) gives a program of low priority nothing for seconds
NICE = 10
MEMORY_BYTES = 1_500_000_000
PROCESSOR_S = 900  # eight hours take about eight minutes
PART_US = 510_000  # a little more than half of a second's group of pictures: two parts a second, none tiny
READ_BYTES = 64 * 1024
MOST_HELD_BYTES = 2 * 1024 * 1024
STARTING_AT_ONCE, TURN_S = 2, 0.2

_IN = ("-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "pipe")
_FAST = ("-fflags", "+nobuffer+genpts", "-probesize", "100000", "-analyzeduration", "500000")
_PATIENT = ("-fflags", "+genpts", "-probesize", "1000000", "-analyzeduration", "5000000")
"""Encoders may send seconds of sound before the first picture; what is known earlier is not waited for."""
_MAP = ("-map", "0:v:0", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1", "-c:v", "copy")
_SOUND = ("-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "44100", "-af", "aresample=async=1")
_OUT = ("-max_muxing_queue_size", "1024", "-flush_packets", "1", "-f", "mp4")
_SHAPE = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", str(PART_US))


class Stuck(Exception):
    """The recording is no longer taken: the program died, or did not read for long."""


class Remux(Protocol):
    """One recording on its way: bytes in, fragmented MP4 out, in any pieces."""

    async def feed(self, data: bytes) -> None:
        """Raises Stuck."""

    async def read(self) -> bytes:
        """What came out; b"" at the end."""

    async def close(self) -> None:
        """No more comes in. What is still inside comes out of `read`, within `PATIENCE_S`."""

    def kill(self) -> None:
        """End at once; `read` ends, too."""


class Remuxer(Protocol):
    """Begins recordings."""

    async def start(self, kind: str) -> Remux:
        """`kind` is a key of KINDS. Raises NoProgram."""


class NoProgram(Exception):
    """This machine has no ffmpeg."""


@lru_cache
def program() -> str:
    """The system's ffmpeg, else the one the wheel imageio-ffmpeg brings. Raises NoProgram."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise NoProgram(str(error)) from error


def arguments(kind: str) -> list[str]:
    """The command for one kind of recording; made of constants alone."""
    patience = _PATIENT if READERS[kind] == "flv" else _FAST
    return [program(), *_IN, *patience, "-f", READERS[kind], "-i", "pipe:0", *_MAP, *_SOUND, *_OUT, *_SHAPE, "pipe:1"]


def restrain(pid: int, *, processor_s: int = PROCESSOR_S, writes: bool = False) -> None:
    """Low priority and limits for a program that was just started."""
    with contextlib.suppress(OSError):  # it may have ended already
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
        if not hasattr(resource, "prlimit"):
            return
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(pid, resource.RLIMIT_CPU, (processor_s, processor_s))
        if not writes:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))


class Ffmpeg:
    """Recordings through ffmpeg, one process each. After a cut all phones come back in the same second, and each start
    takes a tenth of a second of a core: they take turns, and no phone waits for its answer meanwhile."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(STARTING_AT_ONCE)

    async def start(self, kind: str) -> Remux:
        return _Process(arguments(kind), self._turns)


class _Process:
    """One recording. What is fed before its program runs, or faster than it reads, waits here."""

    def __init__(self, command: list[str], turns: asyncio.Semaphore) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._held_bytes, self._room = 0, asyncio.Event()
        self._broken = ""
        self.begun: asyncio.Future[asyncio.subprocess.Process | None]
        """The program; None if it never ran."""
        self.begun = asyncio.get_running_loop().create_future()
        self._work = asyncio.create_task(self._run(command, turns))

    async def _run(self, command: list[str], turns: asyncio.Semaphore) -> None:
        try:
            process = await _begin(command, turns)
            self.begun.set_result(process)
            await self._pass_on(process)
        except OSError as error:  # it does not start, or ended
            self._broken = repr(error)
        finally:
            self._room.set()
            if not self.begun.done():
                self.begun.set_result(None)
        if begun := self.begun.result():
            await begun.wait()

    async def _pass_on(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin  # noqa: S101  it is a pipe
        while data := await self._waiting.get():
            process.stdin.write(data)
            try:
                await asyncio.wait_for(process.stdin.drain(), STARVED_S)
            except TimeoutError:
                self.kill()
                raise
            self._held_bytes -= len(data)
            self._room.set()
        process.stdin.close()

    async def feed(self, data: bytes) -> None:
        self._waiting.put_nowait(data)
        self._held_bytes += len(data)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._held_bytes > MOST_HELD_BYTES and not self._broken:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            self._broken = "it does not read"
            self.kill()
        if self._broken:
            raise Stuck(self._broken)

    async def read(self) -> bytes:
        process = await asyncio.shield(self.begun)
        return await process.stdout.read(READ_BYTES) if process and process.stdout else b""

    async def close(self) -> None:
        self._waiting.put_nowait(b"")
        await asyncio.wait({self._work}, timeout=PATIENCE_S)
        if not self._work.done():
            self.kill()
            await asyncio.wait({self._work})

    def kill(self) -> None:
        self._waiting.put_nowait(b"")
        if not self.begun.done():
            self._work.cancel()
        elif process := self.begun.result():
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def _begin(command: list[str], turns: asyncio.Semaphore) -> asyncio.subprocess.Process:
    """Run it when its turn comes. Raises OSError."""
    await turns.acquire()
    asyncio.get_running_loop().call_later(TURN_S, turns.release)
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=nowhere)
    restrain(process.pid)
    return process
