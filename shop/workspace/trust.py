"""What buyers say and ask, what arrived spoilt: the co-op answers here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.complaints import service as complaints
from shop.coops import service as coops
from shop.core import pictures
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.forms import Posted, posted
from shop.reviews import service as reviews
from shop.talk import service as talk
from shop.workspace.here import OrdersDesk, RefundDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


class Words(BaseModel):
    words: str = Field(min_length=2, max_length=1000)


WordsForm = Annotated[Posted[Words], Depends(posted(Words))]


@router.get("/y-kien")
def said(db: DatabaseDep, page: PageDep, desk: OrdersDesk, truoc: Id | None = None) -> Response:
    """Questions that wait and reviews, newest first, those before `truoc`."""
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        shown, asked = reviews.of_coop(session, coop.id, truoc), reviews.questions_of(session, coop.id)
    facts: dict[str, Any] = {"reviews": shown, "questions": asked, "most": reviews.PAGE}
    return page("workspace/said.html", coop=coop, **facts)


@router.post("/danh-gia/{review_id}/tra-loi")
def reply(review_id: Id, form: WordsForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    with db.write() as session:
        found = reviews.review(session, review_id, desk.coop_id)
        if form.ok:
            reviews.reply(session, found, form.value.words, desk.person, now)
    return page.go("/ban-hang/y-kien", "saved" if form.ok else "words-missing")


@router.post("/danh-gia/{review_id}/bao")
def report(review_id: Id, form: WordsForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    """The alliance shall look at it."""
    with db.write() as session:
        found = reviews.review(session, review_id, desk.coop_id)
        if form.ok:
            reviews.report(session, found, form.value.words, desk.person, now)
    return page.go("/ban-hang/y-kien", "reported" if form.ok else "words-missing")


@router.post("/cau-hoi/{question_id}")
def answer(question_id: Id, form: WordsForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    with db.write() as session:
        found = reviews.question(session, question_id, desk.coop_id)
        if form.ok:
            reviews.answer(session, found, form.value.words, desk.person, now)
    return page.go("/ban-hang/y-kien", "saved" if form.ok else "words-missing")


@router.get("/khieu-nai")
def claims(db: DatabaseDep, page: PageDep, desk: OrdersDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = complaints.list_of_coop(session, coop.id)
    return page("workspace/claims.html", coop=coop, claims=found)


@router.get("/khieu-nai/{complaint_id}")
def claim(complaint_id: Id, db: DatabaseDep, page: PageDep, desk: OrdersDesk, settings: SettingsDep) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = complaints.of_coop(session, coop.id, complaint_id)
        money = complaints.money_of(session, found)
        photos = list(pictures.photos(session, found.photo_ids).values())
    facts: dict[str, Any] = {"claim": found, "money": money, "photos": photos}
    return page("workspace/claim.html", coop=coop, limit_vnd=settings.two_person_above_vnd, **facts)


@router.post("/khieu-nai/{complaint_id}/nhan")
def accept(
    complaint_id: Id, db: DatabaseDep, page: PageDep, desk: RefundDesk, settings: SettingsDep, now: NowDep
) -> Response:
    """The co-op says that the goods were bad: the money goes back, the goods do not."""
    with db.write() as session:
        found = complaints.of_coop(session, desk.coop_id, complaint_id)
        state = complaints.accept(session, found, desk.person, now, settings.two_person_above_vnd)
    return page.go(f"/ban-hang/khieu-nai/{complaint_id}", "money-back" if state == "given" else "money-back-proposed")


@router.post("/khieu-nai/{complaint_id}/khong")
def refuse(
    complaint_id: Id, form: WordsForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep
) -> Response:
    """With a reason; then the alliance decides."""
    with db.write() as session:
        found = complaints.of_coop(session, desk.coop_id, complaint_id)
        if form.ok:
            complaints.refuse(session, found, form.value.words, desk.person, now)
    return page.go(f"/ban-hang/khieu-nai/{complaint_id}", "claim-raised" if form.ok else "words-missing")


@router.get("/nhan-tin/{parcel_id}")
def messages(parcel_id: Id, db: DatabaseDep, page: PageDep, desk: OrdersDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        parcel, order = talk.parcel_of_coop(session, coop.id, parcel_id)
        found = talk.of_parcels(session, [parcel_id])[parcel_id]
    return page("workspace/talk.html", coop=coop, order=order, parcel=parcel, messages=found)


@router.post("/nhan-tin/{parcel_id}")
def say(parcel_id: Id, form: WordsForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    with db.write() as session:
        talk.parcel_of_coop(session, desk.coop_id, parcel_id)
        if form.ok:
            talk.say_as_coop(session, desk.coop_id, parcel_id, form.value.words, desk.person, now)
    return page.go(f"/ban-hang/nhan-tin/{parcel_id}", "said" if form.ok else "words-missing")
