"""Gateways beside our books, for the operator: their settlement files, what differs, the bank line of each batch."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments.comparison import batches, items, settlements
from payments.comparison.compare import compare
from payments.comparison.files import ROLES, Settlement, is_enough, read
from payments.content import squeeze
from payments.statements.sheets import LARGEST_FILE, NotAStatement
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted, read_upload
from shop.core.web import Page

router = APIRouter(prefix="/quan-tri/doi-soat")
HERE = "/quan-tri/doi-soat"
FILES = f"{HERE}/tep"
_MOST_SHOWN = 200


class Upload(BaseModel):
    """Whose file it is, and what it calls its columns where they cannot be guessed."""

    gateway: str = Field(max_length=20)
    batch: str = Field(default="", max_length=80)
    movement: str = Field(default="", max_length=80)
    reference: str = Field(default="", max_length=80)
    gross: str = Field(default="", max_length=80)
    fee: str = Field(default="", max_length=80)
    net: str = Field(default="", max_length=80)
    kind: str = Field(default="", max_length=80)
    date: str = Field(default="", max_length=80)


class Note(BaseModel):
    note: str = Field(default="", max_length=300)


class Tie(BaseModel):
    money: int = Field(ge=1, le=10**15)


class Agreed(BaseModel):
    """A fee like 1.1 % is 110; empty: no rate is set."""

    gateway: str = Field(max_length=20)
    fee_bps: int | None = Field(default=None, ge=0, le=10_000)
    fee_fixed_vnd: int = Field(default=0, ge=0, le=10**9)
    days: int = Field(default=1, ge=0, le=60)


UploadForm = Annotated[Posted[Upload], Depends(posted(Upload))]
NoteForm = Annotated[Posted[Note], Depends(posted(Note))]
TieForm = Annotated[Posted[Tie], Depends(posted(Tie))]
AgreedForm = Annotated[Posted[Agreed], Depends(posted(Agreed))]


@router.get("")
def comparison(
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    now: NowDep,
    cong: str = "",
    loai: str = "",
    ngay: date | None = None,
) -> Response:
    visit.require("operator")
    with db.read() as session:
        facts: dict[str, Any] = {
            "days": items.by_day(session, now, cong),
            "found": items.differences(session, cong, loai, ngay),
            "closed": items.differences(session, cong, loai, ngay, closed=True, most=20),
            "waiting": batches.count_waiting(session),
        }
    chosen = {"cong": cong, "loai": loai, "ngay": ngay}
    return page("admin/comparison.html", now=now, chosen=chosen, gateways=settlements.GATEWAYS, **facts)


@router.post("")
def compare_now(db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    visit.require("operator")
    compare(db, now)
    return page.go(HERE, notice="compared")


@router.get("/muc/{item_id}")
def difference(item_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """One movement from three sides: our fact, the gateway's row, the bank line."""
    visit.require("operator")
    with db.read() as session:
        it = items.whole(session, item_id, now)
    return page("admin/difference.html", it=it)


@router.post("/muc/{item_id}/dong")
def close(item_id: Id, form: NoteForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        items.close(session, item_id, form.value.note if form.ok else "", person, now)
    return page.go(HERE, notice="difference-closed")


@router.post("/muc/{item_id}/mo-lai")
def reopen(item_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        items.reopen(session, item_id, person, now)
    return page.go(f"{HERE}/muc/{item_id}", notice="saved")


@router.get("/tep")
def files(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    return _files(db, page, Posted.blank(Upload))


def _files(db: Database, page: Page, form: Posted[Upload], unread: str = "") -> Response:
    with db.read() as session:
        facts: dict[str, Any] = {
            "files": settlements.files(session),
            "batches": batches.batches(session),
            "terms": settlements.terms(session),
        }
    status = 422 if unread or form.errors else 200
    gateways = settlements.GATEWAYS
    return page("admin/settlements.html", status=status, form=form, unread=unread, gateways=gateways, **facts)


async def _file_sent(request: Request, visit: VisitDep) -> tuple[str, bytes] | None:
    await anyio.to_thread.run_sync(partial(visit.require, "operator"))
    return await read_upload(request, "file", LARGEST_FILE)


@router.post("/tep")
def upload(
    request: Request,
    form: UploadForm,
    sent: Annotated[tuple[str, bytes] | None, Depends(_file_sent)],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    now: NowDep,
) -> Response:
    """Read a file and show what would become of each row; nothing is kept of them yet."""
    person = visit.require("operator")
    if not form.ok or sent is None:
        return _files(db, page, form, "" if form.errors else "empty")
    typed = form.value.model_dump(exclude={"gateway"})
    columns = {role: squeeze(typed[role]) for role in ROLES if typed[role]}
    with db.read() as session:
        known = columns if is_enough(columns) else settlements.remembered(session, form.value.gateway)
    try:
        told: Settlement = request.app.state.backroom.run(read, sent[1], known)
    except NotAStatement as error:
        return _files(db, page, form, error.reason)
    with db.write() as session:
        number = settlements.upload(session, form.value.gateway, sent[0], sent[1], told.columns, person, now)
    return page.go(f"{FILES}/{number}")


@router.get("/tep/{file_id}")
def look(file_id: Id, request: Request, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        file = settlements.file_of(session, file_id)
    if file.taken_at:
        return page("admin/settlement.html", file=file, told=None, most=_MOST_SHOWN)
    read_file: Settlement = request.app.state.backroom.run(read, file.content, file.columns)
    with db.read() as session:
        told = settlements.preview(session, file.gateway, read_file)
    return page("admin/settlement.html", file=file, told=told, most=_MOST_SHOWN)


@router.post("/tep/{file_id}")
def take_in(file_id: Id, request: Request, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Keep the rows and compare at once."""
    person = visit.require("operator")
    with db.read() as session:
        file = settlements.file_of(session, file_id)
    if file.taken_at:
        raise settlements.FileTakenIn(file_id=file_id)
    told: Settlement = request.app.state.backroom.run(read, file.content, file.columns)
    with db.write() as session:
        settlements.take_in(session, file_id, told, person, now)
    compare(db, now)
    return page.go(f"{HERE}?cong={file.gateway}", notice="file-taken-in")


@router.post("/dot/{batch_id}/khop")
def tie(batch_id: Id, form: TieForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(FILES)
    with db.write() as session:
        batches.tie(session, batch_id, form.value.money, person, now)
    return page.go(FILES, notice="batch-booked")


@router.post("/dot/{batch_id}/ghi")
def book(batch_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        batches.book(session, batch_id, person, now)
    return page.go(FILES, notice="batch-booked")


@router.post("/phi")
def agree(form: AgreedForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """What was agreed with a gateway."""
    person = visit.require("operator")
    if not form.ok:
        return page.go(FILES, notice="terms-wrong")
    it = form.value
    with db.write() as session:
        settlements.set_terms(session, it.gateway, it.fee_bps, it.fee_fixed_vnd, it.days, person, now)
    return page.go(FILES, notice="saved")
