"""Rooms of the hub and the streams that listen to them, driven as a server would drive them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from shop.core import hub as hub_module
from shop.core.bus import MemoryBus
from shop.core.hub import Hub, tell_now
from shop.core.room import RING
from shop.core.streams import EventStream, live_room, room_at, stream_path

SECRET = "a-secret-for-tests"
ROOM = live_room("thanh-long")


class Line:
    """One viewer's connection: what arrived, and a way to hang up."""

    def __init__(self, app: EventStream, path: str, **headers: str) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.text = ""
        self._more = asyncio.Event()
        self._gone = asyncio.Event()
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        path, _, query = path.partition("?")
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": pairs}
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.text += message.get("body", b"").decode()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._gone.set()
        self._more.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(5):
            while words not in self.text:
                await self._more.wait()
                self._more.clear()

    async def hang_up(self) -> None:
        self._gone.set()
        await self.task

    @property
    def last_id(self) -> str:
        return [line for line in self.text.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")


async def _not_a_stream(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


@contextmanager
def open_hub(*args: Any) -> Iterator[Hub]:
    hub = Hub(*args)
    try:
        yield hub
    finally:
        hub.close()


def watch(story: Callable[[Hub, EventStream], Awaitable[None]]) -> None:
    with open_hub() as hub:
        asyncio.run(_told(story, hub))


async def _told(story: Callable[[Hub, EventStream], Awaitable[None]], hub: Hub) -> None:
    async with asyncio.timeout(20):
        await story(hub, EventStream(_not_a_stream, hub, SECRET))


def test_what_is_said_reaches_everybody_in_the_room_and_nobody_else() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        lines = [Line(app, "/live/thanh-long/su-kien") for _ in range(3)]
        other = Line(app, "/live/mi-quang/su-kien")
        for line in (*lines, other):
            await line.until("retry")
        hub.tell(ROOM, "pin", "A1\nA2")
        for line in lines:
            await line.until("event: pin\ndata: A1\ndata: A2\n\n")
        hub.tell(live_room("mi-quang"), "pin", "B1")
        await other.until("B1")
        assert "A1" not in other.text

    watch(story)


def test_a_thread_may_tell_and_does_not_wait() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        line = Line(app, "/live/thanh-long/su-kien")
        await line.until("retry")
        await asyncio.to_thread(tell_now, ROOM, "left", "3")
        await line.until("event: left\ndata: 3\n")

    watch(story)


def test_each_viewer_hears_his_language() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        vi, en = Line(app, "/live/thanh-long/su-kien"), Line(app, "/en/live/thanh-long/su-kien")
        await vi.until("retry")
        await en.until("retry")
        hub.tell(ROOM, "pin", {"vi": "còn 3", "en": "3 left"})
        await vi.until("còn 3")
        await en.until("3 left")
        assert "left" not in vi.text

    watch(story)


def test_criterion_26_a_dropped_viewer_gets_each_missed_event_once() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        line = Line(app, "/live/thanh-long/su-kien")
        await line.until("retry")
        hub.tell(ROOM, "pin", "first")
        await line.until("first")
        await line.hang_up()
        for number in range(5):
            hub.tell(ROOM, "pin", f"missed-{number}.")
        back = Line(app, "/live/thanh-long/su-kien", last_event_id=line.last_id)
        await back.until("missed-4.")
        assert [back.text.count(f"missed-{number}.") for number in range(5)] == [1] * 5
        assert "first" not in back.text
        assert "reset" not in back.text

    watch(story)


def test_criterion_26_who_was_away_too_long_is_told_to_read_again_once() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        place = hub.cursor(ROOM)
        for number in range(RING + 1):
            hub.tell(ROOM, "left", str(number))
        back = Line(app, "/live/thanh-long/su-kien", last_event_id=place)
        await back.until("event: reset")
        hub.tell(ROOM, "left", "the newest")
        await back.until("the newest")
        assert back.text.count("event:") == 4  # the server's time, viewers, reset, the newest

    watch(story)


def test_a_place_in_another_servers_ring_means_read_again() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        for cursor in ("00000000-3", "nonsense", "-", "9", hub.cursor(ROOM).split("-")[0] + "-999"):
            back = Line(app, "/live/thanh-long/su-kien", last_event_id=cursor)
            await back.until("event: reset")

    watch(story)


def test_nothing_falls_between_the_page_and_its_stream() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        page_stands_at = hub.cursor(ROOM)
        hub.tell(ROOM, "pin", "told while the page travelled")
        line = Line(app, f"/live/thanh-long/su-kien?tu={page_stands_at}")
        await line.until("told while the page travelled")

    watch(story)


def test_a_letter_reaches_one_viewer_on_all_his_screens() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        mine = [Line(app, "/live/thanh-long/su-kien", cookie="cho_khach=lan-anh-key-0001") for _ in range(2)]
        other = Line(app, "/live/thanh-long/su-kien", cookie="cho_khach=van-tu-key-000002")
        for line in (*mine, other):
            await line.until("retry")
        hub.whisper(ROOM, "lan-anh-key-0001", "mine", "held")
        for line in mine:
            await line.until("event: mine\ndata: held")
        hub.tell(ROOM, "left", "9")
        await other.until("left")
        assert "held" not in other.text

    watch(story)


def test_viewers_are_people_not_connections() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        lines = [Line(app, "/live/thanh-long/su-kien", cookie="cho_khach=lan-anh-key-0001") for _ in range(3)]
        lines.append(Line(app, "/live/thanh-long/su-kien"))
        for line in lines:
            await line.until("retry")
        assert hub.viewers(ROOM) == 2
        assert hub.open_streams == 4
        for line in lines:
            await line.hang_up()
        assert hub.viewers(ROOM) == 0

    watch(story)


def test_a_new_viewer_gets_a_key_and_keeps_it() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        first = Line(app, "/live/thanh-long/su-kien")
        await first.until("retry")
        cookie = first.headers[b"set-cookie"].decode()
        assert "HttpOnly" in cookie
        again = Line(app, "/live/thanh-long/su-kien", cookie=cookie.split(";")[0])
        await again.until("retry")
        assert b"set-cookie" not in again.headers
        assert hub.viewers(ROOM) == 1

    watch(story)


def test_the_number_of_viewers_and_pings_come_with_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "BEAT_S", 0.01)

    async def story(hub: Hub, app: EventStream) -> None:
        line = Line(app, "/live/thanh-long/su-kien")
        await line.until("event: viewers\ndata: 1\n")
        await line.until(": ping\n\n")
        assert line.text.count("event: viewers") == 2  # on entering, and with the first beat

    watch(story)


def test_stopping_the_server_ends_every_stream() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        lines = [Line(app, "/live/thanh-long/su-kien") for _ in range(20)]
        for line in lines:
            await line.until("retry")
        await asyncio.to_thread(hub.close)
        await asyncio.gather(*(line.task for line in lines))
        refused = Line(app, "/live/thanh-long/su-kien")
        await refused.task
        assert refused.status == 503

    watch(story)


def test_a_stalled_reader_does_not_hold_up_the_others() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        stuck = Line(app, "/live/thanh-long/su-kien")
        await stuck.until("retry")

        async def never(_message: Message) -> None:
            await asyncio.Event().wait()

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live/thanh-long/su-kien",
            "query_string": b"",
            "headers": [],
        }
        stalled = asyncio.create_task(app(scope, stuck._receive, never))
        line = Line(app, "/live/thanh-long/su-kien")
        await line.until("retry")
        for number in range(50):
            hub.tell(ROOM, "left", str(number))
        await line.until("data: 49")
        await stuck.hang_up()
        stalled.cancel()

    watch(story)


