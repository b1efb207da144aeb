"""The lists of a day, to print or to walk along: what to pick, what goes in each parcel, where the van goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, posted
from shop.orders import days, labels, states
from shop.workspace.here import OrdersDesk, PackDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
MOST = 500
LISTS: dict[str, Callable[[Session, int], Any]] = {"pick": days.picks, "pack": days.packs, "route": days.stops}


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
    return page(f"workspace/lists/{name}.html", coop=coop, rows=rows, at=now)


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
    for parcel_id in form.value.ids if form.ok else ():
        with db.write() as session:
            _try(states.confirm, session, desk.coop_id, parcel_id, desk.person, now)
    return page.go("/ban-hang/don?trang_thai=new", "saved")


@router.post("/dong-goi")
def pack_ticked(form: ChosenForm, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """What was ticked on the list is packed."""
    for parcel_id in form.value.ids if form.ok else ():
        with db.write() as session:
            _try(states.pack, session, desk.coop_id, parcel_id, desk.person, now)
    return page.go("/ban-hang/dong-goi", "saved")


@router.post("/chuyen-giao")
def set_off(form: ChosenForm, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """The co-op's own van takes along what was ticked."""
    for parcel_id in form.value.ids if form.ok else ():
        with db.write() as session:
            _try(states.hand_over, session, desk.coop_id, parcel_id, desk.person, now, carrier_key="own")
    return page.go("/ban-hang/chuyen-giao", "saved")


def _try(step: Callable[..., None], *who: Any, **how: Any) -> None:
    try:
        step(*who, **how)
    except (states.MovedOn, states.NotPaidYet, states.MoneyOnlyHeld):
        return
