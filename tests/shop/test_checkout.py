"""Checkout: goods are held from its start, each step keeps them longer, and the summary is what is ordered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import func, select

from shop.addresses.service import UnknownWard
from shop.cart import service as cart
from shop.catalog import selling
from shop.catalog.models import Product, ProductState, Variant
from shop.checkout import service as checkout
from shop.checkout.models import Checkout
from shop.coops.service import PoliciesMissing
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders.models import Order, OrderLine
from shop.orders.placing import TooManyOpen, UnknownPaymentMethod
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_orders import ANSWERS, answered, make_cart, make_order, make_table, place, start, variant_of


@pytest.fixture
def box(db: Database) -> Variant:
    """A box of 5 kg at 200,000; ten of them."""
    coop = make_coop(db)
    make_table(db, coop)
    return variant_of(db, make_product(db, coop, on_hand=10))


def held(db: Database, variant_id: int) -> int:
    with db.read() as session:
        return stock.pool_of(session, variant_id).held


def held_until(db: Database, checkout_id: str) -> datetime:
    with db.read() as session:
        return session.get_one(Checkout, checkout_id).held_until


def step(db: Database, checkout_id: str, settings: Settings, now: datetime, **answers: object) -> None:
    with db.write() as session:
        found = session.get_one(Checkout, checkout_id)
        checkout.answer(session, found, settings, now, **{**ANSWERS, **answers})


class TestTheHold:
    def test_it_begins_with_the_checkout_and_lasts_fifteen_minutes(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = start(db, make_cart(db, {box.id: 4}, now), settings, now)
        assert held(db, box.id) == 4
        assert held_until(db, begun) == now + timedelta(minutes=15)

    def test_each_step_makes_it_longer_but_never_beyond_forty_five_minutes(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = start(db, make_cart(db, {box.id: 1}, now), settings, now)
        ends = []
        for minutes in (10, 20, 30, 40, 44):
            step(db, begun, settings, now + timedelta(minutes=minutes))
            ends.append(held_until(db, begun) - now)
        assert ends == [timedelta(minutes=m) for m in (25, 35, 45, 45, 45)]

    def test_another_buyer_cannot_begin_with_what_is_held(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        second = make_cart(db, {box.id: 7}, now)
        start(db, make_cart(db, {box.id: 6}, now), settings, now)
        with pytest.raises(cart.SoldOut) as refusal:
            start(db, second, settings, now, visitor="binh")
        assert [line["left"] for line in refusal.value.facts["lines"]] == [4]

    def test_it_ends_by_itself_and_others_can_buy_within_a_minute(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        start(db, make_cart(db, {box.id: 10}, now), settings, now)
        later = now + timedelta(minutes=15, seconds=20)
        checkout.return_lapsed_holds(db, later)
        checkout.lapse(db, later)
        assert held(db, box.id) == 0
        assert make_order(db, {box.id: 10}, settings, later, pay="vietqr").total_vnd > 0

    def test_a_lapsed_hold_is_taken_again_if_the_goods_are_there(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 3}, now), settings, now)
        later = now + timedelta(minutes=30)
        checkout.return_lapsed_holds(db, later)
        checkout.lapse(db, later)
        assert place(db, begun, settings, later).total_vnd > 0

    def test_a_lapsed_hold_whose_goods_are_gone_is_told_line_by_line(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 3}, now), settings, now)
        later = now + timedelta(minutes=30)
        checkout.return_lapsed_holds(db, later)
        make_order(db, {box.id: 9}, settings, later, visitor="binh")
        with pytest.raises(cart.SoldOut) as refusal:
            place(db, begun, settings, later)
        assert [(line["wanted"], line["left"]) for line in refusal.value.facts["lines"]] == [(3, 1)]

    def test_it_follows_the_cart_when_that_changes(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        cart_id = make_cart(db, {box.id: 10}, now)
        begun = start(db, cart_id, settings, now)
        with db.write() as session:
            cart.set_quantity(session, cart_id, box.id, 4, now)
        step(db, begun, settings, now)
        assert held(db, box.id) == 4

    def test_what_my_own_checkout_holds_still_counts_as_there_for_me(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        cart_id = make_cart(db, {box.id: 6}, now)
        start(db, cart_id, settings, now)
        with db.write() as session:
            cart.set_quantity(session, cart_id, box.id, 10, now)
            assert cart.view(session, cart_id, now).can_be_bought

    def test_two_lines_of_one_item_are_summed_before_the_stock_is_asked(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        cart_id = make_cart(db, {box.id: 6}, now)
        with db.write() as session:  # a live line whose time is over counts as an ordinary one
            pool = stock.open_live_pool(session, box.id, "live:1", 0, now)
            lapsed = {"live_key": "live:1", "pool_id": pool.id, "price_vnd": 1, "hold_owner": "x", "held_until": now}
            cart.add_live_hold(session, cart_id, variant_id=box.id, quantity=6, now=now, **lapsed)  # type: ignore[arg-type]
        with pytest.raises(cart.SoldOut):
            start(db, cart_id, settings, now)
        assert held(db, box.id) == 0


class TestLimits:
    def test_a_visitor_holds_at_most_three_unpaid_and_is_told_when_to_come_again(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        for number in range(3):
            make_order(db, {box.id: 1}, settings, now, pay="vietqr", phone=f"+8491234567{number}")
        with pytest.raises(TooManyOpen) as refusal:
            start(db, make_cart(db, {box.id: 1}, now), settings, now)
        assert 0 < refusal.value.facts["retry_after_s"] <= 2 * 3600 + 1

    def test_a_phone_holds_at_most_three_unpaid_whoever_types_it(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        for visitor in ("an", "binh", "chi"):
            make_order(db, {box.id: 1}, settings, now, pay="vietqr", visitor=visitor)
        with pytest.raises(TooManyOpen):
            answered(db, make_cart(db, {box.id: 1}, now), settings, now, visitor="dung")

    def test_paid_at_the_door_does_not_count(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        for _ in range(4):
            make_order(db, {box.id: 1}, settings, now)

    def test_buyers_who_share_an_address_are_not_counted_together(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        for number in range(8):
            how = {"pay": "vietqr", "visitor": f"v{number}", "phone": f"+8491234567{number}"}
            make_order(db, {box.id: 1}, settings, now, **how)


class TestTheAnswers:
    def test_a_ward_of_another_province_is_refused_and_nothing_is_kept(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = start(db, make_cart(db, {box.id: 1}, now), settings, now)
        with pytest.raises(UnknownWard):
            step(db, begun, settings, now, province_code="01")
        with db.read() as session:
            assert session.get_one(Checkout, begun).answers == {}

    def test_a_way_that_the_coop_does_not_offer_is_refused(
        self, db: Database, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop, rates=(), pickup=True)
        only_there = variant_of(db, make_product(db, coop))
        with pytest.raises(checkout.CannotDeliver):
            answered(db, make_cart(db, {only_there.id: 1}, now), settings, now, way="delivery")
        assert answered(db, make_cart(db, {only_there.id: 1}, now), settings, now, way="pickup", visitor="binh")

    def test_the_summary_comes_only_after_the_questions(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = start(db, make_cart(db, {box.id: 1}, now), settings, now)
        with pytest.raises(checkout.NotAnswered) as refusal:
            place(db, begun, settings, now)
        assert refusal.value.facts == {"step": 1}

    def test_a_way_to_pay_that_is_not_offered_is_refused(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 1}, now), settings, now, pay="vietqr")
        settings.vietqr_account_no = ""
        with pytest.raises((UnknownPaymentMethod, checkout.NotAnswered)):
            place(db, begun, settings, now)


class TestOrdering:
    def test_what_the_summary_showed_is_what_is_ordered_or_it_is_shown_again(
        self, db: Database, settings: Settings, manager: Person, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 1}, now), settings, now)
        with db.write() as session:
            selling.set_price(session, box.id, 250_000, manager, now)
        with pytest.raises(checkout.SumChanged) as refusal, db.write() as session:
            checkout.place_order(session, begun, 235_000, settings, now)
        assert refusal.value.facts == {"seen_vnd": 235_000, "total_vnd": 285_000}
        assert place(db, begun, settings, now).total_vnd == 285_000

    def test_goods_that_left_the_sale_stop_the_order_by_name(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 1}, now), settings, now)
        with db.write() as session:
            product = session.get_one(Product, box.product_id)
            product.state = ProductState.HIDDEN
        with pytest.raises(checkout.GoneFromSale) as refusal:
            place(db, begun, settings, now)
        assert refusal.value.facts == {"names": [product.name]}

    def test_a_coop_without_its_word_on_delivery_and_returns_cannot_be_ordered_from(
        self, db: Database, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db, return_policy="")
        with pytest.raises(PoliciesMissing):
            start(db, make_cart(db, {variant_of(db, make_product(db, coop)).id: 1}, now), settings, now)

    def test_the_same_form_twenty_times_in_parallel_is_one_order(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        begun = answered(db, make_cart(db, {box.id: 2}, now), settings, now)

        def press(_: int) -> str:
            with db.write() as session:
                return checkout.place_order(session, begun, 460_000, settings, now).code

        with ThreadPoolExecutor(20) as hands:
            codes = set(hands.map(press, range(20)))

        assert len(codes) == 1
        with db.read() as session:
            assert session.exec(select(func.count()).select_from(Order)).one() == 1
            pool = stock.pool_of(session, box.id)
        assert (pool.on_hand, pool.held) == (8, 0)

    def test_a_live_line_is_ordered_at_its_price_out_of_its_own_pool(
        self, db: Database, settings: Settings, now: datetime, box: Variant
    ) -> None:
        cart_id = make_cart(db, {box.id: 1}, now)
        with db.write() as session:
            pool = stock.open_live_pool(session, box.id, "live:1", 4, now)
            until = now + timedelta(minutes=10)
            stock.take_holds(session, {pool.id: 2}, "live:1:an", until, now)
            live = {"live_key": "live:1", "pool_id": pool.id, "price_vnd": 150_000, "hold_owner": "live:1:an"}
            facts = {**live, "variant_id": box.id, "quantity": 2, "held_until": until}
            cart.add_live_hold(session, cart_id, now=now, **facts)  # type: ignore[arg-type]  # mixed values
        placed = place(db, answered(db, cart_id, settings, now, pay="vietqr"), settings, now)
        with db.read() as session:
            lines = session.exec(select(OrderLine).order_by(OrderLine.price_vnd)).all()  # type: ignore[arg-type]
            order = session.get_one(Order, placed.id)
            live_pool = stock.pool_of(session, box.id, "live:1")
        assert [(line.price_vnd, line.quantity, line.pool_id == pool.id) for line in lines] == [
            (150_000, 2, True),
            (200_000, 1, False),
        ]
        assert order.pay_by == now + timedelta(minutes=30)
        assert order.source == "live:1"
        assert (live_pool.on_hand, live_pool.held) == (4, 2)
