"""Orders: placed once, paid, closed, cancelled; parcels move on only from where they are."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import select

from shop.core.db import Database
from shop.orders.models import Order, Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of


class TestPlacing:
    def test_cash_on_delivery_is_an_order_at_once_and_its_units_are_sold(
        self, db: Database, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        box = variant_of(db, make_product(db, coop, on_hand=10))

        placed = make_order(db, {box.id: 2}, settings, now)

        with db.read() as session:
            order = session.get_one(Order, placed.id)
            parcel = session.exec(select(Parcel)).one()
        assert (order.state, parcel.state) == ("placed", "new")
        assert (order.goods_vnd, order.shipping_vnd, order.total_vnd) == (400_000, 60_000, 460_000)
