"""A simulator on a real port with a shop beside it that only listens, and gateways that do not answer."""

from __future__ import annotations

import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from payments.gateway import RawRequest
from tests.served import serving
from tests.servers import free_port


@dataclass
class Place:
    """`url` is the simulator's; `heard` are the notifications the shop got, in order."""

    url: str
    shop_url: str
    app: Starlette
    heard: queue.Queue[RawRequest] = field(default_factory=queue.Queue)

    def next(self, within_s: float = 5) -> RawRequest:
        return self.heard.get(timeout=within_s)

    def nothing_more(self) -> bool:
        return self.heard.empty()


@contextmanager
def played(make: Callable[[str], Starlette]) -> Iterator[Place]:
    """`make(notify_url)` is the simulator; it stands under /gateway, as it does in the market."""
    port = free_port()
    shop_url = f"http://127.0.0.1:{port}"
    simulator = make(f"{shop_url}/ipn")
    place = Place(f"{shop_url}/gateway", shop_url, simulator)

    async def listen(request: Request) -> Response:
        place.heard.put(RawRequest(dict(request.headers.items()), await request.body(), datetime.now(UTC)))
        return PlainTextResponse("")

    async def back(request: Request) -> Response:
        return PlainTextResponse(f"back {request.url.query}")

    routes = [Route("/ipn", listen, methods=["POST"]), Route("/back", back), Mount("/gateway", simulator)]
    with serving(Starlette(routes=routes), port):
        yield place


@contextmanager
def answering(status: int, text: str) -> Iterator[str]:
    """A gateway that says the same to everybody."""

    async def say(request: Request) -> Response:
        return PlainTextResponse(text, status)

    methods = ["GET", "POST"]
    with serving(Starlette(routes=[Route("/{path:path}", say, methods=methods)])) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def hanging() -> Iterator[str]:
    """A gateway that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
