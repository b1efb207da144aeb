"""What one buyer takes at least, what more of it costs, to whom, and from when: the same in cart, API, order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import PersonRow, Role
from shop.cart import basket
from shop.cart import service as cart
from shop.catalog.models import PriceChange, Product, Variant
from shop.catalog.plans import service as plans
from shop.catalog.wholesale import prices
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders.models import OrderLine
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.vouchers import service as vouchers
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import answered, make_order, make_table, place, variant_of


@pytest.fixture
def product(db: Database) -> Product:
    coop = make_coop(db)
    make_table(db, coop)
    return make_product(db, coop, price_vnd=20_000, on_hand=60)


@pytest.fixture
def box(db: Database, product: Product, manager: Person, now: datetime) -> Variant:
    """20.000 đ, at least 2; from 5 on 18.000 đ, from 10 on 15.000 đ; known buyers pay 12.000 đ from 4 on."""
    found = variant_of(db, product)
    with db.write() as session:
        terms = {"least": 2, "most": 50, "low_at": 5, "tiers": [[5, 18_000], [10, 15_000]], "wholesale": [[4, 12_000]]}
        prices.set_terms(session, session.get_one(Variant, found.id), **terms, person=manager, now=now)  # type: ignore[arg-type]  # one dict for the test
    return found


def cart_line(db: Database, box: Variant, quantity: int, now: datetime, person_id: int | None = None) -> basket.Line:
    with db.write() as session:
        cart_id = cart.open_cart(session, person_id, now)
        cart.set_quantity(session, cart_id, box.id, quantity, now)
    with db.read() as session:
        return basket.read(session, cart_id, now).lines[0]


@pytest.mark.parametrize(
    ("quantity", "price_vnd", "why"), [(2, 20_000, ""), (5, 18_000, "tier"), (9, 18_000, "tier"), (12, 15_000, "tier")]
)
def test_more_costs_less_for_everybody(
    db: Database, box: Variant, now: datetime, quantity: int, price_vnd: int, why: str
) -> None:
    line = cart_line(db, box, quantity, now)
    assert (line.price_vnd, line.price_kind, line.was_vnd) == (price_vnd, why, None)
    assert line.total_vnd == quantity * price_vnd


def test_cart_api_and_order_say_the_same_price(
    db: Database, box: Variant, settings: Settings, client: TestClient, now: datetime
) -> None:
    cart_id = client.post("/api/v1/carts").json()["id"]
    told = client.put(f"/api/v1/carts/{cart_id}/lines/{box.id}", json={"quantity": 6}).json()
    assert told["lines"][0]["price_vnd"] == 18_000
    placed = make_order(db, {box.id: 6}, settings, now)
    with db.read() as session:
        line = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).one()
        assert broken_rules(session) == []
    assert (line.price_vnd, line.total_vnd, line.price_kind) == (18_000, 108_000, "tier")


def test_less_than_the_coop_sends_is_refused_in_cart_api_and_checkout(
    db: Database, box: Variant, settings: Settings, client: TestClient, manager: Person, now: datetime
) -> None:
    cart_id = client.post("/api/v1/carts").json()["id"]
    refused = client.put(f"/api/v1/carts/{cart_id}/lines/{box.id}", json={"quantity": 1})
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "too-few-of-one")
    with db.write() as session:
        mine = cart.open_cart(session, None, now)
        cart.set_quantity(session, mine, box.id, 2, now)
        row = session.get_one(Variant, box.id)
        prices.set_terms(session, row, least=3, most=50, low_at=5, tiers=[], wholesale=[], person=manager, now=now)
    with pytest.raises(cart.TooFewOfOne):
        answered(db, mine, settings, now)


def test_only_an_approved_buyer_pays_the_wholesale_price_and_nobody_else_sees_it(
    db: Database, box: Variant, product: Product, settings: Settings, client: TestClient, manager: Person, now: datetime
) -> None:
    known, other = (make_person(db, phone=f"+8491111111{at}") for at in (1, 2))
    with db.write() as session:
        prices.approve(session, product.coop_id, "+84911111111", manager, now)
    assert cart_line(db, box, 4, now, known.id).price_vnd == 12_000
    assert cart_line(db, box, 4, now, other.id).price_vnd == 20_000
    assert cart_line(db, box, 4, now).price_vnd == 20_000
    assert "12.000" not in client.get(f"/san-pham/{product.slug}").text
    with db.write() as session:
        cart_id = cart.open_cart(session, known.id, now)
        cart.set_quantity(session, cart_id, box.id, 4, now)
    placed = place(db, answered(db, cart_id, settings, now), settings, now)
    with db.read() as session:
        line = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).one()
    assert (line.price_vnd, line.price_kind) == (12_000, "wholesale")
    with db.write() as session:
        prices.end(session, product.coop_id, known.id, manager, now)
    assert cart_line(db, box, 4, now, known.id).price_vnd == 20_000
    with pytest.raises(prices.NoSuchBuyer), db.write() as session:
        prices.approve(session, product.coop_id, "+84900009999", manager, now)


def test_the_next_person_at_a_shared_phone_does_not_get_the_wholesale_price(
    db: Database, box: Variant, product: Product, client: TestClient, manager: Person, now: datetime
) -> None:
    known = make_person(db, phone="+84911111111")
    with db.write() as session:
        prices.approve(session, product.coop_id, "+84911111111", manager, now)
    sign_in(client, db, known)
    client.post("/gio-hang", data={"variant_id": box.id, "quantity": 4})
    assert "48.000" in client.get("/gio-hang").text
    client.post("/dang-xuat")
    assert "48.000" not in client.get("/gio-hang").text
    client.post("/gio-hang", data={"variant_id": box.id, "quantity": 4})
    assert "80.000" in client.get("/gio-hang").text


@pytest.mark.parametrize(
    "tiers", [[[5, 20_000]], [[5, 18_000], [5, 17_000]], [[5, 18_000], [10, 18_500]], [[0, 18_000]], [[2, 19_000]] * 6]
)
def test_tiers_that_contradict_themselves_are_refused(tiers: list[list[int]]) -> None:
    with pytest.raises(prices.TiersWrong):
        prices.check_tiers(20_000, tiers)


@given(st.integers(1000, 10**6), st.lists(st.tuples(st.integers(1, 50), st.integers(1000, 10**6)), max_size=4))
def test_nobody_pays_more_a_step_by_taking_more(price_vnd: int, tiers: list[tuple[int, int]]) -> None:
    paid = [prices.price_for(price_vnd, tiers, quantity) for quantity in range(1, 60)]
    assert paid == sorted(paid, reverse=True)
    assert paid[0] <= price_vnd


def test_a_price_begins_on_its_day_once_and_in_the_planners_name(
    db: Database, box: Variant, product: Product, manager: Person, now: datetime
) -> None:
    tomorrow = now + timedelta(days=1)
    with db.write() as session:
        plans.plan(session, box.id, product.coop_id, 25_000, tomorrow, manager, now)
        plans.plan(session, box.id, product.coop_id, 30_000, tomorrow + timedelta(days=1), manager, now)
        plans.stop(session, product.coop_id, plans.waiting(session, box.id)[1].id, manager, now)
    seen = []
    for hours in (23, 24, 25, 72):
        plans.set_due(db, now + timedelta(hours=hours))
        with db.read() as session:
            seen.append(session.get_one(Variant, box.id).price_vnd)
    assert seen == [20_000, 25_000, 25_000, 25_000]
    with db.read() as session:
        assert len(session.exec(select(PriceChange).where(PriceChange.variant_id == box.id)).all()) == 2
        row = session.exec(select(AuditEntry).where(AuditEntry.what == "price_vnd")).one()
        assert session.exec(select(PersonRow)).first() is None
    assert row.person_name == manager.name
    for starts_at in (now, now + timedelta(days=400)):
        with pytest.raises(plans.PlanNotPossible), db.write() as session:
            plans.plan(session, box.id, product.coop_id, 25_000, starts_at, manager, now)
    with pytest.raises(plans.NoSuchPlan), db.write() as session:
        plans.stop(session, product.coop_id + 1, 1, manager, now)


def test_terms_wholesale_and_a_later_price_are_said_at_the_desk(
    db: Database, product: Product, client: TestClient
) -> None:
    box = variant_of(db, product)
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=product.coop_id))
    make_person(db, phone="+84911111111", name="Chị Sỉ")
    here = f"/ban-hang/hang/{box.id}"
    form = {"least_steps": "2", "most_steps": "50", "low_at": "3", "tiers": "5 = 18k\n10 = 15.000", "wholesale": ""}
    assert "10 = 15.000" in client.post(f"{here}/cach-ban", data=form).text
    shown = client.get(f"/san-pham/{product.slug}").text
    assert "mua ít nhất 2" in shown
    assert "từ 5: 18.000" in shown
    wrong = client.post(f"{here}/cach-ban", data={**form, "tiers": "5 = 25k"})
    assert (wrong.status_code, "Mua càng nhiều giá phải càng thấp" in wrong.text) == (422, True)
    assert client.post(f"{here}/cach-ban", data={**form, "tiers": "rẻ lắm"}).status_code == 422
    assert (
        "từ 01/12/2030" not in client.post(f"{here}/gia-hen", data={"price_vnd": "25k", "starts_on": "2030-12-01"}).text
    )
    assert "Chị Sỉ" in client.post("/ban-hang/khach-si", data={"phone": "0911 111 111"}).text
    assert client.post("/ban-hang/khach-si", data={"phone": "0911 111 119"}).status_code == 422


def test_a_coops_own_code_comes_off_its_ordinary_goods_and_nobody_elses(
    db: Database, product: Product, settings: Settings, client: TestClient, now: datetime
) -> None:
    other_coop = make_coop(db)
    make_table(db, other_coop)
    other = variant_of(db, make_product(db, other_coop, price_vnd=100_000))
    mine = variant_of(db, product)
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=product.coop_id))
    form = {"code": "vuon10", "percent": "10", "off_vnd": "50000", "quantity": "5"}
    assert "VUON10" in client.post("/ban-hang/ma-giam", data=form).text
    assert client.post("/ban-hang/ma-giam", data=form).status_code == 409
    with db.write() as session:
        cart_id = cart.open_cart(session, None, now)
        for box in (mine, other):
            cart.set_quantity(session, cart_id, box.id, 2, now)
        cart.take_voucher(session, cart_id, "VUON10", now)
    with db.read() as session:
        off = {line.variant_id: line.discount_vnd for line in basket.read(session, cart_id, now).lines}
    assert off == {mine.id: 4000, other.id: 0}
    placed = place(db, answered(db, cart_id, settings, now), settings, now)
    with db.read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).all()
        assert [*broken_rules(session), *vouchers.broken_rules(session)] == []
    assert sorted(line.discount_vnd for line in lines) == [0, 4000]


def test_a_code_does_not_come_off_what_costs_less_already(
    db: Database, box: Variant, manager: Person, now: datetime
) -> None:
    told = vouchers.Terms("VUON", 10, 0, 50_000, 0, 5, 1)
    with db.write() as session:
        coop_id = session.get_one(Product, box.product_id).coop_id
        vouchers.make(session, vouchers.shop_owner(coop_id), coop_id, told, manager, now)
        cart_id = cart.open_cart(session, None, now)
        cart.set_quantity(session, cart_id, box.id, 5, now)
        cart.take_voucher(session, cart_id, "VUON", now)
    with db.read() as session:
        assert basket.read(session, cart_id, now).lines[0].discount_vnd == 0


def test_the_api_tells_tiers_to_everybody_and_wholesale_to_whom_the_coop_knows(
    db: Database, product: Product, box: Variant, manager: Person, client: TestClient, now: datetime
) -> None:
    here = f"/api/v1/products/{product.slug}"
    buyer = make_person(db, phone="+84987654321")
    with db.write() as session:
        prices.approve(session, product.coop_id, buyer.phone, manager, now)
    (way,) = client.get(here).json()["variants"]
    assert way["tiers"] == [{"least_steps": 5, "price_vnd": 18_000}, {"least_steps": 10, "price_vnd": 15_000}]
    assert (way["least_steps"], way["most_steps"], way["wholesale"], way["ship_by"]) == (2, 50, [], None)
    sign_in(client, db, buyer)
    known = client.get(here)
    assert known.json()["variants"][0]["wholesale"] == [{"least_steps": 4, "price_vnd": 12_000}]
    assert known.headers["cache-control"] == "private, no-store"
