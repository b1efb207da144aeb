"""On air: start, pin, price, reserve, end. The server's clock decides; a hold made before the end keeps its price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from livestream.abuse import require_room
from livestream.deals import prices
from livestream.deals.models import LiveDealTake
from livestream.gate import service as gate
from livestream.models import (
    AHEAD,
    CHANGEABLE,
    ON_AIR,
    LiveClaim,
    LiveItem,
    LivePin,
    LiveSession,
    SessionState,
)
from livestream.moves import move, settle
from livestream.schedule import LivePriceTooHigh, NoSuchItem, NoSuchSession, item_by_id, items_of, session_of
from livestream.taken import steps_taken
from shop.cart import service as cart
from shop.catalog import offers
from shop.catalog import service as catalog
from shop.catalog.service import VariantView
from shop.coops import service as coops
from shop.core.audit import audit
from shop.core.db import AGAINST_CHANGE, run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump
from shop.core.prepared import Prepared
from shop.stock import service as stock
from shop.stock.turns import in_turn


class NotOnAir(Refusal):
    """The session has not begun, or it is over: the live price does not count now. Facts: title."""


class NothingToSell(Refusal):
    """A session without items does not start."""


class AlreadyBegun(Refusal):
    """This session is on air, over or cancelled: it cannot start. Facts: title."""


class LiveSoldOut(Refusal):
    """Less is left at the live price than was wanted. Facts: name, code, left."""


class ItemBlocked(LiveSoldOut):
    """The product was taken off sale while it was shown: nobody reserves more of it. Facts: name, code, left."""


class TooManyForOne(Refusal):
    """The session sells at most so many of this to one buyer. Facts: name, most."""


@dataclass(frozen=True)
class Short:
    """An item of which less could be set aside than the host asked for."""

    code: str
    wanted: int
    allotted: int


def live_owner(live_id: int) -> str:
    """The name under which a session's pools and offers stand."""
    return f"live:{live_id}"


def hold_owner(live_id: int, item_id: int, cart_id: str) -> str:
    """The name under which a buyer's hold of one item stands."""
    return f"live:{live_id}:{item_id}:{cart_id}"


def start(session: Session, live_id: int, person: Person | None, now: datetime, *only: SessionState) -> list[Short]:
    """Go on air: set every item's allotment aside, open the live prices, pin the first item.

    Returns the items of which less was left than wanted. Raises NothingToSell, AlreadyBegun, AlreadyOnAir, GateClosed,
    CoopNotVerified, PoliciesMissing. Who may do it is the route's question; `only` narrows from which state.
    """
    live = session_of(session, live_id)
    coops.require_selling(session, [live.coop_id])
    items = items_of(session, live_id)
    if not items:
        raise NothingToSell
    if live.state in CHANGEABLE:  # whoever is STARTING has passed
        gate.require_ready(session, live, now)
    if not move(session, live, SessionState.LIVE, person, now, *(only or AHEAD), started_at=now):
        raise AlreadyBegun(title=live.title)
    homes = stock.pools_of(session, [item.variant_id for item in items])
    in_turn(session, [pool.id for pool in homes.values()])
    short = [missing for item in items if (missing := _set_aside(session, item, person, now))]
    pin(session, live_id, items[0].id, now)
    _tell(session, live_id, items)
    return sorted(short, key=lambda missing: missing.code)


def _set_aside(session: Session, item: LiveItem, person: Person | None, now: datetime) -> Short | None:
    owner = live_owner(item.session_id)
    pool = stock.open_live_pool(session, item.variant_id, owner, item.wanted, now, person)
    item.pool_id, item.allotted = pool.id, pool.on_hand
    offers.open_offer(session, item.variant_id, owner, item.live_price_vnd, starts_at=now)
    session.flush()
    return Short(item.code, item.wanted, pool.on_hand) if pool.on_hand < item.wanted else None


def pin(session: Session, live_id: int, item_id: int | None, now: datetime, person: Person | None = None) -> None:
    """Show an item large, or none. Raises NotOnAir, NoSuchItem; pinning what is pinned changes nothing."""
    live = session_of(session, live_id)
    if item_id is not None:
        item_by_id(session, live_id, item_id)
    on_air = (col(LiveSession.id) == live_id, col(LiveSession.state).in_(ON_AIR))
    pinned = update(LiveSession).where(*on_air).values(pinned_item_id=item_id)
    if not run(session, pinned).rowcount:  # locks the session's row, so pins come one after the other
        raise NotOnAir(title=live.title)
    last = session.exec(
        select(LivePin).where(LivePin.session_id == live_id, col(LivePin.unpinned_at).is_(None))
    ).first()
    if last is not None and last.item_id == item_id:
        return
    if last is not None:
        run(session, update(LivePin).where(col(LivePin.id) == last.id).values(unpinned_at=now))
    who = person.id if person else None
    if item_id is not None:
        run(session, insert(LivePin).values(session_id=live_id, item_id=item_id, pinned_at=now, person_id=who))
    bump(session, f"session:{live_id}")