def test_an_order_is_heard_only_by_those_with_its_address() -> None:
    path = stream_path(SECRET, "order:17", until_s=2_000)
    assert room_at(path, SECRET, now_s=1_999) == "order:17"
    assert room_at(path, SECRET, now_s=2_001) == ""
    assert room_at(path, "another secret", now_s=1_999) == ""
    assert room_at(path.replace(".2000.", ".9000."), SECRET, now_s=1_999) == ""
    other = stream_path(SECRET, "order:18", until_s=2_000)
    forged = "/su-kien/" + other.split("/")[2].split(".")[0] + "." + path.split(".", 1)[1]
    assert room_at(forged, SECRET, now_s=1_999) == ""
    assert room_at("/live/../su-kien", SECRET, now_s=0) is None


def test_only_reading_is_allowed_and_other_addresses_pass_through() -> None:
    async def story(hub: Hub, app: EventStream) -> None:
        forged = Line(app, "/su-kien/b3JkZXI6MTc.9999999999." + "A" * 22)
        await forged.task
        assert forged.status == 403
        page = Line(app, "/live/thanh-long/su-kien-khac")
        await page.task
        assert page.text == "a page"

    watch(story)


def test_two_processes_are_one_market() -> None:
    async def story() -> None:
        line: list[MemoryBus] = []
        with open_hub(MemoryBus(line)) as one, open_hub(MemoryBus(line)) as two:
            here = Line(EventStream(_not_a_stream, one, SECRET), "/live/thanh-long/su-kien")
            there = Line(EventStream(_not_a_stream, two, SECRET), "/live/thanh-long/su-kien")
            await here.until("retry")
            await there.until("retry")
            one.tell(ROOM, "pin", {"vi": "ghim A1", "en": "pinned A1"})
            await here.until("ghim A1")
            await there.until("ghim A1")
            one._beat()
            assert two.viewers(ROOM) == 2
            assert here.text.count("ghim A1") == 1

    asyncio.run(story())


