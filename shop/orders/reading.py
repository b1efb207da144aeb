"""Orders as pages and the API show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

from sqlalchemy import select
from sqlmodel import Session, col

from shop.addresses import service as addresses
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.orders.access import Sight, masked_name
from shop.orders.models import Order, OrderEvent, OrderLine, Parcel
from shop.orders.states import BEFORE_PACKING, CALLED_OFF

Row = TypeVar("Row", Parcel, OrderLine, OrderEvent)
Mark = Literal["done", "now", "next", "bad"]
_NEW = {"placed": "new", "paid": "new", "closed": "cancelled"}  # what happened to the order happened to its parcels
WAY = ("new", "confirmed", "packed", "handed_over", "delivered")


@dataclass(frozen=True)
class Stop:
    """One point of a parcel's way: `what` is a state, `at` when it came there."""

    what: str
    at: datetime | None
    mark: Mark


@dataclass(frozen=True)
class ParcelView:
    """A parcel with its lines, its co-op and its way so far."""

    parcel: Parcel
    coop: Coop
    lines: list[OrderLine]
    events: list[OrderEvent]

    @property
    def stops(self) -> list[Stop]:
        """The way as it was and as it is to be; a way that ended badly ends there."""
        reached = {_NEW.get(event.what, event.what): event for event in self.events}
        planned = [state for state in WAY if self.parcel.way == "delivery" or state != "handed_over"]
        state = self.parcel.state
        if state in ("problem", "refused", "cancelled"):
            went = [Stop(what, reached[what].at, "done") for what in planned if what in reached]
            end = reached.get(state)
            return [*went, Stop(state, end.at if end else None, "bad")]
        here = planned.index(state) if state in planned else -1
        marks = [_mark(at, here) for at in range(len(planned))]
        times = [self._at(reached, what) if mark != "next" else None for what, mark in zip(planned, marks, strict=True)]
        return [Stop(*stop) for stop in zip(planned, times, marks, strict=True)]

    def _at(self, reached: dict[str, OrderEvent], what: str) -> datetime | None:
        return reached[what].at if what in reached else None

    @property
    def ship_by(self) -> date | None:
        """Until when it is sent, where something in it was sold before its harvest."""
        return max((line.ship_by for line in self.lines if line.ship_by), default=None)

    @property
    def ship_by_was(self) -> date | None:
        """The day that was promised first, where the co-op has moved it."""
        return max((line.ship_by_was for line in self.lines if line.ship_by_was), default=None)

    @property
    def note(self) -> str:
        """What the co-op wrote last about a problem or a refusal."""
        return next((it.note for it in reversed(self.events) if it.note and it.note != CALLED_OFF), "")


def _mark(at: int, here: int) -> Mark:
    return "done" if at < here else "now" if at == here else "next"


@dataclass(frozen=True)
class OrderView:
    """An order as its buyer sees it; safe to use after the session has closed."""

    order: Order
    parcels: list[ParcelView]
    events: list[OrderEvent]
    sight: Sight

    @property
    def name(self) -> str:
        return self.order.name if self.sight is Sight.FULL else masked_name(self.order.name)

    @property
    def address(self) -> str:
        place = addresses.full_name(self.order.ward_code)
        return f"{self.order.line}, {place}" if self.sight is Sight.FULL else f"•••, {place}"

    @property
    def fetched(self) -> list[int]:
        """The parcels that the buyer fetches."""
        return [view.parcel.id for view in self.parcels if view.parcel.way == "pickup"]

    @property
    def is_under_way(self) -> bool:
        return any(view.parcel.state in ("handed_over", "problem", "delivered") for view in self.parcels)

    @property
    def can_be_cancelled(self) -> bool:
        open_order = self.order.state in ("awaiting_payment", "placed")
        return open_order and all(view.parcel.state in BEFORE_PACKING for view in self.parcels)


def parcel_note(session: Session, parcel_id: int, what: str) -> str:
    """What was written last when the parcel came to this state; "" if nothing."""
    told = select(col(OrderEvent.note)).where(col(OrderEvent.parcel_id) == parcel_id, col(OrderEvent.what) == what)
    return session.execute(told.order_by(col(OrderEvent.id).desc()).limit(1)).scalar_one_or_none() or ""


def order_view(session: Session, order: Order, sight: Sight) -> OrderView:
    """All that an order's page shows, in four questions however many parcels there are."""
    return views(session, [order], sight)[0]


def of_phones(session: Session, person_id: int, phones: Sequence[str], most: int = 50) -> list[OrderView]:
    """The orders of an account, newest first: those it placed, and those of the phones it has proved."""
    mine = (col(Order.person_id) == person_id) | col(Order.phone).in_(phones)
    found = (
        session.execute(
            select(Order).where(mine).order_by(col(Order.placed_at).desc(), col(Order.id).desc()).limit(most)
        )
        .scalars()
        .all()
    )
    return views(session, found, Sight.FULL)


def views(session: Session, orders: Sequence[Order], sight: Sight) -> list[OrderView]:
    """Several orders at once, in the order given."""
    ids = [order.id for order in orders]
    parcels = _by_order(session, Parcel, ids)
    lines = _by_order(session, OrderLine, ids)
    events = _by_order(session, OrderEvent, ids)
    known = coops.get_many(session, {parcel.coop_id for mine in parcels.values() for parcel in mine})
    return [
        OrderView(order, [_parcel_view(p, known, lines, events) for p in parcels[order.id]], events[order.id], sight)
        for order in orders
    ]


def _by_order(session: Session, model: type[Row], ids: Sequence[int]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in session.execute(select(model).where(col(model.order_id).in_(ids)).order_by(col(model.id))).scalars():
        found[row.order_id].append(row)
    return found


def _parcel_view(
    parcel: Parcel, known: dict[int, Coop], lines: dict[int, list[OrderLine]], events: dict[int, list[OrderEvent]]
) -> ParcelView:
    mine = [line for line in lines[parcel.order_id] if line.parcel_id == parcel.id]
    told = [event for event in events[parcel.order_id] if event.parcel_id in (parcel.id, None)]
    return ParcelView(parcel, known[parcel.coop_id], mine, told)
