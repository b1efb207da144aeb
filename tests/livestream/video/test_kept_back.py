"""Who gets the pictures of a session that is over: everybody, whoever has the address, its own people, or nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from livestream.models import LiveSession, Replay, SessionState
from livestream.video import doors, endless, glue, playback, replies
from livestream.video.channel import Channel
from livestream.video.packager import Packager
from livestream.video.shelf import Shelf, shelf_of
from livestream.video.stage import TICK_S, Act, Stage
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.deps import Person
from shop.settings import Settings
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session
from tests.livestream.video.filmed import film, fragments, pieces

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
S = SessionState
OVER = (S.ENDING, S.PROCESSING, S.REPLAY, S.ARCHIVED)
PICTURES = (
    "index.m3u8", "vod.m3u8", "audio.m3u8", "0.m4s", "0.0.m4s", "init-1.mp4", "0.a.m4s", "init-1.a.mp4",
    "video.mp4", "clip-1.mp4", "poster.jpg", "fast",
)  # fmt: skip
OF_A_REPLAY = tuple(name for name in PICTURES if name not in ("0.0.m4s", "fast"))
Clients = Callable[[], TestClient]


class Filmed(NamedTuple):
    live: LiveSession
    host: Person


def record(shelf: Shelf) -> Packager:
    """Eight seconds of a phone's picture, and the files that were made of them."""
    made, recording = Packager(), film(8)
    made.open_epoch(1)
    shelf.keep_init(1, pieces(recording)[0])
    for second, fragment in enumerate(fragments(recording)):
        _closed, growing = made.add(fragment, 1_700_000_000.0 + second)
        shelf.append(growing.msn, growing.parts[-1].body)
    made.end()
    for row in made.rows:
        shelf.close(row)
    for name in ("video.mp4", "clip-1.mp4", "poster.jpg"):
        shelf.path(name).write_bytes(b"made of it")
    return made


@pytest.fixture
def filmed(db: Database, settings: Settings) -> Callable[[S, Replay], Filmed]:
    """Makes sessions that were filmed and stand in this state by now."""

    def make(state: S, replay: Replay) -> Filmed:
        live, _items, host = make_session(db, datetime.now(UTC))
        record(shelf_of(settings.data_dir, live.id))
        with db.write() as session:
            row = session.get_one(LiveSession, live.id)
            row.state, row.replay, row.has_video = state, replay, True
            row.ended_at = datetime.now(UTC)
        return Filmed(row, host)

    return make


def statuses(client: TestClient, live: LiveSession, names: tuple[str, ...] = PICTURES) -> dict[str, int]:
    return {name: client.get(f"/hinh/{live.id}/{name}").status_code for name in names}


@pytest.mark.parametrize("state", OVER)
def test_a_stranger_learns_nothing_of_a_replay_that_is_kept_back_from_its_end_on(
    client: TestClient, db: Database, filmed: Callable[[S, Replay], Filmed], state: S
) -> None:
    kept_back = filmed(state, Replay.HIDDEN).live
    assert statuses(client, kept_back) == dict.fromkeys(PICTURES, 404)
    invented = client.get("/hinh/4711/vod.m3u8")
    assert client.get(f"/hinh/{kept_back.id}/vod.m3u8").json() == invented.json()
    told = glue.standings(db, [kept_back.id])[kept_back.id]
    assert (told.state, told.is_kept_back) == (state, True), "its phone still sends the last pieces, for its own people"
    page = client.get(f"/live/{kept_back.slug}")
    if state != S.ENDING:
        assert page.status_code == 404
    else:
        assert "Buổi live đã kết thúc." in page.text, "who was looking on reads for some seconds that it is over"
        assert "/hinh/" not in page.text


@pytest.mark.parametrize("replay", [Replay.PUBLIC, Replay.UNLISTED])
def test_whoever_has_the_address_sees_a_replay_and_an_unlisted_one_stands_in_no_list(
    client: TestClient, filmed: Callable[[S, Replay], Filmed], replay: Replay
) -> None:
    for shown in [filmed(state, replay).live for state in (S.PROCESSING, S.REPLAY)]:
        assert statuses(client, shown, OF_A_REPLAY) == dict.fromkeys(OF_A_REPLAY, 200)
        assert client.get(f"/live/{shown.slug}").status_code == 200
        lists = ("/live", "/sitemap/live-0.xml", "/api/v1/live")
        assert {shown.slug in client.get(page).text for page in lists} == {replay == Replay.PUBLIC}


