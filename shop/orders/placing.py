"""An order is placed: one transaction, few statements, once for each placement key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from payments import service as payments
from shop.cart.basket import CartParcel, Line
from shop.cart.service import named
from shop.core.db import run
from shop.core.errors import Invalid, Refusal, TooMany
from shop.core.events import publish
from shop.core.hub import tell
from shop.core.ids import order_code
from shop.core.prepared import Prepared
from shop.orders import cash, from_lots, harvest_days, taking
from shop.orders.events import OrderPlaced
from shop.orders.models import Order, OrderEvent, OrderLine, Parcel
from shop.settings import Settings
from shop.shipping.service import Quote
from shop.stock import service as stock
from shop.vouchers import service as vouchers

PAID_LATER = cash.CASH  # cash on delivery: the order stands at once
COUNTER = "counter"  # the source of what is sold across the counter: the cash is there, nobody's memory of it counts


class TooManyOpen(TooMany):
    """This phone or this visitor holds goods unpaid too often already. Facts: most, retry_after_s."""


class HoldLost(Refusal):
    """What was held for this order is no longer held in full."""


class UnknownPaymentMethod(Invalid):
    """The shop does not offer this way to pay. Facts: offered."""


@dataclass(frozen=True)
class Buyer:
    """Who buys, where it goes, and what they add. `phone` is +84…"""

    name: str
    phone: str
    province_code: str
    ward_code: str
    line: str
    legacy_text: str = ""
    note: str = ""
    email: str | None = None
    lang: str = "vi"
    person_id: int | None = None
    visitor_key: str = ""


@dataclass(frozen=True)
class Part:
    """The lines of one co-op and the way they go."""

    parcel: CartParcel
    quote: Quote


@dataclass(frozen=True)
class Placed:
    """The order that stands under a placement key, just made or found."""

    id: int
    code: str
    total_vnd: int


def find_placed(session: Session, key: str) -> Placed | None:
    """The order placed under this key, if any."""
    wanted = select(col(Order.id), col(Order.code), col(Order.total_vnd)).where(col(Order.placement_key) == key)
    row = session.execute(wanted).one_or_none()
    return Placed(*row) if row else None


def place(
    session: Session,
    key: str,
    buyer: Buyer,
    parts: Sequence[Part],
    payment_method: str,
    settings: Settings,
    now: datetime,
    *,
    held_for: str | None = None,
    source: str = "shop",
    is_demo: bool = False,
) -> Placed:
    """Place an order of `parts`, a parcel each, under `key`; the caller has looked whether the key is used.

    With `held_for` the ordinary lines are held for that owner already; live lines always are, for their own.
    Cash on delivery sells the units at once; any other method holds them until `pay_by`.
    Raises SoldOut (nothing is kept then), NotTakingOrders, HoldLost, UnknownPaymentMethod, CodNotOffered, TooManyOpen.
    """
    stopped_by = () if source in taking.OWN_HAND else [part.parcel for part in parts]
    hours = taking.require_open(session, stopped_by, now, lock=True)
    total_vnd = sum(part.parcel.goods_vnd + part.quote.fee_vnd for part in parts)
    offered = payments.methods(settings, total_vnd)
    if payment_method not in offered:
        raise UnknownPaymentMethod(offered=offered)
    lines = [line for part in parts for line in part.parcel.bought]
    pay_by = None if payment_method == PAID_LATER else now + _time_to_pay(settings, lines)
    if payment_method == PAID_LATER and source != COUNTER:
        cash.require(session, settings, buyer.phone, total_vnd, now)
    if pay_by:
        refuse_too_many_open(session, settings, now, phone=buyer.phone, visitor_key=buyer.visitor_key)
    placed = _write_order(session, key, buyer, parts, payment_method, pay_by, now, source, is_demo)
    _write_parcels(session, placed.id, parts, waiting=pay_by is not None)
    _take_goods(session, placed.id, lines, held_for, sell=pay_by is None, now=now)
    if any(line.ship_by for line in lines):
        harvest_days.of_new_order(session, placed.id)
        from_lots.look_again(session, col(Parcel.order_id) == placed.id)  # the harvest may have come this moment
    taking.note(session, hours, now)
    run(session, _INSERT_EVENT, {"order_id": placed.id, "what": "placed", "at": now, "note": ""})
    due: dict[str, Any] = {"label": placed.code, "page_path": f"/don-hang/{placed.code}"}
    due["tolerance_vnd"] = settings.payment_tolerance_vnd
    payments.open_due(session, f"order:{placed.id}", placed.total_vnd, payment_method, pay_by, now, **due)
    publish(session, OrderPlaced(placed.id))
    if pay_by is None:
        for part in parts:
            tell(session, f"coop:{part.parcel.coop.id}", "parcels", "placed")
    return placed


def _time_to_pay(settings: Settings, lines: Sequence[Line]) -> timedelta:
    live = any(line.is_live for line in lines)
    return timedelta(minutes=settings.live_hold_minutes if live else settings.transfer_hold_minutes)


def refuse_too_many_open(
    session: Session, settings: Settings, now: datetime, *, phone: str = "", visitor_key: str = "", besides: int = 0
) -> None:
    """Raise TooManyOpen when this phone or visitor has `most_open_unpaid` orders that wait for money.

    `besides` counts open checkouts known to the caller. Never by network address: mobile users share those.
    """
    waiting = select(col(Order.pay_by)).where(col(Order.state) == "awaiting_payment", col(Order.pay_by) > now)
    for column, value in ((col(Order.phone), phone), (col(Order.visitor_key), visitor_key)):
        if not value:
            continue
        ends = sorted(session.execute(waiting.where(column == value)).scalars())
        if len(ends) + besides >= settings.most_open_unpaid:
            wait_s = int((ends[0] - now).total_seconds()) + 1 if ends else settings.checkout_hold_minutes * 60
            raise TooManyOpen(most=settings.most_open_unpaid, retry_after_s=wait_s)


def _write_order(
    session: Session,
    key: str,
    buyer: Buyer,
    parts: Sequence[Part],
    payment_method: str,
    pay_by: datetime | None,
    now: datetime,
    source: str,
    is_demo: bool,
) -> Placed:
    goods_vnd = sum(part.parcel.goods_vnd for part in parts)
    shipping_vnd = sum(part.quote.fee_vnd for part in parts)
    code = order_code()
    row = {
        **vars(buyer),
        "code": code,
        "placement_key": key,
        "state": "placed" if pay_by is None else "awaiting_payment",
        "goods_vnd": goods_vnd,
        "shipping_vnd": shipping_vnd,
        "total_vnd": goods_vnd + shipping_vnd,
        "payment_method": payment_method,
        "placed_at": now,
        "pay_by": pay_by,
        "reason": "",
        "source": source,
        "is_demo": is_demo,
    }
    order_id = run(session, _INSERT_ORDER, row).scalar_one()
    return Placed(order_id, code, goods_vnd + shipping_vnd)


# Made once, on the tables: building a statement costs more than running it, and these run for every order.
_INSERT_ORDER = Prepared(insert(Order.__table__).returning(col(Order.id)))  # type: ignore[attr-defined]  # SQLModel does not declare it
_INSERT_PARCEL = Prepared(insert(Parcel.__table__).returning(col(Parcel.id)))  # type: ignore[attr-defined]
_INSERT_LINE, _INSERT_EVENT = Prepared(insert(OrderLine.__table__)), Prepared(insert(OrderEvent.__table__))  # type: ignore[attr-defined]


def _write_parcels(session: Session, order_id: int, parts: Sequence[Part], *, waiting: bool) -> None:
    rows = [
        {
            "order_id": order_id,
            "coop_id": part.parcel.coop.id,
            "state": "waiting" if waiting else "new",
            "way": part.quote.way,
            "goods_vnd": part.parcel.goods_vnd,
            "shipping_vnd": part.quote.fee_vnd,
            "total_vnd": part.parcel.goods_vnd + part.quote.fee_vnd,
            "weight_g": part.parcel.gross_g,
            "expected_from": part.quote.earliest,
            "expected_to": part.quote.latest,
            "awaits_harvest": any(line.ship_by for line in part.parcel.bought),
            "carrier": "",
            "carrier_name": "",
            "tracking_code": "",
        }
        for part in parts
    ]
    ids = {row["coop_id"]: run(session, _INSERT_PARCEL, row).scalar_one() for row in rows}
    lines = [_line_row(order_id, ids[part.parcel.coop.id], line) for part in parts for line in part.parcel.bought]
    run(session, _INSERT_LINE, lines)


def _line_row(order_id: int, parcel_id: int, line: Line) -> dict[str, object]:
    return {
        "order_id": order_id,
        "parcel_id": parcel_id,
        "variant_id": line.variant_id,
        "product_id": line.product_id,
        "product_name": line.product_name,
        "variant_name": line.variant_name,
        "step_g": line.step_g,
        "quantity": line.quantity,
        "price_vnd": line.price_vnd,
        "total_vnd": line.total_vnd,
        "commission_vnd": line.commission_vnd,
        "commission_bp": line.commission_bp,
        "discount_vnd": line.discount_vnd,
        "voucher_code": line.voucher_code,
        "gift_vnd": line.gift_vnd,
        "gift_left_vnd": line.gift_vnd,
        "price_kind": line.price_kind,
        "live_key": line.live_key if line.is_live else "",
        "set_name": line.set_name if line.is_live else "",
        "set_count": line.set_count if line.is_live else 0,
        "pool_id": line.pool_id,
        "ship_by": line.ship_by,
        "harvested_at": None,
        "left_out": 0,
        "settled_vnd": 0,
    }


def _take_goods(
    session: Session, order_id: int, lines: Sequence[Line], held_for: str | None, *, sell: bool, now: datetime
) -> None:
    """Move every unit to the order: held ones by name, the others from their pools, all of them or none."""
    owner = f"order:{order_id}"
    holders = [line.hold_owner for line in lines if line.hold_owner] + ([held_for] if held_for else [])
    for holder in dict.fromkeys(holders):
        stock.rename_holds(session, holder, owner, None)
    held = [line for line in lines if held_for or line.is_live]
    if holders and not _holds_all(session, owner, by_pool(held)):
        raise HoldLost
    fresh = by_pool([line for line in lines if not (held_for or line.is_live)])
    try:
        if fresh and sell:
            stock.sell(session, fresh, owner, now)
        elif fresh:
            stock.take_holds(session, fresh, owner, None, now)
    except stock.SoldOut as refusal:
        raise named(refusal, lines) from refusal
    if sell and holders:
        stock.sell_holds(session, owner, now)


def _holds_all(session: Session, owner: str, wanted: Mapping[int, int]) -> bool:
    held = {hold.pool_id: hold.quantity for hold in stock.open_holds(session, owner)}
    return held == dict(wanted)


def by_pool(lines: Sequence[Line]) -> dict[int, int]:
    """Units by pool: lines of the same goods are summed before anything is asked of the stock."""
    wanted: dict[int, int] = {}
    for line in lines:
        if line.pool_id is not None:
            wanted[line.pool_id] = wanted.get(line.pool_id, 0) + line.quantity
    return wanted


def set_state(session: Session, order_id: int, old: str, new: str, **more: Any) -> bool:
    """Move an order on if it still is in state `old`; whether this call moved it."""
    moved = update(Order).where(col(Order.id) == order_id, col(Order.state) == old).values(state=new, **more)
    if not session.execute(moved).rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        return False
    if new in ("closed", "cancelled"):
        vouchers.give_back(session, order_id, more["closed_at"])
    elif old == "closed":
        vouchers.take_again(session, order_id)
    return True
