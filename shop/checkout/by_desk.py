"""A co-op's people sell without a buyer's browser: typed in from a call or Zalo, or across the counter for cash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from shop.cart import basket
from shop.cart import service as cart
from shop.cart.ways import PartChoice, parts_of
from shop.catalog.models import Product, ProductState, Variant
from shop.checkout.service import CannotDeliver, EmptyCart, refuse_unbuyable
from shop.coops import service as coops
from shop.core.deps import Person
from shop.core.i18n import gettext as _
from shop.core.i18n import local
from shop.orders import states
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.placing import COUNTER, Buyer, Part, Placed, find_placed, place
from shop.settings import Settings
from shop.shipping.service import Quote
from shop.stock.models import Pool

LATELY = 200  # parcels
PHONE = "phone"
"""The source of an order that was typed in."""


@dataclass(frozen=True)
class OnShelf:
    """Something the co-op sells today; `left` steps are free."""

    variant_id: int
    product_name: str
    variant_name: str
    kind: str
    price_vnd: int
    step_g: int
    left: int


def shelf(session: Session, coop_id: int) -> list[OnShelf]:
    """What the co-op sells, and how much of it is free."""
    facts = (Variant.id, Product.name, Variant.name, Variant.kind, Variant.price_vnd, Variant.step_g)
    wanted = (
        select(*facts, Pool.on_hand - Pool.held)  # type: ignore[call-overload]  # more columns than its overloads count
        .join(Product, col(Product.id) == Variant.product_id)
        .join(Pool, (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == ""))
        .where(Product.coop_id == coop_id, Product.state == ProductState.ON_SALE, col(Variant.on_sale))
        .order_by(col(Product.name), col(Variant.position), col(Variant.id))
    )
    return [OnShelf(*row) for row in session.exec(wanted)]


def sold_lately(session: Session, coop_id: int) -> dict[int, int]:
    """How many steps of each variant the co-op's last delivered parcels held: what is asked for these days."""
    mine = (Parcel.coop_id == coop_id, Parcel.state == "delivered")
    last = select(Parcel.id).where(*mine).order_by(col(Parcel.id).desc()).limit(LATELY).scalar_subquery()
    counted = select(OrderLine.variant_id, func.sum(OrderLine.quantity)).where(col(OrderLine.parcel_id).in_(last))
    return {variant_id: int(steps) for variant_id, steps in session.exec(counted.group_by(col(OrderLine.variant_id)))}


def customer(session: Session, coop_id: int, phone: str) -> Order | None:
    """The last order that this phone placed with this co-op: whoever calls again need not say the address."""
    theirs = select(Order).join(Parcel, col(Parcel.order_id) == Order.id)
    mine = (Parcel.coop_id == coop_id, Order.phone == phone, Parcel.way == "delivery")
    return session.exec(theirs.where(*mine).order_by(col(Order.id).desc()).limit(1)).first()


def order(
    session: Session,
    coop_id: int,
    key: str,
    wanted: Mapping[int, int],
    buyer: Buyer,
    way: str,
    settings: Settings,
    now: datetime,
) -> Placed:
    """An order that somebody typed in, paid in cash when it comes; once for each key.

    Raises EmptyCart, NotOnSale for another co-op's goods, SoldOut, CannotDeliver, CodNotOffered.
    """
    if found := find_placed(session, key):
        return found
    part = _part(session, coop_id, wanted, {"ward_code": buyer.ward_code, "ways": {str(coop_id): way}}, now)
    if part.quote is None:
        raise CannotDeliver(coop=part.parcel.coop.name)
    return place(session, key, buyer, [Part(part.parcel, part.quote)], "cod", settings, now, source=PHONE)


def sell_at_counter(
    session: Session,
    coop_id: int,
    key: str,
    wanted: Mapping[int, int],
    person: Person,
    settings: Settings,
    now: datetime,
) -> Placed:
    """Goods across the counter for cash that the co-op keeps: sold, packed and delivered at once, once for each key.

    Raises EmptyCart, NotOnSale, SoldOut.
    """
    if found := find_placed(session, key):
        return found
    coop, today = coops.get(session, coop_id), local(now).date()
    part = _part(session, coop_id, wanted, {"ward_code": coop.ward_code}, now)
    quote = Quote("pickup", 0, today, today)
    buyer = Buyer(_("Khách tại quầy"), "", coop.province_code, coop.ward_code, coop.line)
    placed = place(session, key, buyer, [Part(part.parcel, quote)], "cod", settings, now, source=COUNTER)
    parcel_id = session.exec(select(Parcel.id).where(Parcel.order_id == placed.id)).one()
    states.pack(session, coop_id, parcel_id, person, now)
    states.deliver(session, coop_id, parcel_id, person, now)
    return placed


def _part(
    session: Session, coop_id: int, wanted: Mapping[int, int], answers: dict[str, object], now: datetime
) -> PartChoice:
    """The goods as a cart of this co-op alone knows them: prices, weights, what is left."""
    cart_id = cart.open_cart(session, None, now)
    for variant_id, steps in sorted(wanted.items()):
        cart.add(session, cart_id, variant_id, steps, now)
    mine = basket.read(session, cart_id, now)
    cart.clear(session, cart_id)
    refuse_unbuyable(mine)
    others: Sequence[int] = [parcel.coop.id for parcel in mine.parcels if parcel.coop.id != coop_id]
    if others or not mine.parcels:
        raise EmptyCart if not mine.parcels else cart.NotOnSale(variant_id=mine.parcels[0].lines[0].variant_id)
    return parts_of(session, mine, answers, now)[0]
