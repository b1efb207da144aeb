"""What a machine must not decide about money, for the operator: disputes, suspicious payments, other sums."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments.disputes import service as disputes
from payments.holds import service as holds
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/quan-tri/can-xem")
HERE = "/quan-tri/can-xem"


class Note(BaseModel):
    note: str = Field(default="", max_length=300)


class Decision(BaseModel):
    """Who bears a lost dispute, and why."""

    borne_by: disputes.BorneBy = "market"
    note: str = Field(default="", max_length=300)


NoteForm = Annotated[Posted[Note], Depends(posted(Note))]
DecisionForm = Annotated[Posted[Decision], Depends(posted(Decision))]


@router.get("")
def reviews(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        waiting, closed = disputes.open_reviews(session), disputes.closed_reviews(session)
        held = holds.waiting(session)
    return page("admin/reviews.html", waiting=waiting, closed=closed, held=held)


@router.post("/{review_id}/dong")
def close(review_id: Id, form: NoteForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        disputes.close(session, review_id, form.value.note if form.ok else "", person, now)
    return page.go(HERE, notice="review-closed")


@router.post("/{review_id}/chiu")
def decide(review_id: Id, form: DecisionForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        raise disputes.NoteMissing(review_id=review_id)
    with db.write() as session:
        disputes.decide(session, review_id, form.value.borne_by, form.value.note, person, now)
    return page.go(HERE, notice="dispute-decided")
