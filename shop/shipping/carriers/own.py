"""Tự giao: somebody of the co-op brings the parcel."""

from __future__ import annotations

from shop.shipping.carrier import Consignment, Created, Offer, ShipmentState, Sighting


class OwnDelivery:
    """The co-op's own motorbike or van; no tracking code, and it can always turn back."""

    name = "own"

    def quote(self, consignment: Consignment) -> Offer | None:
        return None

    def create(self, consignment: Consignment, typed_name: str, typed_code: str) -> Created:
        return Created(" ".join(typed_name.split())[:60], "", ShipmentState.DELIVERING)

    def label(self, shipment: Created) -> bytes | None:
        return None

    def track(self, shipment: Created) -> list[Sighting]:
        return []

    def cancel(self, shipment: Created) -> None:
        return None
