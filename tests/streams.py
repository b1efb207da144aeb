"""Event streams and pages over a real connection, as a viewer's browser has them."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from fastapi import FastAPI

from shop.core.deps import VISITOR
from tests.served import serving


class Stream:
    """One open event stream."""

    def __init__(self, port: int, path: str, last_id: str = "", visitor: str = "") -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        headers |= {"Cookie": f"{VISITOR}={visitor}"} if visitor else {}
        self._line.request("GET", path, headers=headers)
        self._answer = self._line.getresponse()
        assert self._answer.status == 200
        self.last_id = last_id

    def next(self) -> tuple[str, str]:
        """The next event: its name ("" for a block to swap in) and what it says."""
        name, said = "", []
        while line := self._answer.readline().decode().rstrip("\n"):
            field, _, value = line.partition(": ")
            if field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "data":
                said.append(value)
        return name, "\n".join(said)

    def until(self, name: str, words: str = "") -> str:
        """Read on until an event of this name says these words. Fails after 20 s without it."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            event, said = self.next()
            if event == name and words in said:
                return said
        raise AssertionError(f"no {name or 'unnamed'} event with {words!r} within 20 s")

    def drop(self) -> None:
        """As when the phone loses its network."""
        self._answer.close()
        self._line.close()


class Market:
    """The served market and the streams that stand open on it."""

    def __init__(self, port: int, open_now: ExitStack) -> None:
        self.port, self._open_now = port, open_now

    def page(self, path: str) -> str:
        """A page as a browser gets it."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            line.request("GET", path)
            answer = line.getresponse()
            assert answer.status == 200
            return answer.read().decode()

    def stream(self, address: str, last_id: str = "", visitor: str = "") -> Stream:
        """A stream that stays open until the test ends or drops it; of somebody new if no visitor is named."""
        stream = Stream(self.port, address, last_id, visitor)
        self._open_now.callback(stream.drop)
        return stream


@contextmanager
def market(app: FastAPI) -> Iterator[Market]:
    with serving(app) as port, ExitStack() as open_now:
        yield Market(port, open_now)


def stream_of(html: str) -> str:
    """The address at which the page listens."""
    found = re.search(r'hx-sse:connect="([^"]+)"', html)
    assert found
    return found[1]
