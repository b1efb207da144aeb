"""Where the operator uploads bank statements, and reads word for word what banks and gateways told."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments import heard
from payments.gateway import Outcome
from payments.statements import booking
from payments.statements.columns import ROLES, names
from payments.statements.sheets import LARGEST_FILE
from payments.till import BY_CONTRACT, till_from
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted, read_upload
from shop.core.web import Page
from shop.settings import Settings

router = APIRouter(prefix="/quan-tri")
STATEMENTS = "/quan-tri/sao-ke"
MOST_SHOWN = 300


class Columns(BaseModel):
    date: str = Field(default="", max_length=200)
    content: str = Field(default="", max_length=200)
    credit: str = Field(default="", max_length=200)
    debit: str = Field(default="", max_length=200)
    amount: str = Field(default="", max_length=200)
    direction: str = Field(default="", max_length=200)
    reference: str = Field(default="", max_length=200)
    balance: str = Field(default="", max_length=200)


ColumnsForm = Annotated[Posted[Columns], Depends(posted(Columns))]


async def _file_sent(request: Request, visit: VisitDep) -> tuple[str, bytes] | None:
    """The file that was sent, None when none was. Raises NotSignedIn, NotAllowed before a byte is read."""
    await anyio.to_thread.run_sync(visit.require, "operator")
    return await read_upload(request, "file", LARGEST_FILE)


@router.get("/sao-ke")
def statements(db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep) -> Response:
    visit.require("operator")
    return _statements(db, page, settings, Posted.blank(Columns, **dict.fromkeys(ROLES, "")))


def _statements(
    db: Database, page: Page, settings: Settings, form: Posted[Columns], unread: booking.FileNotReadable | None = None
) -> Response:
    with db.read() as session:
        files = booking.files(session)
    facts: dict[str, Any] = {"files": files, "source": next(iter(till_from(settings).sources), ""), "unread": unread}
    status = unread.status if unread else 200
    return page(
        "admin/statements.html", status=status, form=form, roles=ROLES, account_no=settings.vietqr_account_no, **facts
    )


@router.post("/sao-ke")
def upload(
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    settings: SettingsDep,
    form: ColumnsForm,
    sent: Annotated[tuple[str, bytes] | None, Depends(_file_sent)],
    now: NowDep,
) -> Response:
    """Keep a statement and show it; where no heading can be guessed, the page asks what its columns are called."""
    person, account_no = visit.require("operator"), settings.vietqr_account_no
    if sent is None:
        return page.go(STATEMENTS, notice="file-missing")
    typed = form.value.model_dump() if form.ok else {}
    try:
        file_id = booking.keep(db, account_no, sent[0], sent[1], person, now, typed)
    except booking.FileNotReadable as unread:
        if unread.facts["reason"] != "columns":
            raise
        return _statements(db, page, settings, form, unread)
    return page.go(f"{STATEMENTS}/{file_id}")


@router.get("/sao-ke/{file_id}")
def statement(file_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep) -> Response:
    visit.require("operator")
    shown = booking.preview(db, till_from(settings), file_id)
    order = {name: place for place, name in enumerate(("unreadable", "paid", "unclear", "match", "known", "outgoing"))}
    rows = sorted((row for row in shown.rows if row.fate in order), key=lambda row: order[row.fate])
    headings = list(zip(names(shown.statement.headings), shown.statement.headings, strict=True))
    facts: dict[str, Any] = {"shown": shown, "rows": rows[:MOST_SHOWN], "more": max(0, len(rows) - MOST_SHOWN)}
    return page("admin/statement.html", headings=headings, roles=ROLES, **facts)


@router.post("/sao-ke/{file_id}/cot")
def choose_columns(
    file_id: Id, form: ColumnsForm, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    chosen = form.value.model_dump() if form.ok else {}
    booking.choose_columns(db, till_from(settings), file_id, chosen, person, now)
    return page.go(f"{STATEMENTS}/{file_id}", notice="saved")


@router.post("/sao-ke/{file_id}/ghi-so")
def book(file_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep) -> Response:
    person = visit.require("operator")
    booking.book(db, till_from(settings), file_id, person, now)
    return page.go(f"{STATEMENTS}/{file_id}", notice="statement-booked")


@router.get("/thong-bao-tien")
def money_notices(
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    settings: SettingsDep,
    nguon: str = "",
    ket_qua: str = "",
    truoc: str = "",
) -> Response:
    visit.require("operator")
    outcome = ket_qua if ket_qua in list(Outcome) else ""
    before = int(truoc) if truoc.isascii() and truoc.isdigit() and len(truoc) < 16 else None
    with db.read() as session:
        told = heard.sources(session)
        source = nguon if nguon in told else ""
        rows = heard.requests(session, source, outcome, before)
        unreadable = heard.count_unreadable(session)
    facts: dict[str, Any] = {"sources": told, "source": source, "outcome": outcome, "unreadable": unreadable}
    listed = [row.request.id for row in rows if outcome or row.request.outcome != Outcome.MALFORMED]
    last = listed[-1] if len(listed) == heard.PAGE else 0
    open_ways = till_from(settings).gateways
    by_contract = [(way, way in open_ways) for way in BY_CONTRACT]
    return page("admin/money_notices.html", rows=rows, last=last, by_contract=by_contract, **facts)


@router.get("/thong-bao-tien/{request_id}")
def money_notice(request_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        said = heard.said(session, request_id)
    return page("admin/money_notice.html", said=said)