def test_what_was_stopped_is_gone_for_everybody_and_says_so(
    client: TestClient, db: Database, filmed: Callable[[S, Replay], Filmed]
) -> None:
    for stopped, host in [filmed(state, Replay.HIDDEN) for state in (S.TERMINATED, S.HIDDEN)]:
        assert set(statuses(client, stopped).values()) == {410}
        sign_in(client, db, host)
        assert set(statuses(client, stopped).values()) == {410}
        client.cookies.clear()


def test_its_own_people_watch_what_they_keep_back_and_nothing_of_it_stays_in_a_cache(
    new_client: Clients, db: Database, filmed: Callable[[S, Replay], Filmed]
) -> None:
    ours, host = filmed(S.REPLAY, Replay.HIDDEN)
    stranger = filmed(S.REPLAY, Replay.PUBLIC).host
    seller, other, officer, guest = (new_client() for _ in range(4))
    for browser, person in ((seller, host), (other, stranger), (officer, make_person(db, Role.OFFICER))):
        sign_in(browser, db, person)
    guest.cookies.set("cho_phien", "x" * 43)
    for name in OF_A_REPLAY:
        answer = seller.get(f"/hinh/{ours.id}/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store"), name
        assert "access-control-allow-origin" not in answer.headers, "and no other site reads it"
    assert officer.get(f"/hinh/{ours.id}/video.mp4").status_code == 200, "who watches over all may look, too"
    assert set(statuses(other, ours).values()) == set(statuses(guest, ours).values()) == {404}
    figures = seller.get(f"/ban-hang/live/{ours.id}/so-lieu").text
    assert f'<video controls preload="none" src="/hinh/{ours.id}/video.mp4"' in figures


def test_nothing_that_a_front_cache_keeps_outlives_a_stop_by_five_seconds(
    client: TestClient, filmed: Callable[[S, Replay], Filmed]
) -> None:
    """Criterion 29: the media server hears of a stop within a second, and a cache has what it shows for two more."""
    shown = filmed(S.REPLAY, Replay.PUBLIC).live
    for name in OF_A_REPLAY:
        answer = client.get(f"/hinh/{shown.id}/{name}")
        told = answer.headers["cache-control"]
        assert told == ("max-age=1" if name.endswith(".m3u8") else "public, max-age=2, must-revalidate"), name
        if name.endswith((".m4s", ".jpg")):
            known = client.get(f"/hinh/{shown.id}/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", answer.headers["etag"])
            assert client.get(f"/hinh/{shown.id}/{name}", headers={"If-None-Match": '"other"'}).status_code == 200
    assert TICK_S + replies.SHOWN_FOR_S + 1 < 5, "and caches count in whole seconds"


def test_a_session_that_begins_has_its_poster_while_the_film_of_another_is_made(app: FastAPI, tmp_path: Path) -> None:
    """That takes minutes, and pages ask for the poster in the first second."""
    act, stage = act_on_air(tmp_path), app.state.stage
    act.channel.shelf.path("poster.jpg").unlink()
    act.channel.inits[1] = pieces(film(8))[0]
    goes_on = threading.Event()
    stage._cutter.submit(goes_on.wait, 20)
    try:
        asyncio.run(asyncio.wait_for(stage._keep_poster(act.channel), 10))
    finally:
        goes_on.set()
    assert act.channel.shelf.path("poster.jpg").read_bytes()[:2] == b"\xff\xd8"


def act_on_air(tmp_path: Path) -> Act:
    shelf = Shelf(tmp_path)
    made = record(shelf)
    made.ended = False
    channel = Channel(7, shelf, made, None, None)  # type: ignore[arg-type]  # nothing of it is recorded here
    return Act(channel, glue.Standing(S.LIVE, 1))


def test_who_is_being_sent_something_when_it_is_stopped_gets_no_more_of_it(app: FastAPI, tmp_path: Path) -> None:
    asyncio.run(_sent_until_it_is_stopped(app.state.stage, act_on_air(tmp_path)))


async def _sent_until_it_is_stopped(stage: Stage, act: Act) -> None:
    sent = []
    view = playback.View(act)

    async def send(message: Any) -> None:
        sent.append(message)
        act.standing = glue.Standing(S.TERMINATED, 1)

    first = act.channel.packager.window[0]
    act.channel.inits[1] = b"init"
    await endless.write(stage, view, first.epoch, (first.msn, 0), send)
    assert [bool(message["body"]) for message in sent] == [True, False]
    act.standing, before = glue.Standing(S.REPLAY, 0), time.monotonic() - 1000
    act.channel.asked_at = before
    guarded = doors.while_shown(view, send)
    await guarded({"type": "http.response.body", "body": b"1", "more_body": True})
    assert act.channel.asked_at > before, "a long download is somebody who looks on"
    with pytest.raises(ClientDisconnect):
        await guarded({"type": "http.response.body", "body": b"2", "more_body": True})
