"""Deals, vouchers, sets and figures as host and buyer meet them: by forms that work without JavaScript."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from livestream import states
from livestream.deals.models import LiveDeal
from livestream.models import LiveItem, LiveSession
from shop.accounts.models import Role
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from tests.conftest import HTMX
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session
from tests.factories_orders import make_table
from tests.shop.test_buying_pages import CONTACT, field

OnAir = tuple[LiveSession, list[LiveItem], Person]


@pytest.fixture
def on_air(db: Database) -> OnAir:
    """Two items at 150.000 đ live, on air since now."""
    return make_session(db, datetime.now(UTC), items=2)


def test_two_taps_begin_a_deal_and_whoever_saw_its_price_is_asked_before_paying_more(
    client: TestClient, db: Database, on_air: OnAir
) -> None:
    live, (item, _other), host = on_air
    sign_in(client, db, host)
    here = f"/ban-hang/live/{live.id}/gia-chop/{item.id}"
    assert "135.000" in client.get(here, headers=HTMX).text  # ten per cent off stands ready
    terms = {"price_vnd": 120_000, "quantity": 1, "most_per_buyer": 1, "lasts_s": 180}
    assert 'id="deal" hidden' in client.post(here, data=terms, headers=HTMX).text
    assert "Giá chớp 120.000" in client.get(f"/ban-hang/live/{live.id}").text
    room = client.get(f"/live/{live.slug}").text
    assert 'class="deal-line"' in room
    assert f'data-deal-left="{item.code}">1<' in room
    sheet = f"/live/{live.slug}/mua/{item.code}"
    assert 'name="seen_vnd" value="120000"' in client.get(sheet).text
    refused = client.post(sheet, data={"quantity": 2, "seen_vnd": 120_000}, headers=HTMX)
    assert refused.status_code == 409
    assert "Số này vượt phần giá chớp" in refused.text
    with db.write() as session:
        states.picture_lost(session, live.id, datetime.now(UTC))
    assert "Giá chớp 120.000\xa0₫ tạm dừng" in client.get(f"/live/{live.slug}").text
    assert "khi có hình lại" in client.get(f"/ban-hang/live/{live.id}").text
    with db.write() as session:
        states.picture_back(session, live.id, datetime.now(UTC))
    assert "Đã giữ cho bạn" in client.post(sheet, data={"quantity": 1, "seen_vnd": 120_000}, headers=HTMX).text
    with db.read() as session:
        deal_id = session.exec(select(LiveDeal.id)).one()
    stopped = client.post(f"/ban-hang/live/{live.id}/gia-chop/{deal_id}/dung")
    assert "Giá chớp 120.000" not in stopped.text
    assert "phải thấp hơn giá live" in client.post(here, data={**terms, "price_vnd": 150_000}).text


def test_a_voucher_of_the_session_is_made_shown_typed_in_the_cart_and_taken_out(
    client: TestClient, db: Database, on_air: OnAir
) -> None:
    live, (item, _other), host = on_air
    sign_in(client, db, host)
    told = {"code": "he10", "percent": 10, "off_vnd": 20_000, "least_vnd": 0, "quantity": 5, "most_per_buyer": 1}
    assert "HE10" in client.post(f"/ban-hang/live/{live.id}/ma-giam", data=told).text
    assert "đã có mã HE10" in client.post(f"/ban-hang/live/{live.id}/ma-giam", data=told).text
    assert "giảm 10%" in client.get(f"/live/{live.slug}/mua/{item.code}").text
    client.post(f"/live/{live.slug}/mua/{item.code}", data={"quantity": 1})
    refused = client.post("/gio-hang/ma", data={"code": "LA"})
    assert refused.status_code == 409
    assert "không dùng được" in refused.text
    assert "giảm 15.000" in client.post("/gio-hang/ma", data={"code": "he10"}).text
    assert "135.000" in client.get("/gio-hang").text
    assert "135.000" not in client.post("/gio-hang/ma", data={"code": ""}).text


def test_a_set_is_held_beside_the_picture_and_given_back(client: TestClient, db: Database, on_air: OnAir) -> None:
    live, (first, second), host = on_air
    sign_in(client, db, host)
    told = {"name": "Bộ quà", "price_vnd": 250_000, "most_per_buyer": 2}
    made = client.post(
        f"/ban-hang/live/{live.id}/bo", data={**told, f"item-{first.id}": 1, f"item-{second.id}": 1, "item-x": 9}
    )
    assert "mua lẻ 300.000" in made.text
    assert "Bộ quà" in client.get(f"/live/{live.slug}").text
    held = client.post(f"/live/{live.slug}/bo/S1", data={"count": 1}, headers=HTMX)
    assert "250.000" in held.text
    assert "Bộ quà" not in client.get(f"/live/{live.slug}/cua-toi", headers=HTMX).text  # its parts stand there
    basket = client.get("/gio-hang").text
    assert [len(re.findall(words, basket)) for words in ("Bộ hàng giá live", "Bỏ ra<", 'class="line"')] == [1, 1, 1]
    assert re.search(r'class="line-sum">250\.000', basket)
    assert client.post(f"/live/{live.slug}/bo/S1", data={"count": 3}, headers=HTMX).status_code == 409
    client.post(f"/live/{live.slug}/bo/S1", data={"count": 0})
    assert "Bộ hàng giá live" not in client.get("/gio-hang").text


def test_a_set_is_one_row_of_summary_and_order(client: TestClient, db: Database, on_air: OnAir) -> None:
    live, (first, second), host = on_air
    with db.read() as session:
        make_table(db, session.get_one(Coop, live.coop_id))
    sign_in(client, db, host)
    told = {"name": "Bộ quà", "price_vnd": 250_000, "most_per_buyer": 2}
    client.post(f"/ban-hang/live/{live.id}/bo", data={**told, f"item-{first.id}": 1, f"item-{second.id}": 1})
    client.post(f"/live/{live.slug}/bo/S1", data={"count": 1}, headers=HTMX)
    client.post("/thanh-toan/bat-dau")
    client.post("/thanh-toan", data=CONTACT)
    summary = client.post("/thanh-toan/nhan-hang", data={"payment_method": "cod", f"way-{live.coop_id}": "delivery"})
    assert summary.url.path == "/thanh-toan/kiem-tra"
    assert summary.text.count("1 × Bộ quà") == 1
    order = client.post(
        "/thanh-toan/dat-hang", data={name: field(summary.text, name) for name in ("checkout_id", "total_vnd")}
    )
    assert order.url.path.startswith("/don-hang/")
    assert order.text.count("1 × Bộ quà") == 1
    assert "250.000" in order.text


def test_the_figures_open_for_the_coop_and_the_alliance_and_come_as_a_sheet(
    client: TestClient, db: Database, on_air: OnAir
) -> None:
    live, (item, _other), host = on_air
    sign_in(client, db, host)
    client.post(f"/live/{live.slug}/mua/{item.code}", data={"quantity": 1})
    page = client.get(f"/ban-hang/live/{live.id}/so-lieu").text
    assert "Số liệu buổi live" in page
    assert "Chưa có đơn nào từ buổi này." in page
    rows = list(
        csv.reader(io.StringIO(client.get(f"/ban-hang/live/{live.id}/so-lieu.csv").content.decode("utf-8-sig")))
    )
    assert rows[0][:3] == ["order", "at", "item"]
    assert rows[2] == ["minute", "viewers", "ordered_vnd", "orders"]
    assert "Không còn kiện nào phải gói" in client.get(f"/ban-hang/live/{live.id}/dong-goi").text
    sign_in(client, db, make_person(db, Role.OFFICER, phone="+84911110098"))
    assert client.get(f"/ban-hang/live/{live.id}/so-lieu").status_code == 200
    assert client.get(f"/ban-hang/live/{live.id}/dong-goi").status_code in (403, 404)
    sign_in(client, db, make_person(db, phone="+84911110099"))
    assert client.get(f"/ban-hang/live/{live.id}/so-lieu").status_code in (403, 404)
