"""The alliance's office: which co-ops there are, which may sell, whose papers are good."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from admin import coops as office
from shop.certificates import service as certificates
from shop.certificates.models import CertificateState
from shop.coops import service as coops
from shop.coops.models import CoopState
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, Visit, VisitDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/lien-minh")


class ToCoopState(BaseModel):
    state: CoopState
    reason: str = Field(default="", max_length=300)


class ToPaperState(BaseModel):
    state: CertificateState


CoopForm = Annotated[Posted[ToCoopState], Depends(posted(ToCoopState))]
PaperForm = Annotated[Posted[ToPaperState], Depends(posted(ToPaperState))]


def _officer(visit: Visit) -> Person:
    return visit.require("officer", "operator")


@router.get("")
def home(db: DatabaseDep, page: PageDep, visit: VisitDep, trang_thai: str = "") -> Response:
    _officer(visit)
    state = trang_thai if trang_thai in list(CoopState) else ""
    with db.read() as session:
        facts: dict[str, Any] = {
            "coops": office.all_coops(session, state),
            "counts": office.count_by_state(session),
            "papers_waiting": office.count_papers_waiting(session),
        }
    return page("admin/office.html", state=state, **facts)


@router.post("/htx/{coop_id}")
def change_coop(coop_id: Id, form: CoopForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    if not form.ok:
        raise Invalid
    with db.write() as session:
        coops.set_state(session, coop_id, form.value.state, person, now, form.value.reason)
    return page.go("/lien-minh", notice="saved")


@router.get("/giay-to")
def papers(db: DatabaseDep, page: PageDep, visit: VisitDep, trang_thai: str = "submitted") -> Response:
    _officer(visit)
    state = trang_thai if trang_thai in list(CertificateState) else "submitted"
    with db.read() as session:
        found = office.papers(session, state)
    return page("admin/papers.html", state=state, papers=found)


@router.post("/giay-to/{paper_id}")
def decide_paper(
    paper_id: Id, form: PaperForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    person = _officer(visit)
    if not form.ok or form.value.state == CertificateState.SUBMITTED:
        raise Invalid
    with db.write() as session:
        certificates.decide(session, paper_id, form.value.state, person, now)
    return page.go("/lien-minh/giay-to", notice="saved")
