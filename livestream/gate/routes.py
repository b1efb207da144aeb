"""The seller's list before the button: what is there, what is missing, and the one next thing to do. For one thumb."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream import schedule
from livestream.gate import service as gate
from livestream.studio_routes import OWN, HostDep, OwnDep, SellerDep, own
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.i18n import gettext as _
from shop.core.web import Page, sentence

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


class HostForm(BaseModel):
    full_name: str = Field(min_length=4, max_length=80)
    paper: Literal["vneid", "cccd", "passport"]
    paper_end: str = Field(pattern=r"^[0-9A-Za-z]{4}$")


class PapersForm(BaseModel):
    words: str = Field(min_length=5, max_length=200)


class ConfirmForm(BaseModel):
    role: Literal["seller", "host"]


NewHost = Annotated[Posted[HostForm], Depends(posted(HostForm))]
NewPapers = Annotated[Posted[PapersForm], Depends(posted(PapersForm))]
NewConfirm = Annotated[Posted[ConfirmForm], Depends(posted(ConfirmForm))]


@router.get("/{live_id}/san-sang")
def ready(live_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    return _ready(db, page, person, live_id, now)


def _ready(
    db: Database,
    page: Page,
    person: Person,
    live_id: int,
    now: datetime,
    form: Posted[Any] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        row = own(session, live_id, person)
        room, gates = rooms.read(session, row), gate.look(session, row, now)
    status = 409 if refused else 422 if form and form.errors else 200
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "gate": gates, "gaps": gates.gaps, "form": form}
    facts |= {"refused": refused, "is_host": person.id == room.live.host_id}
    return page("live/ready.html", block="ready", status=status, person=person, **facts)


@router.post("/{live_id}/san-sang/danh-tinh")
def ask(live_id: Id, form: NewHost, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    if not form.ok:
        return _ready(db, page, person, live_id, now, form)
    told = form.value
    with db.write() as session:
        own(session, live_id, person, "host")
        gate.ask(session, person, told.full_name, told.paper, told.paper_end, now)
    return page.go(f"/ban-hang/live/{live_id}/san-sang", "saved")


@router.post("/{live_id}/san-sang/quy-che")
def accept(live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, "host")
        gate.accept_rules(session, person, now)
    return page.go(f"/ban-hang/live/{live_id}/san-sang", "saved")


@router.post("/{live_id}/san-sang/giay-to/{item_id}")
def papers(
    live_id: Id, item_id: Id, form: NewPapers, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep
) -> Response:
    if not form.ok:
        return _ready(db, page, person, live_id, now, form)
    with db.write() as session:
        own(session, live_id, person)
        gate.note_papers(session, live_id, item_id, form.value.words, person, now)
    return page.go(f"/ban-hang/live/{live_id}/san-sang", "saved")


@router.post("/{live_id}/san-sang/xac-nhan")
def confirm(live_id: Id, form: NewConfirm, db: DatabaseDep, page: PageDep, person: OwnDep, now: NowDep) -> Response:
    if not form.ok:
        return _ready(db, page, person, live_id, now, form)
    with db.write() as session:
        own(session, live_id, person, *OWN)
        gate.confirm(session, live_id, form.value.role, person, now)
    return page.go(f"/ban-hang/live/{live_id}/san-sang", "saved")


@router.post("/{live_id}/hen-lai")
def again(live_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    """One tap for a session that was missed: the next evening that is free."""
    try:
        with db.write() as session:
            row = own(session, live_id, person)
            evening = schedule.free_evening(session, [row.coop_id], row.host_id, now)
            schedule.plan_again(session, live_id, evening, person, now)
    except Refusal as refusal:
        return _ready(db, page, person, live_id, now, refused=sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/tap")
def practise(db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    """A lobby of one's own to try camera and studio: nobody else sees it and it never goes on air."""
    with db.write() as session:
        made = schedule.practise(session, person.coop_ids("host")[0], person, _("Buổi tập"), now)
    return page.go(f"/ban-hang/live/{made.id}/quay")