def set_price(session: Session, live_id: int, item_id: int, price_vnd: int, person: Person, now: datetime) -> None:
    """Change a live price, before the session or on air; who holds already keeps the price of the hold.

    Raises LivePriceTooHigh, NoSuchItem, NotOnAir when the session is over.
    """
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=AGAINST_CHANGE)
    item = item_by_id(session, live_id, item_id)
    ordinary_vnd = offers.lowest_ordinary_price(session, item.variant_id, now)
    if price_vnd > ordinary_vnd:
        name = catalog.variants(session, [item.variant_id])[item.variant_id].product_name
        raise LivePriceTooHigh(name=name, price_vnd=ordinary_vnd)
    if not (live.on_air or live.state in (*CHANGEABLE, SessionState.STARTING)):
        raise NotOnAir(title=live.title)
    subject, before_vnd = f"{live_owner(live_id)}:{item.code}", item.live_price_vnd
    audit(session, person, "live_price_vnd", subject, before_vnd, price_vnd, now, live.coop_id)
    item.live_price_vnd = price_vnd
    if live.on_air:
        offers.open_offer(session, item.variant_id, live_owner(live_id), price_vnd, starts_at=now)
    bump(session, f"session:{live_id}")


def end(session: Session, live_id: int, person: Person | None, now: datetime) -> int:
    """Go off air: live prices close, what is free returns to ordinary sale at once, holds keep their own time.

    A session that showed a camera's picture waits in ENDING for the last of it. Returns how many units went home.
    Raises NotOnAir.
    """
    live = session_of(session, live_id)
    if not move(session, live, SessionState.ENDING, person, now, ended_at=now, pinned_item_id=None):
        raise NotOnAir(title=live.title)
    home = close_sale(session, live_id, person, now)
    if not live.has_video:
        settle(session, live, 0, now)
    return home


def close_sale(session: Session, live_id: int, person: Person | None, now: datetime) -> int:
    """Nothing is shown or sold at the live price from now on; returns how many units went home. Again: nothing."""
    still_shown = (col(LivePin.session_id) == live_id, col(LivePin.unpinned_at).is_(None))
    run(session, update(LivePin).where(*still_shown).values(unpinned_at=now))
    offers.close_offers(session, live_owner(live_id), now)
    home = stock.close_live_pool(session, live_owner(live_id), now, person)
    _tell(session, live_id, items_of(session, live_id))
    return home


def _tell(session: Session, live_id: int, items: list[LiveItem]) -> None:
    """The lists of sessions, the room, and the product pages that say "on air" or not."""
    variants = catalog.variants(session, [item.variant_id for item in items])
    products = {f"product:{variant.product_id}" for variant in variants.values()}
    bump(session, "live", f"session:{live_id}", "lists", *sorted(products))


@dataclass(frozen=True)
class Claimed:
    """What a buyer holds after a claim, at which price of one step, until when."""

    code: str
    name: str
    quantity: int
    price_vnd: int
    held_until: datetime
    deal_id: int | None = None

    @property
    def total_vnd(self) -> int:
        return self.price_vnd * self.quantity


def claim(
    session: Session,
    slug: str,
    code: str,
    quantity: int,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
    seen_vnd: int | None = None,
) -> Claimed:
    """Reserve `quantity` steps (all together, not more) for this cart at the price of `deals.prices`.

    `most_per_buyer` counts what this visitor holds in whatever cart and has ordered; never by network address.
    Pressing again changes the number; the first press decides until when, so that nobody keeps goods for ever.
    0 gives back. Whoever says which price was seen is never charged more. Raises NoSuchSession, NoSuchItem, NotOnAir,
    TooManyForOne, TooManyOpen, LiveSoldOut, HeldAtItsOldPrice, DearerNow: then nothing has changed.
    """
    live, item = _on_air(session, slug, code)
    variant = catalog.variants(session, [item.variant_id])[item.variant_id]
    return claim_item(session, live, item, variant, quantity, cart_id, visitor_key, hold_for, now, seen_vnd)


