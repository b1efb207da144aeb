"""The co-op at work: its parcels come in, move on step by step, and nobody else's are touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role, RoleGrant
from shop.catalog.models import Product, Variant
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import states
from shop.orders.desk import parcels
from shop.orders.models import Order, Parcel
from shop.settings import Settings
from shop.stock import service as stock
from tests.conftest import HTMX
from tests.factories import LONG_AGO, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of


@dataclass
class Desk:
    """A manager's browser at a co-op that sells one box, 10 on hand at 200.000 đ."""

    client: TestClient
    person: Person
    coop: Coop
    product: Product
    box: Variant
    db: Database
    settings: Settings

    def order(self, now: datetime, **how: str) -> Parcel:
        """A buyer orders two boxes."""
        placed = make_order(self.db, {self.box.id: 2}, self.settings, now, **how)
        with self.db.read() as session:
            return session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()

    def parcel(self) -> Parcel:
        with self.db.read() as session:
            return session.exec(select(Parcel)).one()

    def left(self) -> int:
        with self.db.read() as session:
            return stock.available(session, [self.box.id])[self.box.id]

    def press(self, parcel: Parcel, step: str, **told: str) -> int:
        return self.client.post(f"/ban-hang/don/{parcel.id}/{step}", data=told).status_code


@pytest.fixture
def desk(client: TestClient, db: Database, settings: Settings) -> Desk:
    coop = make_coop(db)
    make_table(db, coop)
    product = make_product(db, coop, on_hand=10)
    person = make_person(db, Role.MANAGER, coop_id=coop.id)
    return Desk(sign_in(client, db, person), person, coop, product, variant_of(db, product), db, settings)


