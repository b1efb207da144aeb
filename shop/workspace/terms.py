"""How goods are sold: at least so many, less for more, for known buyers, and prices that begin on a day named."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shop.catalog import service as catalog
from shop.catalog.plans import service as plans
from shop.catalog.wholesale import prices
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Invalid, NotFound
from shop.core.forms import Posted, TypedVnd, posted
from shop.core.i18n import HERE
from shop.core.money import NotMoney, format_number, read_vnd
from shop.core.phones import Phone
from shop.core.web import Page, sentence
from shop.workspace.here import Desk, GoodsDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


def read_tiers(typed: Any) -> Any:
    """[[10, 180000]] of "10 = 180k", a line each."""
    try:
        if not isinstance(typed, str):
            return typed
        pairs = [line.partition("=") for line in typed.splitlines() if line.strip()]
        return [[int(steps), read_vnd(price)] for steps, _is, price in pairs]
    except (ValueError, NotMoney) as error:
        raise PydanticCustomError("tiers", "no tiers") from error


def write_tiers(tiers: prices.Tiers | None) -> str:
    """As `read_tiers` reads them."""
    return "\n".join(f"{steps} = {format_number(price_vnd)}" for steps, price_vnd in tiers or ())


Tiers = Annotated[Any, BeforeValidator(read_tiers)]


class Terms(BaseModel):
    least_steps: int = Field(ge=1, le=100_000)
    most_steps: int = Field(ge=1, le=100_000)
    low_at: int = Field(ge=0, le=100_000)
    tiers: Tiers = Field(default_factory=list)
    wholesale: Tiers = Field(default_factory=list)


class LaterPrice(BaseModel):
    price_vnd: TypedVnd = Field(ge=1000, le=1_000_000_000)
    starts_on: date


class Buyer(BaseModel):
    phone: Phone


@router.get("/hang/{variant_id}/cach-ban")
def terms(variant_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _show(db, page, desk, variant_id)


def _show(
    db: Database,
    page: Page,
    desk: Desk,
    variant_id: int,
    form: Posted[Terms] | None = None,
    later: Posted[LaterPrice] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        row = catalog.variant_of_coop(session, coop.id, variant_id)
        product = catalog.product_of_coop(session, coop.id, row.product_id)
        waiting = plans.waiting(session, variant_id)
    typed: dict[str, Any] = {"least_steps": row.least_steps, "most_steps": row.most_steps, "low_at": row.low_at}
    typed |= {"tiers": write_tiers(row.tiers), "wholesale": write_tiers(row.wholesale)}
    return page(
        "workspace/terms.html",
        block="terms",
        status=422 if form or later else 200,
        coop=coop,
        product=product,
        variant=row,
        waiting=waiting,
        refused=refused,
        form=form or Posted.blank(Terms, **typed),
        later=later,
    )


@router.post("/hang/{variant_id}/cach-ban")
def set_terms(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Terms], Depends(posted(Terms))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, variant_id, form)
    told = form.value
    try:
        with db.write() as session:
            row = catalog.variant_of_coop(session, desk.coop_id, variant_id)
            how: dict[str, Any] = {"least": told.least_steps, "most": told.most_steps, "low_at": told.low_at}
            how |= {"tiers": told.tiers, "wholesale": told.wholesale}
            prices.set_terms(session, row, **how, person=desk.person, now=now)
    except Invalid as refusal:
        return _show(db, page, desk, variant_id, form, refused=sentence(page.templates, refusal))
    return page.go(f"/ban-hang/hang/{variant_id}/cach-ban", "saved")


@router.post("/hang/{variant_id}/gia-hen")
def plan(
    variant_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[LaterPrice], Depends(posted(LaterPrice))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, variant_id, later=form)
    begins = datetime.combine(form.value.starts_on, time(), HERE)
    try:
        with db.write() as session:
            catalog.variant_of_coop(session, desk.coop_id, variant_id)
            plans.plan(session, variant_id, desk.coop_id, form.value.price_vnd, begins, desk.person, now)
    except plans.PlanNotPossible as refusal:
        return _show(db, page, desk, variant_id, later=form, refused=sentence(page.templates, refusal))
    return page.go(f"/ban-hang/hang/{variant_id}/cach-ban", "saved")


@router.post("/gia-hen/{plan_id}/dung")
def stop(plan_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        variant_id = plans.stop(session, desk.coop_id, plan_id, desk.person, now)
    return page.go(f"/ban-hang/hang/{variant_id}/cach-ban", "saved")


@router.get("/khach-si")
def buyers(db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _buyers(db, page, desk, None)


def _buyers(db: Database, page: Page, desk: Desk, form: Posted[Buyer] | None, refused: str = "") -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        known = prices.buyers_of(session, coop.id)
    facts: dict[str, Any] = {"coop": coop, "known": known, "form": form, "refused": refused}
    return page("workspace/wholesale.html", block="wholesale", status=422 if form else 200, **facts)


@router.post("/khach-si")
def approve(
    db: DatabaseDep, page: PageDep, desk: GoodsDesk, form: Annotated[Posted[Buyer], Depends(posted(Buyer))], now: NowDep
) -> Response:
    if not form.ok:
        return _buyers(db, page, desk, form)
    try:
        with db.write() as session:
            prices.approve(session, desk.coop_id, form.value.phone, desk.person, now)
    except NotFound as refusal:
        return _buyers(db, page, desk, form, sentence(page.templates, refusal))
    return page.go("/ban-hang/khach-si", "saved")


@router.post("/khach-si/{person_id}/thoi")
def end(person_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        prices.end(session, desk.coop_id, person_id, desk.person, now)
    return page.go("/ban-hang/khach-si", "saved")
