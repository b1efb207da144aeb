"""Live sessions for other programs."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import Session

from livestream import replays
from livestream import room as rooms
from livestream.room import Room
from shop.api.shapes import PROBLEMS, Slug, Vnd
from shop.core.deps import DatabaseDep, NowDep, SettingsDep
from shop.core.i18n import local
from shop.settings import Settings

router = APIRouter(prefix="/api/v1/live", tags=["live"], responses=PROBLEMS)


class CoopName(BaseModel):
    slug: str
    name: str


class LiveItemShape(BaseModel):
    """Prices and `left` count selling steps of `step_g` grams; `left` is null while no allotment stands."""

    code: str
    variant_id: int
    product_slug: str
    name: str
    step_g: int
    price_vnd: Vnd
    live_price_vnd: Vnd
    left: int | None


class LiveShape(BaseModel):
    """A session. `pinned` is the code of the item shown now; times carry Vietnam's offset."""

    slug: str
    title: str
    state: str
    starts_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    coop: CoopName
    url: str
    pinned: str | None
    items: list[LiveItemShape]


class LiveSessions(BaseModel):
    items: list[LiveShape]


@router.get("")
def sessions(db: DatabaseDep, settings: SettingsDep, now: NowDep) -> LiveSessions:
    """On air, coming and lately ended sessions, in this order."""
    with db.read() as session:
        cards = [*rooms.on_air(session), *rooms.coming(session, now), *rooms.ended(session)]
        return LiveSessions(items=[_read(session, settings, card.slug, now) for card in cards])


@router.get("/{slug}")
def one_session(slug: Slug, db: DatabaseDep, settings: SettingsDep, now: NowDep) -> LiveShape:
    """One session with its run of items and what is pinned."""
    with db.read() as session:
        return _read(session, settings, slug, now)


def _read(session: Session, settings: Settings, slug: str, now: datetime) -> LiveShape:
    return _shape(replays.with_prices(session, rooms.read(session, rooms.find(session, slug)), now), settings)


def _shape(room: Room, settings: Settings) -> LiveShape:
    row = room.live
    return LiveShape(
        slug=row.slug,
        title=row.title,
        state=row.state,
        starts_at=local(row.starts_at),
        started_at=local(row.started_at) if row.started_at else None,
        ended_at=local(row.ended_at) if row.ended_at else None,
        coop=CoopName(slug=room.coop.slug, name=room.coop.name),
        url=f"{settings.base_url}/live/{row.slug}",
        pinned=room.pinned.code if room.pinned else None,
        items=[_item(item, on_air=room.on_air) for item in room.items],
    )


def _item(item: rooms.Item, *, on_air: bool) -> LiveItemShape:
    return LiveItemShape(
        code=item.code,
        variant_id=item.variant.id,
        product_slug=item.variant.product_slug,
        name=f"{item.variant.product_name}, {item.unit}",
        step_g=item.variant.step_g,
        price_vnd=item.variant.price_vnd,
        live_price_vnd=item.live_price_vnd,
        left=item.left if on_air else None,
    )