def claim_item(
    session: Session,
    live: LiveSession,
    item: LiveItem,
    variant: VariantView,
    quantity: int,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
    seen_vnd: int | None = None,
    phone: str = "",
) -> Claimed:
    """As `claim`, for one who knows the item already, as the desk does that takes in many sentences."""
    if not live.on_air:
        raise NotOnAir(title=live.title)
    if quantity > 0 and not variant.on_sale:
        raise ItemBlocked(name=variant.shown_name, code=item.code, left=0)
    if quantity > (most := min(item.most_per_buyer, variant.most_steps)):
        raise TooManyForOne(name=variant.shown_name, most=most)
    owner = hold_owner(live.id, item.id, cart_id)
    deal = prices.running(session, item.id, now, lock=True)  # before any pool: two claims never wait crosswise
    held = prices.held(session, owner, now)
    if held is None and quantity > 0:
        require_room(session, visitor_key, phone, now)
    stock.release_holds(session, owner, now)
    if quantity <= 0:
        cart.remove(session, cart_id, item.variant_id, live_owner(live.id), now)
        return Claimed(item.code, variant.shown_name, 0, item.live_price_vnd, held.until if held else now)
    price = _price(session, item, variant, deal, held, quantity, visitor_key, now)
    if seen_vnd is not None and price.price_vnd > seen_vnd:
        raise prices.DearerNow(name=variant.shown_name, price_vnd=price.price_vnd, deal_left=deal.left if deal else 0)
    until = held.until if held else now + hold_for
    claimed = Claimed(item.code, variant.shown_name, quantity, price.price_vnd, until, price.deal_id)
    _reserve(session, item, cart_id, visitor_key, owner, claimed, now)
    if steps_taken(session, item.id, visitor_key, now) > most:  # asked last: presses come in turn at the pool's row
        raise TooManyForOne(name=variant.shown_name, most=most)
    return claimed


def _price(
    session: Session,
    item: LiveItem,
    variant: VariantView,
    deal: prices.Deal | None,
    held: prices.Held | None,
    quantity: int,
    visitor_key: str,
    now: datetime,
) -> prices.Price:
    """What this buyer pays; what was held is let go already, so it does not count against the deal."""
    offered = offers.prices_now(session, live_owner(item.session_id), now)
    live_price_vnd = offered.get(item.variant_id, variant.price_vnd)
    if deal is None:
        return prices.price_for(live_price_vnd, None, 0, quantity, held)
    left = deal.quantity - prices.taken(session, [deal.id]).get(deal.id, 0)
    mine = prices.taken(session, [deal.id], visitor_key).get(deal.id, 0)
    return prices.price_for(live_price_vnd, replace(deal, left=left), mine, quantity, held)


_CLAIM = Prepared(insert(LiveClaim.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it


def _reserve(
    session: Session, item: LiveItem, cart_id: str, visitor_key: str, owner: str, claimed: Claimed, now: datetime
) -> None:
    pool_id = item.pool_id or stock.pool_of(session, item.variant_id, live_owner(item.session_id)).id
    try:
        stock.take_holds(session, {pool_id: claimed.quantity}, owner, claimed.held_until, now)
    except stock.SoldOut as refusal:
        left = refusal.facts["lines"][0]["left"]
        raise LiveSoldOut(name=claimed.name, code=claimed.code, left=left) from refusal
    cart.add_live_hold(
        session,
        cart_id,
        variant_id=item.variant_id,
        live_key=live_owner(item.session_id),
        pool_id=pool_id,
        quantity=claimed.quantity,
        price_vnd=claimed.price_vnd,
        hold_owner=owner,
        held_until=claimed.held_until,
        now=now,
        price_kind="deal" if claimed.deal_id else "live",
    )
    facts = {"session_id": item.session_id, "item_id": item.id, "hold_owner": owner, "quantity": claimed.quantity}
    facts |= {"visitor_key": visitor_key, "price_vnd": claimed.price_vnd, "held_until": claimed.held_until, "at": now}
    run(session, _CLAIM, facts)
    if claimed.deal_id:
        (hold,) = stock.open_holds(session, owner)
        session.add(LiveDealTake(hold_id=hold.id, deal_id=claimed.deal_id, visitor_key=visitor_key))
        session.flush()


def _on_air(session: Session, slug: str, code: str) -> tuple[LiveSession, LiveItem]:
    live = session.exec(select(LiveSession).where(LiveSession.slug == slug)).first()
    if live is None:
        raise NoSuchSession
    item = session.exec(select(LiveItem).where(LiveItem.session_id == live.id, LiveItem.code == code)).first()
    if item is None:
        raise NoSuchItem(code=code)
    return live, item


def note_viewers(session: Session, live_id: int, viewers: int) -> None:
    """Remember the most viewers at once."""
    fewer = (col(LiveSession.id) == live_id, col(LiveSession.peak_viewers) < viewers)
    run(session, update(LiveSession).where(*fewer).values(peak_viewers=viewers))
