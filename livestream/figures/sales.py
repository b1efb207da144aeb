"""The order lines of a session and what became of their money: every đồng has exactly one fate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from shop.core.money import split_by_share
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel


class Fate(StrEnum):
    PAID = "paid"
    """The market or the carrier has the buyer's money; part of it may have been given back since."""
    DUE = "due"
    """On its way, to be collected in cash or taken from the gateway."""
    UNPAID = "unpaid"
    """Ordered; the buyer's money is waited for."""
    REFUSED = "refused"
    """The parcel came back or was not taken."""
    CANCELLED = "cancelled"
    """Called off, or never paid in time."""


STANDING = (Fate.PAID, Fate.DUE, Fate.UNPAID)
"""What was ordered and not called off."""


@dataclass(frozen=True)
class Sold:
    """One line of an order at the session's price. `back_vnd` of it was given back after it was paid."""

    order_id: int
    order_code: str
    parcel_id: int
    variant_id: int
    product_name: str
    variant_name: str
    quantity: int
    price_vnd: int
    total_vnd: int
    discount_vnd: int
    at: datetime
    fate: Fate
    back_vnd: int

    @property
    def kept_vnd(self) -> int:
        """What the session keeps of it."""
        return self.total_vnd - self.back_vnd if self.fate == Fate.PAID else 0


def sold_by(live_id: int) -> ColumnElement[bool]:
    """Order lines the session sold, alone or in its sets; not what its replay sells."""
    key = f"live:{live_id}"
    return or_(col(OrderLine.live_key) == key, col(OrderLine.live_key).startswith(f"{key}:set", autoescape=True))


def sold(session: Session, live_id: int) -> list[Sold]:
    """Every order line that the session sold, the earliest first."""
    lines = (
        select(Order, Parcel, OrderLine)
        .join(OrderLine, col(OrderLine.order_id) == Order.id)
        .join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
        .where(sold_by(live_id))
        .order_by(col(Order.placed_at), col(OrderLine.id))
    )
    rows = session.exec(lines).all()
    back = backs(session, {parcel.id: parcel for _order, parcel, _line in rows}.values())
    return [_sold(order, parcel, line, back.get(line.id, 0)) for order, parcel, line in rows]


def _sold(order: Order, parcel: Parcel, line: OrderLine, back_vnd: int) -> Sold:
    what = fate(order, parcel)
    facts = line.model_dump(
        include={"variant_id", "product_name", "variant_name", "quantity", "price_vnd", "total_vnd", "discount_vnd"}
    )
    return Sold(
        **facts,
        order_id=order.id,
        order_code=order.code,
        parcel_id=parcel.id,
        at=order.placed_at,
        fate=what,
        back_vnd=back_vnd if what == Fate.PAID else 0,
    )


def fate(order: Order, parcel: Parcel) -> Fate:
    """What became of the money of a parcel."""
    if order.state in ("closed", "cancelled") or parcel.state == "cancelled":
        return Fate.CANCELLED if parcel.state != "refused" else Fate.REFUSED
    if parcel.state == "refused":
        return Fate.REFUSED
    if order.state == "awaiting_payment":
        return Fate.UNPAID
    here = parcel.state == "delivered" if order.payment_method == "cod" else order.paid_at is not None
    return Fate.PAID if here else Fate.DUE


def backs(session: Session, parcels: Iterable[Parcel]) -> dict[int, int]:
    """What was given back of each order line of these parcels, by line.

    Goods that were named take their own share; a sum without goods is shared by all lines and the delivery fee.
    """
    shipping = {parcel.id: parcel.shipping_vnd for parcel in parcels}
    given = session.exec(
        select(MoneyBack).where(col(MoneyBack.parcel_id).in_(shipping), MoneyBack.state == "given")
    ).all()
    lines: dict[int, list[OrderLine]] = {}
    for line in session.exec(
        select(OrderLine)
        .where(col(OrderLine.parcel_id).in_({row.parcel_id for row in given}))
        .order_by(col(OrderLine.id))
    ):
        lines.setdefault(line.parcel_id, []).append(line)
    back: dict[int, int] = {}
    for row in given:
        for line_id, part_vnd in _shared(row, lines[row.parcel_id], shipping[row.parcel_id]):
            back[line_id] = back.get(line_id, 0) + part_vnd
    return back


def _shared(row: MoneyBack, lines: list[OrderLine], shipping_vnd: int) -> list[tuple[int, int]]:
    named = [(line.id, line.price_vnd * row.lines[str(line.id)]) for line in lines if str(line.id) in row.lines]
    shares = named or [*((line.id, line.total_vnd) for line in lines), (0, shipping_vnd)]
    parts = split_by_share(row.amount_vnd, [share for _line_id, share in shares])
    return [(line_id, part) for (line_id, _share), part in zip(shares, parts, strict=True) if line_id]
