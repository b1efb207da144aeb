"""Some confirmed rows of a sheet, written in the transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session

from shop.catalog import many as catalog_many
from shop.catalog.many import Goods
from shop.catalog.models import Product, Variant
from shop.core.db import run
from shop.core.deps import Person
from shop.core.text import fold
from shop.sheets.fates import Judged, Shelf, judge_again, load_for
from shop.sheets.models import Fate, Sheet, SheetRow
from shop.sheets.rows import Wanted
from shop.stock import many as stock_many

PACKING_G = {"box": 300, "piece": 50}


def write(
    session: Session, sheet: Sheet, rows: Sequence[SheetRow], products: Mapping[str, int], person: Person, now: datetime
) -> None:
    """Judge good rows again, as things stand now, and write them; a row that is no longer good says why.

    `products` are all the co-op has, by folded name.
    """
    shelf = load_for(session, sheet.coop_id, rows, products)
    judged = list(judge_again(rows, shelf))
    counts = _add_new(session, sheet.coop_id, [it for it in judged if it.fate == Fate.NEW], shelf, person, now)
    counts |= _told(judged, "on_hand")
    prices = _told(judged, "price")
    catalog_many.set_prices(session, sheet.coop_id, prices, person, now)
    stock_many.set_counts(session, sheet.coop_id, counts, person, now, f"sheet:{sheet.id}")
    _note(session, sheet.id, judged)


def _told(judged: Sequence[Judged], what: str) -> dict[int, int]:
    """{variant id: what it is to become}, for goods that are there."""
    changed = [(it.target, it.change[what][1]) for it in judged if it.target and what in it.change]
    return {target.id: int(to or 0) for target, to in changed}


def _add_new(
    session: Session, coop_id: int, new: Sequence[Judged], shelf: Shelf, person: Person, now: datetime
) -> dict[int, int]:
    """Writes new goods and returns {variant id: count}."""
    products: dict[str, tuple[Product, list[Variant]]] = {}
    counts: list[tuple[Variant, int]] = []
    for it in new:
        assert it.row is not None  # noqa: S101  what is new was understood
        name = fold(it.row.product)
        if name not in products:
            known = shelf.products.get(name)
            products[name] = (session.get_one(Product, known) if known else _product(it, coop_id, now), [])
        position = len(shelf.of_product.get(name, [])) + len(products[name][1])
        variant = _variant(it.row, int(it.change["price"][1] or 0), position)
        products[name][1].append(variant)
        counts.append((variant, int(it.change["on_hand"][1] or 0)))
    goods = [Goods(product, variants) for product, variants in products.values()]
    catalog_many.add_goods(session, coop_id, goods, person, now)
    return {variant.id: count for variant, count in counts if count}


def _product(it: Judged, coop_id: int, now: datetime) -> Product:
    assert it.row is not None  # noqa: S101  what is new was understood
    assert it.category_id is not None  # noqa: S101  else it was refused
    return Product(
        coop_id=coop_id,
        category_id=it.category_id,
        slug="",  # made from its name
        name=it.row.product,
        summary=it.row.summary,
        origin=it.row.origin,
        created_at=now,
    )


def _variant(row: Wanted, price_vnd: int, position: int) -> Variant:
    assert row.kind is not None  # noqa: S101  what is new was understood
    assert row.step_g is not None  # noqa: S101
    return Variant(
        product_id=0,  # known once the product has its number
        name=row.variant,
        kind=row.kind,
        step_g=row.step_g,
        packing_g=PACKING_G.get(row.kind, 0),
        price_vnd=price_vnd,
        position=position,
    )


def _note(session: Session, sheet_id: int, judged: Sequence[Judged]) -> None:
    """What became of each row in the end."""
    table = SheetRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    mine = update(table).where(table.c.sheet_id == sheet_id, table.c.number == bindparam("row"))
    told = [
        {"row": it.number, "fate_": it.fate, "reason_": it.reason, "about_": it.about, "change_": it.change}
        for it in judged
    ]
    if told:
        named: dict[str, Any] = {name: bindparam(f"{name}_") for name in ("fate", "reason", "about", "change")}
        run(session, mine.values(**named), told)
