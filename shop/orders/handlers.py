"""What orders do when something happened elsewhere. Handlers may run twice for one event."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from payments import service as payments
from payments.events import MoneyArrived, RefundSent
from shop.orders.models import Order
from shop.orders.service import mark_paid, reopen
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
