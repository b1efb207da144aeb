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
NICE = 10
MEMORY_BYTES = 1_500_000_000
PROCESSOR_S = 900  # eight hours take about eight minutes
PART_US = 510_000  # a little more than half of a second's group of pictures: two parts a second, none tiny
READ_BYTES = 64 * 1024

_IN = ("-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "pipe")
_FAST = ("-fflags", "+nobuffer+genpts", "-probesize", "100000", "-analyzeduration", "500000")
_PATIENT = ("-fflags", "+genpts", "-probesize", "1000000", "-analyzeduration", "5000000")
"""Encoders may send seconds of sound before the first picture; what is known earlier is not waited for."""
_MAP = ("-map", "0:v:0", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1", "-c:v", "copy")
_SOUND = ("-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "44100", "-af", "aresample=async=1")
_OUT = ("-max_muxing_queue_size", "1024", "-flush_packets", "1", "-f", "mp4")
_SHAPE = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", str(PART_US))


class Stuck(Exception):
    """The recording is no longer taken: the program died, or did not read for `PATIENCE_S`."""


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
    """Recordings through ffmpeg, one process each."""

    async def start(self, kind: str) -> Remux:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*arguments(kind), stdin=pipe, stdout=pipe, stderr=nowhere)
        restrain(process.pid)
        return _Process(process)


class _Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.stdin  # noqa: S101  both are pipes
        assert process.stdout  # noqa: S101
        self._into, self._from = process.stdin, process.stdout

    async def feed(self, data: bytes) -> None:
        try:
            self._into.write(data)
            await asyncio.wait_for(self._into.drain(), PATIENCE_S)
        except (OSError, TimeoutError) as error:
            self.kill()
            raise Stuck(repr(error)) from error

    async def read(self) -> bytes:
        return await self._from.read(READ_BYTES)

    async def close(self) -> None:
        self._into.close()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
