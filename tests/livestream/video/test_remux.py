"""The program that copies pictures: either of two, with low priority and limits, and never in the way of the shop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from livestream.video import remux
from livestream.video.boxes import Fragment, Init, Splitter
from livestream.video.channel import Channel
from livestream.video.packager import Packager
from livestream.video.remux import KINDS, Ffmpeg, Stuck, arguments, program
from livestream.video.shelf import Shelf
from tests.livestream.video.filmed import film, pieces


async def _through(recording: bytes) -> list[Init | Fragment]:
    one, splitter = await Ffmpeg().start("video/mp4"), Splitter()
    found: list[Init | Fragment] = []

    async def read() -> None:
        while data := await one.read():
            found.extend(splitter.feed(data))

    reading = asyncio.create_task(read())
    for piece in pieces(recording):
        await one.feed(piece)
    await one.close()
    await reading
    return found


@pytest.mark.parametrize("of", ["the system", "the package"])
def test_a_machine_with_python_alone_goes_live_too(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = film(3)
    if of == "the package":
        monkeypatch.setattr(remux, "program", imageio_ffmpeg.get_ffmpeg_exe)
    init, *rest = asyncio.run(_through(recording))
    assert isinstance(init, Init)
    assert init.has_picture
    assert {track.codec for track in init.tracks.values()} == {b"avc1", b"mp4a"}
    shown = [one for one in rest if isinstance(one, Fragment)]
    assert abs(sum(one.duration_s for one in shown) - 3) < 0.1
    assert all(one.duration_s <= 0.6 for one in shown[1:])


def test_the_program_gives_way_to_the_shop_and_writes_no_file() -> None:
    async def look() -> tuple[int, str]:
        one = await Ffmpeg().start("video/mp4")
        pid = (await one.begun).pid  # type: ignore[attr-defined]  # nothing else asks for it
        told = os.getpriority(os.PRIO_PROCESS, pid), Path(f"/proc/{pid}/limits").read_text()
        await one.close()
        return told

    nice, limits = asyncio.run(look())
    assert nice >= remux.NICE
    allowed = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert allowed["Max file size"] == "0"
    assert allowed["Max cpu time"] == str(remux.PROCESSOR_S)
    assert int(allowed["Max address space"]) == remux.MEMORY_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_is_made_of_constants(kind: str) -> None:
    assert arguments(kind)[0] == program()
    told = arguments(kind)
    assert told[told.index("-protocol_whitelist") + 1] == "pipe"
    assert (told[told.index("-i") + 1], told[-1]) == ("pipe:0", "pipe:1")


def test_a_program_that_takes_nothing_and_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "arguments", lambda _kind: ["sleep", "60"])
    monkeypatch.setattr(remux, "PATIENCE_S", 0.2)

    async def feed() -> None:
        one = await Ffmpeg().start("video/mp4")
        try:
            await one.feed(bytes(4_000_000))
        finally:
            await one.close()

    async def close() -> None:
        one = await Ffmpeg().start("video/mp4")
        await one.close()
        assert await one.read() == b""

    began = time.monotonic()
    with pytest.raises(Stuck):
        asyncio.run(feed())
    asyncio.run(close())
    assert time.monotonic() - began < 30


def test_a_program_that_gets_no_turn_for_some_seconds_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that is busy: what came meanwhile is held, and comes out whole."""
    monkeypatch.setattr(remux, "arguments", lambda _kind: ["sh", "-c", "sleep 0.6; cat"])
    monkeypatch.setattr(remux, "PATIENCE_S", 0.3)

    async def film() -> int:
        one = await Ffmpeg().start("video/mp4")
        for _second in range(5):
            await one.feed(bytes(200_000))
        whole = 0
        while whole < 1_000_000 and (came := await one.read()):
            whole += len(came)
        await one.close()
        return whole

    assert asyncio.run(film()) == 1_000_000


def test_who_leaves_late_does_not_close_the_recording_that_took_over(tmp_path: Path) -> None:
    """The first encoder hangs up while the second's first bytes wait for their turn."""

    async def here(do: Callable[..., Any], *told: Any) -> Any:
        return do(*told)

    async def take_over() -> bool:
        head, *rest = pieces(film(2))
        channel = Channel(1, Shelf(tmp_path), Packager(), Ffmpeg(), here)
        await channel.take(1, 0, "video/mp4", head)
        await asyncio.gather(channel.take(2, 0, "video/mp4", head), channel.close_epoch(1))
        goes_on = channel.records(2)
        for seq, piece in enumerate(rest, 1):
            await channel.take(2, seq, "video/mp4", piece)
        await channel.cut()
        return goes_on

    assert asyncio.run(take_over())
