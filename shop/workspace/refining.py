"""What is said of goods after they are listed, each when there is time: words, shelf, grade, tax, photos."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.catalog import refining, selling
from shop.catalog import service as catalog
from shop.catalog.drafts import service as drafts
from shop.catalog.models import ProductState, TaxTreatment, Variant, VariantKind
from shop.coops import service as coops
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, TypedGrams, TypedVnd, posted
from shop.core.images import Frame, Stored, redraw
from shop.core.web import Page, sentence
from shop.workspace.here import Desk, GoodsDesk
from shop.workspace.sent_photo import uploads

router = APIRouter(prefix="/ban-hang/mon", include_in_schema=False)

Line = Annotated[str, Field(max_length=120)]
Redrawn = Literal["xoay-trai", "xoay-phai", "cat-vuong", "cat-ngang"]


class Words(BaseModel):
    name: str = Field(min_length=2, max_length=80)
    category_id: int = Field(ge=1, le=2**31 - 1)
    summary: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=4000)
    variety: Line = ""
    grade: Literal["", "350-550", "550-700", "700+"] = ""
    origin: Line = ""
    storage_tip: Line = ""
    shelf_life_days: int | None = Field(default=None, ge=1, le=1000)
    keywords: str = Field(default="", max_length=200)
    tax_treatment: TaxTreatment = TaxTreatment.UNKNOWN


class Way(BaseModel):
    """Another way to buy the product; without a name of its own it is called as the listing calls it."""

    kind: VariantKind
    step_g: TypedGrams = Field(le=100_000)
    price_vnd: TypedVnd = Field(ge=1000, le=1_000_000_000)
    on_hand: int = Field(ge=0, le=1_000_000)
    variant_name: str = Field(default="", max_length=60)


@router.get("/{product_id}")
def product(product_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _show(db, page, desk, product_id, None)


def _show(
    db: Database,
    page: Page,
    desk: Desk,
    product_id: int,
    form: Posted[Words] | None,
    way: Posted[Way] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        row = catalog.product_of_coop(session, coop.id, product_id)
        shelves = refining.shelves(session)
        photo_ids = refining.photos_of(session, product_id)
        photos = pictures.photos(session, photo_ids)
        variants = catalog.variants_of(session, product_id)
    typed: dict[str, Any] = {name: getattr(row, name) for name in Words.model_fields}
    return page(
        "workspace/refine.html",
        block="refine",
        status=422 if form or way else 200,
        variants=variants,
        way=way,
        refused=refused,
        coop=coop,
        product=row,
        shelves=shelves,
        grades=refining.GRADES,
        photos=[photos[one] for one in photo_ids],
        form=form or Posted.blank(Words, **typed),
    )


@router.post("/{product_id}")
def refine(
    product_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Words], Depends(posted(Words))],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, product_id, form)
    with db.write() as session:
        row = catalog.product_of_coop(session, desk.coop_id, product_id)
        if form.value.category_id not in dict(refining.shelves(session)):
            raise catalog.NoSuchProduct
        refining.refine(session, row, form.value.model_dump(), desk.person, now)
    return page.go(f"/ban-hang/mon/{product_id}", "saved")


@router.post("/{product_id}/cach-moi")
def add_way(
    product_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    form: Annotated[Posted[Way], Depends(posted(Way))],
    now: NowDep,
) -> Response:
    """Sell it in another box, too, or loose."""
    if not form.ok:
        return _show(db, page, desk, product_id, None, form)
    it = form.value
    try:
        with db.write() as session:
            row = catalog.product_of_coop(session, desk.coop_id, product_id)
            how = Variant(
                product_id=row.id, kind=it.kind, step_g=it.step_g, price_vnd=it.price_vnd, name=it.variant_name.strip()
            )
            drafts.add_way(session, row, how, it.on_hand, desk.person, now)
    except drafts.SameWay as refusal:
        return _show(db, page, desk, product_id, None, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/mon/{product_id}#cach", "saved")


@router.post("/{product_id}/cach/{variant_id}/{way}")
def offer_or_stop(
    product_id: Id,
    variant_id: Id,
    way: Literal["hien", "an"],
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    now: NowDep,
) -> Response:
    with db.write() as session:
        row = catalog.variant_of_coop(session, desk.coop_id, variant_id)
        selling.set_variant_on_sale(session, row.id, way == "hien", desk.person, now)
    return page.go(f"/ban-hang/mon/{row.product_id}#cach", "saved")


@router.post("/{product_id}/ban/{way}")
def show_or_hide(
    product_id: Id, way: Literal["hien", "an"], db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep
) -> Response:
    state = ProductState.ON_SALE if way == "hien" else ProductState.HIDDEN
    with db.write() as session:
        row = catalog.product_of_coop(session, desk.coop_id, product_id)
        selling.set_state(session, row, state, desk.person, now)
    return page.go(f"/ban-hang/mon/{product_id}", "saved")


@router.post("/{product_id}/anh/{photo_id}/{act}")
def order_photos(
    product_id: Id,
    photo_id: Id,
    act: Literal["len-dau", "bo", "lay-lai"],
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    now: NowDep,
) -> Response:
    """To the front, away, back again."""
    with db.write() as session:
        row = catalog.product_of_coop(session, desk.coop_id, product_id)
        if act == "len-dau":
            refining.move_photo(session, row, photo_id, 0)
        elif act == "bo":
            refining.remove_photo(session, row, photo_id, desk.person, now)
        else:
            refining.put_photo_back(session, row, photo_id, desk.person, now)
    back = f"?bo={photo_id}" if act == "bo" else ""
    return page.go(f"/ban-hang/mon/{product_id}{back}#anh")


@router.post("/{product_id}/anh/{photo_id}/vi-tri/{to}")
def place_photo(
    product_id: Id, photo_id: Id, to: Annotated[int, Path(ge=0, le=99)], db: DatabaseDep, page: PageDep, desk: GoodsDesk
) -> Response:
    """To a place among the others, 0 is the first: a step by button, or as far as a finger drags it."""
    with db.write() as session:
        row = catalog.product_of_coop(session, desk.coop_id, product_id)
        refining.move_photo(session, row, photo_id, to)
    return page.go(f"/ban-hang/mon/{product_id}#anh")


async def _redrawn(
    product_id: Id, photo_id: Id, how: Redrawn, request: Request, db: DatabaseDep, desk: GoodsDesk
) -> Stored:
    """The photo turned or cut, made in the back room. Raises NoSuchProduct, NoSuchPhoto, ImageBroken."""
    return await _made(product_id, photo_id, how, request, db, desk)


class Cut(BaseModel):
    """What stays of a photo, in thousandths of its width and height."""

    left: int = Field(ge=0, le=950)
    top: int = Field(ge=0, le=950)
    width: int = Field(ge=50, le=1000)
    height: int = Field(ge=50, le=1000)


async def _cut(
    product_id: Id,
    photo_id: Id,
    form: Annotated[Posted[Cut], Depends(posted(Cut))],
    request: Request,
    db: DatabaseDep,
    desk: GoodsDesk,
) -> Stored | None:
    """The photo cut to the frame; None for a frame that is none."""
    if not form.ok:
        return None
    it = form.value
    frame = (it.left, it.top, min(it.width, 1000 - it.left), min(it.height, 1000 - it.top))
    return await _made(product_id, photo_id, frame, request, db, desk)


async def _made(product_id: int, photo_id: int, how: str | Frame, request: Request, db: Database, desk: Desk) -> Stored:
    def find() -> pictures.Photo:
        with db.read() as session:
            catalog.product_of_coop(session, desk.coop_id, product_id)
            if photo_id not in refining.photos_of(session, product_id):
                raise refining.NoSuchPhoto
            return pictures.photos(session, [photo_id])[photo_id]

    photo, state = await anyio.to_thread.run_sync(find), request.app.state
    work = partial(redraw, state.backroom, photo.key, photo.width, photo.formats, how, state.settings.media_dir)
    return await anyio.to_thread.run_sync(work, limiter=uploads())


@router.post("/{product_id}/cat/{photo_id}")
def cut_photo(
    product_id: Id,
    photo_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    stored: Annotated[Stored | None, Depends(_cut)],
    now: NowDep,
) -> Response:
    if stored is None:
        return _show(db, page, desk, product_id, None)
    return redraw_photo(product_id, photo_id, db, page, desk, stored, now)


@router.post("/{product_id}/ve-lai/{photo_id}/{how}")
def redraw_photo(
    product_id: Id,
    photo_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: GoodsDesk,
    stored: Annotated[Stored, Depends(_redrawn)],
    now: NowDep,
) -> Response:
    with db.write() as session:
        row = catalog.product_of_coop(session, desk.coop_id, product_id)
        new = pictures.keep(session, stored, row.name, now)
        refining.swap_photo(session, row, photo_id, new.id, desk.person, now)
    return page.go(f"/ban-hang/mon/{product_id}#anh")
