"""Streams over real connections, which they have for themselves."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version
from operator import attrgetter

import pytest
from starlette.types import Receive, Scope, Send

from shop.core import hub as hub_module
from shop.core import wire
from shop.core.hub import Hub
from shop.core.room import RING
from shop.core.streams import MOST_OF_ONE, EventStream, live_room
from shop.core.wire import Wire
from tests.served import serving
from tests.streams import Stream

ROOM, PATH = live_room("thanh-long"), "/live/thanh-long/su-kien"
LONG = "x" * 4_000
FULL_LINE = 64 * 1024  # what uvloop and asyncio hold back for a socket before they say that it is full


async def a_page(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"a page"})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(hub_module, "BEAT_S", 0.05)
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def port(hub: Hub) -> Iterator[int]:
    with serving(EventStream(a_page, hub, "a-secret-for-tests")) as port:
        yield port


def asked(port: int, *paths: str) -> socket.socket:
    """A connection on which these addresses were asked for in one breath."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(20)
    line.connect(("127.0.0.1", port))
    line.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: m\r\n\r\n" % path.encode() for path in paths))
    return line


def read_until(line: socket.socket, words: bytes, before: bytes = b"") -> bytes:
    """What came `before` and what comes until these words. Fails after 20 s without them, for beats come for ever."""
    read, until = bytearray(before), time.monotonic() + 20
    while words not in read:
        assert time.monotonic() < until, f"no {words!r} within 20 s"
        more = line.recv(1 << 16)
        assert more, f"the line ended without {words!r}"
        read += more
    return bytes(read)


def test_nothing_of_its_request_lives_on_beside_a_stream(hub: Hub, port: int) -> None:
    gc.collect()  # what tests before it left
    stream = Stream(port, PATH)
    stream.until("viewers", "1")
    hub.tell(ROOM, "pin", "A1")
    assert stream.until("pin") == "A1"
    assert not [thing for thing in gc.get_objects() if type(thing) is Wire]
    stream.drop()


def test_who_hangs_up_is_not_counted_any_more(hub: Hub, port: int) -> None:
    stays, goes = Stream(port, PATH), Stream(port, PATH)
    stays.until("viewers", "2")
    goes.drop()
    stays.until("viewers", "1")
    assert hub.open_streams == 1
    stays.drop()


@pytest.mark.parametrize("paths", [("/", PATH), ("/", PATH, "/"), (PATH, "/")])
def test_a_page_before_a_stream_on_one_connection_and_nothing_after_it(
    hub: Hub, port: int, paths: tuple[str, ...]
) -> None:
    with asked(port, *paths) as line:
        assert read_until(line, b"event: viewers").count(b"a page") == (paths[0] == "/")
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        hub.tell(ROOM, "pin", "A1")
        assert b"a page" not in read_until(line, b"data: A1")


def test_one_visitor_has_so_many_pages_of_a_room_and_no_more(hub: Hub, port: int) -> None:
    asking = b"GET %s HTTP/1.1\r\nHost: m\r\nCookie: cho_khach=%s\r\n\r\n" % (PATH.encode(), b"k" * 32)
    lines = []
    for _ in range(MOST_OF_ONE + 1):
        line = socket.create_connection(("127.0.0.1", port), timeout=20)
        line.sendall(asking)
        lines.append(line)
        first = line.recv(1 << 16)
        assert first.startswith(b"HTTP/1.1 200" if len(lines) <= MOST_OF_ONE else b"HTTP/1.1 429")
    assert hub.open_streams == MOST_OF_ONE
    for line in lines:
        line.close()


def test_who_does_not_read_costs_one_full_line_and_reads_again_from_one_reset(hub: Hub, port: int) -> None:
    with asked(port, PATH) as stalled:
        read_until(stalled, b"event: viewers")
        [[silent]] = hub.room(ROOM).viewers.values()
        reads = Stream(port, PATH)
        for burst in range(12):
            for number in range(RING - 10):
                hub.tell(ROOM, "left", f"{burst}-{number} {LONG}")
            hub.tell(ROOM, "burst", str(burst), at_once=True)
            reads.until("burst", str(burst))
        assert not silent.open
        assert silent.line.get_write_buffer_size() < FULL_LINE + RING * (len(LONG) + 100)  # type: ignore[attr-defined]
        hub.tell(ROOM, "pin", "the newest")
        reads.until("pin")
        missed = read_until(stalled, b"event: reset")
        hub.tell(ROOM, "pin", "after that")
        assert b"event: reset" not in read_until(stalled, b"after that")
        assert b"the newest" not in missed
        reads.drop()


def test_who_takes_in_nothing_any_more_is_gone_soon_and_a_thin_line_stays(
    hub: Hub, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that vanished, and one that reads a few bytes now and then."""
    monkeypatch.setattr(wire, "GONE_AFTER_MS", 1_500)
    with asked(port, PATH) as vanished, asked(port, PATH) as thin:
        for line in (vanished, thin):
            read_until(line, b"event: viewers")
        until, burst, told = time.monotonic() + 20, 0, b""
        while hub.open_streams == 2 and time.monotonic() < until:
            for _ in range(RING - 10):
                hub.tell(ROOM, "left", f"{burst} {LONG}")
            told += thin.recv(4096)
            burst += 1
        assert hub.open_streams == 1
        hub.tell(ROOM, "pin", "the newest")
        read_until(thin, b"event: reset", told)  # it may have caught up and been told already


def test_streams_go_on_without_the_short_way_when_uvicorn_names_its_things_otherwise(
    hub: Hub, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TAKEN", attrgetter("scope", "cycle.renamed"))
    stream = Stream(port, PATH)
    stream.until("viewers", "1")
    hub.tell(ROOM, "pin", "A1")
    assert stream.until("pin") == "A1"
    assert [thing for thing in gc.get_objects() if type(thing) is Wire]
    stream.drop()


def test_the_uvicorn_in_use_is_one_whose_connections_are_known() -> None:
    """A newer one: read shop/core/wire.py beside uvicorn's HttpToolsProtocol, then move the upper end in both."""
    release = tuple(map(int, version("uvicorn").split(".")[:2]))
    assert (0, 38) <= release <= (0, 54)


def test_the_server_stops_although_streams_are_open(hub: Hub) -> None:
    with serving(EventStream(a_page, hub, "a-secret-for-tests")) as port:
        lines = [asked(port, PATH) for _ in range(100)]
        for line in lines:
            read_until(line, b"event: viewers")
    assert hub.open_streams == 0
    for line in lines:
        while line.recv(1 << 16):
            pass
        line.close()
