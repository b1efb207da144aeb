"""The lists of a day, to print or to walk along: what to pick, what goes in each parcel, where the van goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import Page, sentence
from shop.orders import days, labels, states
from shop.orders import desk as orders
from shop.orders.from_lots import NotHarvestedYet
from shop.orders.undo import service as undo
from shop.stock.lots.units import LotsShort
from shop.workspace.here import Desk, OrdersDesk, PackDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
MOST = 500
LISTS: dict[str, Callable[[Session, int], Any]] = {"pick": days.picks, "pack": days.packs, "route": days.stops}
CANNOT_YET = (states.MovedOn, states.NotPaidYet, states.MoneyOnlyHeld, LotsShort, NotHarvestedYet)


class Chosen(BaseModel):
    """Parcels that were ticked, or all that a page showed."""

    ids: list[Id] = Field(default=[], max_length=MOST)


ChosenForm = Annotated[Posted[Chosen], Depends(posted(Chosen))]


@router.get("/soan-hang")
def pick_list(db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    return _list("pick", db, page, desk, now)


@router.get("/dong-goi")
def pack_list(db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    return _list("pack", db, page, desk, now)


@router.get("/chuyen-giao")
def route_list(db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    return _list("route", db, page, desk, now)


def _list(name: str, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        rows = LISTS[name](session, coop.id)
        deed = undo.last_of(session, coop.id, desk.person, now)
    return page(f"workspace/lists/{name}.html", coop=coop, rows=rows, at=now, deed=deed)


@router.get("/phieu.pdf")
def all_labels(request: Request, db: DatabaseDep, desk: PackDesk, kho: str = "a6") -> Response:
    """Labels of everything that is to go today."""
    return _pdf(request, db, desk, None, kho)


@router.get("/phieu/{parcel_id}.pdf")
def one_label(parcel_id: Id, request: Request, db: DatabaseDep, desk: PackDesk, kho: str = "a6") -> Response:
    return _pdf(request, db, desk, parcel_id, kho)


def _pdf(request: Request, db: DatabaseDep, desk: PackDesk, parcel_id: int | None, kho: str) -> Response:
    """Raises NoSuchParcel."""
    paper: labels.Paper = "a4" if kho == "a4" else "k80" if kho == "k80" else "a6"
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = days.to_label(session, coop.id, parcel_id, MOST)
    if not found:
        raise states.NoSuchParcel(parcel_id=parcel_id)
    pages = [labels.rows_of(it, coop, slip=paper != "a6") for it in found]
    body: bytes = request.app.state.backroom.run(labels.draw, pages, paper)
    headers = {"Content-Disposition": 'inline; filename="phieu.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


@router.post("/nhan-het")
def confirm_all(form: ChosenForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    """Take every new order that the page showed; what somebody else moved meanwhile stays as it is."""
    done, left = _each(db, desk, form, states.confirm, now)
    with db.write() as session:
        undo.note(session, desk.coop_id, "confirmed", done, desk.person, now)
    return _went(db, page, desk, now, "/ban-hang/don?trang_thai=new", done, left)


@router.post("/dong-goi")
def pack_ticked(form: ChosenForm, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """What was ticked on the list is packed."""
    done, left = _each(db, desk, form, states.pack, now)
    with db.write() as session:
        undo.note(session, desk.coop_id, "packed", done, desk.person, now)
    return _went(db, page, desk, now, "/ban-hang/dong-goi", done, left)


@router.post("/nhan-lai/{deed_id}")
def take_back(deed_id: Id, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """What this person pressed a moment ago; parcels that went on meanwhile stay."""
    with db.write() as session:
        back, stayed = undo.take_back(session, desk.coop_id, deed_id, desk.person, now)
    return page.go("/ban-hang/don", "undone" if not stayed else "undone-some" if back else "undone-none")


@router.post("/chuyen-giao")
def set_off(form: ChosenForm, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """The co-op's own van takes along what was ticked."""
    done, left = _each(db, desk, form, partial(states.hand_over, carrier_key="own"), now)
    with db.write() as session:
        undo.note(session, desk.coop_id, "handed_over", done, desk.person, now)
    return _went(db, page, desk, now, "/ban-hang/chuyen-giao", done, left)


def _each(
    db: Database, desk: Desk, form: Posted[Chosen], step: Callable[..., None], now: datetime
) -> tuple[list[int], dict[int, Refusal]]:
    """One transaction a parcel, so that one that cannot go on stops no other: who went on, and why others did not."""
    done: list[int] = []
    left: dict[int, Refusal] = {}
    for parcel_id in form.value.ids if form.ok else ():
        try:
            with db.write() as session:
                step(session, desk.coop_id, parcel_id, desk.person, now)
            done.append(parcel_id)
        except CANNOT_YET as refusal:
            left[parcel_id] = refusal
    return done, left


def _went(
    db: Database, page: Page, desk: Desk, now: datetime, back: str, done: list[int], left: dict[int, Refusal]
) -> Response:
    """Back to the list; first, what of it stayed behind and why."""
    if not left:
        return page.go(back, "saved" if done else None)
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        codes = {one: orders.parcel(session, coop.id, one).order.code for one in left}
        deed = undo.last_of(session, coop.id, desk.person, now)
    rows = [(one, codes[one], sentence(page.templates, why)) for one, why in left.items()]
    return page("workspace/lists/left.html", coop=coop, rows=rows, done=len(done), back=back, deed=deed)
