"""What the shop asks of a carrier: quote, create, label, track, cancel. Plain values cross here, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shop.core.errors import Invalid, Refusal


class ShipmentState(StrEnum):
    """The one set of states all carriers are translated into; an unknown word of a carrier becomes EXCEPTION."""

    DRAFT = "draft"
    READY = "ready"
    PICKED = "picked"
    IN_TRANSIT = "in_transit"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    COD_SETTLED = "cod_settled"
    PICK_FAILED = "pick_failed"
    DELIVERY_FAILED = "delivery_failed"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    DAMAGED = "damaged"
    LOST = "lost"
    EXCEPTION = "exception"


class TrackingMissing(Invalid):
    """A carrier was named without the code under which the buyer can follow the parcel."""


class UnknownCarrier(Invalid):
    """There is no such way to hand over."""


class TooLateToCancel(Refusal):
    """The parcel is on its way already."""


@dataclass(frozen=True)
class Consignment:
    """One parcel as a carrier sees it. `cod_vnd` is to be collected at the door, 0 if nothing."""

    reference: str
    from_ward: str
    to_ward: str
    to_name: str
    to_phone: str
    to_line: str
    weight_g: int
    cod_vnd: int


@dataclass(frozen=True)
class Offer:
    """What a carrier asks: the fee and the days from hand-over to the door."""

    fee_vnd: int
    days_least: int
    days_most: int


@dataclass(frozen=True)
class Created:
    """A shipment the carrier knows."""

    carrier_name: str
    tracking_code: str
    state: ShipmentState


@dataclass(frozen=True)
class Sighting:
    """Where a shipment was, by the carrier's own clock."""

    state: ShipmentState
    at: datetime
    note: str = ""


class Carrier(Protocol):
    """One way for parcels to travel. Methods that ask a network raise CarrierUnavailable; none opens a transaction."""

    name: str

    def quote(self, consignment: Consignment) -> Offer | None:
        """What it would cost; None when the co-op's own table decides."""

    def create(self, consignment: Consignment, typed_name: str, typed_code: str) -> Created:
        """Announce the parcel, or note what the seller typed after handing it over. Raises TrackingMissing."""

    def label(self, shipment: Created) -> bytes | None:
        """The label to print as PDF; None when the carrier sticks its own."""

    def track(self, shipment: Created) -> list[Sighting]:
        """Where it was, oldest first; empty when only people know."""

    def cancel(self, shipment: Created) -> None:
        """Call it back. Raises TooLateToCancel."""


class CarrierUnavailable(Exception):
    """The carrier did not answer, or answered nonsense. Safe to try again."""