class TestParcels:
    def test_a_new_parcel_stands_on_the_first_page(self, desk: Desk, now: datetime) -> None:
        assert "Chưa có đơn mới" in desk.client.get("/ban-hang").text
        parcel = desk.order(now)
        home = desk.client.get("/ban-hang").text
        assert "Nguyễn Thị Hoa" in home
        assert f"/ban-hang/don/{parcel.id}" in home
        assert "Thu tiền mặt khi giao" in home

    @pytest.mark.parametrize("state", ["new", "delivered"])
    def test_a_long_list_goes_on_where_the_page_ended(self, desk: Desk, now: datetime, state: str) -> None:
        mine = [desk.order(now + timedelta(minutes=at % 2)).id for at in range(4)]
        with desk.db.write() as session:
            for parcel in session.exec(select(Parcel)):
                parcel.state = state
        seen: list[int] = []
        with desk.db.read() as session:
            while found := parcels(session, desk.coop.id, state, seen[-1] if seen else None, most=3):
                seen += [it.parcel.id for it in found]
        assert seen == ([*mine[::2], *mine[1::2]] if state == "new" else mine[::-1])

    def test_an_order_is_found_by_its_code_and_anothers_is_not(
        self, desk: Desk, now: datetime, new_client: Callable[[], TestClient]
    ) -> None:
        parcel = desk.order(now)
        with desk.db.read() as session:
            code = session.get_one(Order, parcel.order_id).code
        assert f"/ban-hang/don/{parcel.id}" in desk.client.get(f"/ban-hang/don?ma={code.lower()}").text
        assert "không có đơn nào mang mã SAI" in desk.client.get("/ban-hang/don?ma=SAI").text
        other = make_person(desk.db, Role.MANAGER, coop_id=make_coop(desk.db).id, phone="+84900777000")
        away = sign_in(new_client(), desk.db, other).get(f"/ban-hang/don?ma={code}").text
        assert f"/ban-hang/don/{parcel.id}" not in away

    def test_the_page_listens_to_its_own_coop_and_asks_only_for_the_tasks(self, desk: Desk, now: datetime) -> None:
        assert "hx-sse:connect" in desk.client.get("/ban-hang").text
        desk.order(now)
        part = desk.client.get("/ban-hang", headers=HTMX).text
        assert part.lstrip().startswith('<div id="tasks"')
        assert "Nguyễn Thị Hoa" in part

    def test_an_order_that_waits_for_its_transfer_is_not_shown_yet(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now, pay="vietqr")
        assert "Nguyễn Thị Hoa" not in desk.client.get("/ban-hang").text
        assert desk.client.get(f"/ban-hang/don/{parcel.id}").status_code == 404
        assert desk.press(parcel, "xac-nhan") == 409

    def test_confirmed_packed_handed_to_a_carrier_delivered(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        seen = []
        for step in ("xac-nhan", "dong-goi", "giao", "da-giao"):
            if step == "giao":
                answer = self._hand_over(desk, parcel, carrier_name="Phương Trang", tracking_code="PT 123")
            else:
                answer = desk.press(parcel, step)
            assert answer == 200
            seen.append(desk.parcel().state)
        assert seen == ["confirmed", "packed", "handed_over", "delivered"]
        told = desk.parcel()
        assert (told.carrier_name, told.tracking_code) == ("Phương Trang", "PT123")
        assert "PT123" in desk.client.get(f"/ban-hang/don/{parcel.id}").text

    def _hand_over(self, desk: Desk, parcel: Parcel, key: str = "typed", **told: str) -> int:
        return desk.client.post(f"/ban-hang/giao/{parcel.id}", data={"carrier_key": key, **told}).status_code

    def test_the_coop_brings_it_itself_without_a_tracking_code(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        desk.press(parcel, "dong-goi")
        assert self._hand_over(desk, parcel, "own") == 200
        assert desk.parcel().state == "handed_over"

    def test_a_carrier_without_a_tracking_code_is_asked_for_beside_the_field(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        desk.press(parcel, "dong-goi")
        answer = desk.client.post(
            f"/ban-hang/giao/{parcel.id}", data={"carrier_key": "typed", "carrier_name": "Phương Trang"}
        )
        assert answer.status_code == 422
        assert "Điền mã vận đơn ghi trên biên nhận" in answer.text
        assert 'value="Phương Trang"' in answer.text
        assert desk.parcel().state == "packed"

    def test_a_problem_on_the_way_is_told_with_the_coops_own_words(self, desk: Desk, now: datetime) -> None:
        parcel = self._on_the_way(desk, now)
        assert desk.press(parcel, "su-co", note="Xe hỏng ở Phan Thiết") == 200
        assert desk.parcel().state == "problem"
        assert "Xe hỏng ở Phan Thiết" in desk.client.get(f"/ban-hang/don/{parcel.id}").text

    def _on_the_way(self, desk: Desk, now: datetime) -> Parcel:
        parcel = desk.order(now)
        desk.press(parcel, "dong-goi")
        self._hand_over(desk, parcel, "own")
        return parcel

    @pytest.mark.parametrize(("told", "left"), [({"goods_fit": "true"}, 10), ({}, 8)])
    def test_refused_goods_are_on_sale_again_only_when_fit(
        self, desk: Desk, now: datetime, told: dict[str, str], left: int
    ) -> None:
        parcel = self._on_the_way(desk, now)
        assert desk.left() == 8
        assert desk.press(parcel, "khach-khong-nhan", note="Khách đi vắng", **told) == 200
        assert desk.parcel().state == "refused"
        assert desk.left() == left

    def test_a_parcel_that_cannot_be_sent_is_cancelled_and_its_goods_return(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        assert desk.press(parcel, "huy", note="Mưa hư trái") == 200
        assert desk.parcel().state == "cancelled"
        assert desk.left() == 10

    def test_a_packed_parcel_cannot_be_cancelled_any_more(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        desk.press(parcel, "dong-goi")
        assert desk.press(parcel, "huy") == 409
        assert desk.parcel().state == "packed"

    def test_a_parcel_to_be_picked_up_is_delivered_from_the_shelf(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now, way="pickup")
        desk.press(parcel, "dong-goi")
        assert "Khách đã lấy hàng" in desk.client.get(f"/ban-hang/don/{parcel.id}").text
        assert desk.press(parcel, "da-giao") == 200
        assert desk.parcel().state == "delivered"

    def test_when_two_people_press_the_same_button_the_second_reads_why_not(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        assert desk.press(parcel, "xac-nhan") == 200
        second = desk.client.post(f"/ban-hang/don/{parcel.id}/xac-nhan", headers=HTMX)
        assert second.status_code == 409
        assert "vừa được người khác cập nhật" in second.text
        assert second.headers["HX-Retarget"] == "#notices"

    def test_every_move_is_written_down_with_who_made_it(self, desk: Desk, now: datetime) -> None:
        desk.press(desk.order(now), "xac-nhan")
        with desk.db.read() as session:
            row = session.exec(select(AuditEntry).where(AuditEntry.what == "parcel state")).one()
        assert (row.person_id, row.before, row.after) == (desk.person.id, "new", "confirmed")
        assert row.on_behalf_of == f"coop:{desk.coop.id}"

    def test_a_step_that_there_is_not_is_refused(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        assert desk.press(parcel, "ban-luon") == 404
        assert desk.press(parcel, "huy", note="x" * 501) == 422
        assert desk.parcel().state == "new"

    def test_htmx_gets_the_parcel_alone(self, desk: Desk, now: datetime) -> None:
        parcel = desk.order(now)
        part = desk.client.post(f"/ban-hang/don/{parcel.id}/xac-nhan", headers=HTMX)
        assert part.text.lstrip().startswith('<div id="parcel"')
        assert "Đã đóng gói xong" in part.text

    def test_the_oldest_work_stands_first(self, desk: Desk, now: datetime) -> None:
        first = desk.order(now, name="Bác Sáu")
        second = desk.order(now + timedelta(minutes=1), name="Cô Bảy")
        page = desk.client.get("/ban-hang/don?trang_thai=new").text
        assert page.index(f"/ban-hang/don/{first.id}") < page.index(f"/ban-hang/don/{second.id}")


class TestGoods:
    def test_price_and_stock_change_in_three_taps_and_stand_on_the_page_at_once(self, desk: Desk) -> None:
        goods = desk.client.get("/ban-hang/hang").text
        assert f"/ban-hang/hang/{desk.box.id}" in goods
        form = desk.client.get(f"/ban-hang/hang/{desk.box.id}").text
        assert 'value="200.000"' in form
        answer = desk.client.post(f"/ban-hang/hang/{desk.box.id}", data={"price_vnd": "185.000", "on_hand": "7"})
        assert answer.status_code == 200
        assert "185.000" in desk.client.get("/ban-hang/hang").text
        with desk.db.read() as session:
            box = session.get_one(Variant, desk.box.id)
            rows = {row.what: (row.before, row.after) for row in session.exec(select(AuditEntry))}
        assert (box.price_vnd, desk.left()) == (185_000, 7)
        assert rows["price_vnd"] == (200_000, 185_000)
        assert len(rows) == 2

    def test_a_price_without_sense_stays_in_the_form_with_a_sentence(self, desk: Desk) -> None:
        for typed in ("-5", "abc", "", "1" * 30, "999"):
            answer = desk.client.post(f"/ban-hang/hang/{desk.box.id}", data={"price_vnd": typed, "on_hand": "7"})
            assert answer.status_code == 422, typed
            assert "error-summary" in answer.text
        assert desk.left() == 10

    def test_stock_cannot_fall_below_what_buyers_hold(self, desk: Desk, now: datetime) -> None:
        desk.order(now, pay="vietqr")
        answer = desk.client.post(f"/ban-hang/hang/{desk.box.id}", data={"price_vnd": "200000", "on_hand": "1"})
        assert answer.status_code == 422
        assert "Khách đang giữ" in answer.text
        assert desk.left() == 8


class TestOnlyOnesOwn:
    @pytest.fixture
    def stranger(self, desk: Desk, new_client: Callable[[], TestClient]) -> TestClient:
        other = make_coop(desk.db)
        person = make_person(desk.db, Role.MANAGER, coop_id=other.id, phone="+84900000008", name="Anh Khác")
        return sign_in(new_client(), desk.db, person)

    def test_another_coop_sees_and_moves_nothing(self, desk: Desk, stranger: TestClient, now: datetime) -> None:
        parcel = desk.order(now)
        assert stranger.get(f"/ban-hang/don/{parcel.id}").status_code == 404
        assert stranger.post(f"/ban-hang/don/{parcel.id}/xac-nhan").status_code == 404
        assert stranger.post(f"/ban-hang/giao/{parcel.id}", data={"carrier_key": "own"}).status_code == 404
        answer = stranger.post(f"/ban-hang/hang/{desk.box.id}", data={"price_vnd": "1000", "on_hand": "1"})
        assert answer.status_code == 404
        assert desk.parcel().state == "new"
        assert desk.left() == 8

    def test_who_works_for_two_coops_switches_between_them(self, desk: Desk, now: datetime) -> None:
        other = make_coop(desk.db, name="HTX Thứ Hai")
        with desk.db.write() as session:
            grant = RoleGrant(person_id=desk.person.id, role=Role.MANAGER, coop_id=other.id, granted_at=LONG_AGO)
            session.add(grant)
        assert "Chuyển sang HTX Thứ Hai" in desk.client.get("/ban-hang").text
        desk.client.post(f"/ban-hang/htx/{other.id}")
        home = desk.client.get("/ban-hang").text
        assert f"Chuyển sang {desk.coop.name}" in home
        desk.client.post("/ban-hang/htx/999999")
        assert f"Chuyển sang {desk.coop.name}" in desk.client.get("/ban-hang").text

    def test_guests_are_sent_to_sign_in_and_shoppers_are_told_no(
        self, desk: Desk, new_client: Callable[[], TestClient]
    ) -> None:
        guest = new_client()
        assert guest.get("/ban-hang", follow_redirects=False).headers["location"].startswith("/dang-nhap?tiep=")
        shopper = sign_in(guest, desk.db, make_person(desk.db, phone="+84900000001"))
        assert shopper.get("/ban-hang").status_code == 403


def test_a_customer_who_forgot_the_password_gets_a_code_to_scan_from_the_coop_they_bought_from(
    desk: Desk, now: datetime
) -> None:
    make_person(desk.db, phone="+84912345678", name="Hoa")
    refused = desk.client.post("/ban-hang/khoi-phuc", data={"phone": "0912345678"})
    assert refused.status_code == 404
    desk.order(now)
    shown = desk.client.post("/ban-hang/khoi-phuc", data={"phone": "0912345678"})
    assert shown.status_code == 200
    assert "<svg" in shown.text


def test_nobody_confirms_for_a_coop_that_is_not_theirs_even_by_the_service(desk: Desk, now: datetime) -> None:
    parcel = desk.order(now)
    with pytest.raises(states.NoSuchParcel), desk.db.write() as session:
        states.confirm(session, desk.coop.id + 1, parcel.id, desk.person, now)
