"""The cart: grouped by co-op, exact to the half kilo, honest about what changed, and never promising too much."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlmodel import select
from starlette.testclient import TestClient

from shop.cart import basket
from shop.cart import service as cart
from shop.cart.basket import CartView
from shop.cart.models import CartLine
from shop.cart.ways import parts_of
from shop.catalog import selling
from shop.catalog.models import Product, ProductState, Variant
from shop.core.db import Database
from shop.core.deps import Person
from shop.stock import service as stock
from tests.conftest import HTMX
from tests.factories import make_coop, make_product, make_variant
from tests.factories_orders import make_cart, make_table, variant_of


def seen(db: Database, cart_id: str, now: datetime) -> CartView:
    with db.read() as session:
        return cart.view(session, cart_id, now)


def put(db: Database, cart_id: str, variant_id: int, quantity: int, now: datetime) -> None:
    with db.write() as session:
        cart.set_quantity(session, cart_id, variant_id, quantity, now)


class TestWhatLiesInIt:
    def test_goods_are_grouped_by_coop_with_a_sum_each(self, db: Database, now: datetime) -> None:
        one, other = make_coop(db), make_coop(db)
        boxes = [variant_of(db, make_product(db, coop)) for coop in (one, other, one)]
        mine = seen(db, make_cart(db, {box.id: 2 for box in boxes}, now), now)
        assert [(parcel.coop.id, parcel.goods_vnd) for parcel in mine.parcels] == [
            (one.id, 800_000),
            (other.id, 400_000),
        ]
        assert mine.goods_vnd == 1_200_000

    def test_loose_fruit_is_exact_to_the_half_kilo(self, db: Database, now: datetime) -> None:
        fruit = make_product(db, variants=False)
        loose = make_variant(db, fruit, kind="loose", step_g=500, packing_g=30, price_vnd=17_500)
        line = seen(db, make_cart(db, {loose.id: 3}, now), now).lines[0]
        assert (line.weight_g, line.gross_g, line.total_vnd) == (1_500, 1_590, 52_500)

    def test_adding_again_adds_up(self, db: Database, now: datetime) -> None:
        box = variant_of(db, make_product(db))
        cart_id = make_cart(db, {box.id: 2}, now)
        with db.write() as session:
            cart.add(session, cart_id, box.id, 3, now)
        assert [line.quantity for line in seen(db, cart_id, now).lines] == [5]

    def test_nothing_is_reserved(self, db: Database, now: datetime) -> None:
        box = variant_of(db, make_product(db, on_hand=3))
        make_cart(db, {box.id: 3}, now)
        assert seen(db, make_cart(db, {box.id: 3}, now), now).can_be_bought

    def test_nought_takes_a_line_out(self, db: Database, now: datetime) -> None:
        box = variant_of(db, make_product(db))
        cart_id = make_cart(db, {box.id: 2}, now)
        put(db, cart_id, box.id, 0, now)
        assert seen(db, cart_id, now).lines == []


class TestRefusals:
    def test_more_than_the_coop_has_is_refused_by_name_and_changes_nothing(self, db: Database, now: datetime) -> None:
        product = make_product(db, on_hand=2)
        box = variant_of(db, product)
        cart_id = make_cart(db, {box.id: 1}, now)
        with pytest.raises(cart.SoldOut) as refusal:
            put(db, cart_id, box.id, 3, now)
        told = {"variant_id": box.id, "name": product.name, "wanted": 3, "left": 2, "step_g": 5000}
        assert refusal.value.facts == {"lines": [told]}
        assert [line.quantity for line in seen(db, cart_id, now).lines] == [1]

    def test_more_than_one_buyer_may_take_is_refused(self, db: Database, now: datetime) -> None:
        box = make_variant(db, make_product(db, variants=False), on_hand=90, most_steps=10)
        with pytest.raises(cart.TooManyOfOne):
            make_cart(db, {box.id: 11}, now)

    @pytest.mark.parametrize("why", ["hidden", "variant off sale", "coop suspended"])
    def test_what_is_not_on_sale_cannot_be_put_in(self, db: Database, now: datetime, why: str) -> None:
        coop = make_coop(db, state="suspended" if why == "coop suspended" else "selling")
        product = make_product(db, coop, state=ProductState.HIDDEN if why == "hidden" else ProductState.ON_SALE)
        box = make_variant(db, product, on_sale=why != "variant off sale")
        with pytest.raises(cart.NotOnSale):
            make_cart(db, {box.id: 1}, now)

    def test_a_cart_that_never_was_is_not_found(self, db: Database, now: datetime) -> None:
        box = variant_of(db, make_product(db))
        with pytest.raises(cart.NoSuchCart):
            put(db, "no-such-cart-0000", box.id, 1, now)


class TestWhatChangedIsSaidPlainly:
    def test_a_price_that_rose_is_told_with_the_old_one(self, db: Database, manager: Person, now: datetime) -> None:
        box = variant_of(db, make_product(db))
        cart_id = make_cart(db, {box.id: 1}, now)
        with db.write() as session:
            selling.set_price(session, box.id, 230_000, manager, now)
        line = seen(db, cart_id, now).lines[0]
        assert (line.was_vnd, line.price_vnd) == (200_000, 230_000)

    def test_goods_that_left_the_sale_stay_to_be_seen_but_do_not_count(self, db: Database, now: datetime) -> None:
        product = make_product(db)
        cart_id = make_cart(db, {variant_of(db, product).id: 1}, now)
        with db.write() as session:
            session.get_one(Product, product.id).state = ProductState.HIDDEN
        mine = seen(db, cart_id, now)
        assert (len(mine.lines), mine.goods_vnd, mine.can_be_bought) == (1, 0, False)

    def test_goods_that_others_bought_meanwhile_are_short(self, db: Database, now: datetime) -> None:
        box = variant_of(db, make_product(db, on_hand=3))
        cart_id = make_cart(db, {box.id: 3}, now)
        with db.write() as session:
            stock.sell(session, {stock.pool_of(session, box.id).id: 2}, "order:1", now)
        line = seen(db, cart_id, now).lines[0]
        assert (line.is_short, line.available) == (True, 1)


class TestBoughtLive:
    @pytest.fixture
    def live_line(self, db: Database, now: datetime) -> tuple[str, Variant]:
        """Two boxes held at 150,000 in a session's pool until in 15 minutes."""
        box = variant_of(db, make_product(db))
        cart_id = make_cart(db, {}, now)
        with db.write() as session:
            pool = stock.open_live_pool(session, box.id, "live:1", 5, now)
            until = now + timedelta(minutes=15)
            stock.take_holds(session, {pool.id: 2}, "live:1:an", until, now)
            facts = {"variant_id": box.id, "live_key": "live:1", "pool_id": pool.id, "quantity": 2}
            held = {"price_vnd": 150_000, "hold_owner": "live:1:an", "held_until": until, "now": now}
            cart.add_live_hold(session, cart_id, **facts, **held)  # type: ignore[arg-type]  # mixed values
        return cart_id, box

    def test_it_keeps_its_price_while_it_is_held(
        self, db: Database, live_line: tuple[str, Variant], now: datetime
    ) -> None:
        line = seen(db, live_line[0], now + timedelta(minutes=14)).lines[0]
        assert (line.is_live, line.price_vnd, line.total_vnd) == (True, 150_000, 300_000)

    def test_after_its_time_it_costs_what_it_costs_and_says_so(
        self, db: Database, live_line: tuple[str, Variant], now: datetime
    ) -> None:
        line = seen(db, live_line[0], now + timedelta(minutes=16)).lines[0]
        assert (line.is_live, line.live_lapsed, line.price_vnd) == (False, True, 200_000)

    def test_taking_it_out_gives_the_units_back_at_once(
        self, db: Database, live_line: tuple[str, Variant], now: datetime
    ) -> None:
        cart_id, box = live_line
        with db.write() as session:
            cart.set_quantity(session, cart_id, box.id, 0, now, live_key="live:1")
        with db.read() as session:
            assert stock.pool_of(session, box.id, "live:1").held == 0

    def test_its_number_is_fixed(self, db: Database, live_line: tuple[str, Variant], now: datetime) -> None:
        cart_id, box = live_line
        with pytest.raises(cart.LiveLineIsFixed), db.write() as session:
            cart.set_quantity(session, cart_id, box.id, 5, now, live_key="live:1")


