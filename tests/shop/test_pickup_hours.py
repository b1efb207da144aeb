"""Buyers fetch their goods at an hour with places left; the desk sees who comes when."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.cart.routes import COOKIE as CART
from shop.checkout import service as checkout
from shop.checkout.models import Checkout
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.i18n import local
from shop.demo.orders import transfer
from shop.notify.models import Message
from shop.orders import service as orders
from shop.orders import states
from shop.orders.access import secret_link
from shop.orders.events import OrderReopened
from shop.orders.messages import tell_reopened
from shop.orders.models import Order, Parcel
from shop.orders.pickup import service as pickup
from shop.orders.pickup.models import PickupBooking, PickupSlot
from shop.orders.pickup.service import SlotDay, SlotFull
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import ANSWERS, make_cart, make_table, place, start, variant_of

PLACES, BUYERS = 10, 50


class Stall:
    """A co-op whose buyers come every morning from seven to nine."""

    def __init__(self, db: Database, settings: Settings, places: int = PLACES) -> None:
        self.db, self.settings, self.now = db, settings, datetime.now(UTC)
        self.coop: Coop = make_coop(db)
        make_table(db, self.coop, pickup_line="Thôn 3")
        self.boss = make_person(db, Role.MANAGER, coop_id=self.coop.id)
        self.box = variant_of(db, make_product(db, self.coop, on_hand=1000))
        with db.write() as session:
            for weekday in range(7):
                told: dict[str, Any] = {"weekday": weekday, "from_minute": 420, "to_minute": 540, "places": places}
                slot = PickupSlot(coop_id=self.coop.id, cut_off_minutes=120, **told)
                pickup.add(session, self.coop.id, slot, self.boss, self.now)

    def offered(self, now: datetime | None = None) -> list[SlotDay]:
        with self.db.read() as session:
            return pickup.offered(session, self.coop.id, local(self.now).date(), now or self.now)

    def ready(self, n: int, slot: SlotDay, pay: str = "cod") -> str:
        """Somebody whose checkout is answered, with this hour."""
        cart_id = make_cart(self.db, {self.box.id: 1}, self.now)
        checkout_id = start(self.db, cart_id, self.settings, self.now, f"v{n}")
        with self.db.write() as session:
            mine = session.get_one(Checkout, checkout_id)
            told = {**ANSWERS, "phone": f"+849123{n:05d}"}
            checkout.answer(session, mine, self.settings, self.now, **told)
            hour = {"ways": {str(self.coop.id): "pickup"}, "slots": {str(self.coop.id): slot.key}}
            checkout.answer(session, mine, self.settings, self.now, **hour, payment_method=pay)
        return checkout_id

    def ordered(self, n: int, slot: SlotDay) -> int:
        return place(self.db, self.ready(n, slot), self.settings, self.now).id


@pytest.fixture
def stall(db: Database, settings: Settings) -> Stall:
    return Stall(db, settings)


def test_fifty_at_once_take_ten_places(stall: Stall) -> None:
    slot = stall.offered()[1]
    ready = [stall.ready(n, slot) for n in range(BUYERS)]
    together = threading.Barrier(BUYERS)

    def order(checkout_id: str) -> bool:
        together.wait(60)
        try:
            place(stall.db, checkout_id, stall.settings, stall.now)
        except (SlotFull, checkout.NotAnswered):
            return False
        return True

    with ThreadPoolExecutor(BUYERS) as thumbs:
        assert sum(thumbs.map(order, ready)) == PLACES
    with stall.db.read() as session:
        assert session.exec(select(func.count(col(PickupBooking.parcel_id)))).one() == PLACES
        assert session.exec(select(func.count(col(Order.id)))).one() == PLACES
    assert next(it.left for it in stall.offered() if it.key == slot.key) == 0


def test_a_cancelled_order_frees_its_place_and_the_parcel_is_expected_on_its_day(
    db: Database, settings: Settings
) -> None:
    stall = Stall(db, settings, places=1)
    slot = stall.offered()[2]
    order_id = stall.ordered(1, slot)
    with db.read() as session:
        parcel = session.exec(select(Parcel).where(Parcel.order_id == order_id)).one()
        assert (parcel.expected_from, parcel.expected_to) == (slot.day, slot.day)
        assert pickup.of_parcels(session, [parcel.id])[parcel.id].times == (420, 540)
    with pytest.raises(SlotFull):
        stall.ready(2, slot)
    with db.write() as session:
        orders.cancel(session, order_id, None, stall.now)
    second = stall.ordered(2, slot)
    with db.write() as session:
        parcel_id = session.exec(select(Parcel.id).where(Parcel.order_id == second)).one()
        states.cancel(session, stall.coop.id, parcel_id, stall.boss, stall.now)
    assert stall.ordered(3, slot)


def test_a_program_chooses_an_hour_too_or_is_told_which_there_are(stall: Stall, client: TestClient) -> None:
    order: dict[str, Any] = {
        "cart_id": make_cart(stall.db, {stall.box.id: 1}, stall.now),
        "contact": {"name": "An", "phone": "0912345678"},
        "address": {"province_code": "68", "ward_code": "23095", "line": "12 Trần Phú"},
        "payment_method": "cod",
        "ways": {stall.coop.slug: "pickup"},
    }
    key = {"Idempotency-Key": "h" * 20}
    missing = client.post("/api/v1/orders", json=order, headers=key)
    assert (missing.status_code, missing.json()["type"]) == (409, "/problems/slot-missing")
    assert missing.json()["hours"][0] == stall.offered()[0].key
    gone = client.post("/api/v1/orders", json={**order, "hours": {stall.coop.slug: "999:2030-01-01"}}, headers=key)
    assert gone.json()["type"] == "/problems/slot-full"
    slot = stall.offered()[1]
    placed = client.post("/api/v1/orders", json={**order, "hours": {stall.coop.slug: slot.key}}, headers=key)
    assert placed.json()["parcels"][0]["expected_from"] == slot.day.isoformat()
    assert next(it.left for it in stall.offered() if it.key == slot.key) == PLACES - 1


def test_late_money_keeps_the_order_and_the_buyer_chooses_another_hour_when_the_first_is_full(
    db: Database, settings: Settings, client: TestClient
) -> None:
    stall = Stall(db, settings, places=1)
    slot, another = stall.offered()[1:3]
    placed = place(db, stall.ready(1, slot, "vietqr"), settings, stall.now)
    later = stall.now + timedelta(hours=3)
    orders.close_unpaid(db, later)
    stall.ordered(2, slot)
    with db.write() as session:
        transfer(session, session.get_one(Order, placed.id), settings, later)
    with db.read() as session:
        assert session.get_one(Order, placed.id).state == "placed"
        parcel_id = session.exec(select(Parcel.id).where(Parcel.order_id == placed.id)).one()
        assert pickup.of_parcels(session, [parcel_id]) == {}
    with db.write() as session:
        tell_reopened(session, OrderReopened(placed.id), later)
        letters = session.exec(select(Message).where(col(Message.body).contains("giờ"))).all()
        assert {it.kind for it in letters} == {"paid", "pickup_hour"}
    page = client.get(secret_link(settings.secret_key, placed.code)).text
    assert "Bạn đến lấy giờ nào?" in page
    here = f"/don-hang/{placed.code}/gio-lay/{parcel_id}"
    assert client.post(here, data={"slot": slot.key}).status_code == 409
    assert "Bạn đến lấy giờ nào?" not in client.post(here, data={"slot": another.key}).text
    with db.read() as session:
        assert pickup.of_parcels(session, [parcel_id])[parcel_id].day == another.day


def test_an_hour_is_chosen_until_its_cut_off_and_not_once_it_was_stopped(stall: Stall) -> None:
    slot = stall.offered()[3]
    begins = datetime.combine(slot.day, datetime.min.time(), local(stall.now).tzinfo) + timedelta(hours=7)
    assert slot.key in [it.key for it in stall.offered(begins - timedelta(hours=2, minutes=1))]
    assert slot.key not in [it.key for it in stall.offered(begins - timedelta(hours=2))]
    checkout_id = stall.ready(1, slot)
    with stall.db.write() as session:
        pickup.stop(session, stall.coop.id, slot.slot_id, stall.boss, stall.now, again=False)
    with pytest.raises((SlotFull, checkout.NotAnswered)):
        place(stall.db, checkout_id, stall.settings, stall.now)


def test_a_buyer_chooses_an_hour_and_the_desk_sees_who_comes(
    stall: Stall, client: TestClient, new_client: Callable[[], TestClient]
) -> None:
    client.cookies.set(CART, make_cart(stall.db, {stall.box.id: 1}, stall.now))
    client.post("/thanh-toan/bat-dau")
    client.post("/thanh-toan", data=ANSWERS)
    page = client.get("/thanh-toan/nhan-hang").text
    key = re.findall(rf'<option value="({stall.offered()[1].slot_id}:[\d-]+)"', page)[0]
    fetch = {f"way-{stall.coop.id}": "pickup", "payment_method": "cod"}
    missing = client.post("/thanh-toan/nhan-hang", data=fetch)
    assert missing.status_code == 409
    assert 'value="pickup" checked' in missing.text, "what was chosen is still chosen"
    summary = client.post("/thanh-toan/nhan-hang", data={**fetch, f"slot-{stall.coop.id}": key}).text
    assert "7:00 – 9:00" in summary
    hidden = dict(re.findall(r'<input type="hidden" name="(checkout_id|total_vnd)" value="([^"]+)">', summary))
    assert "7:00 – 9:00" in client.post("/thanh-toan/dat-hang", data=hidden).text, "on the order, too"

    desk = sign_in(new_client(), stall.db, stall.boss)
    that_day = desk.get(f"/ban-hang/lay-hang?ngay={key.partition(':')[2]}").text
    assert "1 trên 10 chỗ" in that_day
    assert ANSWERS["name"] in that_day
    hours = {"days": ["0", "5"], "begins": "14:00", "ends": "15:30", "places": "4", "cut_off_hours": "1"}
    assert desk.post("/ban-hang/gio-lay", data={**hours, "ends": "13:00"}).status_code == 422
    assert "Thứ Bảy, 14:00 – 15:30" in desk.post("/ban-hang/gio-lay", data=hours).text
