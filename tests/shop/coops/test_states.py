"""Applied, verified, selling, on holiday, suspended: what buyers see; nobody's cart or money is caught in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments import service as payments
from shop.accounts.models import Role
from shop.cart import service as cart
from shop.catalog import selling
from shop.catalog.models import Product, ProductState
from shop.checkout import service as checkout
from shop.coops import service as coops
from shop.coops.models import Coop, CoopState
from shop.core.db import Database
from shop.core.deps import Person
from shop.demo.orders import transfer
from shop.orders.models import Order, Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import answered, make_cart, make_order, make_table, place, variant_of

OFFICER = Person(0, "Cô Hạnh", "")
BACK_ON = date(2026, 12, 24)


def to(db: Database, coop: Coop, state: CoopState, now: datetime, reason: str = "", until: date | None = None) -> None:
    with db.write() as session:
        coops.set_state(session, coop.id, state, OFFICER, now, reason, until)


def state_of(db: Database, coop: Coop) -> str:
    with db.read() as session:
        return session.get_one(Coop, coop.id).state


@pytest.mark.parametrize(
    ("before", "after"),
    [("applied", "selling"), ("verified", "holiday"), ("selling", "applied"), ("suspended", "holiday")],
)
def test_no_step_is_left_out(db: Database, now: datetime, before: str, after: str) -> None:
    coop = make_coop(db, state=before)
    with pytest.raises(coops.NoSuchStep):
        to(db, coop, CoopState(after), now, "Vì sao")
    assert state_of(db, coop) == before


def test_whoever_is_stopped_reads_why_and_since_when(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    with pytest.raises(coops.ReasonMissing):
        to(db, coop, CoopState.SUSPENDED, now)
    to(db, coop, CoopState.SUSPENDED, now, "Giấy VietGAP bị thu hồi")
    with db.read() as session:
        row = session.get_one(Coop, coop.id)
        assert (row.state_reason, row.state_at) == ("Giấy VietGAP bị thu hồi", now)


def test_a_verified_coop_sells_from_its_first_product_on(db: Database, now: datetime, manager: Person) -> None:
    coop = make_coop(db, state=CoopState.VERIFIED)
    product = make_product(db, coop, state=ProductState.DRAFT)
    with db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)
    assert state_of(db, coop) == "selling"


@pytest.mark.parametrize("state", [CoopState.APPLIED, CoopState.SUSPENDED])
def test_who_has_not_passed_puts_nothing_on_the_shelf(
    db: Database, now: datetime, manager: Person, state: CoopState
) -> None:
    product = make_product(db, make_coop(db, state=state), state=ProductState.DRAFT)
    with pytest.raises(coops.CoopNotVerified), db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)


class TestHoliday:
    def test_its_pages_stay_and_say_until_when(self, client: TestClient, db: Database, now: datetime) -> None:
        coop = make_coop(db, name="HTX Nghỉ Tết")
        product = make_product(db, coop)
        before = client.get(f"/san-pham/{product.slug}").text
        to(db, coop, CoopState.HOLIDAY, now, until=BACK_ON)
        assert "bán lại từ ngày" not in before
        for path in (f"/htx/{coop.slug}", f"/san-pham/{product.slug}"):
            assert "24/12" in client.get(path).text, path
        assert f"/san-pham/{product.slug}" not in client.get("/tim?q=thanh+long").text

    def test_it_ends_by_itself_on_its_day(self, db: Database, now: datetime) -> None:
        coop = make_coop(db)
        to(db, coop, CoopState.HOLIDAY, now, until=now.date() + timedelta(days=2))
        coops.end_holidays(db, now + timedelta(days=1))
        assert state_of(db, coop) == "holiday"
        coops.end_holidays(db, now + timedelta(days=3))
        assert state_of(db, coop) == "selling"

    @pytest.mark.parametrize("stopped", [CoopState.HOLIDAY, CoopState.SUSPENDED])
    def test_no_cart_is_stuck(self, db: Database, settings: Settings, now: datetime, stopped: CoopState) -> None:
        """Its goods are named, the rest can be ordered, and when it is back the same cart is ordered as it stands."""
        here, there = make_coop(db), make_coop(db)
        for coop in (here, there):
            make_table(db, coop)
        mine = [make_product(db, coop, on_hand=5) for coop in (here, there)]
        boxes = [variant_of(db, product).id for product in mine]
        cart_id, waiting = make_cart(db, dict.fromkeys(boxes, 1), now), make_cart(db, {boxes[0]: 1}, now)
        begun = answered(db, cart_id, settings, now)
        to(db, here, stopped, now, "Nghỉ")
        with pytest.raises(checkout.GoneFromSale) as refused:
            place(db, begun, settings, now)
        assert refused.value.facts["names"] == [mine[0].name]
        with db.write() as session:
            cart.remove(session, cart_id, boxes[0], "", now)
        assert place(db, answered(db, cart_id, settings, now), settings, now).id
        to(db, here, CoopState.SELLING, now)
        assert place(db, answered(db, waiting, settings, now, visitor="bay"), settings, now).id


@pytest.mark.parametrize("stopped", [CoopState.HOLIDAY, CoopState.SUSPENDED])
@pytest.mark.parametrize("ends", ["packed", "cancelled"])
def test_no_paid_order_stays_behind(
    db: Database,
    settings: Settings,
    now: datetime,
    new_client: Callable[[], TestClient],
    stopped: CoopState,
    ends: str,
) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    placed = make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, now, pay="vietqr")
    with db.write() as session:
        transfer(session, session.get_one(Order, placed.id), settings, now)
    to(db, coop, stopped, now, "Nghỉ")
    desk = sign_in(new_client(), db, make_person(db, Role.MANAGER, coop_id=coop.id))
    with db.read() as session:
        parcel = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()
    assert placed.code in desk.get("/ban-hang").text
    for step in ("xac-nhan", "dong-goi") if ends == "packed" else ("huy",):
        assert desk.post(f"/ban-hang/don/{parcel.id}/{step}", data={"note": "Nghỉ"}).status_code == 200
    with db.read() as session:
        assert session.get_one(Parcel, parcel.id).state == ends
        back_vnd = sum(it.amount_vnd for it in payments.refunds_of(session, f"order:{placed.id}"))
        assert back_vnd == (session.get_one(Order, placed.id).total_vnd if ends == "cancelled" else 0)
