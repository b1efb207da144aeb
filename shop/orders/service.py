"""What happens to whole orders after they are placed: cancelled by the buyer, closed unpaid, opened again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from payments import paying
from payments import service as payments
from payments.holds import service as holds
from shop.cart import service as cart
from shop.core.audit import GUEST, audit
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.events import publish
from shop.core.hub import tell
from shop.orders import cash, taking
from shop.orders.events import OrderCancelled, OrderClosed, OrderPaid, OrderPlaced, OrderReopened
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.pickup import service as pickup
from shop.orders.placing import place, set_state
from shop.orders.states import BEFORE_PACKING, put_goods_back, record
from shop.settings import Settings
from shop.stock import service as stock

__all__ = ["AlreadyPacked", "NoSuchOrder", "OrderOver", "cancel", "close_unpaid", "place", "reorder"]


class NoSuchOrder(NotFound):
    """No order has this code, or this visitor may not see it."""


class OrderOver(Refusal):
    """The order is cancelled, closed or done already. Facts: state."""


class CannotSwitch(Refusal):
    """Only an order that waits for all of its money can be paid by another way."""


class AlreadyPacked(Refusal):
    """A co-op has packed its parcel; the buyer must call it now. Facts: coop (name), phone."""


def by_code(session: Session, code: str) -> Order:
    """The order with this code. Raises NoSuchOrder."""
    order: Order | None = session.execute(select(Order).where(col(Order.code) == code)).scalar_one_or_none()
    if order is None:
        raise NoSuchOrder
    return order


def cancel(session: Session, order_id: int, person: Person | None, now: datetime, reason: str = "") -> None:
    """The buyer calls the order off, which is possible until a parcel is packed. `person` is None for a guest.

    Goods return to sale, held or sold. Money that came is to be sent back. Audited. Raises OrderOver, AlreadyPacked.
    """
    buyer = replace(person, roles=()) if person else GUEST  # even staff call off what they bought for themselves
    order = session.get_one(Order, order_id)
    was = order.state
    ends = {"closed_at": now, "reason": reason or "buyer"}
    if not any(set_state(session, order_id, old, "cancelled", **ends) for old in ("awaiting_payment", "placed")):
        raise OrderOver(state=was)
    audit(session, buyer, "order state", f"order:{order_id}", was, "cancelled", now)
    _cancel_parcels(session, order_id, buyer, now)
    taking.look_again(session, _coops_of(session, order_id), now)
    _return_goods(session, order_id, was, buyer, now)
    _return_money(session, order, now)
    record(session, order_id, "cancelled", now, person_id=person.id if person else None, note=reason)
    _tell_coops(session, order_id)
    publish(session, OrderCancelled(order_id))


def _cancel_parcels(session: Session, order_id: int, buyer: Person, now: datetime) -> None:
    mine = col(Parcel.order_id) == order_id
    under_way = select(col(Parcel.id), col(Parcel.state)).where(mine, col(Parcel.state) != "cancelled")
    before = session.execute(under_way.order_by(col(Parcel.id)).with_for_update()).all()
    stop = update(Parcel).where(mine, col(Parcel.state).in_(BEFORE_PACKING)).values(state="cancelled")
    session.execute(stop.execution_options(synchronize_session=False))
    left = session.execute(select(col(Parcel.coop_id)).where(mine, col(Parcel.state) != "cancelled")).first()
    if left:
        raise AlreadyPacked(coop_id=left[0])
    for parcel_id, was in before:
        audit(session, buyer, "parcel state", f"parcel:{parcel_id}", was, "cancelled", now)


def _return_goods(session: Session, order_id: int, was: str, buyer: Person, now: datetime) -> None:
    if was == "awaiting_payment":
        stock.release_holds(session, f"order:{order_id}", now, buyer)
        return
    parcels = session.execute(select(Parcel).where(col(Parcel.order_id) == order_id)).scalars().all()
    put_goods_back(session, parcels, now, "cancelled", buyer)


def _return_money(session: Session, order: Order, now: datetime) -> None:
    subject = f"order:{order.id}"
    if order.payment_method == "cod":
        payments.collect_less(session, subject, payments.state_of(session, subject).missing_vnd, now)
    else:
        holds.let_go(session, subject, now)
        paying.give_up(session, subject, now)
    if refundable_vnd := payments.refundable_vnd(session, subject):
        payments.give_back(session, subject, refundable_vnd, "cancelled by the buyer", now)


def _tell_coops(session: Session, order_id: int) -> None:
    for coop_id in _coops_of(session, order_id):
        tell(session, f"coop:{coop_id}", "parcels", "")


def _coops_of(session: Session, order_id: int) -> list[int]:
    return list(session.execute(select(col(Parcel.coop_id)).where(col(Parcel.order_id) == order_id)).scalars())


def close_unpaid(db: Database, now: datetime) -> None:
    """Timed job: orders whose time to pay is over end; their goods return to sale and the buyer is told."""
    late = (col(Order.state) == "awaiting_payment", col(Order.pay_by) <= now)
    with db.read() as session:
        ids = session.execute(select(col(Order.id)).where(*late).limit(500)).scalars().all()
    for order_id in ids:
        with db.write() as session:
            close(session, order_id, now)


def close(session: Session, order_id: int, now: datetime) -> None:
    """End one unpaid order; what came of its money is put before the operator. Nothing happens if it moved on.

    Money that is here in full, though its news is still on the way, pays the order instead.
    """
    if payments.state_of(session, f"order:{order_id}").complete:
        mark_paid(session, order_id, now)
        return
    if not set_state(session, order_id, "awaiting_payment", "closed", closed_at=now, reason="unpaid"):
        return
    _set_parcels(session, order_id, "waiting", "cancelled")
    taking.look_again(session, _coops_of(session, order_id), now)
    stock.release_holds(session, f"order:{order_id}", now)
    holds.let_go(session, f"order:{order_id}", now)
    paying.give_up(session, f"order:{order_id}", now)
    payments.set_aside(session, f"order:{order_id}", "short", now)
    record(session, order_id, "closed", now)
    publish(session, OrderClosed(order_id))


def mark_paid(session: Session, order_id: int, now: datetime) -> bool:
    """All the money of an awaiting order has come: sell what it holds, let the co-ops pack. False if it moved on."""
    if not set_state(session, order_id, "awaiting_payment", "placed", paid_at=now, pay_by=None):
        return False
    _set_parcels(session, order_id, "waiting", "new")
    stock.sell_holds(session, f"order:{order_id}", now)
    paying.give_up(session, f"order:{order_id}", now)
    record(session, order_id, "paid", now)
    _tell_coops(session, order_id)
    publish(session, OrderPaid(order_id))
    return True


def reopen(session: Session, order_id: int, now: datetime) -> None:
    """The money of a closed order came late: take its goods again and go on. Raises SoldOut if they are gone.

    Goods of a live session that is over come from ordinary sale; the buyer still pays the price of the order.
    Who was to fetch them at an hour that is full by now chooses another one.
    """
    lines = session.execute(select(OrderLine).where(col(OrderLine.order_id) == order_id)).scalars().all()
    homes = stock.pools_of(session, {line.variant_id for line in lines})
    wanted: dict[int, int] = {}
    for line in lines:
        pool_id = homes[line.variant_id].id
        wanted[pool_id] = wanted.get(pool_id, 0) + line.quantity
        line.pool_id = pool_id
    stock.take_holds(session, wanted, f"order:{order_id}", None, now)
    pickup.take_again(session, order_id, now)
    set_state(session, order_id, "closed", "awaiting_payment", closed_at=None, reason="")
    _set_parcels(session, order_id, "cancelled", "waiting")
    record(session, order_id, "reopened", now)
    publish(session, OrderReopened(order_id))


def pay_at_the_door(session: Session, order: Order, settings: Settings, now: datetime) -> None:
    """An order that waits for its money is paid in cash instead: its goods are sold and the co-ops may pack.

    A transfer that is on its way all the same waits for a person. Raises CodNotOffered, CannotSwitch.
    """
    cash.require(session, settings, order.phone, order.total_vnd, now)
    subject = f"order:{order.id}"
    if payments.left_to_collect(session, subject, order.total_vnd) < order.total_vnd:
        raise CannotSwitch
    if not set_state(session, order.id, "awaiting_payment", "placed", payment_method=cash.CASH, pay_by=None):
        raise CannotSwitch
    _set_parcels(session, order.id, "waiting", "new")
    stock.sell_holds(session, subject, now)
    payments.open_due(session, subject, order.total_vnd, cash.CASH, None, now)
    paying.give_up(session, subject, now)
    record(session, order.id, "cash chosen", now)
    _tell_coops(session, order.id)
    publish(session, OrderPlaced(order.id))


def _set_parcels(session: Session, order_id: int, old: str, new: str) -> None:
    mine = (col(Parcel.order_id) == order_id, col(Parcel.state) == old)
    session.execute(update(Parcel).where(*mine).values(state=new).execution_options(synchronize_session=False))


def reorder(session: Session, order_id: int, cart_id: str, now: datetime) -> list[str]:
    """Put the goods of an order in a cart at today's price; returns the names of what cannot be had (in full)."""
    lines = session.execute(select(OrderLine).where(col(OrderLine.order_id) == order_id)).scalars().all()
    return [line.product_name for line in lines if not _put_again(session, cart_id, line, now)]


def _put_again(session: Session, cart_id: str, line: OrderLine, now: datetime) -> bool:
    try:
        cart.add(session, cart_id, line.variant_id, line.quantity, now)
    except (cart.NotOnSale, cart.SoldOut, cart.TooManyOfOne, cart.FullCart):
        return False
    return True
