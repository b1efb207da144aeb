"""Whom MediaMTX lets in. Bodies as in its documentation v1.20, Authentication, "External HTTP server"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from livestream import states
from livestream.models import LiveSession, Replay, SessionState
from shop.settings import Settings, WrongSettings, load_settings
from tests.factories_live import OFFICER, make_session
from tests.livestream.mtx.conftest import SECRET, Mtx


def test_an_encoder_with_the_key_of_its_session_publishes_wherever_it_puts_the_key(mtx: Mtx) -> None:
    key = mtx.key
    assert mtx.ask(query=f"key={key}") == 204
    assert mtx.state == "starting"
    assert [mtx.ask(password=key), mtx.ask(token=key)] == [204, 204], "it comes back after a cut"


def test_who_brings_no_key_is_asked_for_it_and_a_wrong_one_changes_nothing(mtx: Mtx) -> None:
    assert mtx.ask() == 401
    wrong = ("đoán bừa", mtx.key + "0", mtx.key.partition("-")[2])
    assert [mtx.ask(password=key) for key in wrong] == [403, 403, 403]
    assert mtx.state == "scheduled"


def test_a_key_opens_the_path_of_its_own_session_alone(mtx: Mtx) -> None:
    key, other = mtx.key, make_session(mtx.db, datetime.now(UTC), on_air=False)[0]
    odd = (
        "",
        "live",
        f"live/{mtx.live_id}/",
        f"live/{mtx.live_id}/x",
        f"live/0{mtx.live_id}",
        "live/99999999",
        "live/١",
    )
    for path in (f"live/{other.id}", *odd, f"khac/{mtx.live_id}", f"../live/{mtx.live_id}"):
        assert mtx.ask(path=path, password=key) == 403, path
    assert mtx.state == "scheduled"


def test_a_session_that_is_over_takes_no_encoder(mtx: Mtx) -> None:
    key = mtx.key
    mtx.ask(password=key)
    mtx.tell("available")
    mtx.end()
    assert mtx.ask(password=key) == 403


def test_while_a_phone_sends_the_encoder_waits_outside(mtx: Mtx) -> None:
    key = mtx.key
    mtx.ask(password=key)
    mtx.tell("available")
    mtx.phone_takes_over()
    assert mtx.ask(password=key) == 403
    assert mtx.tell("available") == 410, "the picture that was there before is cut"


def test_viewers_see_the_picture_while_there_is_one_to_see(mtx: Mtx) -> None:
    watch = {"protocol": "hls", "id": None}
    assert mtx.ask("read", **watch) == 403, "nothing is on yet"
    mtx.ask(password=mtx.key)
    assert mtx.ask("read", **watch) == 403
    mtx.tell("available")
    assert mtx.ask("read", **watch) == 204
    assert mtx.ask("playback", **watch) == 403, "there is no replay of what goes on"
    with mtx.db.write() as session:
        states.stop(session, mtx.live_id, "hàng cấm", OFFICER, datetime.now(UTC))
    assert mtx.ask("read", **watch) == 403


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_replay_that_its_seller_shows_to_nobody_is_not_played_either(mtx: Mtx) -> None:
    mtx.ask(password=mtx.key)
    mtx.tell("available")
    seen = []
    for choice in (Replay.PUBLIC, Replay.HIDDEN):
        with mtx.db.write() as session:
            live = session.get_one(LiveSession, mtx.live_id)
            live.state, live.replay = SessionState.REPLAY, choice
        seen.append(mtx.ask("playback", protocol="hls", id=None))
    assert seen == [204, 403]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_nobody_is_let_to_what_is_for_the_operator(mtx: Mtx) -> None:
    for action in ("api", "metrics", "pprof", "", "publish2"):
        assert mtx.ask(action, password=mtx.key) == 403
        assert mtx.ask(action, path="", password=SECRET) == 403


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_without_the_operators_secret_nothing_is_answered_and_nothing_happens(mtx: Mtx) -> None:
    key = mtx.key
    for auth in (None, ("mtx", ""), ("mtx", SECRET[:-1]), ("mtx", SECRET + "0"), ("", SECRET)):
        mtx.auth = auth
        told = [mtx.ask(password=key), mtx.ask("read"), mtx.tell("available"), mtx.record("mtx-1.mp4", "60")]
        assert told == [403] * 4, auth
    assert mtx.state == "scheduled"


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_market_without_a_secret_has_no_media_server_whatever_is_sent(mtx: Mtx, app: FastAPI) -> None:
    app.state.settings = mtx.settings.model_copy(update={"mtx_secret": ""})
    for auth in (("mtx", ""), ("", ""), ("mtx", SECRET)):
        mtx.auth = auth
        assert mtx.ask(password=mtx.key) == 403


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_what_is_no_question_of_mediamtx_is_refused(mtx: Mtx) -> None:
    auth = ("mtx", SECRET)
    for body in (b"", b"{", b"[]", b'{"action": 7}', b'{"action": "publish", "path": {}}'):
        answer = mtx.line.post(
            "/internal/mtx/auth", content=body, auth=auth, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422, body
    assert mtx.tell("started") == 422
    assert mtx.tell("available", source_id="") == 422
    assert mtx.tell("available", path="live/../1") == 422


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_browser_on_another_site_cannot_knock_there_even_with_the_secret(app: FastAPI, mtx: Mtx) -> None:
    mtx.ask(password=mtx.key)
    mtx.tell("available")
    assert mtx.ask("read") == 204
    mtx.line = TestClient(app, headers={"Sec-Fetch-Site": "cross-site"})
    assert mtx.ask("read") == 403


@pytest.mark.parametrize("secret", ["short", "a" * 31, "with/slash" * 4, "có dấu" * 8])
def test_a_secret_that_is_easy_to_guess_or_breaks_an_address_stops_the_start(secret: str) -> None:
    with pytest.raises(WrongSettings, match="CHOHTX_MTX_SECRET"):
        load_settings(_env_file=None, mtx_secret=secret)
    assert Settings(_env_file=None, mtx_secret=SECRET).mtx_secret == SECRET
