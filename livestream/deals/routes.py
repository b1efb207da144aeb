"""The host begins and stops a deal: two taps, beside the run and not instead of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream.deals import service as deals
from livestream.deals.service import Terms
from livestream.schedule import item_by_id
from livestream.studio_routes import HostDep, own
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import Page, sentence

router = APIRouter(prefix="/ban-hang/live/{live_id}/gia-chop", include_in_schema=False)
LASTS_S = (60, 180, 300, 600)
OFF_PERCENT = (10, 20, 30)
ROUND_TO_VND = 1_000


class DealForm(BaseModel):
    price_vnd: int = Field(ge=1000, le=1_000_000_000)
    quantity: int = Field(ge=1, le=100_000)
    most_per_buyer: int = Field(default=2, ge=1, le=999)
    lasts_s: int = Field(ge=10, le=1200)

    def terms(self) -> Terms:
        return Terms(self.price_vnd, self.quantity, self.most_per_buyer, timedelta(seconds=self.lasts_s))


NewDeal = Annotated[Posted[DealForm], Depends(posted(DealForm))]


def presets(live_price_vnd: int, most_vnd: int) -> list[int]:
    """Round prices below the live price that may be asked, the dearest first."""
    cut = [live_price_vnd * (100 - percent) // 100 // ROUND_TO_VND * ROUND_TO_VND for percent in OFF_PERCENT]
    return list(dict.fromkeys(price for price in [*cut, most_vnd] if ROUND_TO_VND <= price <= most_vnd))[:3]


@router.get("/{item_id}")
def deal_page(
    live_id: Id, item_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep, dong: bool = False
) -> Response:
    """The sheet; with `dong` it closes again."""
    if dong:
        return _done(page, live_id)
    return _page(db, page, person, live_id, item_id, now)


def _page(
    db: Database,
    page: Page,
    person: Person,
    live_id: int,
    item_id: int,
    now: datetime,
    form: Posted[DealForm] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person, "host"))
        most_vnd = deals.highest_vnd(session, item_by_id(session, live_id, item_id), now)
    item = next(item for item in room.items if item.id == item_id)
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "item": item, "form": form, "refused": refused}
    facts |= {"most_vnd": most_vnd, "prices": presets(item.usual_live_vnd, most_vnd), "lasts": LASTS_S, "done": False}
    status = 409 if refused else 422 if form and form.errors else 200
    return page("live/studio_deal.html", block="deal", status=status, person=person, **facts)


@router.post("/{item_id}")
def begin(
    live_id: Id, item_id: Id, form: NewDeal, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep
) -> Response:
    if not form.ok:
        return _page(db, page, person, live_id, item_id, now, form)
    try:
        with db.write() as session:
            own(session, live_id, person, "host")
            deals.begin(session, live_id, item_id, form.value.terms(), person, now)
    except Refusal as refusal:
        return _page(db, page, person, live_id, item_id, now, form, sentence(page.templates, refusal))
    return _done(page, live_id)


@router.post("/{deal_id}/dung")
def stop(live_id: Id, deal_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, "host")
        deals.stop(session, live_id, deal_id, person, now)
    return _done(page, live_id)


def _done(page: Page, live_id: int) -> Response:
    """The sheet closes; the run shows the change by itself. Without JavaScript the studio is the answer."""
    if page.wants_fragment:
        return page("live/studio_deal.html", block="deal", done=True)
    return page.go(f"/ban-hang/live/{live_id}")
