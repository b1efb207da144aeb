"""The carriers a co-op can choose at hand-over, by name."""

from __future__ import annotations

from shop.shipping.carrier import Carrier, UnknownCarrier
from shop.shipping.carriers.own import OwnDelivery
from shop.shipping.carriers.typed import TypedCarrier

CARRIERS: dict[str, Carrier] = {carrier.name: carrier for carrier in (TypedCarrier(), OwnDelivery())}


def carrier(name: str) -> Carrier:
    """The carrier of that name. Raises UnknownCarrier."""
    if name not in CARRIERS:
        raise UnknownCarrier(name=name)
    return CARRIERS[name]
