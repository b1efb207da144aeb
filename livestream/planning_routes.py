"""The host's small tools for the run: up, down, a prompt card, the same every week. Each works by reload."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import allotment, planning, schedule
from livestream.studio_routes import HostDep, SellerDep, own
from livestream.video.embeds import NotAPlayer
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


class Places(BaseModel):
    places: int = Field(ge=-1, le=1)


class Prompt(BaseModel):
    prompt: str = Field(default="", max_length=300)


class Quantity(BaseModel):
    wanted: int = Field(ge=1, le=100_000)


class Weeks(BaseModel):
    weeks: int = Field(ge=1, le=planning.MOST_WEEKS)


class Player(BaseModel):
    address: str = Field(default="", max_length=500)


PlayerForm = Annotated[Posted[Player], Depends(posted(Player))]
QuantityForm = Annotated[Posted[Quantity], Depends(posted(Quantity))]
PlacesForm = Annotated[Posted[Places], Depends(posted(Places))]
PromptForm = Annotated[Posted[Prompt], Depends(posted(Prompt))]
WeeksForm = Annotated[Posted[Weeks], Depends(posted(Weeks))]


@router.post("/{live_id}/mon/{item_id}/thu-tu")
def move_item(
    live_id: Id, item_id: Id, form: PlacesForm, db: DatabaseDep, page: PageDep, person: SellerDep
) -> Response:
    if not form.ok:
        raise Invalid
    with db.write() as session:
        own(session, live_id, person)
        planning.move_item(session, live_id, item_id, form.value.places)
    return page.go(f"/ban-hang/live/{live_id}")


@router.post("/{live_id}/mon/{item_id}/the-nhac")
def set_prompt(
    live_id: Id, item_id: Id, form: PromptForm, db: DatabaseDep, page: PageDep, person: SellerDep
) -> Response:
    if not form.ok:
        raise Invalid
    with db.write() as session:
        own(session, live_id, person)
        planning.set_prompt(session, live_id, item_id, form.value.prompt)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/{live_id}/mon/{item_id}/so-luong")
def set_aside(
    live_id: Id, item_id: Id, form: QuantityForm, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep
) -> Response:
    """How much is set aside, before the session and on air."""
    if not form.ok:
        raise Invalid
    with db.write() as session:
        own(session, live_id, person)
        allotment.set_aside(session, live_id, item_id, form.value.wanted, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/{live_id}/hinh-tu")
def show_from(
    live_id: Id, form: PlayerForm, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep
) -> Response:
    if not form.ok:
        raise NotAPlayer
    with db.write() as session:
        own(session, live_id, person)
        planning.show_from(session, live_id, form.value.address, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/{live_id}/len-lich")
def announce(live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    """A draft becomes a session that everybody sees; what stands in the way is said on the page of the refusal."""
    with db.write() as session:
        own(session, live_id, person, "host")
        schedule.announce(session, live_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/{live_id}/lap-lai")
def repeat(live_id: Id, form: WeeksForm, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    """A week in which the host is busy is said on the page of the refusal; nothing is planned then."""
    if not form.ok:
        raise Invalid
    with db.write() as session:
        own(session, live_id, person, "host")
        planning.repeat_weekly(session, live_id, form.value.weeks, person, now)
    return page.go("/ban-hang/live", "saved")
