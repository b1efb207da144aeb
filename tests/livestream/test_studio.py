"""The host's pages: who may, what happens, and that they work by reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from livestream import reports
from livestream import service as live
from livestream.chat import crew
from livestream.models import LivePin, LiveSession, SessionState
from shop.accounts.models import Role
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.i18n import HERE
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import claim, make_cart, make_host, make_ready, make_session, variant_of


def state_of(db: Database, live_id: int) -> str:
    with db.read() as session:
        return session.get_one(LiveSession, live_id).state


def test_a_host_plans_fills_starts_pins_and_ends_a_session(client: TestClient, db: Database) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    sign_in(client, db, host)
    variant = variant_of(db, make_product(db, coop, name="Thanh long vỏ vàng", on_hand=8, price_vnd=200_000))
    made = client.post(
        "/ban-hang/live/moi",
        data={"title": "Chiều nay hái", "starts_at": "2030-11-22T19:30", "planned_minutes": 45},
    )
    studio = made.url.path
    assert "19:30 22/11/2030" in made.text
    added = client.post(
        f"{studio}/mon",
        data={"variant_id": variant.id, "live_price_vnd": 150_000, "wanted": 10, "most_per_buyer": 2},
    )
    assert "Để riêng 10" in added.text
    assert "Chưa lên sóng được" in client.post(f"{studio}/bat-dau").text
    with db.write() as session:
        make_ready(session, int(studio.rpartition("/")[2]), host, datetime.now(UTC))
    begun = client.post(f"{studio}/bat-dau")
    assert "định 10, chỉ còn 8" in begun.text
    live_id = int(studio.rpartition("/")[2])
    assert state_of(db, live_id) == SessionState.LIVE
    with db.read() as session:
        slug = session.get_one(LiveSession, live_id).slug
    claim(db, slug, make_cart(db, datetime.now(UTC)), 2, datetime.now(UTC))
    assert "đang giữ <b>2</b>" in client.get(studio).text
    ended = client.post(f"{studio}/ket-thuc")
    assert state_of(db, live_id) == SessionState.ARCHIVED
    assert "Đã xong" in ended.text


def test_the_form_offers_an_evening_that_is_free(client: TestClient, db: Database) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    sign_in(client, db, host)
    offered = re.search(r'name="starts_at"[^>]*value="([^"]+)"', client.get("/ban-hang/live/moi").text)
    assert offered
    first = datetime.fromisoformat(offered[1])
    make_session(db, datetime.now(UTC), coop=coop, host=host, on_air=False, starts_at=first.replace(tzinfo=HERE))
    again = re.search(r'name="starts_at"[^>]*value="([^"]+)"', client.get("/ban-hang/live/moi").text)
    assert again
    assert datetime.fromisoformat(again[1]) == (first + timedelta(days=1)).replace(hour=19)


def test_a_pin_says_who_and_the_page_comes_back(client: TestClient, db: Database) -> None:
    on_air, items, host = make_session(db, datetime.now(UTC), items=2)
    sign_in(client, db, host)
    answer = client.post(f"/ban-hang/live/{on_air.id}/ghim", data={"item_id": items[1].id})
    assert answer.url.path == f"/ban-hang/live/{on_air.id}"
    with db.read() as session:
        pins = session.exec(select(LivePin).where(LivePin.item_id == items[1].id)).all()
    assert [pin.person_id for pin in pins] == [host.id]


def test_a_new_price_is_shown_and_a_wrong_one_is_explained(client: TestClient, db: Database) -> None:
    on_air, items, host = make_session(db, datetime.now(UTC), price_vnd=200_000)
    sign_in(client, db, host)
    page = f"/ban-hang/live/{on_air.id}/gia/{items[0].id}"
    too_high = client.post(page, data={"live_price_vnd": 250_000})
    assert (too_high.status_code, "không được cao hơn giá thường" in too_high.text) == (409, True)
    assert client.post(page, data={"live_price_vnd": "rẻ"}).status_code == 422
    assert "120.000" in client.post(page, data={"live_price_vnd": 120_000}).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": "", "starts_at": "2030-11-22T19:30"}, ""),
        ({"title": "Bán gạo", "starts_at": "mai"}, ""),
        ({"title": "Bán gạo", "starts_at": "2020-11-22T19:30"}, "Giờ bắt đầu đã qua"),
        ({"title": "Bán gạo", "starts_at": "2030-11-22T19:30", "planned_minutes": "9999"}, ""),
    ],
)
def test_a_plan_that_cannot_be_comes_back_with_what_was_typed(
    client: TestClient, db: Database, form: dict[str, str], words: str
) -> None:
    coop = make_coop(db)
    sign_in(client, db, make_host(db, coop))
    answer = client.post("/ban-hang/live/moi", data=form)
    assert answer.status_code in (409, 422)
    assert words in answer.text
    assert form["title"] in answer.text
    with db.read() as session:
        assert session.exec(select(LiveSession)).all() == []


def test_a_planned_session_is_moved_and_told_in_other_words(client: TestClient, db: Database) -> None:
    starts_at = datetime(2030, 11, 22, 19, 30, tzinfo=HERE)
    planned, _items, host = make_session(db, datetime.now(UTC), on_air=False, starts_at=starts_at)
    page = f"/ban-hang/live/{planned.id}/sua"
    form = sign_in(client, db, host).get(page).text
    assert planned.title in form
    assert 'value="2030-11-22T19:30"' in form
    told = {"title": "Dời sang chủ nhật", "starts_at": "2030-11-24T20:00", "planned_minutes": 90, "co_host": "Chú Ba"}
    moved = client.post(page, data=told)
    assert moved.url.path == f"/ban-hang/live/{planned.id}"
    assert "20:00 24/11/2030" in moved.text
    with db.read() as session:
        row = session.get_one(LiveSession, planned.id)
        trace = session.exec(select(AuditEntry).where(AuditEntry.what == "starts_at")).one()
    assert (row.title, row.planned_minutes, row.co_host, row.slug) == (told["title"], 90, "Chú Ba", planned.slug)
    before, after = "2030-11-22T12:30:00+00:00", "2030-11-24T13:00:00+00:00"
    assert (trace.person_id, trace.before, trace.after) == (host.id, before, after)


def test_a_move_that_cannot_be_is_explained_beside_what_was_typed(client: TestClient, db: Database) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    starts_at = datetime(2030, 11, 22, 19, 30, tzinfo=HERE)
    first, _items, _host = make_session(db, datetime.now(UTC), coop=coop, host=host, on_air=False, starts_at=starts_at)
    later = starts_at + timedelta(hours=2)
    make_session(db, datetime.now(UTC), coop=coop, host=host, on_air=False, starts_at=later, title="Buổi sau")
    page = f"/ban-hang/live/{first.id}/sua"
    sign_in(client, db, host)
    for starts, status, words in (
        ("2020-11-22T19:30", 409, "Giờ bắt đầu đã qua"),
        ("2030-11-22T21:00", 409, "Buổi sau"),
        ("mai", 422, ""),
    ):
        answer = client.post(page, data={"title": "Tên mới", "starts_at": starts})
        assert (answer.status_code, words in answer.text, "Tên mới" in answer.text) == (status, True, True)
    with db.read() as session:
        assert session.get_one(LiveSession, first.id).title == first.title


def test_who_wants_to_go_on_air_now_is_led_to_the_session_in_the_way_but_never_to_another_co_ops(
    client: TestClient, db: Database
) -> None:
    coop, now = make_coop(db), datetime.now(UTC)
    host, guest = make_host(db, coop), make_host(db, make_coop(db))
    told = {"title": "Live ngay", "starts_at": "2020-01-01T08:00", "planned_minutes": 60, "at_once": "1"}
    soon = now + timedelta(minutes=30)
    ahead, _items, _ = make_session(db, now, coop=coop, host=host, on_air=False, starts_at=soon)
    with db.write() as session:
        crew.accept(session, crew.invite(session, ahead.id, "co-host", "", host, now).secret, guest, now)
    sign_in(client, db, host)
    answer = client.post("/ban-hang/live/moi", data=told)
    assert (answer.status_code, ahead.title in answer.text) == (409, True)
    assert f'href="/ban-hang/live/{ahead.id}">Mở buổi đã hẹn' in answer.text
    on_air, _items, _ = make_session(db, now, coop=coop, host=host, planned_minutes=20)
    assert f'href="/ban-hang/live/{on_air.id}">Mở buổi đang phát' in client.post("/ban-hang/live/moi", data=told).text
    sign_in(client, db, guest)
    answer = client.post("/ban-hang/live/moi", data=told)
    assert (answer.status_code, "đã có một buổi live nơi khác" in answer.text) == (409, True)
    assert ahead.title not in answer.text
    assert f'"/ban-hang/live/{ahead.id}"' not in answer.text


def test_a_session_that_began_is_no_longer_changed(client: TestClient, db: Database) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    sign_in(client, db, host)
    told = {"title": "Tên mới", "starts_at": "2030-11-22T19:30"}
    assert client.get(f"/ban-hang/live/{on_air.id}/sua").status_code == 409
    assert client.post(f"/ban-hang/live/{on_air.id}/sua", data=told).status_code == 409
    assert "Sửa buổi" not in client.get(f"/ban-hang/live/{on_air.id}").text


WRITES = ("mon", "bat-dau", "ghim", "ket-thuc", "huy", "sua", "gia/{item}", "mon/{item}/bo")


def test_another_co_ops_session_does_not_exist_for_this_host(client: TestClient, db: Database) -> None:
    theirs, items, _host = make_session(db, datetime.now(UTC))
    sign_in(client, db, make_host(db, make_coop(db)))
    studio = f"/ban-hang/live/{theirs.id}"
    assert client.get(studio).status_code == 404
    form = {"variant_id": items[0].variant_id, "live_price_vnd": 1000, "wanted": 1, "item_id": items[0].id}
    for path in WRITES:
        assert client.post(f"{studio}/{path.format(item=items[0].id)}", data=form).status_code == 404, path
    assert state_of(db, theirs.id) == SessionState.LIVE
    with db.read() as session:
        assert session.get_one(LiveSession, theirs.id).pinned_item_id == items[0].id
    assert theirs.title not in client.get("/ban-hang/live").text


def test_a_manager_prepares_but_only_a_host_goes_on_air(client: TestClient, db: Database) -> None:
    coop = make_coop(db)
    planned, _items, _host = make_session(db, datetime.now(UTC), coop=coop, on_air=False)
    sign_in(client, db, make_host(db, coop, role="manager"))
    assert client.get(f"/ban-hang/live/{planned.id}").status_code == 200
    assert client.post(f"/ban-hang/live/{planned.id}/bat-dau").status_code == 403
    assert state_of(db, planned.id) == SessionState.SCHEDULED


def test_a_shopper_is_sent_to_sign_in(client: TestClient, db: Database) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC))
    for path in ("/ban-hang/live", f"/ban-hang/live/{on_air.id}", "/ban-hang/live/moi"):
        assert client.get(path).url.path == "/dang-nhap"


def test_a_cancelled_session_says_so_and_never_starts(
    client: TestClient, db: Database, new_client: Callable[[], TestClient]
) -> None:
    planned, _items, host = make_session(
        db, datetime.now(UTC), on_air=False, starts_at=datetime.now(UTC) + timedelta(days=1)
    )
    sign_in(client, db, host)
    client.post(f"/ban-hang/live/{planned.id}/huy")
    assert "đã hủy" in new_client().get(f"/live/{planned.slug}").text
    assert client.post(f"/ban-hang/live/{planned.id}/bat-dau").status_code == 409
    with db.read() as session, pytest.raises(live.NotOnAir):
        live.pin(session, planned.id, None, datetime.now(UTC))


def test_programs_read_what_is_on_air(client: TestClient, db: Database) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC), items=2, wanted=10)
    listed = client.get("/api/v1/live").json()["items"]
    one = client.get(f"/api/v1/live/{on_air.slug}").json()
    assert listed == [one]
    assert (one["state"], one["pinned"], [item["code"] for item in one["items"]]) == ("live", "A1", ["A1", "A2"])
    first = one["items"][0]
    assert (first["price_vnd"], first["live_price_vnd"], first["left"]) == (200_000, 150_000, 10)
    assert one["starts_at"].endswith("+07:00")
    missing = client.get("/api/v1/live/khong-co")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/no-such-session")


def test_the_operator_reads_reports_and_stops_a_session_with_a_reason(
    client: TestClient, db: Database, new_client: Callable[[], TestClient]
) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC))
    new_client().post(f"/live/{on_air.slug}/bao-vi-pham", data={"reason": "fake", "words": "Hình khác hàng"})
    operator = make_person(db, Role.OPERATOR)
    sign_in(client, db, operator)
    assert "Hình khác hàng" in client.get("/quan-tri/live").text
    with db.read() as session:
        ((report, _session),) = reports.open_reports(session)
    assert "Hình khác hàng" not in client.post(f"/quan-tri/live/bao/{report.id}").text
    assert client.post(f"/quan-tri/live/{on_air.id}/dung", data={"reason": ""}).status_code == 422
    client.post(f"/quan-tri/live/{on_air.id}/dung", data={"reason": "Bán hàng không rõ nguồn gốc"})
    assert state_of(db, on_air.id) == SessionState.HIDDEN
    with db.read() as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.what == "stopped")).one()
    assert (told.person_id, told.after) == (operator.id, "Bán hàng không rõ nguồn gốc")


def test_only_the_operator_watches(client: TestClient, db: Database) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    sign_in(client, db, host)
    assert client.get("/quan-tri/live").status_code == 403
    assert client.post(f"/quan-tri/live/{on_air.id}/dung", data={"reason": "Muốn dừng"}).status_code == 403
    assert state_of(db, on_air.id) == SessionState.LIVE
