"""The seller says who may see the replay and what its goods cost there: before the session, and after it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from livestream import replays
from livestream import room as rooms
from livestream.models import Replay
from livestream.studio_routes import OWN, OwnDep, own
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.money import NotMoney, read_vnd
from shop.core.web import Page, sentence

router = APIRouter(prefix="/ban-hang/live/{live_id}/ban-xem-lai", include_in_schema=False)


class ReplayForm(BaseModel):
    replay: Replay


NewReplay = Annotated[Posted[ReplayForm], Depends(posted(ReplayForm))]


LEAST_VND, MOST_VND = 1_000, 1_000_000_000


async def _typed(request: Request) -> dict[int, str]:
    """What was typed for each item, from fields named `item-17`; an empty field is the ordinary price."""
    form = await request.form(max_fields=300)
    fields = {name[5:]: value.strip() for name, value in form.items() if isinstance(value, str) and name[:5] == "item-"}
    return {int(i): value for i, value in fields.items() if i.isdecimal() and len(i) < 10}


TypedDep = Annotated[dict[int, str], Depends(_typed)]


@router.get("")
def show(live_id: Id, db: DatabaseDep, page: PageDep, person: OwnDep) -> Response:
    return _page(db, page, person, live_id)


def _page(
    db: Database,
    page: Page,
    person: Person,
    live_id: int,
    form: Posted[ReplayForm] | None = None,
    typed: dict[int, str] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person, *OWN))
    status = 409 if refused else 422 if form else 200
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "form": form, "typed": typed, "refused": refused}
    return page("live/studio_replay.html", block="replay", status=status, person=person, **facts)


@router.post("")
def choose(
    live_id: Id, form: NewReplay, typed: TypedDep, db: DatabaseDep, page: PageDep, person: OwnDep, now: NowDep
) -> Response:
    prices_vnd = {item_id: _read(words) for item_id, words in typed.items() if words}
    told = {item_id: price_vnd for item_id, price_vnd in prices_vnd.items() if price_vnd}
    if not form.ok or len(told) < len(prices_vnd):
        return _page(db, page, person, live_id, form, typed)
    try:
        with db.write() as session:
            own(session, live_id, person, *OWN)
            replays.choose(session, live_id, replays.Choice(form.value.replay, told), person, now)
    except Refusal as refusal:
        return _page(db, page, person, live_id, form, typed, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}", "saved")


def _read(words: str) -> int | None:
    """The sum, None when it is none that anything costs."""
    try:
        price_vnd = read_vnd(words)
    except NotMoney:
        return None
    return price_vnd if LEAST_VND <= price_vnd <= MOST_VND else None
