"""Whoever guesses the address of a session that is none of theirs hears nothing of it, and not that there is one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message

from livestream import open_rooms
from livestream.models import LiveItem, LiveSession, Replay, SessionState
from livestream.screen import Screen, studio_room
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.hub import Hub
from shop.core.room import Room
from shop.core.streams import live_room
from tests.factories_accounts import sign_in
from tests.factories_live import make_session

Clients = Callable[[], TestClient]
Made = tuple[LiveSession, LiveItem, Person]
S = SessionState


@pytest.fixture
def make(db: Database) -> Callable[[str], Made]:
    """Sessions with one item that the public may not know of."""

    def made(what: str) -> Made:
        live, (item,), host = make_session(db, datetime.now(UTC), on_air=False)
        with db.write() as session:
            row = session.get_one(LiveSession, live.id)
            if what == "practice":
                row.state, row.is_practice = S.LOBBY, True
            elif what == "draft":
                row.state = S.DRAFT
            elif what == "kept back":
                row.state, row.replay = S.REPLAY, Replay.HIDDEN
        return row, item, host

    return made


@pytest.fixture
def hub() -> Iterator[Hub]:
    """One of the test's own: the market's screen shows what it sees, too."""
    made = Hub()
    yield made
    made.close()


def said_in(room: Room) -> bytes:
    return b"".join(frame for frames in room.ring for frame in frames.values())


def stream(app: FastAPI, slug: str, lang: str = "") -> int:
    """How a browser is answered that opens the room's stream; it leaves as soon as it knows."""
    return asyncio.run(_stream(app, f"{lang}/live/{slug}/su-kien"))


async def _stream(app: FastAPI, path: str) -> int:
    answered: list[Message] = []
    known = asyncio.Event()

    async def send(message: Message) -> None:
        answered.append(message)
        known.set()

    async def receive() -> Message:
        await known.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    async with asyncio.timeout(20):
        await app({**scope, "headers": [], "http_version": "1.1", "scheme": "http"}, receive, send)
    return int(answered[0]["status"])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", ["practice", "draft", "kept back"])
def test_a_stranger_hears_no_goods_no_prices_and_no_words_and_its_own_people_do(
    client: TestClient, app: FastAPI, hub: Hub, db: Database, make: Callable[[str], Made], what: str
) -> None:
    live, item, host = make(what)
    outside, inside = hub.room(live_room(live.slug)), hub.room(studio_room(live.id))
    screen = Screen(db, hub, app.state.templates)
    screen.show(live.id)
    with db.write() as session:
        session.get_one(LiveItem, item.id).live_price_vnd = 140_000
    screen.show(live.id)
    told = said_in(outside)
    assert told.replace(b"event: state\ndata: gone\n", b"").count(b"data:") == 0
    assert (b"gone" in told) == (what == "kept back"), "who still looks at the room goes on to the others"
    assert inside.seq == 2
    here = app.state.hub.room(live_room(live.slug))
    sign_in(client, db, host).post(f"/ban-hang/live/{live.id}/binh-luan/noi", data={"words": "Chỉ mình tôi nghe"})
    assert "Chỉ mình tôi nghe" in client.get(f"/ban-hang/live/{live.id}/binh-luan").text
    assert "Chỉ mình tôi nghe".encode() not in said_in(here)
    assert stream(app, live.slug) == stream(app, live.slug, "/en") == stream(app, "khong-co") == 404


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_room_opens_for_all_with_its_session(
    app: FastAPI, hub: Hub, db: Database, make: Callable[[str], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_rooms, "FRESH_S", 0.0)
    draft, item, _host = make("draft")
    assert stream(app, draft.slug) == 404
    screen, room = Screen(db, hub, app.state.templates), hub.room(live_room(draft.slug))
    screen.show(draft.id)
    with db.write() as session:
        session.get_one(LiveSession, draft.id).state = S.SCHEDULED
    assert stream(app, draft.slug) == stream(app, draft.slug, "/en") == 200
    screen.show(draft.id)
    assert item.code.encode() in said_in(room)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_thousands_who_open_the_same_room_ask_the_database_once(
    db: Database, make: Callable[[str], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, _item, _host = make("scheduled")
    rooms, looked = open_rooms.OpenRooms(db), Counter[str]()
    look = rooms.look

    def counted(slug: str) -> bool:
        looked[slug] += 1
        return look(slug)

    monkeypatch.setattr(rooms, "look", counted)

    async def come(slugs: list[str]) -> list[bool]:
        return list(await asyncio.gather(*(rooms.knows(slug) for slug in slugs)))

    assert all(asyncio.run(come([live.slug] * 200)))
    assert looked == {live.slug: 1}
    monkeypatch.setattr(open_rooms, "MOST", 10)
    assert not any(asyncio.run(come([f"bua-{number}" for number in range(50)])))
    assert rooms.known_rooms <= 10, "names that somebody makes up do not pile up"
