"""Goods, carts and calls for the rehearsals, and what a whole order is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from shop.cart import service as cart
from shop.core.db import Database
from shop.orders.models import Idempotency, Order
from shop.orders.verify import broken_rules
from shop.stock.models import Pool
from tests.factories import make_coop, make_product
from tests.factories_orders import NEAR_HAM_THUAN, make_table, variant_of


def stock_up(db: Database, on_hand: int, coops: int = 2) -> list[int]:
    """A variant of each of so many co-ops, `on_hand` boxes each, deliverable everywhere."""
    variants = []
    for _ in range(coops):
        coop = make_coop(db)
        make_table(db, coop)
        variants.append(variant_of(db, make_product(db, coop, on_hand=on_hand)).id)
    return variants


def make_carts(db: Database, variants: Sequence[int], count: int, now: datetime) -> list[str]:
    """So many carts with one box of each variant."""
    with db.write() as session:
        carts = [cart.open_cart(session, None, now) for _ in range(count)]
        for cart_id in carts:
            for variant_id in variants:
                cart.add(session, cart_id, variant_id, 1, now)
    return carts


def phone(number: int) -> str:
    """The mobile number of shopper `number`."""
    return f"09{number:08d}"


def order_of(cart_id: str, number: int, payment_method: str = "cod") -> dict[str, Any]:
    """The body of `POST /api/v1/orders` of shopper `number`."""
    return {
        "cart_id": cart_id,
        "contact": {"name": f"Người mua {number}", "phone": phone(number)},
        "address": {**NEAR_HAM_THUAN, "line": "12 Trần Phú"},
        "payment_method": payment_method,
        "note": "",
    }


def half_orders(db: Database) -> list[str]:
    """One line for each order that lacks a part, the answer to its key among them: all of these came over the API."""
    with db.read() as session:
        answered = select(Idempotency.order_id).where(col(Idempotency.order_id).is_not(None))
        codes = session.exec(select(Order.code).where(col(Order.id).not_in(answered)))
        return [*broken_rules(session), *(f"{code}: without the answer to its key" for code in codes)]


def units(db: Database, variants: Sequence[int]) -> list[tuple[int, int]]:
    """(on hand, held) of each variant's ordinary pool."""
    with db.read() as session:
        pools = session.exec(select(Pool).where(Pool.owner == "")).all()
    by_variant = {pool.variant_id: (pool.on_hand, pool.held) for pool in pools}
    return [by_variant[variant_id] for variant_id in variants]


def waiting_events(db: Database) -> int:
    """Events that the worker has not delivered yet."""
    with db.read() as session:
        row = session.connection().execute(text("SELECT count(*) FROM outbox_event WHERE done_at IS NULL"))
        return int(row.scalar_one())
