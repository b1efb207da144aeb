"""Goods, prices and stock by spreadsheet: send a file, look at every row, confirm, take back what was refused."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from shop.accounts.rights import Right
from shop.coops import service as coops
from shop.core.audit import audit
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.forms import read_upload
from shop.core.i18n import local
from shop.sheets import everything, going_out
from shop.sheets import service as sheets
from shop.sheets.models import Fate, SheetState
from shop.sheets.reading import LARGEST_FILE
from shop.workspace.here import GoodsDesk, ShopDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/bang-tinh")
def all_sheets(db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = sheets.newest(session, coop.id)
    return page("workspace/sheets.html", coop=coop, sheets=found)


async def _sent(request: Request, desk: GoodsDesk) -> tuple[str, bytes] | None:
    """The file, once it is sure that somebody with the right sends it."""
    await anyio.to_thread.run_sync(lambda: desk.coop_id)
    return await read_upload(request, "sheet", LARGEST_FILE)


@router.post("/bang-tinh")
def send(
    sent: Annotated[tuple[str, bytes] | None, Depends(_sent)],
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    now: NowDep,
) -> Response:
    if sent is None:
        return page.go("/ban-hang/bang-tinh", "sheet-missing")
    with db.write() as session:
        sheet_id = sheets.send(session, desk.coop_id, sent[0], sent[1], desk.person, now).id
    return page.go(f"/ban-hang/bang-tinh/{sheet_id}")


@router.get("/bang-tinh/hang-dang-co.xlsx")
def goods_now(request: Request, db: DatabaseDep, desk: GoodsDesk) -> Response:
    """Today's goods as a sheet to work on."""
    with db.read() as session:
        rows = going_out.goods(session, desk.coop_id)
    return _workbook(request, rows, "hang-dang-co.xlsx")


@router.get("/bang-tinh/{sheet_id}")
def show(
    sheet_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    xem: str = "",
    sau: Annotated[int, Query(ge=0, le=10**6)] = 0,
) -> Response:
    """How far it is; once it is read, its rows, those of one fate if `xem` names one, after row `sau`."""
    fate = xem if xem in list(Fate) else ""
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        sheet = sheets.of_coop(session, coop.id, sheet_id)
        counts = sheets.counts(session, sheet_id)
        shown = sheet.state in (SheetState.READ, SheetState.CONFIRMED, SheetState.DONE)
        found = sheets.rows(session, sheet_id, fate, sau) if shown else []
    facts: dict[str, Any] = {"sheet": sheet, "counts": counts, "rows": found, "fate": fate, "most": sheets.PAGE}
    return page("workspace/sheet.html", block="sheet", coop=coop, **facts)


@router.post("/bang-tinh/{sheet_id}/ghi")
def confirm(sheet_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        sheets.confirm(session, sheets.of_coop(session, desk.coop_id, sheet_id), desk.person, now)
    return page.go(f"/ban-hang/bang-tinh/{sheet_id}")


@router.post("/bang-tinh/{sheet_id}/bo")
def drop(sheet_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    with db.write() as session:
        sheets.drop(session, sheets.of_coop(session, desk.coop_id, sheet_id))
    return page.go("/ban-hang/bang-tinh", "sheet-dropped")


@router.get("/bang-tinh/{sheet_id}/dong-chua-nhan.xlsx")
def refused(sheet_id: Id, request: Request, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    """The rows that were not taken, each with its reason, to correct and send again."""
    with db.read() as session:
        sheet = sheets.of_coop(session, desk.coop_id, sheet_id)
        found = sheets.rows(session, sheet.id, Fate.REFUSED, most=sheets.MOST_REFUSED)
    words = page.templates.get_template("workspace/sheet_words.html").module
    rows = [(row.number, row.cells, _said(words, row.reason, row.about)) for row in found]
    return _workbook(request, going_out.refused(rows), "dong-chua-nhan.xlsx")


@router.get("/xuat.zip")
def everything_of_the_coop(db: DatabaseDep, desk: ShopDesk, settings: SettingsDep, now: NowDep) -> Response:
    """For whoever has both the shop and its money in hand; that it was taken is written down."""
    desk.require(Right.MONEY)
    coop_id = desk.coop_id
    with db.write() as session:
        coop = coops.get(session, coop_id)
        audit(session, desk.person, "export", f"coop:{coop_id}", None, "zip", now, coop_id)
    name = f"{coop.slug}-{local(now):%Y-%m-%d}.zip"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    parts = everything.packed(db, coop_id, coop.name, settings, now)
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def _said(words: Any, reason: str, about: str) -> str:
    return " ".join(Markup(words.why(reason, about)).unescape().split())  # noqa: S704  to plain text, not to a page


def _workbook(request: Request, rows: list[list[str]], name: str) -> Response:
    body = request.app.state.backroom.run(going_out.workbook, rows)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=XLSX, headers=headers)
