"""What a list shows of a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from shop.catalog.models import Product, ProductPhoto, Variant, VariantKind
from shop.certificates import service as certificates
from shop.certificates.service import Badge
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core.db import run
from shop.core.i18n import either, kg
from shop.core.pictures import Photo
from shop.stock.models import Pool
from shop.stock.service import Band, band


@dataclass(slots=True)
class Card:
    """A product in a list, with the price of one selling step of its cheapest variant.

    `step_g` is 0 for goods that are not sold by weight. `live_slug` is filled in by pages when the product is on air.
    """

    id: int
    coop_id: int
    slug: str
    name: str
    photo: Photo | None
    price_vnd: int
    unit: str
    step_g: int
    band: Band
    coop_name: str
    place: str
    badges: tuple[Badge, ...]
    live_slug: str = ""


def load(session: Session, product_ids: Sequence[int], now: datetime) -> tuple[list[Card], datetime | None]:
    """Cards in the order of the ids, and when the first badge shown on them ends."""
    if not product_ids:
        return [], None
    rows = {row.id: row for row in run(session, _SHOWN.where(col(Product.id).in_(product_ids)))}
    papers = certificates.about(session, {at: row.coop_id for at, row in rows.items()}, now)
    photos, bands = covers(session, rows), bands_of(session, rows)
    cards = [
        _card(rows[at], photos.get(at), bands.get(at, "out"), certificates.badges(papers[at]))
        for at in product_ids
        if at in rows
    ]
    return cards, certificates.first_end(paper for held in papers.values() for paper in held)


# Columns, not objects: a shelf of 60 goods is read in half the time.
_SHOWN = (
    select_columns(
        *(col(column) for column in (Product.id, Product.coop_id, Product.slug, Product.name, Product.name_en)),
        *(col(column) for column in (Variant.price_vnd, Variant.kind, Variant.step_g)),
        col(Variant.name).label("variant_name"),
        *(col(column) for column in (Coop.province_code, Coop.ward_code)),
        col(Coop.name).label("coop_name"),
    )
    .join(Coop, col(Coop.id) == col(Product.coop_id))
    .join(Variant, col(Variant.id) == col(Product.lowest_variant_id))
)


def _card(row: Row[Any], photo: Photo | None, left: Band, badges: tuple[Badge, ...]) -> Card:
    return Card(
        id=row.id,
        coop_id=row.coop_id,
        slug=row.slug,
        name=either(row.name, row.name_en),
        photo=photo,
        price_vnd=row.price_vnd,
        unit=unit_of(row.kind, row.step_g, row.variant_name),
        step_g=weight_of(row.kind, row.step_g),
        band=left,
        coop_name=row.coop_name,
        place=coops.place_name(row.province_code, row.ward_code),
        badges=badges,
    )


def unit_of(kind: str, step_g: int, name: str) -> str:
    """What one selling step is called beside its price: "0,5 kg" for loose goods, else the variant's name."""
    return kg(step_g) if kind == VariantKind.LOOSE else name


def weight_of(kind: str, step_g: int) -> int:
    """Grams for a price per kg; 0 for pieces, whose weight says nothing about their worth."""
    return 0 if kind == VariantKind.PIECE else step_g


def covers(session: Session, product_ids: Iterable[int]) -> dict[int, Photo]:
    """The first photo of each product."""
    found = session.execute(_COVERS, {"products": list(product_ids)})
    return {product_id: photo for product_id, photo in found}  # noqa: C416  a row is not typed as a pair


# Made once: cart and rooms ask for two or three covers, and building the statement would take longest.
_COVERS = (
    select_columns(col(ProductPhoto.product_id), Photo)
    .join(Photo, col(Photo.id) == ProductPhoto.photo_id)
    .where(col(ProductPhoto.position) == 0, col(ProductPhoto.product_id).in_(bindparam("products", expanding=True)))
)


def bands_of(session: Session, product_ids: Iterable[int]) -> dict[int, Band]:
    """How much is left of each product: as of that variant of which most is left."""
    wanted = select(Pool.product_id, Pool.on_hand - Pool.held).where(
        Pool.owner == "", col(Pool.product_id).in_(list(product_ids))
    )
    most: dict[int, int] = {}
    for product_id, left in session.exec(wanted):
        most[product_id] = max(left, most.get(product_id, 0))
    return {product_id: band(left) for product_id, left in most.items()}
