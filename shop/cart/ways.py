"""The ways each parcel of a cart can go: its co-op's table meets what lies in the cart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from shop.cart.basket import CartParcel, CartView
from shop.shipping.service import Choices, Load, Quote, Table, choices, tables


@dataclass(frozen=True)
class PartChoice:
    """A parcel with the ways it can go and the one chosen (or, until a choice, the first)."""

    parcel: CartParcel
    table: Table
    choices: Choices
    way: str

    @property
    def delivery(self) -> Quote | None:
        return self.choices.by("delivery")

    @property
    def quote(self) -> Quote | None:
        return self.choices.by(self.way)


def parts_of(session: Session, mine: CartView, answers: dict[str, Any], now: datetime) -> list[PartChoice]:
    """The parcels of a cart with the ways they can go to the ward of the answers."""
    parcels = [parcel for parcel in mine.parcels if parcel.bought]
    of_coop = tables(session, {parcel.coop.id: parcel.coop.ward_code for parcel in parcels})
    ways, ward_code = answers.get("ways") or {}, answers.get("ward_code")
    return [_choose(parcel, of_coop[parcel.coop.id], ways, ward_code, now) for parcel in parcels]


def _choose(parcel: CartParcel, table: Table, ways: dict[str, str], ward_code: str | None, now: datetime) -> PartChoice:
    load = Load(parcel.gross_g, parcel.worth_vnd, parcel.shelf_life_days, parcel.ship_by)
    offered = choices(table, load, ward_code, now)
    first = offered.quotes[0].way if offered.quotes else ""
    return PartChoice(parcel, table, offered, ways.get(str(parcel.coop.id)) or first)
