"""Harvest lots at the desk: receive, count, hold, release, recall."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.catalog import service as catalog
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.i18n import local
from shop.core.web import Page, sentence
from shop.orders import preorders
from shop.stock.lots import service as lots
from shop.stock.lots.models import LotState
from shop.stock.promising import HarvestShort
from shop.workspace.here import Desk, StockDesk

router = APIRouter(prefix="/ban-hang/lo", include_in_schema=False)


class Received(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    units: int = Field(ge=1, le=1_000_000)
    code: str = Field(min_length=1, max_length=30)
    harvested_on: date
    best_before: date | None = None


class Counted(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    left: int = Field(ge=0, le=1_000_000)
    reason: str = Field(min_length=2, max_length=200)


class Turned(BaseModel):
    state: LotState
    reason: str = Field(min_length=2, max_length=200)


@router.get("")
def all_lots(db: DatabaseDep, page: PageDep, desk: StockDesk, now: NowDep) -> Response:
    return _list(db, page, desk, now, None)


def _list(
    db: Database, page: Page, desk: Desk, now: datetime, form: Posted[Received] | None, refused: str = ""
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        names = _names(session, coop.id)
        found = lots.of_coop(session, coop.id)
    today = local(now).date()
    blank = {"code": f"L{today:%d%m%y}-{len(found) + 1}", "harvested_on": today, "best_before": today + timedelta(14)}
    return page(
        "workspace/lots.html",
        block="lots",
        status=422 if form else 200,
        coop=coop,
        lots=found,
        names=names,
        today=today,
        refused=refused,
        form=form or Posted.blank(Received, **blank),
    )


def _names(session: Session, coop_id: int) -> dict[int, str]:
    products = catalog.products_of_coop(session, coop_id)
    return {
        variant.id: f"{product.name}, {variant.name}"
        for product in products
        for variant in catalog.variants_of(session, product.id)
    }


@router.post("")
def receive(
    db: DatabaseDep,
    page: PageDep,
    desk: StockDesk,
    form: Annotated[Posted[Received], Depends(posted(Received))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _list(db, page, desk, now, form)
    told, coop_id = form.value, desk.coop_id
    try:
        with db.write() as session:
            variant = catalog.variant_of_coop(session, coop_id, told.variant_id)
            harvest = lots.Harvest(coop_id, variant.product_id, told.code, told.harvested_on, told.best_before)
            preorders.receive(session, harvest, variant, told.units, desk.person, now)
    except (lots.LotCodeTaken, lots.LotDatesWrong, HarvestShort) as refusal:
        return _list(db, page, desk, now, form, sentence(page.templates, refusal))
    return page.go("/ban-hang/lo", "saved")


@router.get("/{lot_id}")
def one(lot_id: Id, db: DatabaseDep, page: PageDep, desk: StockDesk) -> Response:
    return _show(db, page, desk, lot_id)


def _show(db: Database, page: Page, desk: Desk, lot_id: int, status: int = 200, refused: str = "") -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        lot = lots.get(session, coop.id, lot_id)
        facts: dict[str, Any] = {
            "lot": lot,
            "units": lots.units_of(session, lot_id),
            "movements": lots.movements_of(session, lot_id),
            "names": _names(session, coop.id),
        }
    return page("workspace/lot.html", block="lot", status=status, coop=coop, refused=refused, **facts)


@router.post("/{lot_id}/dem")
def count(
    lot_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: StockDesk,
    form: Annotated[Posted[Counted], Depends(posted(Counted))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, lot_id, 422)
    told = form.value
    try:
        with db.write() as session:
            lot = lots.get(session, desk.coop_id, lot_id)
            lots.correct(session, lot, told.variant_id, told.left, told.reason, desk.person, now)
    except Refusal as refusal:
        return _show(db, page, desk, lot_id, refusal.status, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/lo/{lot_id}", "saved")


@router.post("/{lot_id}/trang-thai")
def turn(
    lot_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: StockDesk,
    form: Annotated[Posted[Turned], Depends(posted(Turned))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, lot_id, 422)
    with db.write() as session:
        lot = lots.get(session, desk.coop_id, lot_id)
        lots.set_state(session, lot, form.value.state, form.value.reason, desk.person, now)
    return page.go(f"/ban-hang/lo/{lot_id}", "saved")
