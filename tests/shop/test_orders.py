"""Orders after they are placed: paid, closed, opened again, cancelled; parcels move on only from where they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from sqlmodel import col, select

from payments import service as payments
from payments.models import UnmatchedMoney
from shop.accounts.models import Role
from shop.catalog.models import Variant
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.demo.orders import bank_tells, transfer
from shop.orders import service as orders
from shop.orders import states
from shop.orders.models import Order, OrderEvent, Parcel
from shop.settings import Settings
from shop.shipping.carrier import TrackingMissing
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_cart, make_order, make_table, variant_of


class Shop(NamedTuple):
    """A co-op with ten boxes and the person who runs it."""

    coop_id: int
    box: Variant
    boss: Person


@pytest.fixture
def shop(db: Database) -> Shop:
    coop = make_coop(db)
    make_table(db, coop)
    return Shop(
        coop.id, variant_of(db, make_product(db, coop, on_hand=10)), make_person(db, Role.MANAGER, coop_id=coop.id)
    )


def order_now(db: Database, order_id: int) -> Order:
    with db.read() as session:
        return session.get_one(Order, order_id)


def parcel_of(db: Database, order_id: int) -> Parcel:
    with db.read() as session:
        return session.exec(select(Parcel).where(Parcel.order_id == order_id)).one()


def units(db: Database, shop: Shop) -> tuple[int, int]:
    """(on hand, held) of the box."""
    with db.read() as session:
        pool = stock.pool_of(session, shop.box.id)
        assert stock.broken_rules(session) == []
    return pool.on_hand, pool.held


def pay(db: Database, order_id: int, settings: Settings, now: datetime, amount_vnd: int | None = None) -> None:
    with db.write() as session:
        transfer(session, session.get_one(Order, order_id), settings, now, amount_vnd)


Move = Callable[..., None]


def move(db: Database, shop: Shop, order_id: int, now: datetime, *moves: Move) -> None:
    for one in moves:
        with db.write() as session:
            parcel = session.exec(select(Parcel).where(Parcel.order_id == order_id)).one()
            one(session, shop.coop_id, parcel.id, shop.boss, now)


def by_bus(session: object, coop_id: int, parcel_id: int, boss: Person, now: datetime) -> None:
    """Hand over to a carrier typed by hand."""
    told = {"carrier_key": "typed", "carrier_name": "Phương Trang", "tracking_code": "PT1"}
    states.hand_over(session, coop_id, parcel_id, boss, now, **told)  # type: ignore[arg-type]


class TestByTransfer:
    def test_it_waits_two_hours_for_the_money_with_its_units_held(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        order = order_now(db, placed.id)
        assert (order.state, order.pay_by) == ("awaiting_payment", now + timedelta(hours=2))
        assert parcel_of(db, placed.id).state == "waiting"
        assert units(db, shop) == (10, 2)

    def test_when_the_money_comes_the_units_are_sold_and_the_coop_sees_the_parcel(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        pay(db, placed.id, settings, now + timedelta(minutes=5))
        order = order_now(db, placed.id)
        assert (order.state, order.paid_at) == ("placed", now + timedelta(minutes=5))
        assert parcel_of(db, placed.id).state == "new"
        assert units(db, shop) == (8, 0)

    def test_a_part_of_the_money_keeps_it_waiting(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now, pay="vietqr")
        pay(db, placed.id, settings, now, 100_000)
        assert order_now(db, placed.id).state == "awaiting_payment"
        pay(db, placed.id, settings, now + timedelta(minutes=1))
        assert order_now(db, placed.id).state == "placed"

    def test_unpaid_it_closes_and_the_units_return(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        orders.close_unpaid(db, now + timedelta(minutes=119))
        assert order_now(db, placed.id).state == "awaiting_payment"
        orders.close_unpaid(db, now + timedelta(minutes=120))
        assert (order_now(db, placed.id).state, parcel_of(db, placed.id).state) == ("closed", "cancelled")
        assert units(db, shop) == (10, 0)

    def test_money_that_is_here_while_its_news_is_on_the_way_is_not_closed_over(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        with db.write() as session:
            bank_tells(session, session.get_one(Order, placed.id), settings, now)
        orders.close_unpaid(db, now + timedelta(hours=3))
        assert order_now(db, placed.id).state == "placed"
        assert units(db, shop) == (8, 0)

    def test_money_that_comes_late_opens_it_again_if_the_goods_are_there(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        orders.close_unpaid(db, now + timedelta(hours=3))
        pay(db, placed.id, settings, now + timedelta(hours=4))
        assert (order_now(db, placed.id).state, parcel_of(db, placed.id).state) == ("placed", "new")
        assert units(db, shop) == (8, 0)

    def test_money_that_comes_late_for_goods_that_are_gone_waits_for_a_person(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        later = now + timedelta(hours=3)
        orders.close_unpaid(db, later)
        make_order(db, {shop.box.id: 9}, settings, later, visitor="binh", phone="+84987654321")
        pay(db, placed.id, settings, later)
        assert order_now(db, placed.id).state == "closed"
        with db.read() as session:
            waiting = session.exec(select(UnmatchedMoney)).all()
        assert [(money.amount_vnd, money.reason) for money in waiting] == [(placed.total_vnd, "late")]
        assert units(db, shop) == (1, 0)

    def test_an_order_the_buyer_cancelled_is_not_opened_by_late_money(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now, pay="vietqr")
        with db.write() as session:
            orders.cancel(session, placed.id, None, now)
        pay(db, placed.id, settings, now)
        assert order_now(db, placed.id).state == "cancelled"
        assert units(db, shop) == (10, 0)


class TestCancelling:
    def test_cash_on_delivery_before_packing_returns_the_units(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 3}, settings, now)
        with db.write() as session:
            orders.cancel(session, placed.id, None, now)
        assert (order_now(db, placed.id).state, parcel_of(db, placed.id).state) == ("cancelled", "cancelled")
        assert units(db, shop) == (10, 0)

    def test_paid_money_is_asked_back_in_full(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 3}, settings, now, pay="vietqr")
        pay(db, placed.id, settings, now)
        with db.write() as session:
            orders.cancel(session, placed.id, None, now)
        with db.read() as session:
            assert payments.state_of(session, f"order:{placed.id}").state == "refunding"
        assert units(db, shop) == (10, 0)

    def test_after_packing_the_buyer_has_to_call(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 3}, settings, now)
        move(db, shop, placed.id, now, states.pack)
        with pytest.raises(orders.AlreadyPacked), db.write() as session:
            orders.cancel(session, placed.id, None, now)
        assert (order_now(db, placed.id).state, units(db, shop)) == ("placed", (7, 0))

    def test_twice_is_told_that_it_is_over(self, db: Database, settings: Settings, now: datetime, shop: Shop) -> None:
        placed = make_order(db, {shop.box.id: 3}, settings, now)
        with db.write() as session:
            orders.cancel(session, placed.id, None, now)
        with pytest.raises(orders.OrderOver), db.write() as session:
            orders.cancel(session, placed.id, None, now)

    def test_a_coop_that_cannot_send_its_parcel_gives_the_goods_and_the_money_of_it_back(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        other = make_coop(db)
        make_table(db, other)
        elsewhere = variant_of(db, make_product(db, other))
        placed = make_order(db, {shop.box.id: 1, elsewhere.id: 1}, settings, now, pay="vietqr")
        pay(db, placed.id, settings, now)
        with db.write() as session:
            mine = session.exec(select(Parcel).where(Parcel.coop_id == shop.coop_id)).one()
            states.cancel(session, shop.coop_id, mine.id, shop.boss, now, "Mưa lớn")
        with db.read() as session:
            money = payments.state_of(session, f"order:{placed.id}")
        assert order_now(db, placed.id).state == "placed"
        assert placed.total_vnd - money.refundable_vnd == mine.total_vnd
        assert units(db, shop) == (10, 0)


class TestTheWayOfAParcel:
    def test_from_new_to_delivered_with_cash_collected_at_the_door(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        move(db, shop, placed.id, now, states.confirm, states.pack, by_bus)
        with db.read() as session:
            assert payments.state_of(session, f"order:{placed.id}").state == "cash_on_the_way"
        move(db, shop, placed.id, now, states.deliver)
        with db.read() as session:
            assert payments.state_of(session, f"order:{placed.id}").complete
            what = session.exec(select(OrderEvent.what).order_by(col(OrderEvent.id))).all()
        parcel = parcel_of(db, placed.id)
        assert (parcel.carrier_name, parcel.tracking_code) == ("Phương Trang", "PT1")
        assert order_now(db, placed.id).state == "done"
        assert what == ["placed", "confirmed", "packed", "handed_over", "delivered"]

    def test_each_move_by_a_person_leaves_a_row_of_audit(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        move(db, shop, placed.id, now, states.confirm)
        with db.read() as session:
            row = session.exec(select(AuditEntry).where(AuditEntry.what == "parcel state")).one()
        assert (row.person_id, row.before, row.after) == (shop.boss.id, "new", "confirmed")
        assert row.on_behalf_of == f"coop:{shop.coop_id}"

    def test_picked_up_at_the_coop_it_is_delivered_from_the_shelf_and_paid_there(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now, way="pickup")
        move(db, shop, placed.id, now, states.pack, states.deliver)
        with db.read() as session:
            assert payments.state_of(session, f"order:{placed.id}").complete
        assert order_now(db, placed.id).state == "done"

    @pytest.mark.parametrize("goods_fit", [True, False])
    def test_refused_at_the_door_no_cash_is_owed_and_only_fit_goods_return_to_sale(
        self, db: Database, settings: Settings, now: datetime, shop: Shop, goods_fit: bool
    ) -> None:
        placed = make_order(db, {shop.box.id: 2}, settings, now)
        move(db, shop, placed.id, now, states.pack, by_bus)
        with db.write() as session:
            parcel = session.exec(select(Parcel)).one()
            states.refuse(session, shop.coop_id, parcel.id, shop.boss, now, goods_fit=goods_fit)
        with db.read() as session:
            money = payments.state_of(session, f"order:{placed.id}")
        assert (money.due_vnd, money.received_vnd) == (0, 0)
        assert order_now(db, placed.id).state == "cancelled"
        assert units(db, shop) == (10 if goods_fit else 8, 0)

    def test_a_problem_on_the_way_can_still_end_well(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        move(db, shop, placed.id, now, states.pack, by_bus, states.report_problem, states.deliver)
        assert order_now(db, placed.id).state == "done"

    def test_a_typed_carrier_without_a_code_moves_nothing(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        move(db, shop, placed.id, now, states.pack)
        parcel = parcel_of(db, placed.id)
        with pytest.raises(TrackingMissing), db.write() as session:
            states.hand_over(session, shop.coop_id, parcel.id, shop.boss, now, carrier_key="typed")
        assert parcel_of(db, placed.id).state == "packed"

    @pytest.mark.parametrize("early", [states.deliver, by_bus, states.report_problem])
    def test_no_step_can_be_jumped_over(
        self, db: Database, settings: Settings, now: datetime, shop: Shop, early: Move
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        with pytest.raises(states.MovedOn):
            move(db, shop, placed.id, now, early)
        assert parcel_of(db, placed.id).state == "new"

    def test_an_unpaid_parcel_is_not_packed(self, db: Database, settings: Settings, now: datetime, shop: Shop) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now, pay="vietqr")
        with pytest.raises(states.NotPaidYet):
            move(db, shop, placed.id, now, states.pack)

    def test_another_coops_parcel_is_as_good_as_none(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        placed = make_order(db, {shop.box.id: 1}, settings, now)
        parcel, stranger = parcel_of(db, placed.id), make_coop(db)
        for one in (states.confirm, states.pack, states.deliver, states.cancel, states.report_problem):
            with pytest.raises(states.NoSuchParcel), db.write() as session:
                one(session, stranger.id, parcel.id, shop.boss, now)


class TestBuyingAgain:
    def test_goods_come_into_the_cart_at_todays_price_and_what_is_gone_is_named(
        self, db: Database, settings: Settings, now: datetime, shop: Shop
    ) -> None:
        scarce = make_product(db, on_hand=1)
        placed = make_order(db, {shop.box.id: 2}, settings, now)
        with db.read() as session:
            make_table(db, make_coop(db))
        gone = make_order(db, {variant_of(db, scarce).id: 1}, settings, now, way="pickup")
        cart_id = make_cart(db, {}, now)
        with db.write() as session:
            assert orders.reorder(session, placed.id, cart_id, now) == []
            assert orders.reorder(session, gone.id, cart_id, now) == [scarce.name]
