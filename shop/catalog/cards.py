"""What a list shows of a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shop.catalog.models import Product, ProductPhoto, Variant, VariantKind
from shop.certificates import service as certificates
from shop.certificates.service import Badge
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core.i18n import kg
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
    wanted = (
        select(Product, Variant, Coop)
        .join(Coop, col(Coop.id) == Product.coop_id)
        .join(Variant, col(Variant.id) == Product.lowest_variant_id)
        .where(col(Product.id).in_(product_ids))
    )
    rows = {product.id: (product, variant, coop) for product, variant, coop in session.exec(wanted)}
    papers = certificates.about(session, {at: coop.id for at, (_product, _variant, coop) in rows.items()}, now)
    photos, bands = covers(session, rows), bands_of(session, rows)
    cards = [
        _card(*rows[at], photos.get(at), bands.get(at, "out"), certificates.badges(papers[at]))
        for at in product_ids
        if at in rows
    ]
    return cards, certificates.first_end(paper for held in papers.values() for paper in held)


def _card(
    product: Product, variant: Variant, coop: Coop, photo: Photo | None, left: Band, badges: tuple[Badge, ...]
) -> Card:
    return Card(
        id=product.id,
        coop_id=coop.id,
        slug=product.slug,
        name=product.name,
        photo=photo,
        price_vnd=variant.price_vnd,
        unit=unit_of(variant),
        step_g=weight_of(variant),
        band=left,
        coop_name=coop.name,
        place=coops.place(coop),
        badges=badges,
    )


def unit_of(variant: Variant) -> str:
    """What one selling step is called beside its price: "0,5 kg" for loose goods, else the variant's name."""
    return kg(variant.step_g) if variant.kind == VariantKind.LOOSE else variant.name


def weight_of(variant: Variant) -> int:
    """Grams for a price per kg; 0 for pieces, whose weight says nothing about their worth."""
    return 0 if variant.kind == VariantKind.PIECE else variant.step_g


def covers(session: Session, product_ids: Iterable[int]) -> dict[int, Photo]:
    """The first photo of each product."""
    first = select(ProductPhoto.product_id, Photo).join(Photo, col(Photo.id) == ProductPhoto.photo_id)
    wanted = first.where(ProductPhoto.position == 0, col(ProductPhoto.product_id).in_(list(product_ids)))
    return dict(session.exec(wanted).all())


def bands_of(session: Session, product_ids: Iterable[int]) -> dict[int, Band]:
    """How much is left of each product: as of that variant of which most is left."""
    wanted = select(Pool.product_id, Pool.on_hand - Pool.held).where(
        Pool.owner == "", col(Pool.product_id).in_(list(product_ids))
    )
    most: dict[int, int] = {}
    for product_id, left in session.exec(wanted):
        most[product_id] = max(left, most.get(product_id, 0))
    return {product_id: band(left) for product_id, left in most.items()}
