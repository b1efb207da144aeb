"""A shelf and the search: the same list, narrowed in the same ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from shop.catalog import listing
from shop.catalog.listing import Filters, Listing, Order
from shop.catalog.models import Category
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.i18n import either
from shop.core.pagecache import Shared
from shop.core.web import Page
from shop.pages import jsonld
from shop.pages.asked import Asked, AskedDep, Slug
from shop.pages.home import mark_live

router = APIRouter(include_in_schema=False)
TAGS = ("lists", "live")


@dataclass(frozen=True)
class Narrowing:
    """What the page offers to narrow the list by."""

    shelves: list[Category]
    coops: list[Coop]

    @property
    def shelves_to_choose(self) -> list[tuple[str, str]]:
        return [(shelf.slug, either(shelf.name, shelf.name_en)) for shelf in self.shelves]

    @property
    def coops_to_choose(self) -> list[tuple[str, str]]:
        return [(coop.slug, coop.name) for coop in self.coops]


@router.get("/danh-muc/{slug}")
def shelf(slug: Slug, asked: AskedDep, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        category = listing.category(session, slug)
        found, narrowing = _find(session, asked, category, now)
    trail = jsonld.trail(page.settings, (category.name, f"/danh-muc/{category.slug}"))
    return _answer(page, "pages/goods.html", asked, found, narrowing, here=category, jsonld=trail)


@router.get("/tim")
def search(asked: AskedDep, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        chosen = listing.category(session, asked.category) if asked.category else None
        found, narrowing = _find(session, asked, chosen, now)
    return _answer(page, "pages/goods.html", asked, found, narrowing, here=None)


def _find(session: Session, asked: Asked, category: Category | None, now: datetime) -> tuple[Listing, Narrowing]:
    category_id = category.id if category else None
    choices = listing.coops_to_choose(session, category_id)
    coop = coops.by_slug(session, asked.coop) if asked.coop else None
    filters = Filters(
        words=asked.words,
        category_id=category_id,
        coop_id=coop.id if coop else None,
        certificate=asked.certificate or "",
        least_vnd=asked.least_vnd,
        most_vnd=asked.most_vnd,
        order=asked.order or Order.BEST,
    )
    found = listing.page_of(session, filters, now, asked.cursor)
    mark_live(session, found.cards)
    if coop and all(choice.id != coop.id for choice in choices):
        choices = [coop, *choices]
    return found, Narrowing(listing.categories(session), choices)


def _answer(page: Page, template: str, asked: Asked, found: Listing, narrowing: Narrowing, **facts: Any) -> Response:
    return page(
        template,
        block="more" if asked.cursor else "results",
        cache=Shared(TAGS, found.valid_until),
        asked=asked,
        found=found,
        narrowing=narrowing,
        next_query=asked.query(tiep=found.next) if found.next else "",
        **facts,
    )
