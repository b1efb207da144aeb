"""The replay by the seller's choice: who may see it, and at which price its goods sell.

Its goods come from ordinary sale, for what was set aside went home with the end. A price of the replay holds them as
the room did: so long at that price, then at the ordinary one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlmodel import Session

from livestream.abuse import require_room
from livestream.deals import prices
from livestream.models import STOPPED, LiveClaim, LiveItem, LiveSession, Replay, SessionState
from livestream.room import Item, Room
from livestream.schedule import LivePriceTooHigh, NoSuchItem, items_of, session_of
from livestream.service import ItemBlocked, LiveSoldOut, NotOnAir, TooManyForOne, live_owner
from livestream.taken import steps_taken
from shop.cart import service as cart
from shop.catalog import offers
from shop.catalog import service as catalog
from shop.catalog.service import VariantView
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.pagecache import bump
from shop.stock import service as stock


@dataclass(frozen=True)
class Choice:
    """Who sees the replay, and what a step costs there by item; an item without a price sells at the ordinary one."""

    replay: Replay
    prices_vnd: Mapping[int, int]


def choose(session: Session, live_id: int, choice: Choice, person: Person, now: datetime) -> None:
    """The seller's word on the replay, before the session or after it; holds made before keep their price. Audited.

    Raises NoSuchItem, LivePriceTooHigh, NotOnAir when the session was stopped.
    """
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)
    if live.state in STOPPED:
        raise NotOnAir(title=live.title)
    items = {item.id: item for item in items_of(session, live_id)}
    if not choice.prices_vnd.keys() <= items.keys():
        raise NoSuchItem(code="")
    for item in items.values():
        if (price_vnd := choice.prices_vnd.get(item.id)) != item.replay_price_vnd:
            _set_price(session, live, item, price_vnd, person, now)
    if choice.replay != live.replay:
        audit(session, person, "replay", live_owner(live_id), live.replay, choice.replay, now, live.coop_id)
        live.replay = choice.replay
    bump(session, "live", "sitemap", f"session:{live_id}")


def _set_price(
    session: Session, live: LiveSession, item: LiveItem, price_vnd: int | None, person: Person, now: datetime
) -> None:
    lowest_vnd = offers.lowest_ordinary_price(session, item.variant_id, now)
    if price_vnd is not None and price_vnd > lowest_vnd:
        name = catalog.variants(session, [item.variant_id])[item.variant_id].product_name
        raise LivePriceTooHigh(name=name, price_vnd=lowest_vnd)
    subject = f"{live_owner(live.id)}:{item.code}"
    audit(session, person, "replay_price_vnd", subject, item.replay_price_vnd, price_vnd, now, live.coop_id)
    item.replay_price_vnd = price_vnd


def with_prices(session: Session, room: Room, now: datetime) -> Room:
    """The room with what its goods cost in the replay; unchanged when it is none."""
    if room.live.state != SessionState.REPLAY or room.live.is_kept_back:
        return room
    cheaper = [item for item in room.items if _counts(session, item.variant, item.replay_price_vnd, now)]
    free = stock.available(session, [item.variant.id for item in cheaper])
    again = {item.id: _again(item, free[item.variant.id]) for item in cheaper if free[item.variant.id] > 0}
    return replace(room, items=[again.get(item.id, item) for item in room.items])


def _again(item: Item, free: int) -> Item:
    return replace(item, live_price_vnd=item.replay_price_vnd or item.live_price_vnd, free_again=free)


def _counts(session: Session, variant: VariantView, price_vnd: int | None, now: datetime) -> bool:
    """Whether the price is one below the ordinary price of today and of the last days; otherwise that one is paid.

    Source: law on e-commerce 122/2025/QH15, Art. 6.1.d; see shop.core.dated.REFERENCE_PRICE_DAYS.
    """
    if price_vnd is None or price_vnd >= variant.price_vnd or not variant.on_sale:
        return False
    return price_vnd <= offers.lowest_ordinary_price(session, variant.id, now)


def claim(
    session: Session,
    live: LiveSession,
    code: str,
    quantity: int,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
    seen_vnd: int | None = None,
) -> None:
    """Hold `quantity` steps at the price of the replay, all or none; 0 gives back. Whoever holds keeps the price.

    Raises NotOnAir when it has no price of its own (any more), NoSuchItem, ItemBlocked, TooManyForOne, TooManyOpen,
    LiveSoldOut, HeldAtItsOldPrice, DearerNow: then nothing has changed.
    """
    item = next((one for one in items_of(session, live.id) if one.code == code), None)
    if item is None:
        raise NoSuchItem(code=code)
    variant = catalog.variants(session, [item.variant_id])[item.variant_id]
    owner, key = f"{live_owner(live.id)}:replay:{item.id}:{cart_id}", f"{live_owner(live.id)}:replay"
    held = prices.held(session, owner, now)
    stock.release_holds(session, owner, now)
    if quantity <= 0:
        cart.remove(session, cart_id, item.variant_id, key, now)
        return
    price_vnd = _price(session, live, item, variant, quantity, held, now)
    if seen_vnd is not None and price_vnd > seen_vnd:
        raise prices.DearerNow(name=variant.shown_name, price_vnd=price_vnd, deal_left=0)
    if held is None:
        require_room(session, visitor_key, "", now)
    until = held.until if held else now + hold_for
    told = {"hold_owner": owner, "held_until": until, "quantity": quantity, "price_vnd": price_vnd}
    _hold(session, item, variant, cart_id, key, told, now)
    run(session, insert(LiveClaim).values(session_id=live.id, item_id=item.id, visitor_key=visitor_key, at=now, **told))
    if steps_taken(session, item.id, visitor_key, now) > (most := min(item.most_per_buyer, variant.most_steps)):
        raise TooManyForOne(name=variant.shown_name, most=most)


def _price(
    session: Session,
    live: LiveSession,
    item: LiveItem,
    variant: VariantView,
    quantity: int,
    held: prices.Held | None,
    now: datetime,
) -> int:
    if not variant.on_sale:
        raise ItemBlocked(name=variant.shown_name, code=item.code, left=0)
    counts = live.state == SessionState.REPLAY and _counts(session, variant, item.replay_price_vnd, now)
    if held is None and not counts:
        raise NotOnAir(title=live.title)
    price_vnd = item.replay_price_vnd if counts and item.replay_price_vnd else variant.price_vnd
    return prices.price_for(price_vnd, None, 0, quantity, held).price_vnd


def _hold(
    session: Session,
    item: LiveItem,
    variant: VariantView,
    cart_id: str,
    key: str,
    told: dict[str, object],
    now: datetime,
) -> None:
    pool = stock.pool_of(session, item.variant_id)
    try:
        stock.take_holds(session, {pool.id: told["quantity"]}, told["hold_owner"], told["held_until"], now)  # type: ignore[dict-item,arg-type]  # mixed values
    except stock.SoldOut as refusal:
        left = refusal.facts["lines"][0]["left"]
        raise LiveSoldOut(name=variant.shown_name, code=item.code, left=left) from refusal
    place = {"variant_id": item.variant_id, "live_key": key, "pool_id": pool.id, "price_kind": "replay"}
    cart.add_live_hold(session, cart_id, now=now, **place, **told)  # type: ignore[arg-type]  # mixed values
