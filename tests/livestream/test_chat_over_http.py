"""The chat by its pages: viewers speak, the host sees and sets right, the pay link opens a cart."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.testclient import TestClient

from livestream.chat import talk
from livestream.chat.models import LiveComment
from shop.core.db import Database
from tests.factories import make_coop
from tests.factories_accounts import sign_in
from tests.factories_live import make_host, make_session
from tests.livestream.chatting import claims, say, speaker

Clients = Callable[[], TestClient]


def test_a_viewer_is_asked_for_a_name_once_and_told_what_became_of_the_order(client: TestClient, db: Database) -> None:
    on_air, _items, _host = make_session(db, datetime.now(UTC))
    chat = f"/live/{on_air.slug}/chat"
    asked = client.post(chat, data={"words": "A1 x2"})
    assert "Mọi người gọi bạn là gì" in asked.text
    assert 'value="A1 x2"' in asked.text
    assert 'data-close="form"' in asked.text, "who does not want to say it goes on watching"
    answer = client.post(chat, data={"words": "A1 x2", "name": "Lan"})
    assert "đã giữ 2 × A1" in answer.text
    assert re.search(r'to-pay" href="/gio-hang"', answer.text)
    assert "Lan" in client.get(f"/live/{on_air.slug}").text
    assert "đã giữ 3 × A1" in client.post(chat, data={"words": "thêm A1"}).text
    assert claims(db, on_air) == [("Lan", "A1", 3, "held")]
    assert "3 ×" in client.get(f"/live/{on_air.slug}/cua-toi").text


def test_a_phone_number_is_masked_for_others_and_whole_for_the_seller(
    client: TestClient, db: Database, new_client: Clients
) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    client.post(f"/live/{on_air.slug}/chat", data={"words": "A1 2 0912345678", "name": "Lan"})
    room = new_client().get(f"/live/{on_air.slug}").text
    assert ("0912345678" in room, "091•••••78" in room) == (False, True)
    desk = sign_in(new_client(), db, host).get(f"/ban-hang/live/{on_air.id}/binh-luan").text
    assert "A1 2 0912345678" in desk
    assert "đã giữ 2 × A1" in desk


def test_the_host_hides_answers_pins_and_sets_right(client: TestClient, db: Database, new_client: Clients) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    for words in ("Hàng giả!", "A1 còn không shop", "A1 xoài 2"):
        say(db, on_air, "Lan", words, now)
    desk = f"/ban-hang/live/{on_air.id}/binh-luan"
    sign_in(client, db, host)
    assert "Hàng giả!" not in client.get(f"{desk}?loc=question").text
    client.post(f"{desk}/1/xu-ly", data={"what": "hide"})
    client.post(f"{desk}/2/xu-ly", data={"what": "pin"})
    client.post(f"{desk}/noi", data={"words": "Còn 10 thùng nhé", "answers": "2"})
    client.post(f"{desk}/3/sua", data={"code": "A1", "quantity": "2"})
    client.post(f"{desk}/luat", data={"slow_s": "5", "words": "lừa đảo"})
    room = new_client().get(f"/live/{on_air.slug}").text
    assert ("Hàng giả!" in room, "Còn 10 thùng nhé" in room, 'class="pinned-said">' in room) == (False, True, True)
    assert "A1 còn không" not in client.get(f"{desk}?loc=question").text
    assert claims(db, on_air) == [("Lan", "A1", 2, "held")]
    assert new_client().post(f"/live/{on_air.slug}/chat", data={"words": "Chào", "name": "Tư"}).status_code == 200


def test_a_long_list_is_pasted_in_parts_with_progress(client: TestClient, db: Database) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC), wanted=3)
    sign_in(client, db, host)
    pasted = "\n".join(f"Khách {number}: A1" for number in range(450))
    form = {"pasted": pasted, "source": "tiktok"}
    address = f"/ban-hang/live/{on_air.id}/binh-luan/dan"
    for done in (0, 200):
        part = client.post(address, data={**form, "done": str(done)})
        assert f"Đã nhận {done + 200} trên 450 dòng" in part.text
    assert "Đã nhận hết" in client.post(address, data={**form, "done": "400"}).text
    states = [state for *_rest, state in claims(db, on_air)]
    assert (states[:4], len(states)) == (["held"] * 3 + ["waiting"], 450)


def test_the_pay_link_opens_the_cart_at_checkout(client: TestClient, db: Database, new_client: Clients) -> None:
    on_air, _items, host = make_session(db, datetime.now(UTC))
    sign_in(client, db, host)
    pasted = {"pasted": "Lan: A1 2 0901234567", "source": "zalo"}
    client.post(f"/ban-hang/live/{on_air.id}/binh-luan/dan", data=pasted)
    secret = speaker(db, "Lan").pay_secret
    assert secret in client.get(f"/ban-hang/live/{on_air.id}/binh-luan").text
    buyer = new_client()
    looked = buyer.get(f"/giu/{secret}")
    assert re.search(r"2 × ", looked.text)
    assert speaker(db, "Lan").proved_at is None
    opened = buyer.post(f"/giu/{secret}")
    assert opened.url.path.startswith("/thanh-toan")
    assert speaker(db, "Lan").proved_at is not None
    assert buyer.get("/giu/guessed-guessed-guessed").status_code == 404


def test_another_co_ops_comments_do_not_exist_for_this_host(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    theirs, _items, _host = make_session(db, now)
    say(db, theirs, "Lan", "A1", now)
    sign_in(client, db, make_host(db, make_coop(db)))
    desk = f"/ban-hang/live/{theirs.id}/binh-luan"
    assert client.get(desk).status_code == 404
    for path, form in (
        ("noi", {"words": "x"}),
        ("luat", {"slow_s": "1"}),
        ("dan", {"pasted": "x: A1"}),
        ("1/sua", {"code": "A1", "quantity": "0"}),
        ("1/xu-ly", {"what": "hide"}),
    ):
        assert client.post(f"{desk}/{path}", data=form).status_code == 404, path
    with db.read() as session:
        assert isinstance(talk.by_number(session, theirs.id, 1), LiveComment)
    assert claims(db, theirs) == [("Lan", "A1", 1, "held")]
