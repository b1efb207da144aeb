"""The fast way: one answer without an end, each part as soon as it exists. For a player that feeds a media source."""

from __future__ import annotations

import asyncio
import time

from starlette.types import Receive, Scope, Send

from livestream.video import playback
from livestream.video.playback import View
from livestream.video.replies import NEVER, OPEN
from livestream.video.stage import Stage
from shop.core.wire import mind

IDLE_S = 20.0
HEADERS = [(b"content-type", b"video/mp4"), NEVER, *OPEN, (b"x-accel-buffering", b"no")]


async def pour(stage: Stage, view: View, scope: Scope, receive: Receive, send: Send) -> None:
    """Init, then part after part from the newest key frame on. Ends with the epoch: the player asks again.

    A viewer whose line is slower than the picture falls out of the window: then it ends, too. Raises NotReady.
    """
    channel = view.act.channel
    msn, place = await playback.first_key(channel)
    segment = channel.packager.segment(msn)
    assert segment is not None  # noqa: S101  first_key found it just now
    epoch = segment.epoch
    head = (await playback.init(stage, channel, epoch)).body
    view.require()
    mind(scope)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": head, "more_body": True})
    writer = asyncio.create_task(write(stage, view, epoch, (msn, place), send))
    gone = asyncio.create_task(_until_gone(receive))
    await asyncio.wait((writer, gone), return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    writer.cancel()
    await asyncio.gather(writer, gone, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def write(stage: Stage, view: View, epoch: int, begins: tuple[int, int], send: Send) -> None:
    """The parts of an epoch from this one on (segment, place in it), until it ends or may be seen no longer."""
    channel, (msn, place) = view.act.channel, begins
    while view.is_open and not stage.closing:
        changed, segment = channel.changed, channel.packager.segment(msn)
        if segment is not None and segment.epoch != epoch:
            break
        if segment is not None and place < len(segment.parts):
            await send({"type": "http.response.body", "body": segment.parts[place].body, "more_body": True})
            place += 1
            channel.asked_at = time.monotonic()
        elif channel.packager.next_msn > msn:
            if segment is None or channel.packager.ended:
                break
            msn, place = msn + 1, 0
        elif not channel.records(epoch) or not await _soon(changed):
            break
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _soon(changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(IDLE_S):
            await changed.wait()
    except TimeoutError:
        return False
    return True