def test_a_room_without_viewers_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_hub() as hub:
        first = hub.room(ROOM)
        monkeypatch.setattr(hub_module, "KEEP_EMPTY_S", -1.0)
        monkeypatch.setattr(hub_module, "SWEEP_S", -1.0)
        hub.room(live_room("mi-quang"))
        assert hub.room(ROOM) is not first


def test_one_person_with_pages_in_two_processes_is_one_viewer() -> None:
    async def story() -> None:
        line: list[MemoryBus] = []
        with open_hub(MemoryBus(line)) as one, open_hub(MemoryBus(line)) as two:
            here, there = (EventStream(_not_a_stream, hub, SECRET) for hub in (one, two))
            path, lan = "/live/thanh-long/su-kien", "cho_khach=lan-anh-key-0001"
            lines = [Line(here, path, cookie=lan), Line(there, path, cookie=lan), Line(there, path)]
            for viewer in lines:
                await viewer.until("retry")
            one._beat()
            two._beat()
            assert (one.viewers(ROOM), two.viewers(ROOM)) == (2, 2)
            await lines[0].hang_up()
            one._beat()
            assert (one.viewers(ROOM), two.viewers(ROOM)) == (2, 2)
            for viewer in lines[1:]:
                await viewer.hang_up()
            two._beat()
            assert (one.viewers(ROOM), two.viewers(ROOM)) == (0, 0)

    asyncio.run(story())


def test_what_another_process_told_of_its_rooms_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line: list[MemoryBus] = []
    with open_hub(MemoryBus(line)) as hub:
        other = MemoryBus(line)
        for number in range(50):
            other.publish("people", b'{"hub": "abcd", "rooms": {"live:room-%d": [1, 2]}}' % number)
        assert [hub.viewers("live:room-3"), hub.viewers("live:room-49")] == [0, 2]
        assert len(hub._elsewhere["abcd"].rooms) == 1
        monkeypatch.setattr(hub_module, "COUNT_IS_OLD_S", -1.0)
        assert hub.viewers("live:room-49") == 0
        other.publish("people", b'{"hub": "efgh", "rooms": {}}')
        assert set(hub._elsewhere) == {"efgh"}


def test_invented_addresses_fill_no_memory_and_cost_no_open_room_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MOST_ROOMS", 40)

    async def story(hub: Hub, app: EventStream) -> None:
        watched = Line(app, "/live/thanh-long/su-kien")
        await watched.until("retry")
        for number in range(200):
            passing = Line(app, f"/live/invented-{number}/su-kien")
            await passing.until("retry")
            await passing.hang_up()
        assert len(hub._rooms) <= 40
        hub.tell(ROOM, "pin", "A1")
        await watched.until("A1")

    watch(story)
