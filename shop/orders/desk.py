"""A co-op's own parcels, as its desk shows them. Every question names the co-op."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from payments import service as payments
from shop.core.ids import read_crockford
from shop.orders.access import Sight
from shop.orders.models import Order, Parcel
from shop.orders.reading import OrderView, ParcelView, views
from shop.orders.states import NoSuchParcel

STATES = ("new", "confirmed", "packed", "handed_over", "problem", "delivered", "refused", "cancelled")
TO_DO = ("new", "confirmed", "packed")
PAGE = 30
LATER = col(Parcel.awaits_harvest) & (Parcel.state == "confirmed")
"""Confirmed and waiting for a harvest: no work of today, found among the pre-orders."""


class DeskParcel:
    """One parcel with the order it belongs to; other co-ops' parcels of that order are not in it."""

    def __init__(self, view: OrderView, parcel: ParcelView, cash_vnd: int) -> None:
        self.cash_vnd = cash_vnd
        """What the buyer still pays in cash for this parcel, or paid when it came."""
        self.order, self.parcel, self.lines = view.order, parcel.parcel, parcel.lines
        self.stops, self.note, self.address = parcel.stops, parcel.note, view.address


def counts(session: Session, coop_id: int) -> dict[str, int]:
    """How many parcels stand in each state."""
    mine = select(Parcel.state, func.count()).where(Parcel.coop_id == coop_id, ~LATER).group_by(col(Parcel.state))
    found = dict(session.exec(mine).all())
    return {state: found.get(state, 0) for state in STATES}


def parcels(
    session: Session, coop_id: int, state: str, beyond_id: int | None = None, most: int = PAGE
) -> list[DeskParcel]:
    """Parcels in one state: work to do oldest first, what is over newest first; those that follow `beyond_id`."""
    mine = (Parcel.coop_id == coop_id, Parcel.state == state, ~LATER)
    wanted = select(Parcel).join(Order, col(Order.id) == Parcel.order_id).where(*mine)
    last = session.exec(select(Parcel).where(Parcel.id == beyond_id, Parcel.coop_id == coop_id)).first()
    if state in TO_DO:
        if last:
            at = session.get_one(Order, last.order_id).placed_at
            later = (col(Order.placed_at) > at) | ((col(Order.placed_at) == at) & (col(Parcel.id) > last.id))
            wanted = wanted.where(later)
        wanted = wanted.order_by(col(Order.placed_at), col(Parcel.id))
    else:
        wanted = (wanted.where(Parcel.id < last.id) if last else wanted).order_by(col(Parcel.id).desc())
    return _with_orders(session, session.exec(wanted.limit(most)).all())


def latest(session: Session, coop_id: int) -> DeskParcel | None:
    """The new parcel that came last: what is read aloud on the phone of who asked for it."""
    mine = (Parcel.coop_id == coop_id, Parcel.state == "new")
    found = session.exec(select(Parcel).where(*mine).order_by(col(Parcel.id).desc()).limit(1)).all()
    return next(iter(_with_orders(session, found)), None)


def sought(session: Session, coop_id: int, typed: str) -> list[DeskParcel]:
    """The co-op's own parcels of the order with this code, however it was typed; none for anybody else's."""
    code = read_crockford(typed)
    mine = (Parcel.coop_id == coop_id, Parcel.state != "waiting", Order.code == (code or ""))
    wanted = select(Parcel).join(Order, col(Order.id) == Parcel.order_id).where(*mine)
    return _with_orders(session, session.exec(wanted.order_by(col(Parcel.id))).all())


def parcel(session: Session, coop_id: int, parcel_id: int) -> DeskParcel:
    """One parcel of this co-op. Raises NoSuchParcel for anybody else's."""
    found = session.exec(select(Parcel).where(Parcel.id == parcel_id, Parcel.coop_id == coop_id)).one_or_none()
    if found is None or found.state == "waiting":
        raise NoSuchParcel(parcel_id=parcel_id)
    return _with_orders(session, [found])[0]


def of_numbers(session: Session, coop_id: int, numbers: Sequence[int]) -> dict[int, DeskParcel]:
    """The co-op's own parcels with these numbers."""
    mine = select(Parcel).where(Parcel.coop_id == coop_id, col(Parcel.id).in_(numbers))
    return {it.parcel.id: it for it in _with_orders(session, session.exec(mine).all())}


def together(session: Session, one: DeskParcel) -> list[DeskParcel]:
    """The other parcels of the same phone to the same place that wait to be packed, too: one packing holds them all."""
    order, parcel = one.order, one.parcel
    if not order.phone or parcel.state not in ("new", "confirmed"):
        return []
    place = (Order.ward_code == order.ward_code, Order.line == order.line, Parcel.way == parcel.way)
    mine = (Parcel.coop_id == parcel.coop_id, col(Parcel.state).in_(("new", "confirmed")), Parcel.id != parcel.id)
    wanted = select(Parcel).join(Order, col(Order.id) == Parcel.order_id).where(*mine, *place)
    found = session.exec(wanted.where(Order.phone == order.phone).order_by(col(Parcel.id)).limit(PAGE)).all()
    return _with_orders(session, found)


def _with_orders(session: Session, rows: Sequence[Parcel]) -> list[DeskParcel]:
    ids = {row.order_id for row in rows}
    orders = session.exec(select(Order).where(col(Order.id).in_(ids)))
    known = {view.order.id: view for view in views(session, list(orders), Sight.FULL)}
    in_cash = [row for row in rows if known[row.order_id].order.payment_method == "cod"]
    cash = payments.cash_of(session, {f"parcel:{row.id}": (f"order:{row.order_id}", row.total_vnd) for row in in_cash})
    return [_one(known[row.order_id], row, cash.get(f"parcel:{row.id}", 0)) for row in rows]


def _one(view: OrderView, row: Parcel, cash_vnd: int) -> DeskParcel:
    mine = next(part for part in view.parcels if part.parcel.id == row.id)
    return DeskParcel(view, mine, cash_vnd)


def has_customer(session: Session, coop_id: int, phone: str) -> bool:
    """Whether somebody with this phone has ordered from the co-op."""
    theirs = select(Parcel.id).join(Order, col(Order.id) == Parcel.order_id)
    return session.exec(theirs.where(Parcel.coop_id == coop_id, Order.phone == phone).limit(1)).first() is not None
