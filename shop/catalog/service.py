"""Products as their page, the cart, a session and the co-op's own pages need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from shop.catalog import cards
from shop.catalog.models import Category, Product, ProductPhoto, ProductState, Variant
from shop.catalog.offers import NoSuchVariant
from shop.certificates import service as certificates
from shop.certificates.models import Certificate
from shop.coops import service as coops
from shop.coops.models import SHOWN, Coop, CoopState
from shop.coops.service import CoopCard
from shop.core import money, slugs
from shop.core.errors import NotFound
from shop.core.i18n import either
from shop.core.pictures import Photo
from shop.stock import service as stock

ALSO_SHOWN = 4


class NoSuchProduct(NotFound):
    """There never was a product at this address."""


class ProductGone(NotFound):
    """The product is no longer sold. Facts: `name`, `coop_id`."""


@dataclass(frozen=True, slots=True)
class VariantView:
    """A variant as carts, orders and sessions know it; the price is the ordinary one of one selling step."""

    id: int
    product_id: int
    product_name: str
    product_name_en: str
    product_slug: str
    coop_id: int
    name: str
    kind: str
    step_g: int
    packing_g: int
    price_vnd: int
    most_steps: int
    shelf_life_days: int | None
    on_sale: bool
    photo: Photo | None

    @property
    def shown_name(self) -> str:
        """The product's name in the language of the request."""
        return either(self.product_name, self.product_name_en)


@dataclass(frozen=True)
class VariantOnPage:
    """A variant as its product page shows it: `left` is exact; `per_kg_vnd` is 0 for pieces."""

    id: int
    name: str
    kind: str
    step_g: int
    packing_g: int
    price_vnd: int
    per_kg_vnd: int
    left: int
    most: int
    least: int = 1
    tiers: Sequence[Sequence[int]] = ()
    ship_by: date | None = None


@dataclass(frozen=True)
class ProductPage:
    """All facts of a product page. `valid_until` is when the first certificate shown ends."""

    product: Product
    category: Category
    coop: Coop
    seller: CoopCard
    variants: Sequence[VariantOnPage]
    photos: Sequence[Photo]
    certificates: Sequence[Certificate]
    also: Sequence[cards.Card]
    valid_until: datetime | None

    @property
    def sold_out(self) -> bool:
        return all(variant.left == 0 for variant in self.variants)

    @property
    def tags(self) -> tuple[str, ...]:
        return (f"product:{self.product.id}", f"coop:{self.coop.id}", "live")


def by_slug(session: Session, slug: str) -> Product:
    """The product on sale at this address; an old address leads to it too (compare `.slug`).

    Raises NoSuchProduct, or ProductGone when it is hidden or its co-op does not sell.
    """
    product = session.exec(select(Product).where(Product.slug == slug)).first()
    if product is None and (known_id := slugs.find(session, "product", slug)):
        product = session.get(Product, known_id)
    if product is None or product.state == ProductState.DRAFT:
        raise NoSuchProduct
    coop = coops.get(session, product.coop_id)
    if product.state != ProductState.ON_SALE or coop.state not in SHOWN:
        raise ProductGone(name=product.name, coop_id=coop.id)
    return product


def product_page(session: Session, slug: str, now: datetime) -> ProductPage:
    """What the page of a product shows. Raises what `by_slug` raises."""
    product = by_slug(session, slug)
    coop = coops.get(session, product.coop_id)
    papers = certificates.about(session, {product.id: coop.id}, now)[product.id]
    also, also_until = others_of(session, coop.id, now, but=product.id)
    pictures = select(Photo).join(ProductPhoto, col(ProductPhoto.photo_id) == Photo.id)
    photos = session.exec(pictures.where(ProductPhoto.product_id == product.id).order_by(col(ProductPhoto.position)))
    ends = [end for end in (certificates.first_end(papers), also_until) if end]
    return ProductPage(
        product=product,
        category=session.get_one(Category, product.category_id),
        coop=coop,
        seller=coops.cards(session, [coop])[0],
        variants=_on_page(session, product.id, coop.state == CoopState.SELLING),
        photos=list(photos),
        certificates=papers,
        also=also,
        valid_until=min(ends, default=None),
    )


