"""The demo's live sessions: three of them, the same each time, and the first never grows old."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from livestream import room as rooms
from livestream import service as live
from livestream.models import LiveSession, SessionState
from livestream.schedule import items_of
from shop.accounts.models import Role
from shop.core.db import Database
from shop.demo.live import keep_going, make_sessions
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person


@pytest.fixture
def demo(db: Database, settings: Settings, now: datetime) -> Database:
    coop = make_coop(db, is_demo=True)
    for _ in range(3):
        make_product(db, coop, on_hand=30)
    make_person(db, Role.HOST, coop_id=coop.id, phone="+84900000003")
    make_sessions(db, settings, now, draw=False)
    return db


def on_air(db: Database) -> LiveSession:
    with db.read() as session:
        return session.exec(select(LiveSession).where(LiveSession.state == SessionState.LIVE)).one()


def test_one_is_on_air_one_comes_tomorrow_evening_one_is_over(demo: Database, now: datetime) -> None:
    with demo.read() as session:
        (running,), (coming,), (over,) = rooms.on_air(session), rooms.coming(session, now), rooms.ended(session)
        pins = rooms.pins(session, rooms.read(session, rooms.find(session, over.slug)))
    assert f"{coming.starts_at + timedelta(hours=7):%d %H:%M}" == "22 19:30"
    assert [len(card.goods) for card in (running, coming, over)] == [3, 3, 3]
    assert [int(pin.offset.total_seconds() // 60) for pin in pins] == [0, 11, 20]


def test_a_second_run_changes_nothing(demo: Database, settings: Settings, now: datetime) -> None:
    before = on_air(demo)
    make_sessions(demo, settings, now + timedelta(days=1), draw=False)
    with demo.read() as session:
        assert len(session.exec(select(LiveSession)).all()) == 3
    assert on_air(demo) == before


def test_the_pin_moves_on_by_itself_but_not_under_a_hosts_hands(demo: Database, now: datetime) -> None:
    row = on_air(demo)
    with demo.read() as session:
        ids = [item.id for item in items_of(session, row.id)]
    shown = []
    for seconds in (40, 80, 120):
        keep_going(demo, now + timedelta(seconds=seconds))
        shown.append(on_air(demo).pinned_item_id)
    assert shown == [ids[1], ids[2], ids[0]]
    host = make_person(demo, phone="+84900000099")
    with demo.write() as session:
        live.pin(session, row.id, ids[2], now + timedelta(minutes=3), host)
    keep_going(demo, now + timedelta(minutes=5))
    assert on_air(demo).pinned_item_id == ids[2]


def test_it_starts_over_before_it_grows_old(demo: Database, now: datetime) -> None:
    later = now + timedelta(days=3)
    with demo.write() as session:
        pool = stock.pool_of(session, items_of(session, on_air(demo).id)[0].variant_id, f"live:{on_air(demo).id}")
        stock.take_holds(session, {pool.id: 10}, "order:1", None, now)
        stock.sell_holds(session, "order:1", now)
    keep_going(demo, later)
    assert on_air(demo).started_at == later
    with demo.read() as session:
        first = rooms.read(session, on_air(demo)).items[0]
        assert (first.left, first.sold) == (15, 10)
        assert stock.broken_rules(session) == []
        assert rooms.coming(session, later)[0].starts_at > later
