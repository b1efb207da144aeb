"""Cash at the door, for the operator: what carriers hold, the sheets by which they pay it out, what stays open."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments.cash import open_items, remittances
from payments.cash.plan import Planned, plan
from payments.cash.sheet import Sheet, names_from, read
from payments.statements.sheets import LARGEST_FILE, NotAStatement
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted, read_upload
from shop.core.phones import Phone
from shop.core.web import Page
from shop.orders import cash

router = APIRouter(prefix="/quan-tri/thu-ho")
HERE = "/quan-tri/thu-ho"
OPEN = f"{HERE}/con-lech"


class Upload(BaseModel):
    """Which carrier sent the sheet, and what it calls its columns where they cannot be guessed."""

    carrier: str = Field(max_length=60)
    tracking: str = Field(default="", max_length=80)
    collected: str = Field(default="", max_length=80)
    fee: str = Field(default="", max_length=80)
    freight: str = Field(default="", max_length=80)


class Booking(BaseModel):
    received_vnd: int | None = Field(default=None, ge=0, le=10**12)
    money: int | None = Field(default=None, ge=1, le=10**15)


class Claim(BaseModel):
    note: str = Field(max_length=300)


class PaidLater(BaseModel):
    amount_vnd: int | None = Field(default=None, gt=0, le=10**12)
    reference: str = Field(default="", max_length=60)
    money: int | None = Field(default=None, ge=1, le=10**15)


class Forgiven(BaseModel):
    phone: Phone


class Tie(BaseModel):
    money: int = Field(ge=1, le=10**15)


UploadForm = Annotated[Posted[Upload], Depends(posted(Upload))]
BookingForm = Annotated[Posted[Booking], Depends(posted(Booking))]
ClaimForm = Annotated[Posted[Claim], Depends(posted(Claim))]
PaidLaterForm = Annotated[Posted[PaidLater], Depends(posted(PaidLater))]
ForgivenForm = Annotated[Posted[Forgiven], Depends(posted(Forgiven))]
TieForm = Annotated[Posted[Tie], Depends(posted(Tie))]


@router.get("")
def cash_of_carriers(db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    visit.require("operator")
    return _page(db, page, now, Posted.blank(Upload, **dict.fromkeys(Upload.model_fields, "")))


def _page(db: Database, page: Page, now: Any, form: Posted[Upload], unread: str = "") -> Response:
    with db.read() as session:
        facts: dict[str, Any] = {
            "carriers": remittances.carriers(session),
            "sheets": remittances.newest(session),
            "disputed": open_items.count_disputed(session),
            "blocked": cash.blocked(session, now),
            "names": cash.carrier_names(session),
        }
    status = 422 if unread or form.errors else 200
    return page("admin/cash.html", status=status, form=form, unread=unread, **facts)


async def _sheet_sent(request: Request, visit: VisitDep) -> tuple[str, bytes] | None:
    await anyio.to_thread.run_sync(partial(visit.require, "operator"))
    return await read_upload(request, "sheet", LARGEST_FILE)


@router.post("")
def take_in(
    request: Request,
    form: UploadForm,
    sent: Annotated[tuple[str, bytes] | None, Depends(_sheet_sent)],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    now: NowDep,
) -> Response:
    """Read a sheet and show what would become of each row; nothing is booked yet."""
    person = visit.require("operator")
    if not form.ok or sent is None:
        return _page(db, page, now, form, "" if form.errors else "empty")
    told = form.value
    with db.read() as session:
        mapping = names_from(told.model_dump(exclude={"carrier"})) or remittances.remembered(session, told.carrier)
    try:
        sheet: Sheet = request.app.state.backroom.run(read, sent[1], mapping)
    except NotAStatement as error:
        return _page(db, page, now, form, error.reason)
    with db.write() as session:
        number = remittances.take_in(session, told.carrier, sent[0], sent[1], sheet, person, now)
    return page.go(f"{HERE}/{number}")


@router.post("/so-dien-thoai")
def lift(form: ForgivenForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Offer cash again to a phone that refused parcels."""
    person = visit.require("operator")
    if form.ok:
        with db.write() as session:
            cash.lift(session, form.value.phone, person, now)
    return page.go(HERE, notice="saved")


@router.get("/con-lech")
def what_is_open(db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Cash that carriers hold, parcel by parcel, the oldest first."""
    person = visit.require("operator")
    with db.read() as session:
        items = open_items.open_items(session)
        same = remittances.same_sum(session, [item.open_vnd for item in items], told_by_bank=False)
        names = cash.carrier_names(session)
    return page("admin/cash_open.html", items=items, same=same, names=names, person=person, now=now)


@router.post("/con-lech/{cash_id}/khieu-nai")
def claim(cash_id: Id, form: ClaimForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(OPEN, notice="note-missing")
    with db.write() as session:
        open_items.claim(session, cash_id, form.value.note, person, now)
    return page.go(OPEN, notice="saved")


@router.post("/con-lech/{cash_id}/da-tra")
def paid_later(
    cash_id: Id, form: PaidLaterForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    """The carrier paid what was open after all: a bank reference, or money that waits without an owner."""
    person = visit.require("operator")
    if not form.ok or not (form.value.money or (form.value.reference and form.value.amount_vnd)):
        return page.go(OPEN, notice="reference-missing")
    told, said = form.value, {"bank_reference": form.value.reference, "unmatched_id": form.value.money}
    with db.write() as session:
        open_items.pay_later(session, cash_id, told.amount_vnd or 0, person, now, **said)  # type: ignore[arg-type]  # each by its name
    return page.go(OPEN, notice="saved")


@router.post("/con-lech/{cash_id}/bo/{step}")
def write_off(cash_id: Id, step: str, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Two people give up what is open: "de-nghi", then "dong-y" by somebody else, or "rut-lai"."""
    person = visit.require("operator")
    steps = {
        "de-nghi": open_items.propose_write_off,
        "dong-y": open_items.agree_write_off,
        "rut-lai": open_items.withdraw_write_off,
    }
    if step in steps:
        with db.write() as session:
            steps[step](session, cash_id, person, now)
    return page.go(OPEN, notice="saved")


@router.get("/{remittance_id}")
def sheet(remittance_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        it = remittances.get(session, remittance_id)
        rows: list[Planned] = remittances.rows_of(session, it)
        total = plan(session, it) if it.state == "read" else None
        net_vnd = total.net_vnd if total else it.net_vnd
        tied = it.unmatched_id is not None
        money = [] if tied else remittances.could_be(session, net_vnd)
    return page("admin/cash_sheet.html", it=it, rows=rows, total=total, net_vnd=net_vnd, money=money)


@router.post("/{remittance_id}/ghi-so")
def book(
    remittance_id: Id, form: BookingForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(f"{HERE}/{remittance_id}", notice="sum-missing")
    told = form.value
    with db.write() as session:
        remittances.book(session, remittance_id, person, now, received_vnd=told.received_vnd, unmatched_id=told.money)
    return page.go(f"{HERE}/{remittance_id}", notice="remittance-booked")


@router.post("/{remittance_id}/noi")
def tie(remittance_id: Id, form: TieForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """The bank told of this remittance later: the same money is not counted again."""
    person = visit.require("operator")
    if form.ok:
        with db.write() as session:
            remittances.tie(session, remittance_id, form.value.money, person, now)
    return page.go(f"{HERE}/{remittance_id}", notice="saved")


@router.post("/{remittance_id}/bo")
def drop(remittance_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        remittances.drop(session, remittance_id, person, now)
    return page.go(HERE, notice="saved")
