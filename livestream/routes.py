"""What shoppers see of live selling: the list, the room, the buy sheet, the calendar file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from livestream import replays, reports
from livestream import room as rooms
from livestream import service as live
from livestream.calendar import calendar_file
from livestream.chat import talk
from livestream.chat.claims import press
from livestream.models import SessionState
from livestream.room import Room
from livestream.schedule import NoSuchItem
from shop.cart import service as cart
from shop.cart.basket import CartView
from shop.cart.routes import COOKIE, cart_of
from shop.core import i18n
from shop.core.deps import VISITOR, DatabaseDep, HubDep, LimitsDep, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.pagecache import Shared
from shop.core.streams import live_room
from shop.core.web import CSP_ROOM, Page, sentence

router = APIRouter(include_in_schema=False)
FRESH = timedelta(minutes=5)  # a room's page names a place in the stream; older ones would all ask for a reset


class Buy(BaseModel):
    """`seen_vnd` is the price that stood on the sheet; 0 when there was none."""

    quantity: int = Field(ge=0, le=999)
    seen_vnd: int = Field(default=0, ge=0, le=1_000_000_000)


class Report(BaseModel):
    reason: str = Field(min_length=1, max_length=20)
    words: str = Field(default="", max_length=500)
    sentence: int = Field(default=0, ge=0, le=2**31 - 1)


BuyForm = Annotated[Posted[Buy], Depends(posted(Buy))]
ReportForm = Annotated[Posted[Report], Depends(posted(Report))]


@router.get("/live")
def show_list(db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        on_air, coming, ended = rooms.on_air(session), rooms.coming(session, now), rooms.ended(session)
    leaves = min((card.starts_at + rooms.LATE for card in coming), default=None)
    cache = Shared(tags=["live"], valid_until=leaves)
    return page("live/list.html", block="sessions", cache=cache, on_air=on_air, coming=coming, ended=ended)


@router.get("/live/{slug}")
def show_room(slug: str, db: DatabaseDep, page: PageDep, hub: HubDep, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        address = rooms.find(session, slug).slug
    if address != slug:
        return RedirectResponse(i18n.url(f"/live/{address}"), status_code=301)
    cursor = hub.cursor(live_room(slug))  # before the facts: then nothing falls between page and stream
    with db.read() as session:
        room = replays.with_prices(session, rooms.read(session, rooms.find(session, slug)), now)
        pins = rooms.pins(session, room) if room.live.is_past else []
        warning = talk.chat_of(session, room.live.id).warning
        said, pinned_words = talk.last_said(session, room.live.id), talk.pinned(session, room.live.id)
    told = None if room.live.is_unlisted else _jsonld(room, settings.base_url)
    cache = Shared(tags=room.tags, valid_until=now + FRESH)
    facts: dict[str, Any] = {"room": room, "pins": pins, "cursor": cursor, "jsonld": told}
    facts |= {"said": said, "pinned_words": pinned_words, "warning": warning}
    return page("live/room.html", block="now", cache=cache, csp=CSP_ROOM, **facts)


def _jsonld(room: Room, base_url: str) -> dict[str, Any]:
    """Schema.org BroadcastEvent with the offers that the page shows."""
    address = f"{base_url}{i18n.url(f'/live/{room.live.slug}')}"
    start = room.live.started_at or room.live.starts_at
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BroadcastEvent",
        "name": room.live.title,
        "description": room.live.summary or room.live.title,
        "url": address,
        "isLiveBroadcast": room.on_air,
        "startDate": i18n.local(start).isoformat(),
        "endDate": i18n.local(room.live.ended_at or room.ends_by).isoformat(),
        "eventStatus": "https://schema.org/" + _status(room),
        "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
        "location": {"@type": "VirtualLocation", "url": address},
        "organizer": {"@type": "Organization", "name": room.coop.name, "url": f"{base_url}/htx/{room.coop.slug}"},
    }
    if room.on_air:
        told["offers"] = [_offer(item, base_url) for item in room.items]
    return told


def _status(room: Room) -> str:
    if room.live.state == SessionState.MISSED:
        return "EventPostponed"
    return "EventCancelled" if room.live.state == SessionState.CANCELLED or room.live.is_stopped else "EventScheduled"


def _offer(item: rooms.Item, base_url: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "name": f"{item.variant.product_name}, {item.unit}",
        "price": item.live_price_vnd,
        "priceCurrency": "VND",
        "availability": "https://schema.org/" + ("InStock" if item.left else "SoldOut"),
        "url": f"{base_url}{i18n.url(f'/san-pham/{item.variant.product_slug}')}",
    }


@router.get("/live/{slug}/lich.ics")
def calendar(slug: str, db: DatabaseDep, settings: SettingsDep) -> Response:
    with db.read() as session:
        room = rooms.read(session, rooms.find(session, slug))
    headers = {"Content-Disposition": f'attachment; filename="{slug}.ics"', "Cache-Control": "no-store"}
    body = calendar_file(room, settings.base_url)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/live/{slug}/mua/{code}")
def buy_sheet(slug: str, code: str, db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        room = replays.with_prices(session, rooms.read(session, rooms.find(session, slug)), now)
        return _sheet(page, room, code, _mine(session, room, visit.cookie(COOKIE), now))


@router.post("/live/{slug}/mua/{code}")
def buy(
    slug: str,
    code: str,
    form: BuyForm,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    hub: HubDep,
    limits: LimitsDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    person = visit.person
    limits.count("live-buy", visit.visitor_key, times=60, per_s=60)
    refused, status, hold_for = "", 200 if form.ok else 422, timedelta(minutes=settings.live_hold_minutes)
    try:
        if form.ok:
            with db.write() as session:
                cart_id = cart_of(session, visit, person, now)
                _hold(session, slug, code, form.value, cart_id, visit.visitor_key, hold_for, now)
            hub.whisper(live_room(slug), visit.visitor_key, "mine-changed")
            if not page.wants_fragment:
                return page.go("/gio-hang", "held-live" if form.value.quantity else "removed-from-cart")
    except Refusal as refusal:  # said on the sheet, beside the number to change
        refused, status = sentence(page.templates, refusal), refusal.status
    with db.read() as session:
        room = replays.with_prices(session, rooms.read(session, rooms.find(session, slug)), now)
        mine = _mine(session, room, _cart_id(visit, page), now)
        return _sheet(page, room, code, mine, status, refused, done=status == 200)


def _hold(
    session: Session,
    slug: str,
    code: str,
    told: Buy,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
) -> None:
    """In the room from what was set aside, in the replay from ordinary sale."""
    row, rest = rooms.find(session, slug), (cart_id, visitor_key, hold_for, now, told.seen_vnd or None)
    if row.state == SessionState.REPLAY:
        replays.claim(session, row, code, told.quantity, *rest)
    else:
        press(session, row.slug, code, told.quantity, *rest)


def _cart_id(visit: VisitDep, page: Page) -> str | None:
    """The cart of this visitor, also when it was opened a moment ago and its cookie is still on the way."""
    fresh = [value for name, value, _age in page.cookies if name == COOKIE]
    return fresh[-1] if fresh else visit.cookie(COOKIE)


def _sheet(
    page: Page, room: Room, code: str, mine: CartView, status: int = 200, refused: str = "", *, done: bool = False
) -> Response:
    item = room.item(code)
    if item is None:
        raise NoSuchItem(code=code)
    line = next((line for line in mine.lines if line.variant_id == item.variant.id), None)
    facts: dict[str, Any] = {"room": room, "item": item, "line": line, "refused": refused, "done": done}
    return page("live/buy.html", block="buy", status=status, **facts)


def _mine(session: Session, room: Room, cart_id: str | None, now: datetime) -> CartView:
    """What this visitor holds of this session."""
    whole = cart.view(session, cart_id, now)
    key = live.live_owner(room.live.id)
    return CartView(whole.id, [
        type(parcel)(parcel.coop, lines)
        for parcel in whole.parcels
        if (lines := [line for line in parcel.lines if line.is_live and f"{line.live_key}:".startswith(f"{key}:")])
    ])  # fmt: skip


@router.get("/live/{slug}/cua-toi")
def held(slug: str, db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    """What I hold in this room: private, asked for by the page once it is open."""
    with db.read() as session:
        room = rooms.read(session, rooms.find(session, slug))
        mine = _mine(session, room, visit.cookie(COOKIE), now)
        count = cart.count(session, visit.cookie(COOKIE))
        known = visit.cookie(VISITOR)  # none is made here: the stream opens in the same moment and makes its own
        unheard = talk.unheard(session, room.live.id, known) if known and room.live.talks else []
    return page("live/held.html", block="held", room=room, mine=mine, cart_count=count, unheard=unheard)


@router.post("/live/{slug}/bao-vi-pham")
def report(
    slug: str, form: ReportForm, db: DatabaseDep, visit: VisitDep, page: PageDep, limits: LimitsDep, now: NowDep
) -> Response:
    limits.count("live-report", visit.visitor_key, times=10, per_s=3600)
    if form.ok:
        with db.write() as session:
            row = rooms.find(session, slug)
            sentence = talk.as_evidence(session, row.id, form.value.sentence)
            reports.report(session, row, visit.visitor_key, form.value.reason, form.value.words, now, sentence)
    return page("live/reported.html", block="reported", status=200 if form.ok else 422, slug=slug, ok=form.ok)
