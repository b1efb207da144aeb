"""The co-op's desk hears of its orders while it lies open, and of nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import FastAPI

from shop.core.db import Database
from shop.core.streams import stream_path
from shop.orders import service as orders
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of
from tests.streams import market


class TestANewOrderReachesTheOpenDesk:
    def test_at_once_when_it_is_paid_on_delivery(self, app: FastAPI, db: Database, settings: Settings) -> None:
        now = datetime.now(UTC)
        coop = make_coop(db)
        make_table(db, coop)
        box = variant_of(db, make_product(db, coop)).id
        desk = stream_path(settings.secret_key, f"coop:{coop.id}", int(now.timestamp()) + 60)
        with market(app) as served:
            stream = served.stream(desk)
            make_order(db, {box: 1}, settings, now)
            assert stream.until("parcels") == "placed"

    def test_when_the_money_is_there_for_a_transfer(self, app: FastAPI, db: Database, settings: Settings) -> None:
        now = datetime.now(UTC)
        coop = make_coop(db)
        make_table(db, coop)
        box = variant_of(db, make_product(db, coop)).id
        desk = stream_path(settings.secret_key, f"coop:{coop.id}", int(now.timestamp()) + 60)
        with market(app) as served:
            stream = served.stream(desk)
            unpaid = make_order(db, {box: 1}, settings, now, pay="vietqr")
            with db.write() as session:
                orders.mark_paid(session, unpaid.id, now)
            assert stream.until("parcels") == ""
