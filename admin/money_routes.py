"""The operator's room: money without an owner, work that failed, the books."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from admin import outbox
from payments import ledger, receive, refunds, unmatched
from payments.cash import by_hand
from payments.comparison import items
from payments.disputes import service as disputes
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.events import MAX_ATTEMPTS
from shop.core.forms import Posted, posted
from shop.orders import giving_back

router = APIRouter(prefix="/quan-tri")
UNMATCHED = "/quan-tri/tien-chua-khop"
NOTICES = {"matched": "money-matched", "sent_back": "money-sent-back", "proposed": "money-proposed"}


class Match(BaseModel):
    code: str = Field(max_length=40)


MatchForm = Annotated[Posted[Match], Depends(posted(Match))]


@router.get("")
def home(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        facts: dict[str, Any] = {
            "unmatched_count": unmatched.count_waiting(session),
            "short_count": len(unmatched.short(session)),
            "difference_count": items.count_open(session),
            "review_count": disputes.count_open(session),
            "refund_count": refunds.count_to_send(session) + giving_back.count_proposals(session),
            "failed_count": outbox.count_failed(session),
        }
    return page("admin/home.html", **facts)


@router.get("/tien-chua-khop")
def unmatched_money(db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.read() as session:
        facts: dict[str, Any] = {
            "waiting": unmatched.waiting(session),
            "short": unmatched.short(session),
            "unreadable": receive.unreadable(session),
        }
        facts["unclaimed_before"] = now - unmatched.UNCLAIMED
        facts["by_hand"] = by_hand.same_as(session, [row.money for row in facts["waiting"]])
    return page("admin/unmatched.html", person=person, limit_vnd=settings.two_person_above_vnd, **facts)


@router.post("/tien-chua-khop/{money_id}/ghep")
def match(
    money_id: Id,
    form: MatchForm,
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(UNMATCHED, notice="code-missing")
    with db.write() as session:
        became = unmatched.match(session, money_id, form.value.code, person, now, settings.two_person_above_vnd)
    return page.go(UNMATCHED, notice=NOTICES[became])


@router.post("/tien-chua-khop/{money_id}/tra-lai")
def send_back(
    money_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        became = unmatched.send_back(session, money_id, person, now, settings.two_person_above_vnd)
    return page.go(UNMATCHED, notice=NOTICES[became])


@router.post("/tien-chua-khop/{money_id}/giu")
def keep(money_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Money that nobody claimed for long is the market's, if two people say so."""
    person = visit.require("operator")
    with db.write() as session:
        became = unmatched.keep(session, money_id, person, now)
    return page.go(UNMATCHED, notice=NOTICES[became])


@router.post("/tien-chua-khop/{money_id}/dong-y")
def agree(money_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        became = unmatched.agree(session, money_id, person, now)
    return page.go(UNMATCHED, notice=NOTICES[became])


@router.post("/tien-chua-khop/{money_id}/rut-lai")
def withdraw(money_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        unmatched.withdraw(session, money_id, person, now)
    return page.go(UNMATCHED, notice="saved")


@router.get("/viec-chua-xong")
def failed_events(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        events = outbox.failed(session)
    return page("admin/failed.html", events=events, most_attempts=MAX_ATTEMPTS)


@router.post("/viec-chua-xong/{event_id}")
def try_again(event_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        outbox.try_again(session, event_id, person, now)
    return page.go("/quan-tri/viec-chua-xong", notice="trying-again")


@router.get("/so-quy")
def books(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        chart, journals = ledger.chart(session), ledger.latest(session)
    return page("admin/ledger.html", chart=chart, journals=journals)
