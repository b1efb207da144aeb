"""The room as a viewer's browser meets it: a real server, real streams, lines that drop."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from livestream import service as live
from livestream import states
from livestream.chat import talk
from livestream.models import LiveItem, LiveSession
from livestream.screen import Screen
from shop.cart import service as cart
from shop.cart.routes import COOKIE
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.room import Viewer
from shop.core.streams import live_room
from shop.stock import service as stock
from tests.conftest import HTMX, SAME_ORIGIN
from tests.factories_live import OFFICER, claim, make_cart, make_session
from tests.livestream.chatting import say
from tests.served import serving
from tests.streams import market, stream_of

OnAir = tuple[LiveSession, list[LiveItem], Person]


@pytest.fixture
def on_air(db: Database) -> OnAir:
    """A session with three items, on air since now."""
    return make_session(db, datetime.now(UTC), items=3)


def test_a_pin_a_price_and_a_sale_reach_every_open_page(app: FastAPI, db: Database, on_air: OnAir) -> None:
    """Criterion 18 (its clock is in the rehearsal and the bench of live sessions)."""
    session_row, items, host = on_air
    with market(app) as served:
        viewers = [served.stream(stream_of(served.page(f"{lang}/live/{session_row.slug}"))) for lang in ("", "/en")]
        with db.write() as session:
            live.pin(session, session_row.id, items[1].id, datetime.now(UTC))
        for viewer in viewers:
            assert 'data-code="A2"' in viewer.until("", "hx-partial")
        with db.write() as session:
            live.set_price(session, session_row.id, items[1].id, 99_000, host, datetime.now(UTC))
        for viewer in viewers:
            assert "99.000" in viewer.until("", "hx-partial")
        claim(db, session_row.slug, make_cart(db, datetime.now(UTC)), 3, datetime.now(UTC), "A2")
        for viewer in viewers:
            assert '"A2":[7,' in viewer.until("goods", '"A2":[7,')
        with db.write() as session:
            live.end(session, session_row.id, host, datetime.now(UTC))
        for viewer in viewers:
            assert viewer.until("state") == "archived"
        assert "live-ended" not in served.page(f"/live/{session_row.slug}")


def test_criterion_18_a_price_that_is_not_pinned_waits_for_no_tick_and_a_sale_does(
    app: FastAPI, db: Database, on_air: OnAir
) -> None:
    session_row, items, host = on_air
    live_id, now = session_row.id, datetime.now(UTC)
    screen = Screen(db, app.state.hub, app.state.templates)
    room = app.state.hub.room(live_room(session_row.slug))

    async def watch() -> list[int]:
        viewer = Viewer(room, "viewer-0000000001", "vi", room.seq)
        viewer.pause_writing()
        room.enter(viewer)
        waits = []
        for change in ("begin", "sale", "price"):
            with db.write() as session:
                if change == "price":
                    live.set_price(session, live_id, items[1].id, 99_000, host, now)
                elif change == "sale":
                    cart_id = cart.open_cart(session, None, now)
                    live.claim(session, session_row.slug, "A3", 1, cart_id, "an", timedelta(minutes=5), now)
            screen.show(live_id)
            await asyncio.sleep(0)
            waits.append(room.seq - room.shown)
        room.leave(viewer)
        return waits

    assert asyncio.run(watch()) == [0, 1, 0]


def test_a_stop_reaches_every_open_room_and_nobody_speaks_or_reserves_after_it(
    app: FastAPI, db: Database, on_air: OnAir
) -> None:
    session_row, _items, _host = on_air
    room = f"/live/{session_row.slug}"
    with market(app) as served:
        viewer = served.stream(stream_of(served.page(room)))
        with db.write() as session:
            states.stop(session, session_row.id, "Khách báo hàng giả", OFFICER, datetime.now(UTC))
        assert viewer.until("state") == "hidden"
        assert "Chợ đã dừng buổi live này" in served.page(room)
        assert session_row.slug not in served.page("/live")
    with pytest.raises(talk.ChatIsClosed):
        say(db, session_row, "Lan", "A1 x2", datetime.now(UTC))
    with pytest.raises(live.NotOnAir):
        claim(db, session_row.slug, make_cart(db, datetime.now(UTC)), 1, datetime.now(UTC))


def test_a_viewer_whose_line_dropped_misses_no_pin(app: FastAPI, db: Database, on_air: OnAir) -> None:
    """Criterion 26."""
    session_row, items, _host = on_air
    with market(app) as served:
        address = stream_of(served.page(f"/live/{session_row.slug}"))
        watching, dropped = served.stream(address), served.stream(address)
        with db.write() as session:
            live.pin(session, session_row.id, items[1].id, datetime.now(UTC))
        dropped.until("", 'data-code="A2"')
        dropped.drop()
        for item in (items[2], items[0]):
            with db.write() as session:
                live.pin(session, session_row.id, item.id, datetime.now(UTC))
            watching.until("", f'data-code="{item.code}"')
        back = served.stream(address, dropped.last_id)
        missed = [back.until("", "hx-partial") for _ in range(2)]
        assert ['data-code="A3"' in missed[0], 'data-code="A1"' in missed[1]] == [True, True]


def test_what_happened_while_the_page_travelled_is_told_when_its_stream_opens(
    app: FastAPI, db: Database, on_air: OnAir
) -> None:
    session_row, items, _host = on_air
    with market(app) as served:
        address = stream_of(served.page(f"/live/{session_row.slug}"))
        witness = served.stream(address)
        with db.write() as session:
            live.pin(session, session_row.id, items[2].id, datetime.now(UTC))
        witness.until("", 'data-code="A3"')
        assert 'data-code="A3"' in served.stream(address).until("", "hx-partial")


def test_an_expired_hold_is_on_sale_again_on_every_open_page(app: FastAPI, db: Database, on_air: OnAir) -> None:
    session_row, _items, _host = on_air
    now = datetime.now(UTC)
    with market(app) as served:
        viewer = served.stream(stream_of(served.page(f"/live/{session_row.slug}")))
        claim(db, session_row.slug, make_cart(db, now), 4, now)
        viewer.until("goods", '"A1":[6,')
        with db.write() as session:
            stock.release_expired(session, now + timedelta(minutes=31))
        viewer.until("goods", '"A1":[10,')


def test_a_browser_that_throws_its_cart_away_stays_one_buyer(
    client: TestClient, new_client: Callable[[], TestClient], db: Database
) -> None:
    session_row, items, _host = make_session(db, datetime.now(UTC), wanted=20, most_per_buyer=5)
    buy = f"/live/{session_row.slug}/mua/A1"
    assert client.post(buy, data={"quantity": 5}, headers=HTMX).status_code == 200
    del client.cookies[COOKIE]
    again = client.post(buy, data={"quantity": 5}, headers=HTMX)
    assert (again.status_code, "nhiều nhất" in again.text) == (409, True)
    assert new_client().post(buy, data={"quantity": 5}, headers=HTMX).status_code == 200
    with db.read() as session:
        pool = stock.pool_of(session, items[0].variant_id, live.live_owner(session_row.id))
    assert (pool.on_hand, pool.held) == (20, 10)


def test_two_hundred_buyers_press_at_once_in_the_room(app: FastAPI, db: Database) -> None:
    session_row, items, _host = make_session(db, datetime.now(UTC), wanted=10)
    headers = {**SAME_ORIGIN, **HTMX, "Content-Type": "application/x-www-form-urlencoded"}

    def press(port: int) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
            line.request("POST", f"/live/{session_row.slug}/mua/A1", "quantity=1", headers)
            answer = line.getresponse()
            answer.read()
            return answer.status

    with serving(app) as port, ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(press, [port] * 200))
    assert {status: answers.count(status) for status in set(answers)} == {200: 10, 409: 190}
    with db.read() as session:
        pool = stock.pool_of(session, items[0].variant_id, live.live_owner(session_row.id))
        assert (pool.on_hand, pool.held) == (10, 10)
        assert stock.broken_rules(session) == []


def test_without_a_script_a_buyer_reserves_and_finds_it_in_the_cart(client: TestClient, on_air: OnAir) -> None:
    session_row, _items, _host = on_air
    room = client.get(f"/live/{session_row.slug}")
    sheet = f"/live/{session_row.slug}/mua/A1"
    assert f'href="{sheet}"' in room.text
    assert f'action="{sheet}"' in client.get(sheet).text
    answer = client.post(sheet, data={"quantity": 2})
    assert answer.url.path == "/gio-hang"
    assert "300.000" in answer.text


def test_on_the_sheet_a_buyer_changes_and_gives_back(
    client: TestClient, on_air: OnAir, new_client: Callable[[], TestClient]
) -> None:
    session_row, _items, _host = on_air
    sheet = f"/live/{session_row.slug}/mua/A1"
    held = client.post(sheet, data={"quantity": 2}, headers=HTMX)
    assert (held.status_code, "2 × Thùng 5 kg" in held.text) == (200, True)
    assert "2 ×" in client.get(f"/live/{session_row.slug}/cua-toi").text
    assert "2 ×" not in new_client().get(f"/live/{session_row.slug}/cua-toi").text
    too_many = client.post(sheet, data={"quantity": 6}, headers=HTMX)
    assert (too_many.status_code, "nhiều nhất 5" in too_many.text) == (409, True)
    assert "2 × Thùng 5 kg" in too_many.text
    back = client.post(sheet, data={"quantity": 0}, headers=HTMX)
    assert (back.status_code, "Còn 10" in back.text) == (200, True)


NONSENSE = ("", "-1", "1000", "hai", "1.5", "1\x00", "9" * 400)


def test_the_goods_sheet_asks_to_be_told_of_the_coop_and_of_what_is_gone(client: TestClient, on_air: OnAir) -> None:
    row, items, _host = on_air
    page = client.get(f"/live/{row.slug}").text
    asked = re.findall(r'data-push-to="/theo-doi/(coop|product)/([0-9]+)"', page)
    assert [kind for kind, _number in asked] == ["product"] * len(items) + ["coop"], "one tap each, in the browser"
    for kind, number in asked[-2:]:
        at = f"/theo-doi/{kind}/{number}"
        assert f'method="post" action="{at}"' in page, "and without a script by mail"
        plain = client.post(at, data={"email": "lan@vidu.vn"})
        assert ("<html" in plain.text, "mở thư và bấm xác nhận" in plain.text) == (True, True)
        beside = client.post(at, data={"email": "lan@vidu.vn"}, headers=HTMX).text
        assert ("<html" in beside, 'id="followed"' in beside) == (False, True), "the picture stays where it is"


def test_nonsense_on_the_sheet_is_refused_and_changes_nothing(client: TestClient, db: Database, on_air: OnAir) -> None:
    session_row, items, _host = on_air
    sheet = f"/live/{session_row.slug}/mua/A1"
    answers = [client.post(sheet, data={"quantity": typed}, headers=HTMX).status_code for typed in NONSENSE]
    assert answers == [422] * len(NONSENSE)
    with db.read() as session:
        assert stock.pool_of(session, items[0].variant_id, live.live_owner(session_row.id)).held == 0


def test_what_does_not_exist_is_not_found(client: TestClient, on_air: OnAir) -> None:
    nowhere = ("", "/mua/A1", "/lich.ics", "/cua-toi")
    answers = [client.get(f"/live/khong-co{path}").status_code for path in nowhere]
    answers.append(client.get(f"/live/{on_air[0].slug}/mua/Z9").status_code)
    assert answers == [404] * 5


def test_the_room_is_the_same_bytes_for_everyone(client: TestClient, on_air: OnAir) -> None:
    path = f"/live/{on_air[0].slug}"
    client.post(f"{path}/mua/A1", data={"quantity": 1}, headers=HTMX)
    mine = client.get(path)
    client.cookies.clear()
    assert mine.content == client.get(path).content
    assert "set-cookie" not in mine.headers


def test_the_calendar_file_says_when_in_vietnams_time(client: TestClient, db: Database) -> None:
    starts_at = datetime(2026, 12, 24, 12, 30, tzinfo=UTC)
    planned, _items, _host = make_session(db, datetime(2026, 12, 1, tzinfo=UTC), on_air=False, starts_at=starts_at)
    answer = client.get(f"/live/{planned.slug}/lich.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    text = answer.text.replace("\r\n ", "")
    assert "DTSTART;TZID=Asia/Ho_Chi_Minh:20261224T193000" in text
    assert "SUMMARY:Live: Thanh long đầu mùa" in text
    assert f"URL:http://testserver/live/{planned.slug}" in text


def test_a_viewer_reports_and_the_room_goes_on(client: TestClient, on_air: OnAir) -> None:
    path = f"/live/{on_air[0].slug}/bao-vi-pham"
    assert client.post(path, data={"reason": "fake", "words": "Hình khác"}).status_code == 200
    assert client.post(path, data={"reason": "fake"}).status_code == 200
    assert client.post(path, data={}).status_code == 422


def test_lists_say_what_is_on_air_coming_and_over(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    make_session(db, now, title="Đang bán thanh long")
    make_session(db, now, title="Mai bán gạo", starts_at=now + timedelta(days=1), on_air=False)
    over, _items, host = make_session(db, now, title="Hôm qua bán rượu")
    with db.write() as session:
        live.end(session, over.id, host, now)
    text = client.get("/live").text
    order = [text.index(title) for title in ("Đang bán thanh long", "Mai bán gạo", "Hôm qua bán rượu")]
    assert order == sorted(order)
