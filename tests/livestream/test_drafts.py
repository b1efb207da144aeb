"""Before a session is announced: a draft that nobody sees, a time that makes sense, people in one place at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from livestream import room as rooms
from livestream import schedule
from livestream.chat import crew
from livestream.models import LiveSession
from livestream.models import SessionState as S
from livestream.schedule import Plan
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Invalid, NotAllowed
from shop.notify.models import Message
from tests.factories import make_coop, make_product
from tests.factories_accounts import sign_in
from tests.factories_live import make_host, make_session, variant_of

DAY = timedelta(days=1)


def a_plan(starts_at: datetime, **changes: object) -> Plan:
    return Plan("Thanh long đầu mùa", starts_at, 60, **changes)  # type: ignore[arg-type]  # two optional facts


def test_a_draft_is_seen_by_nobody_until_it_is_announced(client: TestClient, db: Database) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    variant = variant_of(db, make_product(db, coop))
    sign_in(client, db, host)
    soon = (datetime.now(UTC) + DAY).strftime("%Y-%m-%dT%H:%M")
    told = {"title": "Bản nháp của chị Nguyện", "starts_at": soon, "planned_minutes": 60, "draft": "1"}
    desk = client.post("/ban-hang/live/moi", data=told, follow_redirects=False).headers["location"].partition("?")[0]
    live_id = int(desk.rpartition("/")[2])
    with db.read() as session:
        draft = session.get_one(LiveSession, live_id)
    assert draft.state == S.DRAFT
    assert "Nháp" in client.get("/ban-hang/live").text
    page = client.get(desk).text
    assert "Lên lịch cho khách thấy" in page
    assert "/quay" not in page
    for public in (f"/live/{draft.slug}", f"/live/{draft.slug}/lich.ics"):
        assert client.get(public).status_code == 404, public
    assert draft.title not in client.get("/live").text
    assert client.post(f"{desk}/len-lich").status_code == 409, "no items yet"
    goods = {"variant_id": variant.id, "live_price_vnd": 5000, "wanted": 2, "most_per_buyer": 1}
    client.post(f"{desk}/mon", data=goods)
    assert client.post(f"{desk}/len-lich", follow_redirects=False).status_code == 303
    assert draft.title in client.get("/live").text
    assert client.get(f"/live/{draft.slug}").status_code == 200


def test_a_draft_takes_nobodys_time_and_one_thrown_away_is_not_there(db: Database, now: datetime) -> None:
    planned, items, host = make_session(db, now, on_air=False, starts_at=now + DAY)
    with db.write() as session:
        draft = schedule.plan(session, planned.coop_id, host, a_plan(now + DAY), now, draft=True)
    with db.write() as session:
        schedule.add_item(session, draft.id, items[0].variant_id, 150_000, 2, 1, host, now)
    with pytest.raises(schedule.HostIsBusy), db.write() as session:
        schedule.announce(session, draft.id, host, now)
    with db.write() as session:
        schedule.replan(session, draft.id, a_plan(now + 2 * DAY), host, now)
        schedule.cancel(session, draft.id, host, now)
    with db.read() as session, pytest.raises(schedule.NoSuchSession):
        rooms.find(session, draft.slug)


@pytest.mark.parametrize(
    ("minutes", "refusal"),
    [(-6, "starts-in-the-past"), (-4, ""), (0, ""), (2, "starts-too-soon"), (4.9, "starts-too-soon"), (5, ""), (6, "")],
)
def test_a_session_begins_now_or_at_least_five_minutes_ahead(
    db: Database, now: datetime, minutes: float, refusal: str
) -> None:
    coop = make_coop(db)
    host, told = make_host(db, coop), a_plan(now + timedelta(minutes=minutes))
    if not refusal:
        with db.write() as session:
            assert schedule.plan(session, coop.id, host, told, now).state == S.SCHEDULED
    else:
        with pytest.raises(Invalid) as refused, db.write() as session:
            schedule.plan(session, coop.id, host, told, now)
        assert refused.value.kind == refusal


def test_at_once_is_one_tick_in_the_form(client: TestClient, db: Database) -> None:
    host = make_host(db, make_coop(db))
    sign_in(client, db, host)
    told = {"title": "Live ngay", "starts_at": "2020-01-01T08:00", "planned_minutes": 60, "at_once": "1"}
    assert client.post("/ban-hang/live/moi", data=told, follow_redirects=False).status_code == 303
    assert "Giờ bắt đầu đã qua" in client.post("/ban-hang/live/moi", data={**told, "at_once": ""}).text


def test_a_co_host_is_somebody_of_the_co_op_and_in_one_place(db: Database, now: datetime) -> None:
    coop, other = make_coop(db), make_coop(db)
    host, beside, stranger = make_host(db, coop), make_host(db, coop), make_host(db, other)
    with db.write() as session:
        schedule.plan(session, coop.id, host, a_plan(now + DAY, co_host_id=beside.id), now)
    for who in (stranger.id, host.id, 4711):
        with pytest.raises(NotAllowed), db.write() as session:
            schedule.plan(session, coop.id, host, a_plan(now + 3 * DAY, co_host_id=who), now)
    with pytest.raises(schedule.HostIsBusy), db.write() as session:
        schedule.plan(session, other.id, beside, a_plan(now + DAY + timedelta(minutes=30)), now)
    with db.write() as session:
        schedule.plan(session, other.id, beside, a_plan(now + DAY + timedelta(minutes=60)), now)


def test_the_co_host_gets_a_letter_once_it_is_announced_and_again_for_another_time(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    host, beside = make_host(db, coop), make_host(db, coop)
    variant = variant_of(db, make_product(db, coop))
    with db.write() as session:
        draft = schedule.plan(session, coop.id, host, a_plan(now + DAY, co_host_id=beside.id), now, draft=True)
        schedule.add_item(session, draft.id, variant.id, 5000, 2, 1, host, now)
        assert _letters(session, beside) == 0
        schedule.announce(session, draft.id, host, now)
        assert _letters(session, beside) == 1
        schedule.replan(session, draft.id, a_plan(now + DAY, co_host_id=beside.id, summary="Khác"), host, now)
        assert _letters(session, beside) == 1
        schedule.replan(session, draft.id, a_plan(now + 2 * DAY, co_host_id=beside.id), host, now)
        assert _letters(session, beside) == 2


def _letters(session: Session, person: Person) -> int:
    return len(session.exec(select(Message).where(Message.address == person.phone)).all())


def test_whoever_takes_the_post_of_a_co_host_is_free_at_that_time(db: Database, now: datetime) -> None:
    guest = make_host(db, make_coop(db))
    ours, _items, host = make_session(db, now, on_air=False, starts_at=now + DAY)
    theirs, _more, their_host = make_session(db, now, on_air=False, starts_at=now + DAY)
    with db.write() as session:
        first = crew.invite(session, ours.id, "co-host", "", host, now)
        second = crew.invite(session, theirs.id, "co-host", "", their_host, now)
        order = crew.invite(session, theirs.id, "moderator", "", their_host, now)
        crew.accept(session, first.secret, guest, now)
    with pytest.raises(schedule.HostIsBusy), db.write() as session:
        crew.accept(session, second.secret, guest, now)
    with db.write() as session:
        crew.accept(session, order.secret, guest, now)
    with pytest.raises(schedule.HostIsBusy), db.write() as session:
        schedule.plan(session, guest.coop_ids("host")[0], guest, a_plan(now + DAY), now)
