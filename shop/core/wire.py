"""uvicorn's connection, which an endless answer may have for itself.

What is taken from uvicorn here is its own affair and may be called otherwise in another release: then nothing is handed
over, and streams go through plain ASGI, at the cost of more memory.

Beside a stream that is only written to, a parser, a request, a task and their buffers would live on for hours: many
times the memory of the stream itself, and a wake-up for each of ten thousand viewers at every tick.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WIRE = "chohtx.wire"
GONE_AFTER_MS = 25_000
"""Who has not taken in anything for so long is gone. Whoever merely lost the line for that time comes back by himself,
and misses nothing. Without it the kernel waits for a phone that vanished about a quarter of an hour."""
TAKEN = attrgetter(
    "scope", "transport", "parser", "connections", "flow.write_paused", "flow.resume_reading",
    "cycle.disconnected", "cycle.response_started", "cycle.response_complete", "server_state.default_headers",
)  # fmt: skip
"""What uvicorn 0.38 to 0.54 keeps of a connection."""
Headers = Iterable[tuple[bytes, bytes]]


class Taker(Protocol):
    """Who can have a connection: an asyncio.Protocol that uvicorn may ask to end."""

    of_server: set[Any]

    def pause_writing(self) -> None: ...

    def shutdown(self) -> None: ...


class Wire(HttpToolsProtocol):
    """One connection. Requests find it in their scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {WIRE: {"of": weakref.ref(self)}}

    def hand_over(self, scope: Scope, taker: Taker, headers: Headers) -> asyncio.Transport | None:
        """Begin a 200 without end and let `taker` have the connection; it hears when it is lost.

        None when it is lost already, when another request waits behind this one, or when uvicorn is not as we know it.
        """
        try:
            TAKEN(self)
        except AttributeError:
            return None
        if self.cycle.disconnected or self.scope is not scope:
            return None
        self.cycle.response_started = self.cycle.response_complete = True
        pairs = [*self.server_state.default_headers, *headers, (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % pair for pair in pairs)
        self.transport.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        self.flow.resume_reading()
        if self.flow.write_paused:
            taker.pause_writing()
        taker.of_server = connections = cast("set[Any]", self.connections)
        connections.discard(self)
        connections.add(taker)
        self.transport.set_protocol(cast("asyncio.Protocol", taker))
        del self.parser
        return self.transport


def take_over(scope: Scope, taker: Taker, headers: Headers) -> asyncio.Transport | None:
    """The connection of this request, begun as a 200 with these headers. None: it cannot be had, answer as ever."""
    wire = _of(scope)
    line = wire.hand_over(scope, taker, headers) if wire else None
    if line:
        _mind(line)
    return line


def mind(scope: Scope) -> None:
    """Let an endless answer to this request end when its reader has vanished. Not for files: their readers pause."""
    if (wire := _of(scope)) and (line := getattr(wire, "transport", None)):
        _mind(line)


def _of(scope: Scope) -> Wire | None:
    ours = (scope.get("extensions") or {}).get(WIRE)
    return ours["of"]() if ours else None


def _mind(line: asyncio.Transport) -> None:
    """Linux gives a line up by itself; a slow one that takes in a little now and then stays.

    Source: tcp(7), TCP_USER_TIMEOUT. Elsewhere, and on a line that is no TCP, all is as it was.
    """
    option, line_socket = getattr(socket, "TCP_USER_TIMEOUT", None), line.get_extra_info("socket")
    if option and line_socket:
        with contextlib.suppress(OSError):
            line_socket.setsockopt(socket.IPPROTO_TCP, option, GONE_AFTER_MS)
