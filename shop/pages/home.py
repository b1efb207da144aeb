"""The front door: who sells live now, the shelves, what is in season, who grows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Response
from sqlmodel import Session

from livestream import room
from shop.catalog import listing
from shop.catalog.cards import Card
from shop.catalog.listing import Filters
from shop.coops import service as coops
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.pagecache import Shared
from shop.core.pictures import photos
from shop.pages import jsonld

router = APIRouter(include_in_schema=False)
SHOWN, COOPS_SHOWN, COMING_SHOWN = 8, 6, 2
WHILE_SESSIONS_COME = timedelta(minutes=5)


@router.get("/")
def home(db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        shelves = listing.categories(session)
        first = shelves[0].id if shelves else None
        season = listing.page_of(session, Filters(category_id=first), now, size=SHOWN) if first else None
        newest = listing.page_of(session, Filters(but_category_id=first), now, size=SHOWN)
        on_air, coming = room.on_air(session), room.coming(session, now, COMING_SHOWN)
        mark_live(session, [*(season.cards if season else []), *newest.cards])
        growers = coops.cards(session, coops.shown(session, most=COOPS_SHOWN))
        pictures = photos(session, [shelf.photo_id for shelf in shelves])
    ends = [until for until in (newest.valid_until, season.valid_until if season else None) if until]
    if coming:
        ends.append(now + WHILE_SESSIONS_COME)
    return page(
        "pages/home.html",
        cache=Shared(("lists", "coops", "live"), min(ends, default=None)),
        shelves=shelves,
        pictures=pictures,
        season=season.cards if season else [],
        newest=newest.cards,
        on_air=on_air,
        coming=coming,
        growers=growers,
        jsonld=jsonld.market(page.settings),
    )


@router.get("/danh-muc")
def all_shelves(db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        shelves = listing.categories(session)
        pictures = photos(session, [shelf.photo_id for shelf in shelves])
        newest = listing.page_of(session, Filters(), now, size=SHOWN * 2)
        mark_live(session, newest.cards)
    cache = Shared(("lists", "live"), newest.valid_until)
    return page("pages/shelves.html", cache=cache, shelves=shelves, pictures=pictures, newest=newest.cards)


def mark_live(session: Session, cards: Sequence[Card]) -> None:
    """Give each product on air the address of its room. The page that shows them names the tag `live`."""
    rooms = room.products_on_air(session)
    for card in cards:
        card.live_slug = rooms.get(card.id, "")
