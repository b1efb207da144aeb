"""uvicorn's connection, which an endless answer may have for itself.

Beside a stream that is only written to, a parser, a request, a task and their buffers would live on for hours: many
times the memory of the stream itself, and a wake-up for each of ten thousand viewers at every tick.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable
from typing import Any, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WIRE = "chohtx.wire"
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

        None when it is lost already, or when another request waits behind this one.
        """
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
    ours = (scope.get("extensions") or {}).get(WIRE)
    wire: Wire | None = ours["of"]() if ours else None
    return wire.hand_over(scope, taker, headers) if wire else None
