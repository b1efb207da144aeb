"""The run before the session: its order, the host's cards, and the same evening every week."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from livestream import planning, schedule
from livestream.models import LiveSession, SessionState
from livestream.schedule import Plan
from shop.core.db import Database
from tests.factories_accounts import sign_in
from tests.factories_live import make_session


def run_of(db: Database, live_id: int) -> list[str]:
    with db.read() as session:
        return [item.code for item in schedule.items_of(session, live_id)]


def planned(db: Database) -> list[LiveSession]:
    with db.read() as session:
        return list(session.exec(select(LiveSession).order_by(col(LiveSession.starts_at))))


def test_an_item_moves_in_the_run_and_keeps_its_code(db: Database, now: datetime, client: TestClient) -> None:
    live, items, host = make_session(db, now, items=3, on_air=False)
    sign_in(client, db, host)
    at = f"/ban-hang/live/{live.id}/mon/{items[2].id}/thu-tu"
    client.post(at, data={"places": "-1"})
    assert run_of(db, live.id) == ["A1", "A3", "A2"]
    for _ in range(3):
        client.post(at, data={"places": "-1"})
    assert run_of(db, live.id) == ["A3", "A1", "A2"]
    client.post(at, data={"places": "1"})
    assert run_of(db, live.id) == ["A1", "A3", "A2"]
    assert client.post(at, data={"places": "7"}).status_code == 422


def test_a_card_is_read_by_the_host_and_by_no_viewer(db: Database, now: datetime, client: TestClient) -> None:
    live, items, host = make_session(db, now)
    sign_in(client, db, host)
    client.post(f"/ban-hang/live/{live.id}/mon/{items[0].id}/the-nhac", data={"prompt": "Bổ trái cho khách xem ruột"})
    assert "Bổ trái cho khách xem ruột" in client.get(f"/ban-hang/live/{live.id}").text
    assert "Bổ trái" not in client.get(f"/live/{live.slug}").text


def test_the_same_every_week(db: Database, now: datetime) -> None:
    starts_at = now + timedelta(days=1)
    live, items, host = make_session(db, now, items=2, on_air=False, starts_at=starts_at)
    with db.write() as session:
        planning.set_prompt(session, live.id, items[1].id, "Nhớ nói ngày hái")
        planning.repeat_weekly(session, live.id, 3, host, now)
    sessions = planned(db)
    assert [one.starts_at for one in sessions] == [starts_at + timedelta(weeks=week) for week in range(4)]
    assert {(one.title, one.state, one.planned_minutes) for one in sessions} == {
        (live.title, SessionState.SCHEDULED, live.planned_minutes)
    }
    with db.read() as session:
        last = schedule.items_of(session, sessions[-1].id)
    assert [(it.code, it.variant_id, it.live_price_vnd, it.wanted) for it in last] == [
        (it.code, it.variant_id, it.live_price_vnd, it.wanted) for it in items
    ]
    assert [it.prompt for it in last] == ["", "Nhớ nói ngày hái"]
    assert len({one.slug for one in sessions}) == 4


def test_a_week_in_which_the_host_is_busy_plans_none(db: Database, now: datetime) -> None:
    starts_at = now + timedelta(days=1)
    live, _items, host = make_session(db, now, on_air=False, starts_at=starts_at)
    with db.write() as session:
        schedule.plan(session, live.coop_id, host, Plan("Khác", starts_at + timedelta(weeks=2)), now)
    with pytest.raises(schedule.HostIsBusy), db.write() as session:
        planning.repeat_weekly(session, live.id, 3, host, now)
    assert len(planned(db)) == 2


def test_an_empty_session_and_one_on_air_are_not_repeated(db: Database, now: datetime) -> None:
    on_air, _items, host = make_session(db, now)
    with pytest.raises(schedule.NotScheduled), db.write() as session:
        planning.repeat_weekly(session, on_air.id, 1, host, now)
    empty, _none, other = make_session(db, now, items=0, on_air=False)
    with pytest.raises(planning.NothingToRepeat), db.write() as session:
        planning.repeat_weekly(session, empty.id, 1, other, now)


def test_it_is_offered_on_the_page(db: Database, now: datetime, client: TestClient) -> None:
    live, _items, host = make_session(db, now, items=2, on_air=False, starts_at=datetime.now(now.tzinfo) + timedelta(1))
    sign_in(client, db, host)
    page = client.get(f"/ban-hang/live/{live.id}").text
    assert "Lặp lại hằng tuần" in page
    assert "Thẻ nhắc lời" in page
    assert client.post(f"/ban-hang/live/{live.id}/lap-lai", data={"weeks": "2"}).status_code == 200
    assert len(planned(db)) == 3
