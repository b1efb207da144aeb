"""The alliance decides: claims that a co-op refused or let lie, and reviews that break the market's rules."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.complaints import service as complaints
from shop.complaints.models import ComplaintState
from shop.core import pictures
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.forms import Posted, posted
from shop.reviews import service as reviews

router = APIRouter(prefix="/lien-minh")


class Why(BaseModel):
    words: str = Field(default="", max_length=500)


WhyForm = Annotated[Posted[Why], Depends(posted(Why))]


def _officer(visit: Visit) -> Person:
    return visit.require("officer", "operator")


@router.get("/khieu-nai")
def claims(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    _officer(visit)
    with db.read() as session:
        found = complaints.list_raised(session)
        photos = pictures.photos(session, [number for claim, _order in found for number in claim.photo_ids])
        money = {it.id: complaints.money_of(session, it) for it, _order in found if it.state == ComplaintState.RAISED}
    facts: dict[str, Any] = {"claims": found, "photos": photos, "money": money}
    return page("admin/claims.html", **facts)


@router.post("/khieu-nai/{complaint_id}/{step}")
def decide_claim(
    complaint_id: Id,
    step: str,
    form: WhyForm,
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    """`tra-tien` gives the money back, `khong` leaves it with the co-op and says why."""
    person = _officer(visit)
    if step not in ("tra-tien", "khong") or not form.ok or (step == "khong" and len(form.value.words) < 5):
        return page.go("/lien-minh/khieu-nai", "words-missing")
    with db.write() as session:
        found = complaints.get(session, complaint_id)
        if found.state == ComplaintState.OPEN:
            raise complaints.ClaimDecided(state=found.state)
        if step == "tra-tien":
            complaints.accept(session, found, person, now, settings.two_person_above_vnd)
        else:
            complaints.dismiss(session, found, form.value.words, person, now)
    return page.go("/lien-minh/khieu-nai", "saved")


@router.get("/danh-gia")
def all_reviews(db: DatabaseDep, page: PageDep, visit: VisitDep, truoc: Id | None = None) -> Response:
    _officer(visit)
    with db.read() as session:
        found = reviews.to_decide(session, truoc)
    return page("admin/all_reviews.html", reviews=found, most=reviews.PAGE)


@router.post("/danh-gia/{review_id}")
def decide_review(
    review_id: Id, form: WhyForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    """Hides it for the reason given; without a reason it is shown."""
    person = _officer(visit)
    with db.write() as session:
        reviews.decide(session, reviews.review(session, review_id), form.value.words if form.ok else "", person, now)
    return page.go("/lien-minh/danh-gia", "saved")
