"""Money that goes back: what is under way, what a person has to send or decide, and giving back by hand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select
from starlette.responses import Response

from payments import refunds
from payments.refunds import RefundRow
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.ids import read_crockford
from shop.orders import giving_back
from shop.orders.back_form import NOTICES, BackForm, MoneyBackForm
from shop.orders.models import Order

router = APIRouter(prefix="/quan-tri")
REFUNDS = "/quan-tri/hoan-tien"


class Sent(BaseModel):
    reference: str = Field(max_length=60)


SentForm = Annotated[Posted[Sent], Depends(posted(Sent))]


@router.get("/hoan-tien")
def refunds_to_send(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require("operator")
    with db.read() as session:
        waiting, under_way, done = refunds.to_send(session), refunds.under_way(session), refunds.sent(session)
        facts: dict[str, Any] = {
            "proposals": giving_back.proposals(session),
            "buyers": _buyers(session, waiting + under_way),
        }
    return page("admin/refunds.html", person=person, waiting=waiting, under_way=under_way, done=done, **facts)


@router.post("/hoan-tien/{refund_id}")
def refund_sent(
    refund_id: Id, form: SentForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(REFUNDS, notice="reference-missing")
    with db.write() as session:
        refunds.mark_sent(session, refund_id, form.value.reference, person, now)
    return page.go(REFUNDS, notice="refund-sent")


@router.post("/hoan-tien/{refund_id}/da-tra")
def paid_after_all(
    refund_id: Id, form: SentForm, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The gateway is silent; a person has seen in its own pages that it paid."""
    person, limit_vnd = visit.require("operator"), settings.two_person_above_vnd
    if not form.ok:
        return page.go(REFUNDS, notice="reference-missing")
    with db.write() as session:
        became = refunds.say_paid(session, refund_id, form.value.reference, person, now, limit_vnd)
    return page.go(REFUNDS, notice="refund-sent" if became == "sent" else "money-proposed")


@router.post("/hoan-tien/{refund_id}/da-tra/{step}")
def paid_after_all_said(
    refund_id: Id, step: str, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    """Another person agrees ("dong-y"), or what was said is taken back."""
    person = visit.require("operator")
    with db.write() as session:
        if step == "dong-y":
            refunds.agree_paid(session, refund_id, person, now)
        else:
            refunds.unsay_paid(session, refund_id, person, now)
    return page.go(REFUNDS, notice="refund-sent" if step == "dong-y" else "saved")


@router.post("/hoan-tien/{refund_id}/chuyen-khoan-thay")
def by_transfer(refund_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        refunds.send_by_transfer(session, refund_id, person, now)
    return page.go(REFUNDS, notice="saved")


@router.post("/hoan-tien/{refund_id}/thu-lai")
def again(refund_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        refunds.try_again(session, refund_id, person, now)
    return page.go(REFUNDS, notice="trying-again")


@router.get("/tra-lai")
def order_to_give_back(
    db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, ma: str = ""
) -> Response:
    visit.require("operator")
    with db.read() as session:
        parcels = giving_back.parcels_of(session, read_crockford(ma[:40]) or "")
    form, limit_vnd = Posted.blank(MoneyBackForm), settings.two_person_above_vnd
    return page("admin/give_back.html", code=ma[:40], parcels=parcels, form=form, limit_vnd=limit_vnd)


@router.post("/tra-lai/{parcel_id}")
def give_back(
    parcel_id: Id, form: BackForm, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    person, limit_vnd = visit.require("operator"), settings.two_person_above_vnd
    with db.write() as session:
        money = giving_back.parcel_money(session, parcel_id)
        given = giving_back.give_back(session, money, form.value.wish(), person, now, limit_vnd) if form.ok else None
        state = given.state if given else ""
    if not form.ok:
        return page("admin/give_back.html", status=422, code="", parcels=[money], form=form, limit_vnd=limit_vnd)
    return page.go(REFUNDS, NOTICES[state])


@router.post("/tra-lai/de-nghi/{proposal_id}/dong-y")
def agree(proposal_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        giving_back.agree(session, proposal_id, person, now)
    return page.go(REFUNDS, notice="money-back")


@router.post("/tra-lai/de-nghi/{proposal_id}/khong")
def refuse(proposal_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        giving_back.withdraw(session, proposal_id, person, now)
    return page.go(REFUNDS, notice="saved")


def _buyers(session: Session, rows: list[RefundRow]) -> dict[str, Order]:
    """Whom to ask where the money shall go, by order code."""
    codes = {row.label for row in rows} - {""}
    return {order.code: order for order in session.exec(select(Order).where(col(Order.code).in_(codes)))}
