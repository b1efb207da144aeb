"""The alliance says who a live host is: the name compared with the paper, by whom and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from livestream.gate import service as gate
from livestream.gate.models import HostState
from shop.accounts.models import PersonRow
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/lien-minh/nguoi-live")


class Decision(BaseModel):
    state: HostState
    reason: str = Field(default="", max_length=200)


DecisionForm = Annotated[Posted[Decision], Depends(posted(Decision))]


@router.get("")
def hosts(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("officer", "operator")
    with db.read() as session:
        asked = gate.hosts(session)
        ids = {host.person_id for host in asked} | {host.decided_by_id for host in asked if host.decided_by_id}
        people = {person_id: session.get_one(PersonRow, person_id) for person_id in ids}
    return page("admin/live_hosts.html", block="hosts", hosts=asked, people=people)


@router.post("/{person_id}")
def decide(person_id: Id, form: DecisionForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    officer = visit.require("officer", "operator")
    if form.ok:
        with db.write() as session:
            gate.decide(session, person_id, form.value.state, form.value.reason, officer, now)
    return page.go("/lien-minh/nguoi-live", "saved")
