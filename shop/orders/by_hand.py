"""A person says that an unpaid order was paid: cash at the co-op's counter, or a transfer seen in the bank's app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from payments.cash import by_hand
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.ids import read_crockford
from shop.orders.models import Order, Parcel
from shop.orders.service import NoSuchOrder, by_code
from shop.settings import Settings


class NotUnpaid(Refusal):
    """Only an order that waits for its money is confirmed by hand. Facts: code."""


class NotAtOneCounter(Refusal):
    """Cash at a counter is for an order of one co-op; a co-op's staff confirm what is picked up there. Facts: code."""


def confirm_paid(
    session: Session, code: str, bank_reference: str, person: Person, settings: Settings, now: datetime
) -> str:
    """The operator saw the transfer, or with no reference heard of cash at the counter: "booked" or "proposed".

    Raises NoSuchOrder, NotUnpaid, NotAtOneCounter, and what `payments.cash.by_hand.confirm` raises.
    """
    order = _unpaid(session, code)
    seller = "" if bank_reference else f"coop:{_only_parcel(session, order).coop_id}"
    limit_vnd = settings.two_person_above_vnd
    subject = f"order:{order.id}"
    return by_hand.confirm(session, subject, person, now, limit_vnd, seller=seller, bank_reference=bank_reference)


def confirm_at_counter(
    session: Session, coop_id: int, code: str, person: Person, settings: Settings, now: datetime
) -> str:
    """A co-op's staff took the cash for an order that is picked up there. Raises as `confirm_paid`."""
    order = _unpaid(session, code)
    mine = select(col(Parcel.id)).where(col(Parcel.order_id) == order.id, col(Parcel.coop_id) == coop_id)
    if session.execute(mine).first() is None:
        raise NoSuchOrder
    if _only_parcel(session, order).way != "pickup":
        raise NotAtOneCounter(code=order.code)
    seller, limit_vnd = f"coop:{coop_id}", settings.two_person_above_vnd
    return by_hand.confirm(session, f"order:{order.id}", person, now, limit_vnd, seller=seller)


def _unpaid(session: Session, code: str) -> Order:
    order = by_code(session, read_crockford(code) or "")
    if order.state != "awaiting_payment":
        raise NotUnpaid(code=order.code)
    return order


def _only_parcel(session: Session, order: Order) -> Parcel:
    mine = select(Parcel).where(col(Parcel.order_id) == order.id)
    parcels: Sequence[Parcel] = session.execute(mine).scalars().all()
    if len(parcels) != 1:
        raise NotAtOneCounter(code=order.code)
    return parcels[0]
