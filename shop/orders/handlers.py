"""What orders do when something happened elsewhere. Handlers may run twice for one event."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from payments import service as payments
from payments.events import HoldLost, MoneyArrived, MoneyHeld, RefundSent
from payments.holds import service as holds
from shop.orders import preorders
from shop.orders.models import Order
from shop.orders.service import AlreadyPacked, OrderOver, cancel, mark_paid, reopen
from shop.orders.states import record
from shop.stock.service import SoldOut


def money_arrived(session: Session, event: MoneyArrived, now: datetime) -> None:
    """Money for an order came: it is paid, or its page says what is missing, or it is opened again if goods are there.

    Money for an order that is over and whose goods are gone waits in the unmatched inbox for a person.
    """
    order_id = order_of(event.subject)
    order = session.get(Order, order_id, populate_existing=True) if order_id else None
    if order is None or order.payment_method == "cod":
        return
    if order.state == "awaiting_payment":
        _take_payment(session, order, event, now)
    elif order.state in ("closed", "cancelled") and not (event.complete and _reopened(session, order, now)):
        payments.set_aside(session, event.subject, "late", now)
        record(session, order.id, "money late", now)


def money_held(session: Session, event: MoneyHeld, now: datetime) -> None:
    """A gateway holds an order's money, which is as good as paid; what no order needs (any more) is let go."""
    order_id = order_of(event.subject)
    order = session.get(Order, order_id, populate_existing=True) if order_id else None
    if order is None:
        return
    money = payments.state_of(session, event.subject)
    if order.state == "awaiting_payment":
        _take_payment(session, order, MoneyArrived(event.subject, event.amount_vnd, money.complete), now)
        if money.complete and preorders.keeps_long(session, order.id):
            holds.take(session, event.subject, now)  # a harvest is later than a gateway holds
    elif order.state == "placed" and order.payment_method != "cod" and money.received_vnd < money.due_vnd:
        return  # it is what the order was placed with
    elif not (event.complete and _reopened(session, order, now)):
        holds.let_go(session, event.subject, now)


def hold_lost(session: Session, event: HoldLost, now: datetime) -> None:
    """The gateway let the money go: the order is called off, unless a co-op has packed; then a person sees to it."""
    order_id = order_of(event.subject)
    if order_id is None or payments.state_of(session, event.subject).complete:
        return
    try:
        with session.begin_nested():
            cancel(session, order_id, None, now, "hold lost")
    except (AlreadyPacked, OrderOver):
        return


def order_of(subject: str) -> int | None:
    """17 of "order:17"; None for any other subject."""
    room, _, number = subject.partition(":")
    return int(number) if room == "order" and number.isdecimal() else None


def _take_payment(session: Session, order: Order, event: MoneyArrived, now: datetime) -> None:
    if event.complete:
        mark_paid(session, order.id, now)
    else:
        record(session, order.id, "paid in part", now)


def _reopened(session: Session, order: Order, now: datetime) -> bool:
    if order.state != "closed" or not payments.state_of(session, f"order:{order.id}").complete:
        return False  # the buyer did not want it any more, or the money is no longer with the order
    try:
        with session.begin_nested():
            reopen(session, order.id, now)
    except SoldOut:
        return False
    return mark_paid(session, order.id, now)


def refund_sent(session: Session, event: RefundSent, now: datetime) -> None:
    """The order's timeline says that the money went back."""
    if order_id := order_of(event.subject):
        record(session, order_id, "refunded", now)
