"""Carts for other programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from shop.api.shapes import PROBLEMS, CartId, Grams, VariantId, Vnd
from shop.cart import service as cart
from shop.cart.basket import CartView, Line
from shop.cart.ways import PartChoice, parts_of
from shop.core.deps import DatabaseDep, NowDep

router = APIRouter(prefix="/api/v1/carts", tags=["carts"], responses=PROBLEMS)
WardCode = Annotated[str | None, Query(pattern=r"^\d{5}$", description="with it, parcels tell fee and dates")]


class NewCart(BaseModel):
    id: str


class Quantity(BaseModel):
    """A whole number of selling steps; 0 takes the line out."""

    quantity: Annotated[int, Field(strict=True, ge=0, le=9999)]


class CartLineItem(BaseModel):
    """`problem`: "gone" (no longer sold), "short" (less is left) or null."""

    variant_id: int
    product: str
    product_slug: str
    name: str
    step_g: Grams
    quantity: int
    price_vnd: Vnd
    total_vnd: Vnd
    weight_g: Grams
    available: int
    problem: str | None


class CartParcelItem(BaseModel):
    """The goods of one co-op. `shipping_vnd` is null until a ward is known or when the co-op does not deliver there."""

    coop: str
    goods_vnd: Vnd
    shipping_vnd: Vnd | None
    total_vnd: Vnd
    weight_g: Grams
    ways: list[str]
    expected_from: date | None
    expected_to: date | None


class CartWhole(BaseModel):
    """`total_vnd` is the sum of the parcels' totals, to the đồng."""

    id: str
    lines: list[CartLineItem]
    parcels: list[CartParcelItem]
    total_vnd: Vnd


@router.post("", status_code=201)
def open_cart(db: DatabaseDep, now: NowDep) -> NewCart:
    """A new empty cart. Its id is unguessable and is the whole right to it."""
    with db.write() as session:
        return NewCart(id=cart.open_cart(session, None, now))


@router.get("/{cart_id}")
def show(cart_id: CartId, db: DatabaseDep, now: NowDep, ward_code: WardCode = None) -> CartWhole:
    """The cart as it stands. Nothing in it is reserved."""
    with db.read() as session:
        if not cart.exists(session, cart_id):
            raise cart.NoSuchCart
        return _whole(session, cart.view(session, cart_id, now), ward_code, now)


@router.put("/{cart_id}/lines/{variant_id}")
def set_line(
    cart_id: CartId, variant_id: VariantId, body: Quantity, db: DatabaseDep, now: NowDep, ward_code: WardCode = None
) -> CartWhole:
    """Make it so many steps of a variant. 409 `sold-out` when the co-op has less."""
    with db.write() as session:
        cart.set_quantity(session, cart_id, variant_id, body.quantity, now)
        return _whole(session, cart.view(session, cart_id, now), ward_code, now)


def _whole(session: Session, mine: CartView, ward_code: str | None, now: datetime) -> CartWhole:
    parcels = [_parcel(part) for part in parts_of(session, mine, {"ward_code": ward_code}, now)]
    total_vnd = sum(parcel.total_vnd for parcel in parcels)
    return CartWhole(id=mine.id, lines=[_line(line) for line in mine.lines], parcels=parcels, total_vnd=total_vnd)


def _line(line: Line) -> CartLineItem:
    return CartLineItem(
        variant_id=line.variant_id,
        product=line.product_name,
        product_slug=line.product_slug,
        name=line.variant_name,
        step_g=line.step_g,
        quantity=line.quantity,
        price_vnd=line.price_vnd,
        total_vnd=line.total_vnd,
        weight_g=line.weight_g,
        available=max(0, line.available),
        problem="gone" if not line.on_sale else "short" if line.is_short else None,
    )


def _parcel(part: PartChoice) -> CartParcelItem:
    delivery = part.choices.by("delivery")
    goods_vnd = part.parcel.goods_vnd
    return CartParcelItem(
        coop=part.parcel.coop.slug,
        goods_vnd=goods_vnd,
        shipping_vnd=delivery.fee_vnd if delivery else None,
        total_vnd=goods_vnd + (delivery.fee_vnd if delivery else 0),
        weight_g=part.parcel.gross_g,
        ways=[quote.way for quote in part.choices.quotes],
        expected_from=delivery.earliest if delivery else None,
        expected_to=delivery.latest if delivery else None,
    )
