"""Products and co-ops for other programs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlmodel import Session, col, select

from shop.api.shapes import PROBLEMS, Grams, Slug, Vnd, Words
from shop.catalog import cards, listing
from shop.catalog import service as catalog
from shop.catalog.listing import Filters
from shop.catalog.models import Category, Product, Variant
from shop.catalog.wholesale import prices as wholesale
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core.deps import DatabaseDep, NowDep, Person, SettingsDep, VisitDep
from shop.core.pictures import Photo
from shop.settings import Settings
from shop.stock import service as stock

router = APIRouter(prefix="/api/v1", tags=["goods"], responses=PROBLEMS)
NOTHING = 0  # the id of no shelf and no co-op: an unknown filter finds nothing


class CoopName(BaseModel):
    slug: str
    name: str


class Tier(BaseModel):
    """From `least_steps` on, each step costs `price_vnd`."""

    least_steps: int
    price_vnd: Vnd


class VariantItem(BaseModel):
    """`price_vnd` and `available` count selling steps of `step_g` grams; one buyer takes `least_steps` to `most_steps`.

    `tiers` are for everybody. `wholesale` is empty but for signed-in buyers whom the co-op knows. With `ship_by` it is
    sold before its harvest and sent on that day at the latest.
    """

    id: int
    name: str
    step_g: Grams
    price_vnd: Vnd
    available: int
    least_steps: int
    most_steps: int
    tiers: list[Tier]
    wholesale: list[Tier]
    ship_by: date | None


class ProductItem(BaseModel):
    id: int
    slug: str
    name: str
    coop: CoopName
    image: str | None
    variants: list[VariantItem]


class Products(BaseModel):
    """`next` is the cursor of the next page, null at the end."""

    items: list[ProductItem]
    next: str | None


class ProductWhole(ProductItem):
    summary: str
    description: str
    origin: str
    storage_tip: str
    shelf_life_days: int | None
    category: str


class CoopItem(BaseModel):
    slug: str
    name: str
    province_code: str
    ward_code: str


class Coops(BaseModel):
    items: list[CoopItem]
    next: str | None


class CoopWhole(CoopItem):
    legal_name: str
    tax_code: str
    representative: str
    founded_on: int
    member_count: int
    story: str
    line: str
    phone: str
    delivery_policy: str
    return_policy: str


@router.get("/products")
def products(
    db: DatabaseDep,
    settings: SettingsDep,
    now: NowDep,
    visit: VisitDep,
    response: Response,
    q: Words = "",
    coop: Words = "",
    category: Words = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
    cursor: Words = "",
) -> Products:
    """Products on sale; with `q` the best hit first (accents do not matter), else the newest. `coop` and `category`
    are slugs."""
    person = visit.person
    with db.read() as session:
        filters = Filters(q, _category_id(session, category), _coop_id(session, coop))
        page = listing.page_of(session, filters, now, cursor, limit)
        ids = [card.id for card in page.cards]
        items = _items(session, settings, ids, person)
    _keep_private(response, person)
    return Products(items=items, next=page.next or None)


def _category_id(session: Session, slug: str) -> int | None:
    return session.exec(select(Category.id).where(Category.slug == slug)).first() or NOTHING if slug else None


def _coop_id(session: Session, slug: str) -> int | None:
    return session.exec(select(Coop.id).where(Coop.slug == slug)).first() or NOTHING if slug else None


def _keep_private(response: Response, person: Person | None) -> None:
    if person:  # their own prices may be in it
        response.headers["Cache-Control"] = "private, no-store"


def _items(session: Session, settings: Settings, product_ids: list[int], person: Person | None) -> list[ProductItem]:
    rows = select(Product, Coop).join(Coop, col(Coop.id) == Product.coop_id).where(col(Product.id).in_(product_ids))
    found = {product.id: (product, coop) for product, coop in session.exec(rows)}
    known = wholesale.coops_of(session, person.id, {coop.id for _product, coop in found.values()}) if person else set()
    wholesale_of = [product.id for product, coop in found.values() if coop.id in known]
    photos, variants = cards.covers(session, product_ids), _variants(session, product_ids, wholesale_of)
    return [
        ProductItem(
            id=product.id,
            slug=product.slug,
            name=product.name,
            coop=CoopName(slug=coop.slug, name=coop.name),
            image=_image(settings, photos.get(product.id)),
            variants=variants.get(product.id, []),
        )
        for product, coop in (found[product_id] for product_id in product_ids)
    ]


def _variants(
    session: Session, product_ids: Iterable[int], wholesale_of: Collection[int]
) -> dict[int, list[VariantItem]]:
    wanted = select(Variant).where(col(Variant.product_id).in_(list(product_ids)), col(Variant.on_sale))
    rows = list(session.exec(wanted.order_by(col(Variant.position), col(Variant.id))))
    left = stock.available(session, [row.id for row in rows])
    items: dict[int, list[VariantItem]] = {}
    for row in rows:
        known = row.product_id in wholesale_of
        items.setdefault(row.product_id, []).append(_variant(row, left[row.id], row.wholesale if known else None))
    return items


def _variant(row: Variant, left: int, wholesale_tiers: wholesale.Tiers | None) -> VariantItem:
    return VariantItem(
        id=row.id,
        name=row.name,
        step_g=row.step_g,
        price_vnd=row.price_vnd,
        available=left,
        least_steps=row.least_steps,
        most_steps=row.most_steps,
        tiers=_tiers(row.tiers),
        wholesale=_tiers(wholesale_tiers),
        ship_by=row.ship_by,
    )


def _tiers(tiers: wholesale.Tiers | None) -> list[Tier]:
    return [Tier(least_steps=least, price_vnd=price_vnd) for least, price_vnd in tiers or ()]


def _image(settings: Settings, photo: Photo | None) -> str | None:
    if photo is None:
        return None
    width = min(640, photo.width)
    return f"{settings.base_url}/media/pictures/{photo.key[:2]}/{photo.key}-{width}.jpg"


@router.get("/products/{slug}")
def product(slug: Slug, db: DatabaseDep, settings: SettingsDep, visit: VisitDep, response: Response) -> ProductWhole:
    """One product, whole. An old slug finds it, too."""
    person = visit.person
    with db.read() as session:
        found = catalog.by_slug(session, slug)
        item = _items(session, settings, [found.id], person)[0]
        category = session.get_one(Category, found.category_id)
    _keep_private(response, person)
    return ProductWhole(
        **item.model_dump(),
        summary=found.summary,
        description=found.description,
        origin=found.origin,
        storage_tip=found.storage_tip,
        shelf_life_days=found.shelf_life_days,
        category=category.slug,
    )


@router.get("/coops")
def all_coops(
    db: DatabaseDep, limit: Annotated[int, Query(ge=1, le=100)] = 24, cursor: Annotated[int, Query(ge=0, le=2**31)] = 0
) -> Coops:
    """Verified co-ops in the order in which they joined."""
    with db.read() as session:
        found = coops.shown(session, cursor, limit + 1)
    shown = found[:limit]
    goes_on = str(shown[-1].id) if len(found) > limit else None
    return Coops(items=[CoopItem.model_validate(row, from_attributes=True) for row in shown], next=goes_on)


@router.get("/coops/{slug}")
def one_coop(slug: Slug, db: DatabaseDep) -> CoopWhole:
    """One co-op with what the law wants known of it."""
    with db.read() as session:
        return CoopWhole.model_validate(coops.by_slug(session, slug), from_attributes=True)
