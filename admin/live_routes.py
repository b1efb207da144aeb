"""The operator's and the alliance's view of live selling: who is on air, what was reported, stop, evidence, records."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from livestream import frozen, keeping, record, reports, states
from livestream import room as rooms
from livestream.chat import moderation, talk
from livestream.chat.routes import tell_warning
from livestream.schedule import session_of
from livestream.video.shelf import shelf_of
from shop.core.deps import DatabaseDep, HubDep, Id, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.forms import Posted, posted
from shop.core.web import Page

router = APIRouter(prefix="/quan-tri/live")


class Stop(BaseModel):
    reason: str = Field(min_length=5, max_length=300)


class Thaw(BaseModel):
    way: Literal["buyers", "home"]


class Evidence(BaseModel):
    held: int = Field(ge=0, le=1)
    reason: str = Field(min_length=5, max_length=300)


class Warn(BaseModel):
    words: str = Field(default="", max_length=300)


StopForm = Annotated[Posted[Stop], Depends(posted(Stop))]
ThawForm = Annotated[Posted[Thaw], Depends(posted(Thaw))]
WarnForm = Annotated[Posted[Warn], Depends(posted(Warn))]
EvidenceForm = Annotated[Posted[Evidence], Depends(posted(Evidence))]


def _officer(visit: Visit) -> Person:
    return visit.require("operator", "officer")


@router.get("")
def watch(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    _officer(visit)
    return _page(db, page, None)


def _page(db: DatabaseDep, page: Page, form: Posted[Stop] | None) -> Response:
    with db.read() as session:
        facts: dict[str, Any] = {
            "on_air": rooms.on_air(session),
            "reports": reports.open_reports(session),
            "ended": rooms.ended(session, public=False),
        }
        facts["stopped"] = rooms.stopped(session)
        facts["warnings"] = {card.id: talk.chat_of(session, card.id).warning for card in facts["on_air"]}
    status = 422 if form and form.errors else 200
    return page("admin/live.html", block="watch", status=status, form=form, **facts)


@router.post("/{live_id}/dung")
def stop(live_id: Id, form: StopForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    if not form.ok:
        return _page(db, page, form)
    with db.write() as session:
        states.stop(session, live_id, form.value.reason, person, now)
    return page.go(f"/quan-tri/live/{live_id}", "live-stopped")


@router.get("/{live_id}")
def one(live_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep) -> Response:
    _officer(visit)
    with db.read() as session:
        facts = _facts(session, live_id, settings.live_pictures_years)
    return page("admin/live_session.html", block="one", **facts)


def _facts(session: Session, live_id: int, years: int) -> dict[str, Any]:
    row = session_of(session, live_id)
    until = row.ended_at + timedelta(days=366 * years) if row.ended_at else None
    return {"room": rooms.read(session, row), "frozen": frozen.waiting(session, live_id), "until": until}


@router.post("/{live_id}/hang-dong-bang")
def thaw(live_id: Id, form: ThawForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    if form.ok:
        with db.write() as session:
            session_of(session, live_id)
            frozen.thaw(session, live_id, person, now, to_buyers=form.value.way == "buyers")
    return page.go(f"/quan-tri/live/{live_id}", "saved")


@router.post("/{live_id}/bang-chung")
def evidence(live_id: Id, form: EvidenceForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    if form.ok:
        told = form.value
        with db.write() as session:
            keeping.hold_as_evidence(session, live_id, told.reason, person, now, held=bool(told.held))
    return page.go(f"/quan-tri/live/{live_id}", "saved")


@router.post("/{live_id}/xoa-hinh")
def forget(
    live_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Delete what was filmed, once it may go."""
    person = _officer(visit)
    years = keeping.Years(settings.live_pictures_years, settings.live_records_years)
    with db.write() as session:
        shelf = shelf_of(settings.data_dir, live_id)
        keeping.forget_pictures(session, live_id, lambda _id: shelf.clear(), years, now, person)
    return page.go(f"/quan-tri/live/{live_id}", "saved")


@router.get("/{live_id}/ho-so.json")
def whole_record(live_id: Id, db: DatabaseDep, visit: VisitDep, settings: SettingsDep, now: NowDep) -> Response:
    """Everything the market knows of a session, as one file."""
    _officer(visit)
    with db.read() as session:
        row = session_of(session, live_id)
        told = record.record_of(session, row, shelf_of(settings.data_dir, live_id), now)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.json"', "Cache-Control": "no-store"}
    return JSONResponse(told, headers=headers)


@router.post("/{live_id}/canh-bao")
def warn(
    live_id: Id, form: WarnForm, db: DatabaseDep, page: PageDep, visit: VisitDep, hub: HubDep, now: NowDep
) -> Response:
    """Warn everybody in the room, or take the warning back; it stands on open screens at once."""
    person = _officer(visit)
    with db.write() as session:
        slug = session_of(session, live_id).slug
        if form.ok:
            moderation.warn(session, live_id, form.value.words.strip(), person, now)
    if form.ok:
        tell_warning(hub, page.templates, slug, form.value.words.strip())
    return page.go("/quan-tri/live", "saved")


@router.post("/bao/{report_id}")
def see(report_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    with db.write() as session:
        reports.see_report(session, report_id, person, now)
    return page.go("/quan-tri/live")
