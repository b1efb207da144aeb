"""Payments that the operator confirms by hand, and the bank's own line of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments.cash import by_hand
from payments.content import squeeze
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.orders.by_hand import confirm_paid

router = APIRouter(prefix="/quan-tri/xac-nhan-tien")
HERE = "/quan-tri/xac-nhan-tien"
NOTICES = {"booked": "paid-by-hand", "proposed": "money-proposed"}


class Confirmed(BaseModel):
    code: str = Field(max_length=40)
    way: Literal["counter", "bank"]
    reference: str = Field(default="", max_length=60)


ConfirmedForm = Annotated[Posted[Confirmed], Depends(posted(Confirmed))]


@router.get("")
def confirmed(db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, ma: str = "") -> Response:
    person = visit.require("operator")
    with db.read() as session:
        rows = by_hand.newest(session)
    form = Posted.blank(Confirmed, way="bank", code=ma[:40])
    return page("admin/by_hand.html", rows=rows, person=person, form=form, limit_vnd=settings.two_person_above_vnd)


@router.post("")
def confirm(
    form: ConfirmedForm, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(HERE, notice="code-missing")
    told = form.value
    if told.way == "bank" and not squeeze(told.reference):
        return page.go(HERE, notice="reference-missing")
    reference = told.reference if told.way == "bank" else ""
    with db.write() as session:
        became = confirm_paid(session, told.code, reference, person, settings, now)
    return page.go(HERE, notice=NOTICES[became])


@router.post("/{payment_id}/dong-y")
def agree(payment_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        became = by_hand.agree(session, payment_id, person, now)
    return page.go(HERE, notice=NOTICES[became])


@router.post("/{payment_id}/rut-lai")
def withdraw(payment_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        by_hand.withdraw(session, payment_id, person, now)
    return page.go(HERE, notice="saved")


@router.post("/cung-mot-khoan/{money_id}")
def same_money(money_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """A row of the unmatched money is a transfer that was confirmed by hand."""
    person = visit.require("operator")
    with db.write() as session:
        by_hand.same_money(session, money_id, person, now)
    return page.go("/quan-tri/tien-chua-khop", notice="money-matched")
