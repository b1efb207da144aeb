"""Co-host and moderator on a phone of their own: invited, at a narrow post, out again at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from livestream.chat.models import LiveComment, LiveCrew
from livestream.models import LiveSession
from shop.accounts.models import Role
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.hub import Hub
from shop.core.streams import live_room
from shop.notify.models import Message
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_host, make_session
from tests.livestream.chatting import claims, say

Clients = Callable[[], TestClient]
PHONE = "+84912000111"


def invited(client: TestClient, db: Database, on_air: LiveSession, role: str, **more: str) -> LiveCrew:
    """Somebody the signed-in seller has invited."""
    form = {"role": role, "phone": "", **more}
    assert client.post(f"/ban-hang/live/{on_air.id}/binh-luan/nguoi-giup", data=form).status_code == 200
    with db.read() as session:
        return session.exec(select(LiveCrew).order_by(LiveCrew.id.desc())).first()  # type: ignore[attr-defined, return-value]  # a column; just made


def helping(new_client: Clients, db: Database, crew: LiveCrew, phone: str = PHONE) -> TestClient:
    """Somebody at a phone of their own who has taken the post."""
    phone_of = sign_in(new_client(), db, make_person(db, phone=phone, name="Út"))
    assert "Nhận lời" in phone_of.get(f"/giup-live/{crew.secret}").text
    assert phone_of.post(f"/giup-live/{crew.secret}").url.path.endswith("/binh-luan")
    return phone_of


@pytest.mark.parametrize("role", ["moderator", "co-host"])
def test_a_post_reaches_as_far_as_its_role(role: str, client: TestClient, db: Database, new_client: Clients) -> None:
    now = datetime.now(UTC)
    on_air, (first, second), host = make_session(db, now, items=2)
    say(db, on_air, "Lan", "A1 0987654321", now)
    sign_in(client, db, host)
    out = helping(new_client, db, invited(client, db, on_air, role))
    desk, sells = f"/ban-hang/live/{on_air.id}/binh-luan", role == "co-host"
    page = out.get(desk).text
    assert ("0987654321" in page, "Chép link đặt mua" in page, "Dán bình luận" in page) == (sells, False, sells)
    for path, form, may in (
        ("1/xu-ly", {"what": "mute"}, True),
        ("noi", {"words": "Chào bà con"}, True),
        ("luat", {"slow_s": "5", "words": "lừa đảo"}, True),
        ("1/sua", {"code": "A1", "quantity": "2"}, sells),
        ("dan", {"pasted": "Tư: A1"}, sells),
        ("mon", {"item_id": str(second.id)}, sells),
        ("mon", {"item_id": str(second.id), "live_price_vnd": "140000"}, False),
        ("nguoi-giup", {"role": "moderator"}, False),
    ):
        assert (out.post(f"{desk}/{path}", data=form).status_code == 200) is may, path
    for closed in (f"/ban-hang/live/{on_air.id}", f"/ban-hang/live/{on_air.id}/gia/{first.id}", "/ban-hang"):
        assert out.get(closed).status_code == 403, closed
    with db.read() as session:
        pinned = session.get_one(LiveSession, on_air.id).pinned_item_id
    assert pinned == (second.id if sells else first.id)


def test_a_co_host_changes_a_price_only_where_the_co_op_lets_him(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    now = datetime.now(UTC)
    on_air, (item,), host = make_session(db, now)
    say(db, on_air, "Lan", "A1", now)
    sign_in(client, db, host)
    out = helping(new_client, db, invited(client, db, on_air, "co-host", sees_money="1"))
    desk = f"/ban-hang/live/{on_air.id}/binh-luan"
    assert "Chép link đặt mua" in out.get(desk).text
    assert out.post(f"{desk}/mon", data={"item_id": str(item.id), "live_price_vnd": "140000"}).status_code == 200
    assert "140.000" in new_client().get(f"/live/{on_air.slug}").text


def test_an_invitation_is_one_persons_and_ends_at_once(client: TestClient, db: Database, new_client: Clients) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    elsewhere, _items, _host = make_session(db, now)
    say(db, on_air, "Lan", "Chào", now)
    sign_in(client, db, host)
    crew = invited(client, db, on_air, "moderator", phone="0912 000 111")
    stranger = sign_in(new_client(), db, make_person(db, phone="+84912000222", name="Kẻ Lạ"))
    assert stranger.post(f"/giup-live/{crew.secret}").status_code == 404
    assert new_client().get(f"/giup-live/{crew.secret}", follow_redirects=False).status_code == 303
    out = helping(new_client, db, crew)
    assert out.get(f"/giup-live/{crew.secret}").url.path.endswith("/binh-luan")  # the link leads back to the post
    assert out.get(f"/ban-hang/live/{elsewhere.id}/binh-luan").status_code == 403
    desk = f"/ban-hang/live/{on_air.id}/binh-luan"
    client.post(f"{desk}/nguoi-giup/{crew.id}/thoi")
    assert out.post(f"{desk}/1/xu-ly", data={"what": "hide"}).status_code == 403
    assert out.get(f"/giup-live/{crew.secret}").status_code == 404
    with db.read() as session:
        assert session.exec(select(LiveComment.state)).one() == "shown"
        audited = select(AuditEntry.after).where(AuditEntry.subject == f"live:{on_air.id}:crew:{crew.id}")
        assert list(session.exec(audited)) == ["invited", "accepted", "left"]


def test_the_invited_number_gets_a_letter_and_sees_it_in_the_workspace(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    guest = make_host(db, make_coop(db))
    sign_in(client, db, host)
    invited(client, db, on_air, "moderator")
    crew = invited(client, db, on_air, "co-host", phone=guest.phone)
    with db.read() as session:
        (letter,) = session.exec(select(Message).where(Message.address == guest.phone))
    assert letter.link == f"/giup-live/{crew.secret}"
    assert on_air.title in letter.body
    desk = sign_in(new_client(), db, guest)
    assert f"/giup-live/{crew.secret}" in desk.get("/ban-hang/live").text
    assert crew.secret not in client.get("/ban-hang/live").text
    client.post(f"/ban-hang/live/{on_air.id}/binh-luan/nguoi-giup/{crew.id}/thoi")
    assert f"/giup-live/{crew.secret}" not in desk.get("/ban-hang/live").text


def test_whoever_helps_may_leave_and_ends_nobody_elses_post(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    sign_in(client, db, host)
    one, other = (invited(client, db, on_air, "co-host") for _ in range(2))
    out = helping(new_client, db, one)
    desk = f"/ban-hang/live/{on_air.id}/binh-luan"
    assert out.post(f"{desk}/nguoi-giup/{other.id}/thoi").status_code == 403
    out.post(f"{desk}/nguoi-giup/{one.id}/thoi")
    assert out.get(desk).status_code == 403
    assert claims(db, on_air) == []


def test_the_operators_warning_stands_in_the_room_until_it_is_taken_back(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC))
    room, address = f"/live/{on_air.slug}", f"/quan-tri/live/{on_air.id}/canh-bao"
    client.get(room)
    operator = sign_in(new_client(), db, make_person(db, Role.OPERATOR))
    operator.post(address, data={"words": "Hàng này chưa có giấy kiểm nghiệm"})
    hub: Hub = client.app.state.hub  # type: ignore[attr-defined]  # the app of the test client is ours
    assert b"#room-warning" in hub.room(live_room(on_air.slug)).ring[-1]["vi"]
    assert "chưa có giấy kiểm nghiệm" in client.get(room).text
    operator.post(address, data={"words": ""})
    assert "chưa có giấy kiểm nghiệm" not in client.get(room).text
    assert client.post(address, data={"words": "x"}, follow_redirects=False).status_code == 303
