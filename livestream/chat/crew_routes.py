"""The pages of those who help in a session: invited by the co-op, taken by the link, ended by either."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import service as live
from livestream.chat import crew
from livestream.models import LiveSession
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted

router = APIRouter(include_in_schema=False)
DESK = "/ban-hang/live/{live_id}/binh-luan"


class Invite(BaseModel):
    role: Literal["co-host", "moderator"] = "moderator"
    phone: str = Field(default="", max_length=20)
    sees_money: bool = False


class ItemForm(BaseModel):
    """`live_price_vnd` for a new price; without it the item is pinned, or none with 0."""

    item_id: int = Field(ge=0, le=2**31 - 1)
    live_price_vnd: int = Field(default=0, ge=0, le=1_000_000_000)


InviteForm = Annotated[Posted[Invite], Depends(posted(Invite))]
AnItem = Annotated[Posted[ItemForm], Depends(posted(ItemForm))]


@router.post(f"{DESK}/nguoi-giup")
def invite(live_id: Id, form: InviteForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require_person()
    with db.write() as session:
        crew.require(crew.post_of(session, live_id, person), own=True)
        if form.ok:
            told = form.value
            crew.invite(session, live_id, told.role, told.phone, person, now, sees_money=told.sees_money)
    return page.go(f"/ban-hang/live/{live_id}/binh-luan#nguoi-giup", "saved")


@router.post(DESK + "/nguoi-giup/{crew_id}/thoi")
def end_post(live_id: Id, crew_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """The co-op takes a post back, or whoever has it leaves."""
    person = visit.require_person()
    with db.write() as session:
        post = crew.post_of(session, live_id, person)
        crew.require(post, own=post.crew_id != crew_id)
        crew.leave(session, live_id, crew_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}/binh-luan" if post.is_seller else "/", "saved")


@router.post(f"{DESK}/mon")
def show_item(live_id: Id, form: AnItem, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """A co-host pins an item, or changes its live price if the co-op lets them."""
    person = visit.require_person()
    with db.write() as session:
        post = crew.post_of(session, live_id, person)
        crew.require(post, selling=True)
        if form.ok and form.value.live_price_vnd and post.sees_money:
            live.set_price(session, live_id, form.value.item_id, form.value.live_price_vnd, person, now)
        elif form.ok and not form.value.live_price_vnd:
            live.pin(session, live_id, form.value.item_id or None, now, person)
        elif form.ok:
            crew.require(post, own=True)
    return page.go(f"/ban-hang/live/{live_id}/binh-luan", "saved")


@router.get("/giup-live/{secret}")
def invitation(secret: str, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        row = crew.invitation(session, secret, person)
        show = session.get_one(LiveSession, row.session_id)
    if row.person_id == person.id:
        return page.go(f"/ban-hang/live/{row.session_id}/binh-luan")
    facts: dict[str, Any] = {"live": show, "crew": row}
    return page("live/invitation.html", **facts)


@router.post("/giup-live/{secret}")
def accept(secret: str, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require_person()
    with db.write() as session:
        row = crew.accept(session, secret, person, now)
    return page.go(f"/ban-hang/live/{row.session_id}/binh-luan", "saved")
