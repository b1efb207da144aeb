"""The replay as its seller wants it: shown to all, by its address, or to nobody; at the ordinary price or its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select
from starlette.testclient import TestClient

from livestream import replays, states, verify
from livestream import room as rooms
from livestream import service as live
from livestream.deals.prices import DearerNow
from livestream.models import LiveItem, LiveSession, Replay, SessionState
from livestream.planning import repeat_weekly
from livestream.schedule import LivePriceTooHigh, NoSuchSession, items_of
from livestream.screen import Screen
from livestream.video import glue
from shop.cart import service as cart
from shop.catalog import selling
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.streams import live_room
from shop.orders.models import Order, OrderLine
from shop.settings import Settings
from shop.stock import service as stock
from tests.conftest import HTMX
from tests.factories_accounts import sign_in
from tests.factories_live import OFFICER, make_cart, make_session
from tests.factories_orders import answered, make_table, place

HALF_AN_HOUR = timedelta(minutes=30)
Over = tuple[LiveSession, list[LiveItem], Person]


def make_replay(db: Database, now: datetime, **facts: Any) -> Over:
    """A session that is over and has something to show again: two items at 200.000 đ ordinarily, 150.000 đ live."""
    on_air, items, host = make_session(db, now, items=2, **facts)
    with db.write() as session:
        session.get_one(LiveSession, on_air.id).clip_key = "demo/clip.mp4"
        live.end(session, on_air.id, host, now)
    with db.read() as session:
        row = session.get_one(LiveSession, on_air.id)
        assert row.state == SessionState.REPLAY
        return row, items, host


@pytest.fixture
def over(db: Database) -> Over:
    return make_replay(db, datetime.now(UTC))


def choose(db: Database, over: Over, replay: str, now: datetime, **prices_vnd: int) -> None:
    row, items, host = over
    told = {item.id: prices_vnd[item.code] for item in items if item.code in prices_vnd}
    with db.write() as session:
        replays.choose(session, row.id, replays.Choice(Replay(replay), told), host, now)


def hold(db: Database, over: Over, cart_id: str, quantity: int, now: datetime, seen_vnd: int | None = None) -> None:
    with db.write() as session:
        row = session.get_one(LiveSession, over[0].id)
        replays.claim(session, row, "A1", quantity, cart_id, "an", HALF_AN_HOUR, now, seen_vnd)


def test_a_public_replay_sells_at_the_ordinary_price_and_its_desk_says_so(
    client: TestClient, db: Database, over: Over
) -> None:
    row, _items, host = over
    room = client.get(f"/live/{row.slug}").text
    assert "200.000" in room
    assert "150.000" not in room
    assert row.title in client.get("/live").text
    sign_in(client, db, host)
    desk = client.get(f"/ban-hang/live/{row.id}").text
    assert "150.000" not in desk
    assert "Bản xem lại: mọi người" in desk


def test_an_unlisted_replay_is_found_by_its_address_only(client: TestClient, db: Database, over: Over) -> None:
    row, _items, host = over
    choose(db, over, "unlisted", datetime.now(UTC))
    room = client.get(f"/live/{row.slug}")
    assert room.status_code == 200
    assert 'name="robots" content="noindex"' in room.text
    assert "BroadcastEvent" not in room.text
    sign_in(client, db, host)
    seen_in = ("/live", "/sitemap/live-0.xml", "/api/v1/live", "/ban-hang/live")
    assert [row.slug in client.get(page).text or row.title in client.get(page).text for page in seen_in] == [
        False, False, False, True,
    ]  # fmt: skip


def test_a_hidden_replay_does_not_exist_for_strangers_and_its_desk_still_sees_it(
    client: TestClient, app: FastAPI, db: Database, over: Over
) -> None:
    row, _items, host = over
    screen, open_room = Screen(db, app.state.hub, app.state.templates), app.state.hub.room(live_room(row.slug))
    screen.show(row.id)
    choose(db, over, "hidden", datetime.now(UTC), A1=120_000)
    screen.show(row.id)
    assert b"event: state\ndata: gone" in open_room.since(0, "vi")[0]
    room = f"/live/{row.slug}"
    outside = (room, f"{room}/mua/A1", f"{room}/lich.ics", f"{room}/cua-toi", f"/api/v1{room}")
    assert {client.get(page).status_code for page in outside} == {404}
    assert client.post(f"/live/{row.slug}/mua/A1", data={"quantity": 1}).status_code == 404
    assert row.title not in client.get("/live").text
    assert glue.standings(db, [row.id])[row.id].is_kept_back  # no picture of it goes out
    sign_in(client, db, host)
    for page in ("", "/so-lieu", "/binh-luan", "/ban-xem-lai"):
        assert client.get(f"/ban-hang/live/{row.id}{page}").status_code == 200
    with db.read() as session:
        assert row.id in [card.id for card in rooms.ended(session, public=False)]


def test_the_seller_chooses_by_a_form_before_the_session_and_after_it(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    planned, (item, _other), host = make_session(db, now, items=2, on_air=False)
    sign_in(client, db, host)
    here = f"/ban-hang/live/{planned.id}/ban-xem-lai"
    assert (
        "Bản xem lại: ai có đường dẫn" in client.post(here, data={"replay": "unlisted", f"item-{item.id}": "120k"}).text
    )
    assert client.get(f"/live/{planned.slug}").text.count("noindex") == 0  # it is still to come
    refused = client.post(here, data={"replay": "public", f"item-{item.id}": "250.000"})
    assert refused.status_code == 409
    assert "30 ngày" in refused.text
    assert client.post(here, data={"replay": "public", f"item-{item.id}": "rẻ"}).status_code == 422
    assert client.post(here, data={"replay": "everybody"}).status_code == 422
    with db.read() as session:
        row = session.get_one(LiveSession, planned.id)
        assert row.replay == "unlisted"
        assert [one.replay_price_vnd for one in items_of(session, row.id)] == [120_000, None]
        written = session.exec(select(AuditEntry.what).where(col(AuditEntry.what).startswith("replay"))).all()
    assert sorted(written) == ["replay", "replay_price_vnd"]
    with db.write() as session:
        (again,) = repeat_weekly(session, planned.id, 1, host, now)
        assert (again.replay, items_of(session, again.id)[0].replay_price_vnd) == ("unlisted", 120_000)


def test_the_price_of_a_replay_is_held_from_ordinary_sale_and_paid_to_the_dong(
    db: Database, settings: Settings, now: datetime
) -> None:
    over = make_replay(db, now)
    row, items, _host = over
    choose(db, over, "public", now, A1=120_000)
    with db.read() as session:
        make_table(db, session.get_one(Coop, row.coop_id))
    cart_id = make_cart(db, now)
    hold(db, over, cart_id, 3, now, seen_vnd=120_000)
    with db.read() as session:
        (line,) = cart.view(session, cart_id, now).lines
        assert (line.price_vnd, line.quantity, line.price_kind) == (120_000, 3, "replay")
        assert stock.available(session, [items[0].variant_id]) == {items[0].variant_id: 37}
    choose(db, over, "public", now)  # the price is gone, the hold keeps it
    placed = place(db, answered(db, cart_id, settings, now), settings, now)
    with db.read() as session:
        sold = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).one()
        assert (sold.total_vnd, sold.price_kind, sold.live_key) == (360_000, "replay", f"live:{row.id}:replay")
        assert session.get_one(Order, placed.id).goods_vnd == 360_000
        assert [*verify.broken_rules(session), *stock.broken_rules(session)] == []


def test_a_hold_of_a_replay_runs_out_into_the_ordinary_price(db: Database, now: datetime) -> None:
    over = make_replay(db, now)
    choose(db, over, "unlisted", now, A1=120_000)
    cart_id, later = make_cart(db, now), now + timedelta(hours=1)
    hold(db, over, cart_id, 2, now)
    with db.write() as session:
        stock.release_expired(session, later)
        (line,) = cart.view(session, cart_id, later).lines
        assert (line.price_vnd, line.is_live) == (200_000, False)
        assert stock.available(session, [over[1][0].variant_id]) == {over[1][0].variant_id: 40}


def test_who_may_not_have_the_price_of_a_replay(db: Database, now: datetime) -> None:
    over = make_replay(db, now, most_per_buyer=2)
    row, items, host = over
    with pytest.raises(live.NotOnAir):
        hold(db, over, make_cart(db, now), 1, now)  # it has none
    with pytest.raises(LivePriceTooHigh):
        choose(db, over, "public", now, A1=200_001)
    choose(db, over, "public", now, A1=120_000)
    with pytest.raises(live.TooManyForOne):
        hold(db, over, make_cart(db, now), 3, now)
    hold(db, over, make_cart(db, now), 1, now)
    with pytest.raises(live.TooManyForOne):
        hold(db, over, make_cart(db, now), 2, now)  # one more of this buyer's, in another cart
    with pytest.raises(DearerNow):
        hold(db, over, make_cart(db, now), 1, now, seen_vnd=100_000)
    with db.write() as session:
        selling.set_price(session, items[0].variant_id, 110_000, host, now + timedelta(days=1))
        selling.set_price(session, items[0].variant_id, 200_000, host, now + timedelta(days=2))
    with pytest.raises(live.NotOnAir):  # somebody paid less lately: it is no cheaper price
        hold(db, over, make_cart(db, now), 1, now + timedelta(days=3))
    with db.read() as session:
        room = replays.with_prices(session, rooms.read(session, row), now + timedelta(days=3))
        assert [item.live_price_vnd for item in room.items] == [200_000, 200_000]
    with db.write() as session:
        states.stop(session, row.id, "Nội dung sai", OFFICER, now)
    with pytest.raises(live.NotOnAir):
        choose(db, over, "public", now)
    with pytest.raises(NoSuchSession), db.read() as session:
        rooms.find(session, "khong-co")


def test_a_viewer_of_the_replay_buys_on_the_sheet(client: TestClient, db: Database, over: Over) -> None:
    row, _items, _host = over
    choose(db, over, "public", datetime.now(UTC), A1=120_000)
    room = client.get(f"/live/{row.slug}").text
    assert "120.000" in room
    assert f"/live/{row.slug}/mua/A1" in room
    assert f"/live/{row.slug}/mua/A2" not in room  # that one goes into the basket at the ordinary price
    sheet = f"/live/{row.slug}/mua/A1"
    assert 'name="seen_vnd" value="120000"' in client.get(sheet).text
    assert "Đã giữ cho bạn" in client.post(sheet, data={"quantity": 2, "seen_vnd": 120_000}, headers=HTMX).text
    basket = client.get("/gio-hang").text
    assert "240.000" in basket
    assert "Đã trả lại hàng" in client.post(sheet, data={"quantity": 0, "seen_vnd": 0}, headers=HTMX).text


def test_whatever_is_refused_in_a_replay_changes_nothing(db: Database, now: datetime) -> None:
    over = make_replay(db, now, on_hand=12)
    choose(db, over, "public", now, A1=120_000)
    cart_id = make_cart(db, now)
    hold(db, over, cart_id, 2, now)
    for quantity, seen_vnd in ((99, None), (3, 1_000)):
        with pytest.raises(Refusal):
            hold(db, over, cart_id, quantity, now, seen_vnd)
    with db.read() as session:
        (line,) = cart.view(session, cart_id, now).lines
        assert (line.quantity, line.price_vnd) == (2, 120_000)
        assert stock.broken_rules(session) == []
