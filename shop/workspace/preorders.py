"""Goods sold before their harvest at the desk: open with a cap and a day, move the day, receive the harvest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
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
from shop.workspace.here import Desk, GoodsDesk, OrdersDesk

router = APIRouter(prefix="/ban-hang/dat-truoc", include_in_schema=False)
HARVEST_IN = timedelta(days=45)


class Opened(BaseModel):
    units: int = Field(ge=1, le=1_000_000)
    ship_by: date


class Moved(BaseModel):
    ship_by: date


class Harvested(BaseModel):
    units: int = Field(ge=1, le=1_000_000)
    code: str = Field(min_length=1, max_length=30)
    harvested_on: date
    best_before: date | None = None
    in_part: bool = False


@router.get("")
def all_preorders(db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = preorders.of_coop(session, coop.id)
    return page("workspace/preorders.html", block="preorders", coop=coop, found=found)


@router.get("/{variant_id}")
def one(variant_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    return _show(db, page, desk, variant_id, now)


def _show(
    db: Database,
    page: Page,
    desk: Desk,
    variant_id: int,
    now: NowDep,
    form: Posted[Any] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        variant = catalog.variant_of_coop(session, coop.id, variant_id)
        product = catalog.product_of_coop(session, coop.id, variant.product_id)
        found = preorders.of_variant(session, coop.id, variant_id)
        waiting = preorders.waiting(session, variant_id)
    if found is None and form is not None and form.model is not Opened:
        raise preorders.NoPreorder
    today = local(now).date()
    forms: dict[str, Posted[Any]] = {
        "opening": Posted.blank(Opened, ship_by=today + HARVEST_IN),
        "moving": Posted.blank(Moved, ship_by=found.ship_by if found else today),
        "harvest": Posted.blank(Harvested, code=f"L{today:%d%m%y}-{variant_id}", harvested_on=today),
    }
    if form is not None:
        forms["opening" if form.model is Opened else "moving" if form.model is Moved else "harvest"] = form
    facts: dict[str, Any] = {"product": product, "variant": variant, "found": found, "waiting": waiting, **forms}
    status = 422 if form else 200
    return page("workspace/preorder.html", block="preorder", status=status, coop=coop, refused=refused, **facts)


@router.post("/{variant_id}/mo")
def open_up(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Opened], Depends(posted(Opened))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, variant_id, now, form)
    told = form.value
    try:
        with db.write() as session:
            variant = catalog.variant_of_coop(session, desk.coop_id, variant_id)
            preorders.open_up(session, desk.coop_id, variant, told.units, told.ship_by, desk.person, now)
    except Refusal as refusal:
        return _show(db, page, desk, variant_id, now, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/dat-truoc/{variant_id}", "saved")


@router.post("/{variant_id}/doi-ngay")
def move(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Moved], Depends(posted(Moved))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, variant_id, now, form)
    try:
        with db.write() as session:
            variant = catalog.variant_of_coop(session, desk.coop_id, variant_id)
            preorders.move(session, desk.coop_id, variant, form.value.ship_by, desk.person, now)
    except Refusal as refusal:
        return _show(db, page, desk, variant_id, now, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/dat-truoc/{variant_id}", "saved")


@router.post("/{variant_id}/thu-hoach")
def harvest(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Harvested], Depends(posted(Harvested))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, variant_id, now, form)
    told = form.value
    try:
        with db.write() as session:
            variant = catalog.variant_of_coop(session, desk.coop_id, variant_id)
            lot = lots.Harvest(desk.coop_id, variant.product_id, told.code, told.harvested_on, told.best_before)
            lot_id = preorders.receive(session, lot, variant, told.units, desk.person, now, in_part=told.in_part)
    except Refusal as refusal:
        return _show(db, page, desk, variant_id, now, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/lo/{lot_id}", "saved")


@router.post("/{variant_id}/tra-tien")
def give_up(variant_id: Id, db: DatabaseDep, page: PageDep, desk: OrdersDesk, now: NowDep) -> Response:
    """Who could not be served gets the money back; the harvest is over."""
    with db.write() as session:
        variant = catalog.variant_of_coop(session, desk.coop_id, variant_id)
        preorders.give_up(session, desk.coop_id, variant, desk.person, now)
    return page.go("/ban-hang/dat-truoc", "saved")
