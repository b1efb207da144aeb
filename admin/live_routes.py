"""The operator's view of live selling: who is on air, what viewers reported, and the way to stop a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from livestream import room as rooms
from livestream import service as live
from livestream import states
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.web import Page

router = APIRouter(prefix="/quan-tri/live")


class Stop(BaseModel):
    reason: str = Field(min_length=5, max_length=300)


StopForm = Annotated[Posted[Stop], Depends(posted(Stop))]


@router.get("")
def watch(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    return _page(db, page, None)


def _page(db: DatabaseDep, page: Page, form: Posted[Stop] | None) -> Response:
    with db.read() as session:
        on_air, reports = rooms.on_air(session), live.open_reports(session)
    status = 422 if form and form.errors else 200
    return page("admin/live.html", block="watch", status=status, on_air=on_air, reports=reports, form=form)


@router.post("/{live_id}/dung")
def stop(live_id: Id, form: StopForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return _page(db, page, form)
    with db.write() as session:
        states.stop(session, live_id, form.value.reason, person, now)
    return page.go("/quan-tri/live", "live-stopped")


@router.post("/bao/{report_id}")
def see(report_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        live.see_report(session, report_id, person, now)
    return page.go("/quan-tri/live")