class TestSums:
    @tries(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        goods=st.lists(
            st.tuples(st.integers(0, 2), st.integers(1, 40), st.integers(1_000, 900_000), st.sampled_from([500, 3000])),
            min_size=1,
            max_size=5,
        ),
        ward=st.sampled_from(["23059", "23095", "20500", "27316"]),
        free_from_vnd=st.sampled_from([None, 0, 400_000]),
    )
    def test_parcels_add_up_to_the_total_to_the_dong(
        self,
        db: Database,
        now: datetime,
        goods: list[tuple[int, int, int, int]],
        ward: str,
        free_from_vnd: int | None,
    ) -> None:
        coops = [make_coop(db) for _ in range(3)]
        for coop in coops:
            make_table(db, coop, free_from_vnd=free_from_vnd)
        wanted = {}
        for at, quantity, price_vnd, step_g in goods:
            product = make_product(db, coops[at], variants=False)
            wanted[make_variant(db, product, on_hand=40, price_vnd=price_vnd, step_g=step_g).id] = quantity
        with db.write() as session:
            cart_id = cart.open_cart(session, None, now)
            for variant_id, quantity in wanted.items():
                cart.set_quantity(session, cart_id, variant_id, quantity, now)
            mine = basket.read(session, cart_id, now)
            parts = parts_of(session, mine, {"ward_code": ward}, now)

        assert mine.goods_vnd == sum(quantity * price_vnd for _at, quantity, price_vnd, _g in goods)
        assert mine.goods_vnd == sum(parcel.goods_vnd for parcel in mine.parcels)
        assert sum(p.gross_g for p in mine.parcels) == sum(q * (step_g + 400) for _at, q, _price, step_g in goods)
        assert all(part.delivery and (part.delivery.fee_vnd >= 0) for part in parts)


