"""A co-op's own parcels, as its desk shows them. Every question names the co-op."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from payments import service as payments
from shop.orders.access import Sight
from shop.orders.models import Order, Parcel
from shop.orders.reading import OrderView, ParcelView, views
from shop.orders.states import NoSuchParcel

STATES = ("new", "confirmed", "packed", "handed_over", "problem", "delivered", "refused", "cancelled")
PAGE = 30


class DeskParcel:
    """One parcel with the order it belongs to; other co-ops' parcels of that order are not in it."""

    def __init__(self, view: OrderView, parcel: ParcelView, cash_vnd: int) -> None:
        self.cash_vnd = cash_vnd
        """What the buyer still pays in cash for this parcel, or paid when it came."""
        self.order, self.parcel, self.lines = view.order, parcel.parcel, parcel.lines
        self.stops, self.note, self.address = parcel.stops, parcel.note, view.address


def counts(session: Session, coop_id: int) -> dict[str, int]:
    """How many parcels stand in each state."""
    mine = select(Parcel.state, func.count()).where(Parcel.coop_id == coop_id).group_by(col(Parcel.state))
    found = dict(session.exec(mine).all())
    return {state: found.get(state, 0) for state in STATES}


def parcels(
    session: Session, coop_id: int, state: str, before_id: int | None = None, most: int = PAGE
) -> list[DeskParcel]:
    """Parcels in one state: work to do oldest first, what is over newest first."""
    mine = select(Parcel).where(Parcel.coop_id == coop_id, Parcel.state == state)
    if state in ("new", "confirmed", "packed"):
        waiting = mine.join(Order, col(Order.id) == Parcel.order_id).order_by(col(Order.placed_at), col(Parcel.id))
        rows = session.exec(waiting.limit(most * 10))
    else:
        older = mine.where(Parcel.id < before_id) if before_id else mine
        rows = session.exec(older.order_by(col(Parcel.id).desc()).limit(most))
    return _with_orders(session, list(rows))


def parcel(session: Session, coop_id: int, parcel_id: int) -> DeskParcel:
    """One parcel of this co-op. Raises NoSuchParcel for anybody else's."""
    found = session.exec(select(Parcel).where(Parcel.id == parcel_id, Parcel.coop_id == coop_id)).one_or_none()
    if found is None or found.state == "waiting":
        raise NoSuchParcel(parcel_id=parcel_id)
    return _with_orders(session, [found])[0]


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
