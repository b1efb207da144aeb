"""The co-ops: all of them, and the page of one with its people, papers, goods and promises."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.responses import RedirectResponse

from livestream import room
from shop.addresses.book import ward_places
from shop.catalog import listing
from shop.catalog.listing import Filters
from shop.certificates import service as certificates
from shop.coops import service as coops
from shop.coops.opening import service as openings
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.i18n import url
from shop.core.pagecache import Shared
from shop.core.pictures import photos
from shop.pages import jsonld
from shop.pages.asked import AskedDep, Slug
from shop.pages.home import mark_live

router = APIRouter(include_in_schema=False)
GOODS_SHOWN = 24


@router.get("/htx")
def all_coops(
    db: DatabaseDep, page: PageDep, after: Annotated[int, Query(alias="sau", ge=0, le=2**31 - 1)] = 0
) -> Response:
    with db.read() as session:
        found = coops.shown(session, after, coops.PAGE_SIZE + 1)
        cards = coops.cards(session, found[: coops.PAGE_SIZE])
    goes_on = url(f"/htx?sau={cards[-1].id}") if len(found) > coops.PAGE_SIZE else ""
    block = "more" if after else "main"
    return page("coops/coops.html", block=block, cache=Shared(("coops",)), cards=cards, next_href=goes_on)


@router.get("/htx/{slug}")
def coop_page(slug: Slug, asked: AskedDep, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        coop = coops.by_slug(session, slug)
        if coop.slug != slug:
            return RedirectResponse(url(f"/htx/{coop.slug}"), 301)
        goods = listing.page_of(session, Filters(coop_id=coop.id), now, asked.cursor, GOODS_SHOWN)
        mark_live(session, goods.cards)
        papers = certificates.of_coop(session, coop.id, now)
        sessions = [live for live in room.of_coop(session, [coop.id], 8) if live.on_air or live.is_ahead]
        opening = openings.of_coops(session, [coop.id]).get(coop.id)
        pictures = photos(session, [coop.face_photo_id, coop.cover_photo_id])
    ends = (goods.valid_until, certificates.first_end(papers), openings.changes_at(opening, now))
    place, cover = coops.place(coop), pictures.get(coop.cover_photo_id or 0)
    return page(
        "coops/coop.html",
        block="more" if asked.cursor else "main",
        cache=Shared((f"coop:{coop.id}", "live"), openings.first(*ends)),
        coop=coop,
        closed=openings.closed_now(opening, now),
        place=place,
        map_at=ward_places().get(coop.ward_code),
        face=pictures.get(coop.face_photo_id or 0),
        cover=cover,
        papers=papers,
        sessions=sessions,
        goods=goods.cards,
        next_href=url(f"/htx/{coop.slug}?tiep={goods.next}") if goods.next else "",
        address=page.settings.base_url + url(f"/htx/{coop.slug}"),
        jsonld=jsonld.coop(page.settings, coop, place, cover),
    )