class TestPages:
    def test_without_javascript_plus_and_minus_change_the_number(
        self, client: TestClient, db: Database, now: datetime
    ) -> None:
        box = variant_of(db, make_product(db))
        client.post("/gio-hang", data={"variant_id": box.id})
        page = client.post("/gio-hang/dong", data={"variant_id": box.id, "quantity": 1, "change": 1})
        assert page.url.path == "/gio-hang"
        assert "400.000" in page.text

    def test_htmx_gets_only_the_cart(self, client: TestClient, db: Database) -> None:
        box = variant_of(db, make_product(db))
        client.post("/gio-hang", data={"variant_id": box.id})
        answer = client.post("/gio-hang/dong", data={"variant_id": box.id, "quantity": 2}, headers=HTMX)
        assert "<html" not in answer.text
        assert 'id="cart"' in answer.text

    def test_too_much_is_said_beside_the_cart(self, client: TestClient, db: Database) -> None:
        product = make_product(db, on_hand=2)
        box = variant_of(db, product)
        client.post("/gio-hang", data={"variant_id": box.id})
        answer = client.post("/gio-hang/dong", data={"variant_id": box.id, "quantity": 9})
        assert answer.status_code == 409
        assert f"{product.name} chỉ còn 2." in answer.text

    @pytest.mark.parametrize(
        "data", [{}, {"variant_id": "x"}, {"variant_id": "-1"}, {"variant_id": 10**20}, {"variant_id": "1\x002"}]
    )
    def test_nonsense_is_refused_and_changes_nothing(
        self, client: TestClient, db: Database, data: dict[str, object]
    ) -> None:
        assert 400 <= client.post("/gio-hang", data=data).status_code < 500
        with db.read() as session:
            assert session.exec(select(CartLine)).all() == []

    def test_the_badge_counts_kinds_of_goods(self, client: TestClient, db: Database) -> None:
        box = variant_of(db, make_product(db))
        client.post("/gio-hang", data={"variant_id": box.id, "quantity": 5})
        assert '<span class="count">1' in client.get("/cua-toi").text

    def test_a_typed_place_leads_to_fees_and_dates(self, client: TestClient, db: Database) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        client.post("/gio-hang", data={"variant_id": variant_of(db, make_product(db, coop)).id})
        assert "Xã Hàm Thuận" in client.get("/gio-hang?noi=ham duc").text
        page = client.post("/gio-hang/noi-nhan", data={"ward_code": "23095"})
        assert "35.000" in page.text
