"""Who calls, writes on Zalo or stands at the counter buys as well: sold once, booked in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments.earnings.models import Earning
from payments.earnings.service import balances
from payments.verify import check
from shop.accounts.models import Role
from shop.catalog.models import Variant
from shop.coops.models import Coop
from shop.core.db import Database
from shop.orders.models import Order, Parcel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import NEAR_HAM_THUAN, make_order, make_table, variant_of

CALL = {"name": "Bà Sáu", "phone": "0912 345 678", "line": "Ấp 3", **NEAR_HAM_THUAN, "way": "delivery", "key": "k" * 32}


class Stall(NamedTuple):
    client: TestClient
    db: Database
    coop: Coop
    box: Variant

    def left(self) -> int:
        with self.db.read() as session:
            return stock.available(session, [self.box.id])[self.box.id]

    def orders(self) -> list[Order]:
        with self.db.read() as session:
            return list(session.exec(select(Order)))


@pytest.fixture
def stall(client: TestClient, db: Database) -> Iterator[Stall]:
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop, on_hand=10))
    yield Stall(sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id)), db, coop, box)
    with db.read() as session:
        assert [*check(session), *stock.broken_rules(session), *broken_rules(session)] == []


def test_a_sale_across_the_counter_is_three_presses_and_booked_at_once(stall: Stall) -> None:
    assert "/ban-hang/quay" in stall.client.get("/ban-hang").text
    page = stall.client.get("/ban-hang/quay").text
    (adds_one,) = re.findall(r'href="(/ban-hang/quay\?[^"]+)"', page)
    page = stall.client.get(adds_one).text
    assert "Đã thu 200.000" in page
    key = page.partition('name="key" value="')[2].partition('"')[0]
    for _ in range(2):  # pressed twice in the sun
        stall.client.post("/ban-hang/quay", data={"key": key, f"m-{stall.box.id}": "1"})
    (order,) = stall.orders()
    assert (order.state, order.source, stall.left()) == ("done", "counter", 9)
    with stall.db.read() as session:
        assert session.exec(select(Earning.gross_vnd)).one() == 200_000
        assert balances(session, f"coop:{stall.coop.id}").cash_vnd == 200_000


def test_who_calls_again_need_not_say_the_address(stall: Stall, settings: Settings, now: datetime) -> None:
    make_order(stall.db, {stall.box.id: 1}, settings, now, line="12 đường Trần Phú")
    page = stall.client.post("/ban-hang/ghi-don/tin-nhan", data={"said": "0912345678"}).text
    assert 'value="12 đường Trần Phú"' in page
    assert 'value="Nguyễn Thị Hoa"' in page
    page = stall.client.post("/ban-hang/ghi-don/tin-nhan", data={"said": "Chị ơi 0912345678 cho 2 thùng nữa nha"}).text
    assert 'value="12 đường Trần Phú"' in page
    assert "cho 2 thùng nữa nha</textarea>" in page, "what was written stays in sight"


def test_a_message_from_zalo_is_an_order_once_somebody_has_looked_at_it(stall: Stall) -> None:
    said = "Chị Lan <b>0987 654 321, giao 12 Trần Phú, xã Hàm Thuận, Lâm Đồng"
    page = stall.client.post("/ban-hang/ghi-don/tin-nhan", data={"said": said}).text
    assert stall.orders() == []
    assert "<b>0987" not in page
    shown = dict(re.findall(r'name="(name|phone|line|key)"[^>]*value="([^"]*)"', page))
    assert shown | {"key": ""} == {"name": "Chị Lan", "phone": "0987 654 321", "line": "12 Trần Phú", "key": ""}
    (ward,) = set(re.findall(r'name="ward_code" value="(\d+)"[^>]* checked', page))
    stall.client.post(
        "/ban-hang/ghi-don", data={**shown, "ward_code": ward, "way": "delivery", f"m-{stall.box.id}": "2"}
    )
    (order,) = stall.orders()
    assert (order.name, order.phone, order.line) == ("Chị Lan", "+84987654321", "12 Trần Phú")
    for said in ("", "a" * 2000, "không có gì"):
        assert stall.client.post("/ban-hang/ghi-don/tin-nhan", data={"said": said}).status_code == 200


def test_what_is_asked_for_these_days_stands_first_and_the_rest_is_folded(stall: Stall) -> None:
    goods = [variant_of(stall.db, make_product(stall.db, stall.coop, name=f"Món {n}")) for n in range(8)]
    stall.client.post("/ban-hang/quay", data={"key": "c" * 32, f"m-{goods[7].id}": "3"})
    page = stall.client.get("/ban-hang/ghi-don").text
    assert "Còn 4 món khác" in page
    assert page.index(f'name="m-{goods[7].id}"') < page.index(f'name="m-{goods[0].id}"') < page.index("món khác")
    again = stall.client.post("/ban-hang/ghi-don", data={**CALL, "phone": "12", f"m-{goods[6].id}": "2"}).text
    assert again.index(f'name="m-{goods[6].id}"') < again.index("món khác"), "what was typed is seen"


def test_an_order_from_a_call_waits_to_be_confirmed_and_is_one_however_often_it_is_sent(stall: Stall) -> None:
    for _ in range(2):
        answer = stall.client.post("/ban-hang/ghi-don", data={**CALL, f"m-{stall.box.id}": "2"})
        assert "Bà Sáu" in answer.text
    (order,) = stall.orders()
    assert (order.state, order.source, order.phone, stall.left()) == ("placed", "phone", "+84912345678", 8)


def test_whoever_comes_for_the_goods_gives_no_address(stall: Stall) -> None:
    told = {"name": "Anh Bảy", "phone": "0912345679", "way": "pickup", "key": "p" * 32, "line": "", "ward_code": ""}
    stall.client.post("/ban-hang/ghi-don", data={**told, f"m-{stall.box.id}": "1"})
    with stall.db.read() as session:
        assert session.exec(select(Parcel.way)).one() == "pickup"


def test_what_is_wrong_is_said_and_what_was_typed_stays(stall: Stall) -> None:
    answer = stall.client.post("/ban-hang/ghi-don", data={**CALL, "phone": "12"})
    assert answer.status_code == 422
    assert "Điền số lượng cho ít nhất một món" in answer.text
    assert 'value="Bà Sáu"' in answer.text


def test_anothers_goods_are_not_sold_here(stall: Stall) -> None:
    other = make_coop(stall.db, name="HTX Khác")
    theirs = variant_of(stall.db, make_product(stall.db, other))
    assert stall.client.post("/ban-hang/quay", data={"key": "x" * 32, f"m-{theirs.id}": "1"}).status_code == 404
    assert stall.orders() == []
