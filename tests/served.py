"""The market on a real port, for tests that need many callers at once."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp

from shop.core.wire import Wire
from tests.servers import free_port


class Answer(NamedTuple):
    """What came back: status, headers in lower case, and the JSON body."""

    status: int
    headers: dict[str, str]
    body: Any


@contextmanager
def serving(app: ASGIApp, port: int | None = None) -> Iterator[int]:
    """Serve `app` in a thread of this process, on `port` or a free one; yields the port."""
    port = port or free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, http=Wire, port=port, log_level="error", backlog=2048, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(15)


def call(port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request on a connection of its own, as one shopper among many."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = None if body is None else json.dumps(body)
        line.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
        answer = line.getresponse()
        text = answer.read()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(text) if text else None)
    finally:
        line.close()
