"""The demo's orders: every state there is, sums that hold, and a second run that changes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import func, select

from shop.accounts.models import PersonRow, RoleGrant
from shop.core.db import Database
from shop.demo.orders import MANAGER, make_orders
from shop.orders.models import Order, OrderEvent, Parcel
from shop.settings import Settings
from shop.verify import broken_rules
from tests.factories import make_coop, make_product, make_variant


def small_market(db: Database, now: datetime) -> None:
    coops = [make_coop(db, is_demo=True) for _ in range(4)]
    for coop in coops:
        make_variant(db, make_product(db, coop, on_hand=200), on_hand=200, name="Thùng 3 kg", step_g=3000)
    with db.write() as session:
        session.add(PersonRow(phone=MANAGER, name="Chị Nguyện", created_at=now))
        session.flush()
        person = session.exec(select(PersonRow)).one()
        session.add(RoleGrant(person_id=person.id, role="manager", coop_id=coops[0].id, granted_at=now))


class TestDemoOrders:
    def test_there_is_an_order_for_everything_that_can_happen(
        self, db: Database, settings: Settings, now: datetime
    ) -> None:
        small_market(db, now)

        make_orders(db, settings, now)

        with db.read() as session:
            assert set(session.exec(select(Order.state))) == {
                "awaiting_payment",
                "placed",
                "done",
                "closed",
                "cancelled",
            }
            assert set(session.exec(select(Parcel.state))) == {
                *("waiting", "new", "confirmed", "packed", "handed_over"),
                *("delivered", "problem", "refused", "cancelled"),
            }
        assert broken_rules(db) == []

    def test_a_second_run_changes_nothing(self, db: Database, settings: Settings, now: datetime) -> None:
        small_market(db, now)
        make_orders(db, settings, now)
        before = _counts(db)

        make_orders(db, settings, now)

        assert _counts(db) == before


def _counts(db: Database) -> list[int]:
    with db.read() as session:
        return [session.exec(select(func.count()).select_from(model)).one() for model in (Order, Parcel, OrderEvent)]
