"""When a co-op takes orders: days, hours, so many a day. Outside of them goods are seen and kept, not ordered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.models import Variant
from shop.checkout import by_desk
from shop.coops.models import Coop
from shop.coops.opening import service as openings
from shop.coops.opening.models import Opening
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.i18n import local
from shop.orders import service as orders
from shop.orders import taking
from shop.orders.taking import NotTakingOrders
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import claim, make_session
from tests.factories_live import make_cart as live_cart
from tests.factories_orders import answered, make_cart, make_order, make_table, place, variant_of

SATURDAY_8 = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


class Shed:
    """A co-op with sixty boxes and its director."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.coop: Coop = make_coop(db)
        make_table(db, self.coop)
        self.product = make_product(db, self.coop, on_hand=60, price_vnd=20_000)
        self.box: Variant = variant_of(db, self.product)
        self.person: Person = make_person(db, Role.MANAGER, coop_id=self.coop.id)

    def takes(self, **limits: Any) -> None:
        with self.db.write() as session:
            openings.keep(session, Opening(coop_id=self.coop.id, **limits), self.person, SATURDAY_8)

    def order(self, now: datetime, n: int = 0) -> int:
        return make_order(self.db, {self.box.id: 1}, self.settings, now, phone=f"+849870000{n:02d}", visitor=f"v{n}").id


@pytest.fixture
def shed(db: Database, settings: Settings) -> Shed:
    return Shed(db, settings)


def test_orders_are_taken_in_the_hours_of_the_day_and_the_refusal_says_when_again(shed: Shed) -> None:
    shed.takes(days="6", from_minute=6 * 60, until_minute=9 * 60)
    shed.order(SATURDAY_8)
    for late in (SATURDAY_8 + timedelta(hours=1), SATURDAY_8 + timedelta(days=2)):
        with pytest.raises(NotTakingOrders) as refusal:
            shed.order(late)
        again = local(refusal.value.facts["opens_at"])
        assert (again.isoweekday(), again.hour, again.minute) == (6, 6, 0)
        assert again > late


def test_whoever_began_in_time_is_refused_after_the_cut_off_and_keeps_the_cart(shed: Shed) -> None:
    shed.takes(until_minute=8 * 60 + 5)
    begun = answered(shed.db, make_cart(shed.db, {shed.box.id: 1}, SATURDAY_8), shed.settings, SATURDAY_8)
    with pytest.raises(NotTakingOrders):
        place(shed.db, begun, shed.settings, SATURDAY_8 + timedelta(minutes=6))


def test_of_four_at_once_two_fit_in_a_day_of_two_orders(shed: Shed) -> None:
    shed.takes(most_orders=2)
    begun = [
        answered(
            shed.db, make_cart(shed.db, {shed.box.id: 1}, SATURDAY_8), shed.settings, SATURDAY_8,
            phone=f"+849870000{n:02d}", visitor=f"v{n}",
        )
        for n in range(4)
    ]  # fmt: skip

    def press(checkout_id: str) -> bool:
        try:
            place(shed.db, checkout_id, shed.settings, SATURDAY_8)
        except NotTakingOrders:
            return False
        return True

    with ThreadPoolExecutor(4) as presses:
        assert sorted(presses.map(press, begun)) == [False, False, True, True]
    with shed.db.read() as session:
        assert taking.counted(session, shed.coop.id, SATURDAY_8)[0] == 2


def test_a_full_day_begins_anew_at_midnight_and_an_order_called_off_makes_room(shed: Shed) -> None:
    shed.takes(most_orders=1)
    first = shed.order(SATURDAY_8)
    with pytest.raises(NotTakingOrders) as refusal:
        shed.order(SATURDAY_8, 1)
    assert refusal.value.facts["is_full"]
    assert local(refusal.value.facts["opens_at"]).date() == local(SATURDAY_8).date() + timedelta(days=1)
    with shed.db.write() as session:
        orders.cancel(session, first, None, SATURDAY_8)
    with shed.db.read() as session:
        assert openings.of_coops(session, [shed.coop.id])[shed.coop.id].full_on is None
    shed.order(SATURDAY_8, 2)
    shed.order(SATURDAY_8 + timedelta(days=1), 3)


def test_goods_for_so_much_money_are_a_full_day(shed: Shed) -> None:
    shed.takes(most_vnd=40_000)
    shed.order(SATURDAY_8, 0)
    shed.order(SATURDAY_8, 1)
    with pytest.raises(NotTakingOrders):
        shed.order(SATURDAY_8, 2)


