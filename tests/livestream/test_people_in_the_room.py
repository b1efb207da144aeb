"""Who may say what, and who hears it: hidden, muted, blocked, pinned, reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from livestream import service as live
from livestream.chat import talk
from livestream.models import LiveReport, LiveSession
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.hub import Hub
from shop.core.streams import live_room
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session
from tests.livestream.chatting import claims, held, say

Clients = Callable[[], TestClient]


def told(client: TestClient, on_air: LiveSession) -> str:
    """What the open rooms of this session were told lately."""
    hub: Hub = client.app.state.hub  # type: ignore[attr-defined]  # the app of the test client is ours
    ring = hub.room(live_room(on_air.slug)).ring
    return b"".join(said for frames in ring for said in frames.values()).decode()


def test_criterion_25_a_hidden_sentence_goes_from_all_screens_at_once(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    client.get(f"/live/{on_air.slug}")  # whoever looks on makes the room
    new_client().post(f"/live/{on_air.slug}/chat", data={"words": "Hàng giả!", "name": "Lan"})
    assert "Hàng giả!" in told(client, on_air)
    sign_in(client, db, host).post(f"/ban-hang/live/{on_air.id}/binh-luan/1/xu-ly", data={"what": "hide"})
    assert re.search(r"event: chat-hide\ndata: 1\n", told(client, on_air))
    assert "Hàng giả!" not in new_client().get(f"/live/{on_air.slug}").text


def test_criterion_25_a_muted_viewer_seems_heard_and_reaches_nobody(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    on_air, (item,), host = make_session(db, datetime.now(UTC))
    lan, chat = new_client(), f"/live/{on_air.slug}/chat"
    lan.get(f"/live/{on_air.slug}")
    lan.post(chat, data={"words": "Chào cả nhà", "name": "Lan"})
    sign_in(client, db, host).post(f"/ban-hang/live/{on_air.id}/binh-luan/1/xu-ly", data={"what": "mute"})
    answer = lan.post(chat, data={"words": "Nghe tôi nói này"})
    assert "Nghe tôi nói này" in answer.text
    assert "Nghe tôi nói này" in lan.get(f"/live/{on_air.slug}/cua-toi").text
    assert "Nghe tôi nói này" not in told(client, on_air)
    for other in (new_client(), lan):
        assert "Nghe tôi nói này" not in other.get(f"/live/{on_air.slug}").text
    lan.post(chat, data={"words": "A1"})
    assert held(db, item) == 1  # muted is not blocked: they may still buy


def test_what_i_hold_makes_no_second_key_beside_the_streams(client: TestClient, db: Database) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC))
    assert "set-cookie" not in client.get(f"/live/{on_air.slug}/cua-toi").headers


def test_a_blocked_buyer_orders_nothing_and_is_not_told(client: TestClient, db: Database, new_client: Clients) -> None:
    on_air, (item,), host = make_session(db, datetime.now(UTC))
    lan, chat = new_client(), f"/live/{on_air.slug}/chat"
    lan.post(chat, data={"words": "Chào", "name": "Lan"})
    desk = f"/ban-hang/live/{on_air.id}/binh-luan"
    sign_in(client, db, host).post(f"{desk}/1/xu-ly", data={"what": "block"})
    answer = lan.post(chat, data={"words": "A1 x2"})
    assert ("chặn" in answer.text, "A1 x2" in answer.text) == (False, True)
    assert (claims(db, on_air), held(db, item)) == ([], 0)
    assert "người này đang bị chặn đặt hàng" in client.get(desk).text


def test_a_pinned_sentence_comes_and_goes_on_open_screens(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    say(db, on_air, "Lan", "Xoài ngon lắm", now)
    address = f"/ban-hang/live/{on_air.id}/binh-luan/1/xu-ly"
    client.get(f"/live/{on_air.slug}")  # whoever looks on makes the room
    sign_in(client, db, host).post(address, data={"what": "pin"})
    assert re.search(r'#pinned-said.*class="pinned-said">.*Xoài ngon lắm', told(client, on_air))
    client.post(address, data={"what": "unpin"})
    assert 'class="pinned-said" hidden' in told(client, on_air).rpartition("#pinned-said")[2]


def test_a_reported_sentence_is_kept_for_the_operator_whatever_the_seller_does(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    say(db, on_air, "Tư", "Thuốc này chữa ung thư, gọi 0912345678", now)
    viewer, address = new_client(), f"/live/{on_air.slug}/bao-vi-pham"
    for sentence in ("1", "1", "0", "99"):
        viewer.post(address, data={"reason": "fake", "words": "nói quá", "sentence": sentence})
    sign_in(client, db, host).post(f"/ban-hang/live/{on_air.id}/binh-luan/1/xu-ly", data={"what": "hide"})
    with db.read() as session:
        kept = list(session.exec(select(LiveReport).order_by(LiveReport.id)))  # type: ignore[arg-type]  # a column
    assert [(one.comment_number, one.said) for one in kept] == [
        (1, "Tư: Thuốc này chữa ung thư, gọi 0912345678"),
        (0, ""),
    ]
    assert "chữa ung thư" in sign_in(new_client(), db, make_person(db, Role.OPERATOR)).get("/quan-tri/live").text


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_page_opened_anew_shows_what_was_said_last_and_how_the_room_stands(client: TestClient, db: Database) -> None:
    """Before it and after it: the stream begins where the page was made, so that nothing is missed or shown twice."""
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    for number in range(talk.SHOWN + 5):
        with db.write() as session:
            talk.host_says(session, on_air.id, host, f"Câu thứ {number}.", now)
    sign_in(client, db, host).post(f"/ban-hang/live/{on_air.id}/binh-luan/20/xu-ly", data={"what": "hide"})
    room = client.get(f"/live/{on_air.slug}").text
    shown = [int(number) for number in re.findall(r'<li id="c-(\d+)"', room)]
    assert shown == [number for number in range(5, talk.SHOWN + 6) if number != 20]
    assert len(shown) == talk.SHOWN
    assert re.search(r"/su-kien\?tu=[0-9a-f]{8}-\d+", room)
    assert 'data-state="live"' in room
    with db.write() as session:
        live.end(session, on_air.id, host, now)
    assert f'<li id="c-{shown[-1]}"' in client.get(f"/live/{on_air.slug}").text, "and so does the room that is over"