def _on_page(session: Session, product_id: int, coop_sells: bool) -> list[VariantOnPage]:
    rows = variants_of(session, product_id)
    left = stock.available(session, [variant.id for variant in rows])
    left = left if coop_sells else dict.fromkeys(left, 0)
    return [
        VariantOnPage(
            id=variant.id,
            name=variant.name,
            kind=variant.kind,
            step_g=variant.step_g,
            packing_g=variant.packing_g,
            price_vnd=variant.price_vnd,
            per_kg_vnd=per_kg_vnd(variant),
            left=left[variant.id],
            most=min(left[variant.id], variant.most_steps),
            least=variant.least_steps,
            tiers=variant.tiers or (),
            ship_by=variant.ship_by,
        )
        for variant in rows
        if variant.on_sale
    ]


def per_kg_vnd(variant: Variant) -> int:
    """The price of a kilogram in whole đồng, 0 for pieces."""
    return money.per_kg_vnd(variant.price_vnd, cards.weight_of(variant.kind, variant.step_g))


def variants_of(session: Session, product_id: int) -> list[Variant]:
    """All variants of a product in their order, also those not on sale."""
    mine = select(Variant).where(Variant.product_id == product_id)
    return list(session.exec(mine.order_by(col(Variant.position), col(Variant.id))))


def others_of(
    session: Session, coop_id: int, now: datetime, but: int = 0, most: int = ALSO_SHOWN
) -> tuple[list[cards.Card], datetime | None]:
    """The newest goods of a co-op, without product `but`, and when the first badge on them ends."""
    mine = select(Product.id).where(Product.coop_id == coop_id, Product.state == ProductState.ON_SALE)
    newest = mine.where(Product.id != but).order_by(col(Product.id).desc()).limit(most)
    return cards.load(session, list(session.exec(newest)), now)


def variants(session: Session, variant_ids: Iterable[int]) -> dict[int, VariantView]:
    """Variants by id, whether on sale or not; unknown ids are left out.

    `on_sale` is false as well when the product is hidden or its co-op does not sell.
    """
    wanted = (
        select(Variant, Product, Coop.state)
        .join(Product, col(Product.id) == Variant.product_id)
        .join(Coop, col(Coop.id) == Product.coop_id)
        .where(col(Variant.id).in_(set(variant_ids)))
    )
    rows = list(session.exec(wanted))
    photos = cards.covers(session, [product.id for _variant, product, _state in rows])
    return {
        variant.id: _view(variant, product, state == CoopState.SELLING, photos.get(product.id))
        for variant, product, state in rows
    }


def _view(variant: Variant, product: Product, coop_sells: bool, photo: Photo | None) -> VariantView:
    return VariantView(
        id=variant.id,
        product_id=product.id,
        product_name=product.name,
        product_name_en=product.name_en,
        product_slug=product.slug,
        coop_id=product.coop_id,
        name=variant.name,
        kind=variant.kind,
        step_g=variant.step_g,
        packing_g=variant.packing_g,
        price_vnd=variant.price_vnd,
        most_steps=variant.most_steps,
        shelf_life_days=product.shelf_life_days,
        on_sale=variant.on_sale and product.state == ProductState.ON_SALE and coop_sells,
        photo=photo,
    )


def variant_of_coop(session: Session, coop_id: int, variant_id: int) -> Variant:
    """The variant, if it is that co-op's. Raises NoSuchVariant."""
    mine = select(Variant).join(Product, col(Product.id) == Variant.product_id).where(Product.coop_id == coop_id)
    variant = session.exec(mine.where(Variant.id == variant_id)).first()
    if variant is None:
        raise NoSuchVariant
    return variant


def product_of_coop(session: Session, coop_id: int, product_id: int) -> Product:
    """The product in whatever state, if it is that co-op's. Raises NoSuchProduct."""
    product = session.get(Product, product_id)
    if product is None or product.coop_id != coop_id:
        raise NoSuchProduct
    return product


def products_of_coop(session: Session, coop_id: int) -> list[Product]:
    """All products of a co-op in whatever state, newest first."""
    return list(session.exec(select(Product).where(Product.coop_id == coop_id).order_by(col(Product.id).desc())))
