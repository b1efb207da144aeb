"""The least that can be written to a crowd: one asyncio.Protocol, a list of transports, a joined frame each tick.

    python -m tests.bench.bare_stream PORT PER_S SECONDS

Answers every request with an endless event stream. A line on its input begins the talking; prints "done" after it. No
room, no ring, no languages, no letters: what it takes is what the machine takes, and the market is measured against it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from typing import cast

from shop.core.room import TICK_S

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: keep-alive\r\n\r\n"


def sentence(number: int) -> str:
    """A sentence of the chat as rooms get it, 220 bytes, with the time at which it was said."""
    line = f'<li id="c-{number}"><b>Chị Lan @{time.monotonic_ns():019d}</b> Cho chị hai thùng xoài cát nhé'
    partial = f'<hx-partial hx-target="#chat-lines" hx-swap="beforeend">{line}</li></hx-partial>'
    return partial + " " * max(0, 220 - len(partial.encode()))


OPEN: list[asyncio.Transport] = []


class Viewer(asyncio.Protocol):
    """One open stream."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(HEAD)
        OPEN.append(self.transport)


async def _talk(per_s: int, seconds: float) -> None:
    for number in range(int(seconds / TICK_S)):
        said = [sentence(number) for _ in range(int(per_s * TICK_S))]
        joined = "".join(f"data: {words}\n\n" for words in said).encode()
        for transport in OPEN:
            transport.write(joined)
        await asyncio.sleep(TICK_S)


async def _serve(port: int, per_s: int, seconds: float) -> None:
    loop, ordered = asyncio.get_running_loop(), asyncio.Event()
    await loop.create_server(Viewer, "127.0.0.1", port, backlog=4096)
    threading.Thread(target=_listen, args=(loop, ordered), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ordered.wait()
    await _talk(per_s, seconds)
    sys.stdout.write("done\n")
    sys.stdout.flush()
    await asyncio.sleep(60)


def _listen(loop: asyncio.AbstractEventLoop, ordered: asyncio.Event) -> None:
    if sys.stdin.readline():
        loop.call_soon_threadsafe(ordered.set)
    sys.stdin.readline()
    os._exit(0)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
