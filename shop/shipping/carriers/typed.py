"""Any carrier with a counter: the seller hands the parcel over there and types the name and the tracking code."""

from __future__ import annotations

from shop.shipping.carrier import Consignment, Created, Offer, ShipmentState, Sighting, TooLateToCancel, TrackingMissing


class TypedCarrier:
    """Knows only what was typed. The buyer follows the parcel on the carrier's own page."""

    name = "typed"

    def quote(self, consignment: Consignment) -> Offer | None:
        return None

    def create(self, consignment: Consignment, typed_name: str, typed_code: str) -> Created:
        carrier_name, code = " ".join(typed_name.split()), "".join(typed_code.split())
        if not carrier_name or not code:
            raise TrackingMissing
        return Created(carrier_name[:60], code[:60], ShipmentState.PICKED)

    def label(self, shipment: Created) -> bytes | None:
        return None

    def track(self, shipment: Created) -> list[Sighting]:
        return []

    def cancel(self, shipment: Created) -> None:
        raise TooLateToCancel(carrier_name=shipment.carrier_name)
