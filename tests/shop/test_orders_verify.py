"""`chohtx verify` finds every half order, and finds nothing in whole ones."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from shop.accounts.models import Role
from shop.core.db import Database
from shop.orders import service as orders
from shop.orders import states
from shop.orders.models import Parcel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.verify import broken_rules as all_broken_rules
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of


@pytest.fixture
def order_id(db: Database, settings: Settings, now: datetime) -> int:
    """An order of two boxes each from two co-ops, paid on delivery."""
    variants = []
    for _ in range(2):
        coop = make_coop(db)
        make_table(db, coop)
        variants.append(variant_of(db, make_product(db, coop, on_hand=10)).id)
    return make_order(db, dict.fromkeys(variants, 2), settings, now).id


def found(db: Database) -> list[str]:
    with db.read() as session:
        return broken_rules(session)


def break_it(db: Database, *statements: str) -> None:
    with db.write() as session:
        for statement in statements:
            session.connection().execute(text(statement))


class TestWholeOrders:
    def test_nothing_is_found_in_an_order_on_its_way(self, db: Database, order_id: int) -> None:
        assert found(db) == []

    def test_nor_in_one_that_waits_for_money(
        self, db: Database, order_id: int, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        variant = variant_of(db, make_product(db, coop, on_hand=10)).id
        waiting = make_order(db, {variant: 3}, settings, now, pay="vietqr", phone="+84912000002")
        assert found(db) == []
        with db.write() as session:
            orders.close(session, waiting.id, now)
        assert found(db) == []

    @pytest.mark.parametrize("goods_fit", [True, False])
    def test_nor_in_one_whose_parcel_was_refused(
        self, db: Database, order_id: int, now: datetime, goods_fit: bool
    ) -> None:
        manager = make_person(db, Role.MANAGER, coop_id=1)
        with db.write() as session:
            parcel = session.get_one(Parcel, 1)
            states.pack(session, parcel.coop_id, 1, manager, now)
            states.hand_over(session, parcel.coop_id, 1, manager, now, carrier_key="own")
            states.refuse(session, parcel.coop_id, 1, manager, now, goods_fit=goods_fit)
        assert found(db) == []


class TestHalfOrders:
    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("UPDATE order_line SET parcel_id = 2 WHERE parcel_id = 1", "it has no lines"),
            ("DELETE FROM order_line WHERE parcel_id = 1", "it has no lines"),
            ("UPDATE parcel SET goods_vnd = goods_vnd + 1, total_vnd = total_vnd + 1 WHERE id = 1", "its lines are"),
            ("UPDATE customer_order SET goods_vnd = goods_vnd + 1, total_vnd = total_vnd + 1", "its 2 parcels are"),
            ("UPDATE parcel SET shipping_vnd = shipping_vnd + 5, total_vnd = total_vnd + 5", "its 2 parcels are"),
            ("DELETE FROM payment_due", "nothing is due"),
            ("UPDATE payment_due SET amount_vnd = amount_vnd - 1", "due are"),
            ("DELETE FROM order_event WHERE what = 'placed'", "nothing says when"),
            (
                "UPDATE order_line SET quantity = 1, price_vnd = price_vnd * 2 WHERE parcel_id = 1",
                "whose parcels say 1",
            ),
            ("UPDATE parcel SET state = 'waiting' WHERE id = 1", "which waits for 2"),
            ("UPDATE parcel SET state = 'cancelled' WHERE id = 1", "whose parcels say 0"),
        ],
    )
    def test_a_part_that_lacks_or_does_not_add_up_is_found(
        self, db: Database, order_id: int, statement: str, says: str
    ) -> None:
        break_it(db, statement)
        assert any(says in line for line in found(db)), found(db)
        assert set(found(db)) <= set(all_broken_rules(db))

    def test_an_order_without_parcels_is_found(self, db: Database, order_id: int) -> None:
        break_it(db, "DELETE FROM order_line", "DELETE FROM parcel")
        assert any("its 0 parcels are 0" in line for line in found(db))

    def test_a_line_in_the_parcel_of_another_order_is_found(
        self, db: Database, order_id: int, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        make_order(db, {variant_of(db, make_product(db, coop, on_hand=10)).id: 1}, settings, now)
        break_it(db, "UPDATE order_line SET parcel_id = 3 WHERE parcel_id = 1")
        assert any("lies in a parcel of order" in line for line in found(db))

    def test_units_sold_to_an_order_that_is_not_there_are_found(self, db: Database, order_id: int) -> None:
        break_it(
            db,
            "INSERT INTO stock_movement (pool_id, kind, quantity, reason, owner, at)"
            " VALUES (1, 'sold', -1, '', 'order:999', '2026-11-21 01:00:00')",
        )
        assert found(db) == ["orders: pool 1 sold 1 to order:999, whose parcels say 0"]

    def test_units_held_for_an_order_that_is_not_there_are_found(self, db: Database, order_id: int) -> None:
        break_it(
            db,
            "INSERT INTO hold (pool_id, owner, quantity, state, started_at)"
            " VALUES (1, 'order:999', 1, 'open', '2026-11-21 01:00:00')",
        )
        assert found(db) == ["orders: pool 1 holds 1 for order:999, which waits for 0"]
