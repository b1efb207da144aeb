"""Goods, carts and calls for the rehearsals, and what a whole order is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import func, select

from payments.models import PaymentDue
from shop.cart import service as cart
from shop.core.db import Database
from shop.orders.models import Idempotency, Order, OrderEvent, OrderLine, Parcel
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
    """One line for each order that lacks a part: lines, parcels, due, first event or the answer to its key."""
    with db.read() as session:
        orders = session.exec(select(Order)).all()
        goods = _sums(session, OrderLine.order_id, OrderLine.total_vnd)
        parcels = _sums(session, Parcel.order_id, Parcel.total_vnd)
        dues = dict(session.exec(select(PaymentDue.subject, PaymentDue.amount_vnd)).all())
        events = set(session.exec(select(OrderEvent.order_id).where(OrderEvent.what == "placed")))
        answers = set(session.exec(select(Idempotency.order_id)))
    return list(_lacking(orders, goods, parcels, dues, events, answers))


def _sums(session: Any, owner: Any, amount: Any) -> dict[int, int]:
    return {key: int(total) for key, total in session.exec(select(owner, func.sum(amount)).group_by(owner))}


def _lacking(
    orders: Sequence[Order],
    goods: Mapping[int, int],
    parcels: Mapping[int, int],
    dues: Mapping[str, int],
    events: set[int],
    answers: set[int | None],
) -> Iterator[str]:
    for order in orders:
        if goods.get(order.id) != order.goods_vnd:
            yield f"{order.code}: lines add up to {goods.get(order.id)}, not {order.goods_vnd}"
        if parcels.get(order.id) != order.total_vnd:
            yield f"{order.code}: parcels add up to {parcels.get(order.id)}, not {order.total_vnd}"
        if dues.get(f"order:{order.id}") != order.total_vnd:
            yield f"{order.code}: the due is {dues.get(f'order:{order.id}')}, not {order.total_vnd}"
        if order.id not in events or order.id not in answers:
            yield f"{order.code}: without its first event or its answer"


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
