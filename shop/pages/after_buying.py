"""What a buyer does after buying: review what came, claim what arrived spoilt, write to the co-op."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.catalog import service as catalog
from shop.complaints import service as complaints
from shop.complaints.models import Complaint
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, LimitsDep, NowDep, PageDep, SettingsDep, Visit, VisitDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted
from shop.core.ids import read_crockford
from shop.core.images import Stored
from shop.core.uploads import photos_sent
from shop.orders.access import Sight
from shop.orders.models import Order, OrderLine
from shop.orders.reading import ParcelView, order_view
from shop.orders.routes import OnlyByItsLink, opened
from shop.reviews import service as reviews
from shop.settings import Settings
from shop.talk import service as talk

router = APIRouter(include_in_schema=False)
LETTERS, PER_S = 20, 3600


class ReviewForm(BaseModel):
    stars: int = Field(ge=1, le=5)
    words: str = Field(default="", max_length=1500)


class ClaimForm(BaseModel):
    lines: list[str] = Field(max_length=50)
    words: str = Field(min_length=5, max_length=1500)

    def wanted(self) -> dict[int, int]:
        """{line: steps}. Raises Invalid for what no page of ours sends."""
        pairs = [line.partition(":") for line in self.lines]
        if not all(number.isdecimal() and steps.isdecimal() and len(number + steps) < 18 for number, _, steps in pairs):
            raise Invalid
        return {int(number): int(steps) for number, _, steps in pairs}


class Words(BaseModel):
    words: str = Field(min_length=2, max_length=talk.LONGEST)


def _own(session: Session, code: str, visit: Visit, settings: Settings) -> Order:
    """The order for whoever may act as its buyer. Raises NoSuchOrder, OnlyByItsLink."""
    order, sight = opened(session, read_crockford(code) or "", visit, visit.person, settings)
    if sight is not Sight.FULL:
        raise OnlyByItsLink
    return order


def _check(db: Database, code: str, visit: Visit, settings: Settings) -> None:
    with db.read() as session:
        _own(session, code, visit, settings)


class _Photos:
    """A dependency: the pictures of a buyer; before a byte is read it is sure that it is one."""

    def __init__(self, most: int, *, private: bool) -> None:
        self.most, self.private = most, private

    async def __call__(
        self, request: Request, code: str, db: DatabaseDep, visit: VisitDep, settings: SettingsDep, limits: LimitsDep
    ) -> Sequence[Stored]:
        await anyio.to_thread.run_sync(_check, db, code, visit, settings)
        limits.count("order-photos", code, times=LETTERS, per_s=PER_S)
        return await photos_sent(request, "photo", self.most, private=self.private)


ReviewPhoto = Annotated[Sequence[Stored], Depends(_Photos(1, private=False))]
ClaimPhotos = Annotated[Sequence[Stored], Depends(_Photos(complaints.MOST_PHOTOS, private=True))]


@router.get("/don-hang/{code}/sau-khi-nhan")
def after(code: str, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep) -> Response:
    """One page for all of it, opened from the order."""
    with db.read() as session:
        order = _own(session, code, visit, settings)
        view = order_view(session, order, Sight.FULL)
        reviewed = reviews.can_review(session, order.id)
        claims = complaints.of_order(session, order.id)
        talks = talk.of_parcels(session, [it.parcel.id for it in view.parcels])
    until = {it.parcel.id: complaints.claim_until(it.parcel) for it in view.parcels}
    claimable = {it.parcel.id: _claimable(it, claims, until[it.parcel.id], now) for it in view.parcels}
    facts: dict[str, Any] = {"view": view, "order": order, "reviewed": reviewed, "claims": claims, "talks": talks}
    return page("orders/after.html", **facts, until=until, claimable=claimable)


def _claimable(
    it: ParcelView, claims: Sequence[Complaint], until: datetime | None, now: datetime
) -> Sequence[OrderLine]:
    """What of a parcel may be claimed now."""
    if until is None or until < now:
        return []
    claimed = complaints.claimed_lines(claims)
    return [line for line in it.lines if line.quantity and line.id not in claimed]


@router.post("/don-hang/{code}/danh-gia/{line_id}")
def review(
    code: str,
    line_id: Id,
    photos: ReviewPhoto,
    form: Annotated[Posted[ReviewForm], Depends(posted(ReviewForm))],
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    if not form.ok:
        return page.go(f"/don-hang/{code}/sau-khi-nhan", "stars-missing")
    with db.write() as session:
        order = _own(session, code, visit, settings)
        kept = next((pictures.keep(session, stored, "", now).id for stored in photos), None)
        draft = reviews.Draft(form.value.stars, form.value.words, kept)
        reviews.write(session, order, line_id, draft, now)
    return page.go(f"/don-hang/{code}/sau-khi-nhan", "reviewed")


@router.post("/don-hang/{code}/khieu-nai/{parcel_id}")
def claim(
    code: str,
    parcel_id: Id,
    photos: ClaimPhotos,
    form: Annotated[Posted[ClaimForm], Depends(posted(ClaimForm))],
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    if not form.ok:
        return page.go(f"/don-hang/{code}/sau-khi-nhan", "claim-incomplete")
    with db.write() as session:
        order = _own(session, code, visit, settings)
        kept = [pictures.keep(session, stored, "", now, parcel_id).id for stored in photos]
        complaints.claim(session, order, parcel_id, form.value.wanted(), form.value.words, kept, now)
    return page.go(f"/don-hang/{code}/sau-khi-nhan", "claimed")


@router.post("/don-hang/{code}/nhan-tin/{parcel_id}")
def say(
    code: str,
    parcel_id: Id,
    form: Annotated[Posted[Words], Depends(posted(Words))],
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    _check(db, code, visit, settings)
    if not form.ok:
        return page.go(f"/don-hang/{code}/sau-khi-nhan", "words-missing")
    limits.count("order-talk", code, times=LETTERS, per_s=PER_S)
    with db.write() as session:
        talk.say_as_buyer(session, _own(session, code, visit, settings), parcel_id, form.value.words, now)
    return page.go(f"/don-hang/{code}/sau-khi-nhan", "said")


@router.post("/san-pham/{slug}/hoi")
def ask(
    slug: str,
    form: Annotated[Posted[Words], Depends(posted(Words))],
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    """A question to the co-op, by somebody with an account; the page shows it with its answer."""
    person = visit.require_person()
    if not form.ok:
        return page.go(f"/san-pham/{slug}", "words-missing")
    limits.count("questions", f"person:{person.id}", times=LETTERS, per_s=PER_S)
    with db.write() as session:
        product = catalog.by_slug(session, slug)
        reviews.ask(session, product, form.value.words, person, now)
    return page.go(f"/san-pham/{product.slug}", "asked")
