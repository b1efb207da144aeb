"""Prices, stock and photos of the co-op's own goods, each change in three taps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, BeforeValidator, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.catalog import cards, offers, selling
from shop.catalog import service as catalog
from shop.catalog.models import Product, Variant
from shop.catalog.undo import service as undo
from shop.coops import service as coops
from shop.core import pictures
from shop.core.audit import changes_of
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, TypedVnd, posted
from shop.core.images import Stored
from shop.core.money import format_number
from shop.core.pictures import Photo
from shop.core.web import Page
from shop.stock import service as stock
from shop.stock.models import Pool
from shop.workspace.here import Desk, GoodsDesk, StockDesk
from shop.workspace.sent_photo import PhotoMissing, photo_sent

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
HISTORY_SHOWN = 100


def _without_dots(typed: str) -> str:
    """People write 185.000, 185 000 or 185.000đ."""
    return re.sub(r"[.\s\u00a0]|₫$|đ$", "", typed)


Typed = Annotated[int, BeforeValidator(_without_dots)]


class PriceAndStock(BaseModel):
    price_vnd: TypedVnd = Field(ge=1000, le=1_000_000_000)
    on_hand: Typed = Field(ge=0, le=1_000_000)


@dataclass(frozen=True)
class Goods:
    """One product with its variants and what each has."""

    product: Product
    photo: Photo | None
    variants: Sequence[tuple[Variant, Pool | None]]


@router.get("/hang")
def goods(db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = _goods(session, catalog.products_of_coop(session, coop.id))
        changed = undo.last_of(session, coop.id, desk.person, now)
    until = changed.at + undo.SHOWN if changed else None
    whose = ((it.product, variant) for it in found for variant, _pool in it.variants)
    about = next((one for one in whose if changed and one[1].id == changed.variant_id), None)
    facts: dict[str, Any] = {"changed": changed if about else None, "about": about, "until": until}
    return page("workspace/goods.html", block="goods", coop=coop, goods=found, **facts)


def _goods(session: Session, products: Sequence[Product]) -> list[Goods]:
    photos = cards.covers(session, [product.id for product in products])
    variants = {product.id: catalog.variants_of(session, product.id) for product in products}
    pools = stock.pools_of(session, [variant.id for mine in variants.values() for variant in mine])
    return [
        Goods(p, photos.get(p.id), [(variant, pools.get(variant.id)) for variant in variants[p.id]]) for p in products
    ]


@router.get("/hang/{variant_id}")
def variant(variant_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _show(db, page, desk, variant_id, None)


def _show(db: Database, page: Page, desk: Desk, variant_id: int, form: Posted[PriceAndStock] | None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        row = catalog.variant_of_coop(session, coop.id, variant_id)
        product = catalog.product_of_coop(session, coop.id, row.product_id)
        photo = cards.covers(session, [product.id]).get(product.id)
        pool = stock.pool_of(session, variant_id)
    status = 422 if form else 200
    form = form or Posted.blank(PriceAndStock, price_vnd=format_number(row.price_vnd), on_hand=pool.on_hand)
    goods = Goods(product, photo, [(row, pool)])
    return page("workspace/variant.html", block="variant", status=status, coop=coop, goods=goods, form=form)


@router.post("/hang/{variant_id}")
def change(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[PriceAndStock], Depends(posted(PriceAndStock))],
    now: NowDep,
) -> Response:
    person, coop_id = desk.person, desk.coop_id
    if not form.ok:
        return _show(db, page, desk, variant_id, form)
    try:
        with db.write() as session:
            catalog.variant_of_coop(session, coop_id, variant_id)
            wanted = form.value
            undo.price_and_count(session, coop_id, variant_id, wanted.price_vnd, wanted.on_hand, person, now)
    except stock.HeldByBuyers:
        form.errors = {"on_hand": "held_by_buyers"}
        return _show(db, page, desk, variant_id, form)
    return page.go("/ban-hang/hang", "saved")


@router.post("/hang/{variant_id}/het")
def sell_out(variant_id: Id, db: DatabaseDep, page: PageDep, desk: StockDesk, now: NowDep) -> Response:
    with db.write() as session:
        catalog.variant_of_coop(session, desk.coop_id, variant_id)
        undo.sell_out(session, desk.coop_id, variant_id, desk.person, now)
    return page.go("/ban-hang/hang")


@router.post("/hoan-tac/{change_id}")
def take_back(change_id: Id, db: DatabaseDep, page: PageDep, desk: StockDesk, now: NowDep) -> Response:
    with db.write() as session:
        undo.take_back(session, desk.coop_id, change_id, desk.person, now)
    return page.go("/ban-hang/hang", "undone")


@router.get("/hang/{variant_id}/so-ghi")
def history(variant_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    """Who changed price and count, when, from what to what."""
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        row = catalog.variant_of_coop(session, coop.id, variant_id)
        product = catalog.product_of_coop(session, coop.id, row.product_id)
        changes = changes_of(session, f"variant:{variant_id}", HISTORY_SHOWN)
        first = offers.first_price(session, variant_id)
    facts: dict[str, Any] = {"product": product, "variant": row, "changes": changes, "first": first}
    return page("workspace/history.html", block="history", coop=coop, **facts)


def _require_own(db: Database, desk: Desk, product_id: int) -> None:
    with db.read() as session:
        catalog.product_of_coop(session, desk.coop_id, product_id)


async def _photo_sent(product_id: Id, request: Request, db: DatabaseDep, desk: GoodsDesk) -> Stored | None:
    """Raises NotSignedIn, NotAllowed, NoSuchProduct before a byte is read, and what `photo_sent` raises."""
    await anyio.to_thread.run_sync(_require_own, db, desk, product_id)
    return await photo_sent(request)


@router.post("/anh/{product_id}")
def add_photo(
    product_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    stored: Annotated[Stored | None, Depends(_photo_sent)],
    now: NowDep,
) -> Response:
    if stored is None:
        raise PhotoMissing
    with db.write() as session:
        product = catalog.product_of_coop(session, desk.coop_id, product_id)
        photo = pictures.keep(session, stored, product.name, now)
        selling.add_photo(session, product.id, photo.id)
    return page.go("/ban-hang/hang", "saved")