def test_the_coops_own_people_write_orders_at_any_hour(shed: Shed) -> None:
    shed.takes(days="7")
    with shed.db.write() as session:
        told = (session, shed.coop.id, "counter:1", {shed.box.id: 1}, shed.person, shed.settings, SATURDAY_8)
        assert by_desk.sell_at_counter(*told).total_vnd == 20_000


def test_a_live_session_is_its_own_opening_and_fills_the_day_for_the_others(shed: Shed) -> None:
    shed.takes(days="7", most_orders=1)
    live, _items, _host = make_session(shed.db, SATURDAY_8, coop=shed.coop)
    cart_id = live_cart(shed.db, SATURDAY_8)
    claim(shed.db, live.slug, cart_id, 1, SATURDAY_8)
    assert place(shed.db, answered(shed.db, cart_id, shed.settings, SATURDAY_8), shed.settings, SATURDAY_8).id
    with shed.db.read() as session:
        assert taking.counted(session, shed.coop.id, SATURDAY_8)[0] == 1
    shed.takes(most_orders=1)
    with pytest.raises(NotTakingOrders):
        shed.order(SATURDAY_8, 1)


def test_outside_the_hours_goods_are_seen_and_kept_and_the_day_is_told(shed: Shed, client: TestClient) -> None:
    other = str(local(datetime.now(UTC)).isoweekday() % 7 + 1)
    shed.takes(days=other)
    page = client.get(f"/san-pham/{shed.product.slug}").text
    assert "Nhận đơn lại lúc" in page
    assert "Thêm vào giỏ" in page
    assert "Nhận đơn lại lúc" in client.get(f"/htx/{shed.coop.slug}").text
    client.post("/gio-hang", data={"variant_id": shed.box.id, "quantity": 2})
    assert "Nhận đơn lại lúc" in client.get("/gio-hang").text
    refused = client.post("/thanh-toan/bat-dau")
    assert refused.status_code == 409
    assert "Giỏ của bạn vẫn giữ nguyên" in refused.text
    shed.takes()
    assert "Nhận đơn lại lúc" not in client.get(f"/san-pham/{shed.product.slug}").text


def test_the_director_sets_the_hours_and_the_change_is_written_down(shed: Shed, client: TestClient) -> None:
    sign_in(client, shed.db, shed.person)
    told = {"d1": "true", "d3": "true", "opens": "06:30", "closes": "16:00", "most_orders": "40", "most_vnd": "5tr"}
    assert client.post("/ban-hang/gio-nhan-don", data=told).status_code == 200
    with shed.db.read() as session:
        kept = openings.of_coops(session, [shed.coop.id])[shed.coop.id]
        assert (kept.days, kept.from_minute, kept.until_minute, kept.most_vnd) == ("13", 390, 960, 5_000_000)
        assert session.exec(select(AuditEntry).where(AuditEntry.what == "opening")).one().after["most_orders"] == 40
    wrong = client.post("/ban-hang/gio-nhan-don", data={"d1": "true", "opens": "16:00", "closes": "06:00"})
    assert wrong.status_code == 422
    assert "giờ ngưng phải sau giờ nhận" in wrong.text
    client.post("/ban-hang/gio-nhan-don", data={f"d{day}": "true" for day in range(1, 8)})
    with shed.db.read() as session:
        assert openings.of_coops(session, [shed.coop.id]) == {}


@given(
    days=st.sets(st.sampled_from(openings.ALL_DAYS), min_size=1),
    minutes=st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda it: it[0] < it[1]),
    minute=st.integers(0, 366 * 1440),
)
def test_when_it_opens_again_it_is_open(days: set[str], minutes: tuple[int, int], minute: int) -> None:
    it = Opening(coop_id=1, days="".join(sorted(days)), from_minute=minutes[0], until_minute=minutes[1])
    now = SATURDAY_8 + timedelta(minutes=minute)
    closed = openings.closed_now(it, now)
    changes = openings.changes_at(it, now)
    assert changes is not None
    assert changes > now
    if closed is None:
        assert openings.closed_now(it, changes) is not None or minutes == (0, 1440)
    else:
        assert openings.closed_now(it, closed.opens_at) is None
        assert openings.closed_now(it, closed.opens_at - timedelta(seconds=1)) is not None
