"""What a co-op does with its goods: add, price, show, hide, rename. A person's change leaves an audit row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from shop.catalog.models import Category, PriceChange, Product, ProductPhoto, ProductState, Variant
from shop.catalog.offers import NoSuchVariant
from shop.catalog.service import variants_of
from shop.catalog.words import folded_words, index_of
from shop.certificates import service as certificates
from shop.certificates.models import Kind
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core import slugs
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Invalid, Refusal
from shop.core.pagecache import bump
from shop.core.text import slug as slug_of
from shop.stock import service as stock

LEAST_VND, MOST_VND = 1_000, 1_000_000_000
# Such words are checked before they are displayed: law on e-commerce 122/2025, Art. 17; decree 109/2018 on "hữu cơ".
_ORGANIC = ("huu co", "organic")
_CLAIM = r"(?:chua benh|dac tri|tri benh|khoi benh)\b"
_HEALING = re.compile(rf"\b{_CLAIM}")
_DENIED = re.compile(rf"\bkhong (?:(?:phai|la|co|the|tac dung|thay the|duoc|thuoc|de|dung) )*{_CLAIM}")


class PriceNotPossible(Invalid):
    """A price of one selling step is between LEAST_VND and MOST_VND. Facts: `least_vnd`, `most_vnd`."""


class NothingToSell(Refusal):
    """A product goes on sale with at least one variant on sale."""


class ClaimNeedsProof(Refusal):
    """ "Hữu cơ" needs a verified certificate for that product or its co-op."""


class HealingClaim(Refusal):
    """Food does not heal, and the shop does not say so."""


def add_product(session: Session, product: Product) -> Product:
    """Write down a new product (not yet on sale); its address is made from its name when it has none.

    An address that is taken gets a number behind it.
    """
    product.slug = _free_slug(session, product.slug or slug_of(product.name))
    session.add(product)
    session.flush()
    return product


def _free_slug(session: Session, wanted: str) -> str:
    taken = set(session.exec(select(Product.slug).where(col(Product.slug).startswith(wanted, autoescape=True))))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


def add_variant(session: Session, variant: Variant, now: datetime, person_id: int | None = None) -> Variant:
    """Write down a variant with its first price and an empty pool. Raises PriceNotPossible."""
    check_price(variant.price_vnd)
    product = session.get_one(Product, variant.product_id)
    session.add(variant)
    session.flush()
    session.add(PriceChange(variant_id=variant.id, price_vnd=variant.price_vnd, at=now, person_id=person_id))
    stock.open_pool(session, coop_id=product.coop_id, product_id=product.id, variant_id=variant.id)
    refresh(session, product)
    return variant


def add_photo(session: Session, product_id: int, photo_id: int) -> None:
    """Put a photo behind those the product has; the first is the one in lists."""
    mine = select(ProductPhoto).where(ProductPhoto.product_id == product_id)
    session.add(ProductPhoto(product_id=product_id, photo_id=photo_id, position=len(session.exec(mine).all())))
    session.flush()
    _tell(session, session.get_one(Product, product_id))


def set_price(session: Session, variant_id: int, price_vnd: int, person: Person, now: datetime) -> None:
    """From now on one selling step costs `price_vnd`. Raises NoSuchVariant, PriceNotPossible."""
    check_price(price_vnd)
    variant = session.get(Variant, variant_id, with_for_update=True, populate_existing=True)
    if variant is None:
        raise NoSuchVariant
    if variant.price_vnd == price_vnd:
        return
    before, variant.price_vnd = variant.price_vnd, price_vnd
    session.add(PriceChange(variant_id=variant_id, price_vnd=price_vnd, at=now, person_id=person.id))
    product = session.get_one(Product, variant.product_id)
    audit(session, person, "price_vnd", f"variant:{variant_id}", before, price_vnd, now, product.coop_id)
    refresh(session, product)


def set_variant_on_sale(session: Session, variant_id: int, on_sale: bool, person: Person, now: datetime) -> None:
    """Offer a variant, or stop offering it. Raises NoSuchVariant."""
    variant = session.get(Variant, variant_id)
    if variant is None:
        raise NoSuchVariant
    before, variant.on_sale = variant.on_sale, on_sale
    product = session.get_one(Product, variant.product_id)
    audit(session, person, "on_sale", f"variant:{variant_id}", before, on_sale, now, product.coop_id)
    refresh(session, product)


def set_state(session: Session, product: Product, state: ProductState, person: Person, now: datetime) -> None:
    """Put a product on sale, hide it, or take it back to draft.

    Raises NothingToSell, ClaimNeedsProof, HealingClaim, and what `coops.require_passed` raises.
    """
    if state == ProductState.ON_SALE:
        coops.require_passed(session, product.coop_id)
        check_display(session, product, now)
        if product.lowest_variant_id is None:
            raise NothingToSell
    before, product.state = product.state, state
    audit(session, person, "state", f"product:{product.id}", before, state.value, now, product.coop_id)
    _tell(session, product)
    if state == ProductState.ON_SALE:
        coops.open_if_new(session, product.coop_id, person, now)


def heals(text: str) -> bool:
    """Whether the words say that something heals; that it does not ("không thay thế thuốc chữa bệnh") is no claim."""
    return _HEALING.search(_DENIED.sub(" ", " ".join(folded_words(text)))) is not None


def check_display(session: Session, product: Product, now: datetime) -> None:
    """Whether its words may be displayed. Raises ClaimNeedsProof, HealingClaim."""
    text = f"{product.name} {product.name_en} {product.summary}"
    said = " ".join(folded_words(text))
    if heals(text):
        raise HealingClaim
    if any(claim in said for claim in _ORGANIC):
        papers = certificates.about(session, {product.id: product.coop_id}, now)[product.id]
        if all(paper.kind != Kind.ORGANIC for paper in papers):
            raise ClaimNeedsProof


def get_product(session: Session, product_id: int) -> Product:
    """The product, which is known to be there."""
    return session.get_one(Product, product_id)


def rename(session: Session, product: Product, name: str, person: Person, now: datetime) -> None:
    """Give a product another name and the address that goes with it; the old address leads to the new one."""
    before = [product.name, product.slug]
    wanted = slug_of(name)
    if wanted and wanted != product.slug:
        slugs.remember(session, "product", product.slug, product.id)
        product.slug = _free_slug(session, wanted)
    product.name = name
    audit(session, person, "name", f"product:{product.id}", before, [name, product.slug], now, product.coop_id)
    refresh(session, product)


def refresh(session: Session, product: Product) -> None:
    """Bring up to date what a product keeps of its variants and words, after any of them changed."""
    session.flush()
    category = session.get_one(Category, product.category_id)
    describe(product, coops.get(session, product.coop_id), category, variants_of(session, product.id))
    session.flush()
    _tell(session, product)


def describe(product: Product, coop: Coop, category: Category, variants: Sequence[Variant]) -> None:
    """What `refresh` writes on a product, from rows that were read before."""
    offered = [variant for variant in variants if variant.on_sale]
    cheapest = min(offered, key=lambda variant: (variant.price_vnd, variant.id), default=None)
    product.lowest_price_vnd = cheapest.price_vnd if cheapest else 0
    product.lowest_variant_id = cheapest.id if cheapest else None
    if cheapest is None and product.state == ProductState.ON_SALE:
        product.state = ProductState.HIDDEN
    names = [variant.name for variant in offered]
    others = (product.name_en, category.name, category.name_en, coop.name, coops.place(coop), product.origin)
    told = (product.summary, product.variety, product.keywords)
    words_of = index_of(product.name, [*others, *told, *names], coop.id, category.id)
    for column, words in words_of.items():
        setattr(product, column, words)


def check_price(price_vnd: int) -> None:
    """Raises PriceNotPossible."""
    if not LEAST_VND <= price_vnd <= MOST_VND:
        raise PriceNotPossible(least_vnd=LEAST_VND, most_vnd=MOST_VND)


def _tell(session: Session, product: Product) -> None:
    bump(session, f"product:{product.id}", f"coop:{product.coop_id}", "lists")
