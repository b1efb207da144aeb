"""Delivery tables, carts and orders for tests, made through the real services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import select

from shop.cart import basket
from shop.cart import service as cart
from shop.catalog.models import Product, Variant
from shop.checkout import service as checkout
from shop.checkout.models import Checkout
from shop.coops.models import Coop
from shop.core.db import Database
from shop.orders.placing import Placed
from shop.settings import Settings
from shop.shipping.service import Rate, Table, save_table

NEAR_HAM_THUAN = {"province_code": "68", "ward_code": "23095"}  # Xã Hàm Liêm, same province
ANSWERS = {
    "name": "Nguyễn Thị Hoa",
    "phone": "+84912345678",
    **NEAR_HAM_THUAN,
    "line": "12 đường Trần Phú",
    "legacy_text": "",
    "note": "",
    "email": "",
}
RATES = (
    Rate("commune", 30_000, 15_000, 0, 1),
    Rate("province", 5_000, 25_000, 1, 2),
    Rate("province", 10_000, 35_000, 1, 2),
    Rate("province", 30_000, 60_000, 1, 2),
    Rate("region", 30_000, 90_000, 2, 3),
    Rate("nation", 30_000, 150_000, 3, 5),
)


def make_table(db: Database, coop: Coop, rates: tuple[Rate, ...] = RATES, **terms: Any) -> Table:
    """A co-op's delivery table."""
    table = Table(coop.id, coop.ward_code, rates, **terms)
    with db.write() as session:
        save_table(session, table)
    return table


def variant_of(db: Database, product: Product) -> Variant:
    """The first variant of a product."""
    with db.read() as session:
        return session.exec(select(Variant).where(Variant.product_id == product.id).order_by(Variant.id)).first()  # type: ignore[return-value,arg-type]  # it has one


def make_cart(db: Database, wanted: Mapping[int, int], now: datetime) -> str:
    """A cart with {variant id: steps}."""
    with db.write() as session:
        cart_id = cart.open_cart(session, None, now)
        for variant_id, quantity in wanted.items():
            cart.add(session, cart_id, variant_id, quantity, now)
    return cart_id


def start(db: Database, cart_id: str, settings: Settings, now: datetime, visitor: str = "an") -> str:
    """A checkout of this cart, begun; returns its id."""
    with db.write() as session:
        return checkout.start(session, cart_id, visitor, settings, now).id


def answered(
    db: Database,
    cart_id: str,
    settings: Settings,
    now: datetime,
    *,
    way: str = "delivery",
    pay: str = "cod",
    **changes: Any,
) -> str:
    """A checkout with every answer given, ready to be placed; returns its id."""
    with db.write() as session:
        mine = checkout.start(session, cart_id, changes.pop("visitor", "an"), settings, now)
        checkout.answer(session, mine, settings, now, **{**ANSWERS, **changes})
        ways = {str(parcel.coop.id): way for parcel in basket.read(session, cart_id, now).parcels}
        checkout.answer(session, mine, settings, now, ways=ways, payment_method=pay)
        return mine.id


def place(db: Database, checkout_id: str, settings: Settings, now: datetime) -> Placed:
    """Press "Đặt hàng" on the summary as it stands."""
    with db.read() as session:
        seen_vnd = checkout.standing(session, session.get_one(Checkout, checkout_id), now).total_vnd
    with db.write() as session:
        return checkout.place_order(session, checkout_id, seen_vnd, settings, now)


def make_order(db: Database, wanted: Mapping[int, int], settings: Settings, now: datetime, **how: Any) -> Placed:
    """An order of {variant id: steps} through cart and checkout; `pay`, `way` and any answer by keyword."""
    return place(db, answered(db, make_cart(db, wanted, now), settings, now, **how), settings, now)
