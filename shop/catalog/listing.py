"""Lists of products: by shelf, co-op, certificate and price, in three orders, page by page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, tuple_
from sqlmodel import Session, col, select

from shop.catalog import cards, cursors, search
from shop.catalog.models import Category, Product, ProductState
from shop.catalog.words import Question, mark, read_question
from shop.certificates import service as certificates
from shop.certificates.models import Certificate
from shop.coops.models import Coop, CoopState
from shop.core.errors import NotFound
from shop.core.text import sort_key

PAGE_SIZE = 60
MOST_COOPS_TO_CHOOSE = 40


class Order(StrEnum):
    """How a list is sorted. `BEST` is by words when there are some, else the newest first."""

    BEST = "hop"
    CHEAPEST = "gia-tang"
    DEAREST = "gia-giam"
    NEWEST = "moi"


@dataclass(frozen=True)
class Filters:
    """What narrows a list. Empty and None mean anything; prices are of one selling step of the cheapest variant."""

    words: str = ""
    category_id: int | None = None
    but_category_id: int | None = None
    coop_id: int | None = None
    certificate: str = ""
    least_vnd: int | None = None
    most_vnd: int | None = None
    order: Order = Order.BEST


@dataclass(frozen=True)
class Listing:
    """One page of a list. `found` is the number of hits of a search (None for a shelf), `more_than_found` that there
    are others; `next` is the cursor of the next page, empty at the end; `valid_until` when a shown badge ends.
    """

    cards: Sequence[cards.Card]
    next: str
    found: int | None = None
    more_than_found: bool = False
    valid_until: datetime | None = None


def page_of(session: Session, filters: Filters, now: datetime, cursor: str = "", size: int = PAGE_SIZE) -> Listing:
    """The products that fit, one page after `cursor`. Raises BadCursor."""
    question = read_question(filters.words) if filters.words else None
    if question is None and filters.words.strip():
        return Listing([], "", found=0)
    return (
        _search(session, filters, question, now, cursor, size)
        if question
        else _browse(session, filters, now, cursor, size)
    )


def _search(session: Session, filters: Filters, question: Question, now: datetime, cursor: str, size: int) -> Listing:
    hits = search.find(session, question, _conditions(filters, now), _marks(filters))
    key = _SEARCH_KEYS.get(filters.order, partial(search.rank, question))
    ordered = sorted(hits.found, key=key)
    after = cursors.read(cursor, len(key(ordered[0])) if ordered else 0)
    start = bisect_right(ordered, after, key=key) if after else 0
    shown = ordered[start : start + size]
    goes_on = cursors.write(*key(shown[-1])) if start + size < len(ordered) else ""
    listing = _with_cards(session, [hit.id for hit in shown], now)
    return replace(listing, next=goes_on, found=len(ordered), more_than_found=hits.more)


_SEARCH_KEYS: dict[Order, Callable[[search.Hit], tuple[int, ...]]] = {
    Order.NEWEST: lambda hit: (-hit.id,),
    Order.CHEAPEST: lambda hit: (hit.lowest_price_vnd, hit.id),
    Order.DEAREST: lambda hit: (-hit.lowest_price_vnd, -hit.id),
}


def _browse(session: Session, filters: Filters, now: datetime, cursor: str, size: int) -> Listing:
    columns, downwards = _BROWSE_KEYS[filters.order]
    after = cursors.read(cursor, len(columns))
    wanted = select(Product.id, Product.lowest_price_vnd).where(*_conditions(filters, now))
    if after:
        last = tuple_(*columns)
        wanted = wanted.where(last < after if downwards else last > after)
    wanted = wanted.order_by(*(column.desc() if downwards else column for column in columns))
    rows = session.exec(wanted.limit(size + 1)).all()
    shown = rows[:size]
    goes_on = ""
    if len(rows) > size:
        last_id, last_price_vnd = shown[-1]
        goes_on = cursors.write(last_id) if len(columns) == 1 else cursors.write(last_price_vnd, last_id)
    return replace(_with_cards(session, [row[0] for row in shown], now), next=goes_on)


_AGE = (col(Product.id),)
_PRICE = (col(Product.lowest_price_vnd), col(Product.id))
_BROWSE_KEYS: dict[Order, tuple[tuple[Any, ...], bool]] = {
    Order.BEST: (_AGE, True),
    Order.NEWEST: (_AGE, True),
    Order.CHEAPEST: (_PRICE, False),
    Order.DEAREST: (_PRICE, True),
}


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    idle_coops = select(Coop.id).where(Coop.state != CoopState.SELLING)
    wanted = [col(Product.state) == ProductState.ON_SALE, col(Product.coop_id).not_in(idle_coops)]
    if filters.category_id is not None:
        wanted.append(col(Product.category_id) == filters.category_id)
    if filters.but_category_id is not None:
        wanted.append(col(Product.category_id) != filters.but_category_id)
    if filters.coop_id is not None:
        wanted.append(col(Product.coop_id) == filters.coop_id)
    if filters.certificate:
        wanted.append(_certified(filters.certificate, now))
    if filters.least_vnd is not None:
        wanted.append(col(Product.lowest_price_vnd) >= filters.least_vnd)
    if filters.most_vnd is not None:
        wanted.append(col(Product.lowest_price_vnd) <= filters.most_vnd)
    return wanted


def _marks(filters: Filters) -> list[str]:
    narrowed = {"category": filters.category_id, "coop": filters.coop_id}
    return [mark(what, number) for what, number in narrowed.items() if number is not None]


def _certified(kind: str, now: datetime) -> ColumnElement[bool]:
    is_good = and_(certificates.good(now), col(Certificate.kind) == kind)
    own = select(Certificate.product_id).where(is_good, col(Certificate.product_id).is_not(None))
    of_all = select(Certificate.coop_id).where(is_good, col(Certificate.product_id).is_(None))
    return or_(col(Product.id).in_(own), col(Product.coop_id).in_(of_all))


def _with_cards(session: Session, product_ids: Sequence[int], now: datetime) -> Listing:
    shown, valid_until = cards.load(session, product_ids, now)
    return Listing(shown, "", valid_until=valid_until)


def categories(session: Session) -> list[Category]:
    """The shelves in their order."""
    return list(session.exec(select(Category).order_by(col(Category.position))))


def coops_to_choose(session: Session, category_id: int | None = None) -> list[Coop]:
    """Verified co-ops that sell something on this shelf, to narrow a list by; at most MOST_COOPS_TO_CHOOSE."""
    sells = exists().where(col(Product.coop_id) == Coop.id, col(Product.state) == ProductState.ON_SALE)
    if category_id is not None:
        sells = sells.where(col(Product.category_id) == category_id)
    wanted = select(Coop).where(Coop.state == CoopState.SELLING, sells).order_by(col(Coop.id))
    return sorted(session.exec(wanted.limit(MOST_COOPS_TO_CHOOSE)), key=lambda coop: sort_key(coop.name))


class NoSuchCategory(NotFound):
    """There is no shelf at this address."""


def category(session: Session, slug: str) -> Category:
    """The shelf at this address. Raises NoSuchCategory."""
    found = session.exec(select(Category).where(Category.slug == slug)).first()
    if found is None:
        raise NoSuchCategory
    return found
