"""What is said of goods after they are listed, each when there is time: words, shelf, grade, tax, photos."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.catalog import refining, selling
from shop.catalog import service as catalog
from shop.catalog.models import ProductState, TaxTreatment
from shop.coops import service as coops
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, posted
from shop.core.images import Stored, redraw
from shop.core.web import Page
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


@router.get("/{product_id}")
def product(product_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _show(db, page, desk, product_id, None)


def _show(db: Database, page: Page, desk: Desk, product_id: int, form: Posted[Words] | None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        row = catalog.product_of_coop(session, coop.id, product_id)
        shelves = refining.shelves(session)
        photo_ids = refining.photos_of(session, product_id)
        photos = pictures.photos(session, photo_ids)
    typed: dict[str, Any] = {name: getattr(row, name) for name in Words.model_fields}
    return page(
        "workspace/refine.html",
        block="refine",
        status=422 if form else 200,
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


async def _redrawn(
    product_id: Id, photo_id: Id, how: Redrawn, request: Request, db: DatabaseDep, desk: GoodsDesk
) -> Stored:
    """The photo turned or cut, made in the back room. Raises NoSuchProduct, NoSuchPhoto, ImageBroken."""

    def find() -> pictures.Photo:
        with db.read() as session:
            catalog.product_of_coop(session, desk.coop_id, product_id)
            if photo_id not in refining.photos_of(session, product_id):
                raise refining.NoSuchPhoto
            return pictures.photos(session, [photo_id])[photo_id]

    photo, state = await anyio.to_thread.run_sync(find), request.app.state
    work = partial(redraw, state.backroom, photo.key, photo.width, photo.formats, how, state.settings.media_dir)
    return await anyio.to_thread.run_sync(work, limiter=uploads())


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
