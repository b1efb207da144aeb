"""Thousands of new goods and prices at once, in a handful of statements: the rules are those of `selling`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, update
from sqlmodel import Session, col, select

from shop.catalog.models import Category, PriceChange, Product, Variant
from shop.catalog.selling import describe
from shop.coops import service as coops
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.pagecache import bump
from shop.core.text import slug as slug_of
from shop.stock.models import Pool

_AT_ONCE = 500


@dataclass(frozen=True)
class Goods:
    """A product with variants that are new; the product is new as well when it has no id."""

    product: Product
    variants: Sequence[Variant]


def add_goods(session: Session, coop_id: int, goods: Sequence[Goods], person: Person, now: datetime) -> None:
    """Write down new products, not yet on sale, and new variants with their first price and an empty pool.

    All are of the co-op. Prices and names are right already: nothing is checked here.
    """
    if not goods:
        return
    _add_products(session, [it.product for it in goods if it.product.id is None])
    variants = [variant for it in goods for variant in it.variants]
    for it in goods:
        for variant in it.variants:
            variant.product_id = it.product.id
    session.add_all(variants)
    session.flush()
    prices = [
        {"variant_id": variant.id, "price_vnd": variant.price_vnd, "at": now, "person_id": person.id}
        for variant in variants
    ]
    run(session, insert(PriceChange), prices)
    empty = {"coop_id": coop_id, "owner": "", "on_hand": 0, "held": 0, "closed": False}
    pools = [{"variant_id": variant.id, "product_id": variant.product_id, **empty} for variant in variants]
    run(session, insert(Pool), pools)
    _describe(session, coop_id, [it.product.id for it in goods])
    for it in goods:
        names = [variant.name for variant in it.variants]
        audit(session, person, "added", f"product:{it.product.id}", None, [it.product.name, *names], now, coop_id)
    bump(session, f"coop:{coop_id}", "lists", *(f"product:{it.product.id}" for it in goods))


def _add_products(session: Session, products: Sequence[Product]) -> None:
    wanted = {product.name: slug_of(product.name) for product in products}
    taken: set[str] = set()
    bases = sorted(set(wanted.values()))
    for at in range(0, len(bases), _AT_ONCE):
        taken.update(session.exec(select(Product.slug).where(col(Product.slug).in_(bases[at : at + _AT_ONCE]))))
    top = session.exec(select(func.max(Product.id))).one() or 0
    for product in products:
        slug = wanted[product.name]
        product.slug = slug if slug and slug not in taken else f"{slug or 'hang'}-{top + 1}"
        taken.add(product.slug)
        top += 1
    session.add_all(products)
    session.flush()


def _describe(session: Session, coop_id: int, product_ids: Sequence[int]) -> None:
    coop = coops.get(session, coop_id)
    categories = {category.id: category for category in session.exec(select(Category))}
    for at in range(0, len(product_ids), _AT_ONCE):
        some = product_ids[at : at + _AT_ONCE]
        mine: dict[int, list[Variant]] = {}
        for variant in session.exec(select(Variant).where(col(Variant.product_id).in_(some))):
            mine.setdefault(variant.product_id, []).append(variant)
        for product in session.exec(select(Product).where(col(Product.id).in_(some))):
            describe(product, coop, categories[product.category_id], mine.get(product.id, []))
    session.flush()


def set_prices(session: Session, coop_id: int, prices: Mapping[int, int], person: Person, now: datetime) -> None:
    """From now on these variants of the co-op cost so much: what `selling.set_price` does for one.

    The caller has locked the variants and knows that each price is another than before.
    """
    if not prices:
        return
    product_ids: set[int] = set()
    ids = sorted(prices)
    for at in range(0, len(ids), _AT_ONCE):
        rows = select(Variant.id, Variant.product_id, Variant.price_vnd).where(
            col(Variant.id).in_(ids[at : at + _AT_ONCE])
        )
        for variant_id, product_id, before in session.exec(rows).all():
            product_ids.add(product_id)
            audit(session, person, "price_vnd", f"variant:{variant_id}", before, prices[variant_id], now, coop_id)
    changed = update(Variant.__table__).where(Variant.__table__.c.id == bindparam("variant"))  # type: ignore[attr-defined]  # SQLModel does not declare it
    run(session, changed.values(price_vnd=bindparam("price")), [{"variant": i, "price": prices[i]} for i in ids])
    told = [{"variant_id": i, "price_vnd": prices[i], "at": now, "person_id": person.id} for i in ids]
    run(session, insert(PriceChange), told)
    session.expire_all()
    _lowest(session, sorted(product_ids))
    bump(session, f"coop:{coop_id}", "lists", *(f"product:{product_id}" for product_id in product_ids))


def _lowest(session: Session, product_ids: Sequence[int]) -> None:
    """The cheapest variant of each, as `describe` says it; their words have not changed."""
    cheapest: dict[int, tuple[int, int]] = {}
    for at in range(0, len(product_ids), _AT_ONCE):
        mine = select(Variant.product_id, Variant.price_vnd, Variant.id).where(
            col(Variant.product_id).in_(product_ids[at : at + _AT_ONCE]), col(Variant.on_sale)
        )
        for product_id, price_vnd, variant_id in session.exec(mine):
            cheapest[product_id] = min(cheapest.get(product_id, (price_vnd, variant_id)), (price_vnd, variant_id))
    told = [{"product": number, "price": price, "variant": first} for number, (price, first) in cheapest.items()]
    table = Product.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    values: dict[str, Any] = {"lowest_price_vnd": bindparam("price"), "lowest_variant_id": bindparam("variant")}
    if told:
        run(session, update(table).where(table.c.id == bindparam("product")).values(**values), told)
