"""Sets: the host puts them together, a viewer holds a whole one in the room."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream.deals import sets
from livestream.studio_routes import SellerDep, own
from shop.cart.routes import cart_of
from shop.core.db import Database
from shop.core.deps import (
    DatabaseDep,
    HubDep,
    Id,
    LimitsDep,
    NowDep,
    PageDep,
    Person,
    SettingsDep,
    VisitDep,
)
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.streams import live_room
from shop.core.web import Page, sentence

router = APIRouter(include_in_schema=False)


class SetForm(BaseModel):
    name: str = Field(min_length=3, max_length=60)
    price_vnd: int = Field(ge=1000, le=1_000_000_000)
    most_per_buyer: int = Field(default=2, ge=1, le=99)


class HoldForm(BaseModel):
    count: int = Field(ge=0, le=99)


NewSet = Annotated[Posted[SetForm], Depends(posted(SetForm))]
NewHold = Annotated[Posted[HoldForm], Depends(posted(HoldForm))]


async def _steps(request: Request) -> dict[int, int]:
    """How many of each item, from fields named `item-17`; what is not a number from 1 to 99 does not count."""
    form = await request.form(max_fields=300)
    typed = {name[5:]: value for name, value in form.items() if name.startswith("item-") and isinstance(value, str)}
    return {int(i): int(n) for i, n in typed.items() if i.isdecimal() and n.isdecimal() and 0 < int(n) < 100}


StepsDep = Annotated[dict[int, int], Depends(_steps)]


@router.get("/ban-hang/live/{live_id}/bo")
def show(live_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep) -> Response:
    return _page(db, page, person, live_id)


def _page(
    db: Database, page: Page, person: Person, live_id: int, form: Posted[SetForm] | None = None, refused: str = ""
) -> Response:
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person))
    status = 409 if refused else 422 if form and form.errors else 200
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "form": form, "refused": refused}
    return page("live/studio_sets.html", block="sets", status=status, person=person, **facts)


@router.post("/ban-hang/live/{live_id}/bo")
def make(
    live_id: Id, form: NewSet, steps: StepsDep, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep
) -> Response:
    if not form.ok:
        return _page(db, page, person, live_id, form)
    told = form.value
    try:
        with db.write() as session:
            own(session, live_id, person)
            sets.make(session, live_id, told.name, steps, told.price_vnd, told.most_per_buyer, person, now)
    except Refusal as refusal:
        return _page(db, page, person, live_id, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}/bo", "saved")


@router.post("/ban-hang/live/{live_id}/bo/{set_id}/dung")
def stop(live_id: Id, set_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person)
        sets.close(session, live_id, set_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}/bo", "saved")


@router.post("/live/{slug}/bo/{code}")
def hold(
    slug: str,
    code: str,
    form: NewHold,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    hub: HubDep,
    limits: LimitsDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    """Hold whole sets; the answer opens as a sheet beside the picture, without JavaScript it is the cart."""
    limits.count("live-buy", visit.visitor_key, times=60, per_s=60)
    person, refused, status = visit.person, "", 200 if form.ok else 422
    hold_for = timedelta(minutes=settings.live_hold_minutes)
    try:
        if form.ok:
            with db.write() as session:
                live = rooms.find(session, slug)
                cart_id = cart_of(session, visit, person, now)
                sets.claim(session, live.id, code, form.value.count, cart_id, visit.visitor_key, hold_for, now)
            hub.whisper(live_room(slug), visit.visitor_key, "mine-changed")
            if not page.wants_fragment:
                return page.go("/gio-hang", "held-live" if form.value.count else "removed-from-cart")
    except Refusal as refusal:
        refused, status = sentence(page.templates, refusal), refusal.status
    with db.read() as session:
        room = rooms.read(session, rooms.find(session, slug))
    offered = next((one for one in room.sets if one.row.code == code), None)
    count = form.value.count if form.ok else 0
    facts: dict[str, Any] = {"room": room, "offered": offered, "refused": refused, "count": count}
    return page("live/set_held.html", block="buy", status=status, **facts)
