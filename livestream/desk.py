"""What the host sees while selling: holds and orders as they come in, and what could be put in a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from livestream.figures.reading import Money
from livestream.figures.sales import sold, sold_by
from livestream.room import Room
from livestream.service import live_owner
from shop.cart.models import CartLine
from shop.catalog.models import Product, ProductState, Variant
from shop.orders.models import Order, OrderLine
from shop.stock.models import Hold, HoldState, Pool

SHOWN = 30


@dataclass(frozen=True)
class Sale:
    """Something a buyer did: an order if it has a code, else a hold that waits for its order until `until`."""

    at: datetime
    code: str
    quantity: int
    total_vnd: int
    order_code: str = ""
    order_state: str = ""
    buyer: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Takings:
    """What a session has brought so far."""

    sales: Sequence[Sale]
    orders: int
    ordered_vnd: int


def takings(session: Session, room: Room) -> Takings:
    """Orders and open holds of a session, the newest first; sums over all its orders that were not called off."""
    ordered = _orders(session, room)
    sales = sorted([*ordered, *_holds(session, room)], key=lambda sale: sale.at, reverse=True)
    money = Money(sold(session, room.live.id))  # the same sums as in the figures
    return Takings(sales[:SHOWN], money.orders, money.standing_vnd)


def _orders(session: Session, room: Room) -> list[Sale]:
    codes = {item.variant.id: item.code for item in room.items}
    lines = select(Order, OrderLine).join(OrderLine, col(OrderLine.order_id) == Order.id).where(sold_by(room.live.id))
    return [
        Sale(
            at=order.placed_at,
            code=codes.get(line.variant_id, ""),
            quantity=line.quantity,
            total_vnd=line.total_vnd,
            order_code=order.code,
            order_state=order.state,
            buyer=order.name,
        )
        for order, line in session.exec(lines)
    ]


def _holds(session: Session, room: Room) -> list[Sale]:
    items = {item.variant.id: item for item in room.items}
    owner = live_owner(room.live.id)
    waiting = (
        select(Hold, Pool.variant_id, col(CartLine.price_vnd) * CartLine.quantity - CartLine.discount_vnd)
        .join(Pool, col(Pool.id) == Hold.pool_id)
        .join(CartLine, (col(CartLine.hold_owner) == Hold.owner) & (col(CartLine.pool_id) == Hold.pool_id))
        .where(Pool.owner == owner, Hold.state == HoldState.OPEN, col(Hold.owner).startswith(f"{owner}:"))
    )
    return [
        Sale(hold.started_at, item.code, hold.quantity, total_vnd or 0, until=hold.expires_at)
        for hold, variant_id, total_vnd in session.exec(waiting)
        if (item := items.get(variant_id)) is not None
    ]


@dataclass(frozen=True)
class Choice:
    """A variant that could be put in the run."""

    variant_id: int
    words: str
    price_vnd: int
    left: int


def choices(session: Session, room: Room) -> list[Choice]:
    """The co-op's goods on sale that are not in the run yet and of which something is left."""
    there = {item.variant.id for item in room.items}
    wanted = (
        select(Variant, Product.name, Pool.on_hand - Pool.held)
        .join(Product, col(Product.id) == Variant.product_id)
        .join(Pool, (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == ""))
        .where(Product.coop_id == room.coop.id, Product.state == ProductState.ON_SALE, col(Variant.on_sale))
        .order_by(col(Product.id), col(Variant.position))
    )
    return [
        Choice(variant.id, f"{name}, {variant.name}", variant.price_vnd, left)
        for variant, name, left in session.exec(wanted)
        if variant.id not in there and left > 0
    ]
