"""What happens to orders, for the rooms that tell people, count money or draw screens."""

from __future__ import annotations

from dataclasses import dataclass

from shop.core.events import Event


@dataclass(frozen=True)
class OrderPlaced(Event):
    """An order stands: with cash on delivery for good, with a transfer until its time to pay is over."""

    order_id: int


@dataclass(frozen=True)
class OrderPaid(Event):
    """All the money of an order has come; its parcels can be packed."""

    order_id: int


@dataclass(frozen=True)
class OrderClosed(Event):
    """Nobody paid in time; the goods are on sale again."""

    order_id: int


@dataclass(frozen=True)
class OrderReopened(Event):
    """The money came late, but the goods were still there."""

    order_id: int


@dataclass(frozen=True)
class OrderCancelled(Event):
    """The buyer (or the co-ops, for every parcel) called it off."""

    order_id: int


@dataclass(frozen=True)
class ParcelChanged(Event):
    """A parcel went on to `state`."""

    parcel_id: int
    state: str


@dataclass(frozen=True)
class ShipByMoved(Event):
    """What a parcel waits for is harvested later or sooner: the days in ISO form."""

    parcel_id: int
    was: str
    ship_by: str


@dataclass(frozen=True)
class ParcelSettled(Event):
    """A parcel was weighed or a part of it left out; `settled_id` is the row that says so."""

    settled_id: int
