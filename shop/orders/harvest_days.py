"""The day until when something sold before its harvest is sent, as its orders keep it; one that moves takes along what
hangs on it: when the parcel is expected, and the hour at which its buyer would have fetched it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlmodel import Session, col, delete, select

from shop.catalog.models import Variant
from shop.core.events import publish
from shop.orders.events import ShipByMoved
from shop.orders.models import OrderLine, Parcel
from shop.orders.pickup.models import PickupBooking
from shop.stock.models import Pool
from shop.stock.turns import in_turn


def put_off(session: Session, lines: Iterable[OrderLine], ship_by: date) -> int:
    """These lines are sent by another day; each buyer is told. Returns how many parcels they are in."""
    moved: dict[int, tuple[date, date]] = {}
    for line in lines:
        was = line.ship_by or ship_by
        moved.setdefault(line.parcel_id, (was, latest(session, line.parcel_id) or was))
        line.ship_by, line.ship_by_was = ship_by, line.ship_by_was or was
        session.add(line)
    session.flush()
    for parcel_id, (was, before) in moved.items():
        _expect(session, parcel_id, before)
        publish(session, ShipByMoved(parcel_id, was.isoformat(), ship_by.isoformat()))
    return len(moved)


def latest(session: Session, parcel_id: int) -> date | None:
    """The day of the line that a parcel waits for longest."""
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel_id))
    return max((line.ship_by for line in lines if line.ship_by), default=None)


def _expect(session: Session, parcel_id: int, before: date) -> None:
    later = (latest(session, parcel_id) or before) - before
    parcel = session.get_one(Parcel, parcel_id)
    booked = session.get(PickupBooking, parcel_id)
    if booked and later.days <= 0:
        return  # the goods are there sooner; the buyer comes when the buyer chose to
    parcel.expected_from, parcel.expected_to = parcel.expected_from + later, parcel.expected_to + later
    session.add(parcel)
    if booked:
        session.exec(delete(PickupBooking).where(col(PickupBooking.parcel_id) == parcel_id))


def of_new_order(session: Session, order_id: int) -> None:
    """An order was placed while the co-op moved the day: it keeps the new one, and its buyer is told.

    The pools are locked before the day is read, as by whoever moves it.
    """
    mine = (OrderLine.order_id == order_id, col(OrderLine.ship_by).is_not(None))
    lines = list(session.exec(select(OrderLine).where(*mine).order_by(col(OrderLine.id))))
    wanted = {line.variant_id for line in lines}
    homes = select(Pool.id).where(col(Pool.variant_id).in_(wanted), Pool.owner == "")
    in_turn(session, session.exec(homes).all())
    mine_now = select(Variant).where(col(Variant.id).in_(wanted)).execution_options(populate_existing=True)
    days = {variant.id: variant.ship_by for variant in session.exec(mine_now)}
    for variant_id, day in sorted(days.items()):
        late = [line for line in lines if line.variant_id == variant_id and line.ship_by != day]
        if day is not None and late:
            put_off(session, late, day)
