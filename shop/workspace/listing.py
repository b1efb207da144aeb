"""Goods are listed in four steps: photo, box and weight, price, a last look. Each is kept as it is answered."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.catalog.drafts import service as drafts
from shop.catalog.models import VariantKind
from shop.coops import service as coops
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, TypedGrams, TypedVnd, posted
from shop.core.i18n import kg
from shop.core.images import Stored
from shop.core.money import NotMoney, format_number, read_vnd
from shop.core.spoken import vnd_in_words
from shop.core.web import Page
from shop.workspace.here import Desk, GoodsDesk
from shop.workspace.sent_photo import PhotoMissing, photo_sent

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
NEW = "/ban-hang/hang/moi"


class Box(BaseModel):
    """What it is, how it is packed, how much there is."""

    name: str = Field(min_length=2, max_length=80)
    kind: VariantKind
    step_g: TypedGrams = Field(le=100_000)
    on_hand: int = Field(ge=0, le=1_000_000)


class Price(BaseModel):
    price_vnd: TypedVnd = Field(ge=1000, le=1_000_000_000)


@router.get("/hang/moi")
def begin(db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        begun = drafts.of_coop(session, coop.id)
    return page("workspace/listing.html", block="listing", coop=coop, step=1, begun=begun, draft=None, form=None)


async def _photo_of_new(request: Request, _desk: GoodsDesk) -> Stored | None:
    return await photo_sent(request)


@router.post("/hang/moi")
def photographed(
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    stored: Annotated[Stored | None, Depends(_photo_of_new)],
    now: NowDep,
) -> Response:
    if stored is None:
        raise PhotoMissing
    with db.write() as session:
        photo = pictures.keep(session, stored, "", now)
        draft = drafts.start(session, desk.coop_id, desk.person, photo.id, now)
    return page.go(f"{NEW}/{draft.id}")


@router.post("/hang/moi/khong-anh")
def without_photo(db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        draft = drafts.start(session, desk.coop_id, desk.person, None, now)
    return page.go(f"{NEW}/{draft.id}")


@router.get("/hang/moi/{draft_id}")
def go_on(
    draft_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, buoc: Annotated[int, Query(ge=1, le=4)] = 4
) -> Response:
    """The step asked for, or the first that is not answered."""
    return _show(db, page, desk, draft_id, buoc, None)


def _show(db: Database, page: Page, desk: Desk, draft_id: int, step: int, form: Posted[Any] | None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        draft = drafts.get(session, coop.id, draft_id)
        photo = pictures.photos(session, draft.photo_ids[:1])
        weight_g = draft.step_g or drafts.suggested_g(session, coop.id)
    step = min(step, drafts.step_of(draft))
    if form is None and step == 2:
        typed = {"name": draft.name, "kind": draft.kind, "step_g": kg(weight_g), "on_hand": draft.on_hand or None}
        form = Posted.blank(Box, **typed)
    elif form is None and step == 3:
        form = Posted.blank(Price, price_vnd=format_number(draft.price_vnd) if draft.price_vnd else None)
    return page(
        "workspace/listing.html",
        block="listing",
        status=422 if form and form.errors else 200,
        coop=coop,
        draft=draft,
        photo=next(iter(photo.values()), None),
        step=step,
        form=form,
        words=vnd_in_words(draft.price_vnd),
        variant_name=drafts.variant_name(draft.kind, draft.step_g) if draft.step_g else "",
    )


async def _photo_of_begun(draft_id: Id, request: Request, db: DatabaseDep, desk: GoodsDesk) -> Stored | None:
    def require_own() -> None:
        with db.read() as session:
            drafts.get(session, desk.coop_id, draft_id)

    await anyio.to_thread.run_sync(require_own)
    return await photo_sent(request)


@router.post("/hang/moi/{draft_id}/anh")
def other_photo(
    draft_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    stored: Annotated[Stored | None, Depends(_photo_of_begun)],
    now: NowDep,
) -> Response:
    if stored is None:
        raise PhotoMissing
    with db.write() as session:
        draft = drafts.get(session, desk.coop_id, draft_id)
        drafts.say(draft, now, photo_ids=[pictures.keep(session, stored, draft.name, now).id])
    return page.go(f"{NEW}/{draft_id}")


@router.post("/hang/moi/{draft_id}/thung")
def boxed(
    draft_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Box], Depends(posted(Box))],
    now: NowDep,
) -> Response:
    return _said(db, page, desk, draft_id, 2, form, now)


@router.post("/hang/moi/{draft_id}/gia")
def priced(
    draft_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Price], Depends(posted(Price))],
    now: NowDep,
) -> Response:
    return _said(db, page, desk, draft_id, 3, form, now)


def _said(db: Database, page: Page, desk: Desk, draft_id: int, step: int, form: Posted[Any], now: NowDep) -> Response:
    if not form.ok:
        return _show(db, page, desk, draft_id, step, form)
    with db.write() as session:
        drafts.say(drafts.get(session, desk.coop_id, draft_id), now, **form.value.model_dump())
    return page.go(f"{NEW}/{draft_id}")


@router.post("/hang/moi/{draft_id}/dang-ban")
def publish(draft_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        drafts.publish(session, drafts.get(session, desk.coop_id, draft_id), desk.person, now)
    return page.go("/ban-hang/hang", "on-sale")


@router.get("/doc-gia")
def read_back(page: PageDep, _desk: GoodsDesk, price_vnd: Annotated[str, Query(max_length=60)] = "") -> Response:
    """A price in words while it is typed, so that a nought too many is heard."""
    try:
        words = vnd_in_words(read_vnd(price_vnd))
    except NotMoney:
        words = ""
    return page("workspace/price_words.html", block="price_words", words=words)
