"""The shop itself: the face on its page, its holiday, its own address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.coops import service as coops
from shop.coops import shopfront
from shop.coops.models import CoopState
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.forms import Posted, posted
from shop.core.i18n import local
from shop.core.images import Stored
from shop.core.web import Page
from shop.workspace.here import Desk, ShopDesk
from shop.workspace.sent_photo import photo_sent

router = APIRouter(prefix="/ban-hang/gian-hang", include_in_schema=False)
LONGEST = timedelta(days=366)


class Holiday(BaseModel):
    """`until` is the day on which the co-op sells again; none: it comes back by hand."""

    until: date | None = None
    reason: str = Field(default="", max_length=300)


class Domain(BaseModel):
    domain: str = Field(default="", max_length=200)


class Face(BaseModel):
    """Whom buyers meet."""

    face_name: str = Field(min_length=2, max_length=100)


FaceForm = Annotated[Posted[Face], Depends(posted(Face))]
HolidayForm = Annotated[Posted[Holiday], Depends(posted(Holiday))]
DomainForm = Annotated[Posted[Domain], Depends(posted(Domain))]


@router.get("")
def shop(db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    return _show(db, page, desk, now)


def _show(db: Database, page: Page, desk: Desk, now: NowDep, form: Posted[Any] | None = None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        face = pictures.photos(session, [coop.face_photo_id]).get(coop.face_photo_id or 0)
    tomorrow = local(now).date() + timedelta(days=1)
    host = page.settings.base_url.split("://")[-1]
    facts: dict[str, Any] = {"form": form, "tomorrow": tomorrow.isoformat(), "host": host, "face": face}
    return page("workspace/shop.html", block="shop_page", status=422 if form else 200, coop=coop, **facts)


async def _face(request: Request, _desk: ShopDesk) -> Stored | None:
    return await photo_sent(request)


@router.post("/nguoi-ban")
def face(
    form: FaceForm,
    db: DatabaseDep,
    page: PageDep,
    desk: ShopDesk,
    photo: Annotated[Stored | None, Depends(_face)],
    now: NowDep,
) -> Response:
    """Who stands behind the goods, by name and face; without a new picture the old one stays."""
    if not form.ok:
        return _show(db, page, desk, now, form)
    told: dict[str, Any] = form.value.model_dump()
    with db.write() as session:
        if photo is not None:
            told["face_photo_id"] = pictures.keep(session, photo, form.value.face_name, now).id
        shopfront.write(session, desk.coop_id, told, desk.person, now)
    return page.go("/ban-hang/gian-hang", "saved")


@router.post("/nghi")
def rest(form: HolidayForm, db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    """Sell nothing until that day; orders that were placed go on."""
    today = local(now).date()
    if form.ok and form.value.until and not today < form.value.until <= today + LONGEST:
        form.errors = {"until": "not_ahead"}
    if not form.ok:
        return _show(db, page, desk, now, form)
    told = form.value
    with db.write() as session:
        coops.set_state(session, desk.coop_id, CoopState.HOLIDAY, desk.person, now, told.reason, told.until)
    return page.go("/ban-hang/gian-hang", "saved")


@router.post("/ban-lai")
def back(db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    with db.write() as session:
        if coops.get(session, desk.coop_id).state != CoopState.HOLIDAY:
            raise coops.NoSuchStep(name=coops.get(session, desk.coop_id).name)
        coops.set_state(session, desk.coop_id, CoopState.SELLING, desk.person, now)
    return page.go("/ban-hang/gian-hang", "saved")


@router.post("/ten-mien")
def domain(form: DomainForm, db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    host = shopfront.own_domain(form.value.domain) if form.ok else ""
    if form.typed["domain"] and not host:
        form.errors = {"domain": "domain"}
        return _show(db, page, desk, now, form)
    with db.write() as session:
        shopfront.set_domain(session, desk.coop_id, host, desk.person, now)
    return page.go("/ban-hang/gian-hang", "saved")
