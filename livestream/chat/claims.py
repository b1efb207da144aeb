"""From a comment to goods in a cart: held in the order of the sentences, else a place in the line, served in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from livestream import service as live
from livestream.chat.models import HOLDING, OPEN, Claim, ClaimState, LiveChat, LiveSpeaker
from livestream.chat.reading import PIECES, Kind, Reading, Wanted
from livestream.deals.prices import HeldAtItsOldPrice
from livestream.models import ON_AIR, LiveItem, LiveSession
from livestream.schedule import items_of, session_of
from shop.cart import service as cart
from shop.catalog import service as catalog
from shop.catalog.models import VariantKind
from shop.core.db import Database, insert_once, run
from shop.core.pagecache import bump
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState, Pool

UNPROVED = timedelta(minutes=2)
"""So long a hold stands for somebody elsewhere who has not opened the pay link yet."""


@dataclass
class Desk:
    """The chat of one session, locked for this transaction, with what its items are and who claims what."""

    session: Session
    live: LiveSession
    chat: LiveChat
    items: dict[str, LiveItem]
    codes: dict[str, int]
    most: dict[int, int]
    hold_for: timedelta
    now: datetime
    sold_out: set[int] = field(default_factory=set)
    speaking: int = 0
    """The sentence being decided."""


def desk_of(session: Session, live_id: int, hold_for: timedelta, now: datetime) -> Desk:
    """Lock the chat of a session: from here on its sentences come one after the other. Raises NoSuchSession."""
    row = session_of(session, live_id)
    insert_once(session, LiveChat, {"session_id": live_id, "last_number": 0, "slow_s": 0, "words": ""}, ["session_id"])
    chat = session.get_one(LiveChat, live_id, with_for_update=True, populate_existing=True)
    session.refresh(row)
    items = items_of(session, live_id)
    variants = catalog.variants(session, [item.variant_id for item in items])
    codes = {item.code: _step_g(variants[item.variant_id]) for item in items}
    most = {item.id: min(item.most_per_buyer, variants[item.variant_id].most_steps) for item in items}
    return Desk(session, row, chat, {item.code: item for item in items}, codes, most, hold_for, now)


def _step_g(variant: catalog.VariantView) -> int:
    return variant.step_g if variant.kind == VariantKind.LOOSE else PIECES


def decide(desk: Desk, speaker: LiveSpeaker, number: int, reading: Reading) -> str:
    """Do what a sentence asks for; returns what became of it: "A1 held 2; A2 waiting 1"."""
    if reading.kind not in (Kind.ORDER, Kind.CANCEL, Kind.CHANGE):
        return ""
    if not desk.live.on_air:
        return "off-air"
    if speaker.silenced == "blocked":
        return "blocked"
    return "; ".join(_decide(desk, speaker, number, wanted, reading) for wanted in reading.items)


def _decide(desk: Desk, speaker: LiveSpeaker, number: int, wanted: Wanted, reading: Reading) -> str:
    item = desk.items[wanted.code]
    mine = open_claim(desk.session, speaker.id, item.id)
    if not wanted.quantity:
        return f"{item.code} {'cancelled' if mine and give_back(desk, mine) else 'nothing-held'}"
    before = mine.quantity if mine else 0
    wish = wanted.quantity if reading.exact else max(before, wanted.quantity)
    wish = before + wanted.quantity if reading.more else wish
    if mine and wish == before:
        mine.last_number = number
        return f"{item.code} same {before}"
    return f"{item.code} {want(desk, speaker, number, item, wish, mine)} {wish}"


def want(
    desk: Desk, speaker: LiveSpeaker, number: int, item: LiveItem, quantity: int, mine: Claim | None = None
) -> str:
    """Claim so many steps, or change an open claim to that; returns `held`, `waiting`, `too-many` or `short`."""
    if quantity > desk.most[item.id]:
        return "too-many"
    if mine is None:
        mine = Claim(
            session_id=desk.live.id,
            item_id=item.id,
            speaker_id=speaker.id,
            number=number,
            last_number=number,
            quantity=quantity,
            made_at=desk.now,
        )
        desk.session.add(mine)
        desk.session.flush()
    elif mine.state in HOLDING:
        before, mine.quantity, mine.last_number = mine.quantity, quantity, number
        if (refused := _hold(desk, mine, item, speaker)) is None:
            desk.sold_out.discard(item.id)
            serve(desk, item)  # less may be held than before
            return "held"
        mine.quantity = before
        return refused
    else:
        mine.quantity, mine.last_number = quantity, number
    serve(desk, item)
    return "too-many" if mine.state == ClaimState.CANCELLED else str(mine.state)


def open_claim(session: Session, speaker_id: int, item_id: int) -> Claim | None:
    """What this speaker waits for or holds of an item."""
    mine = select(Claim).where(Claim.speaker_id == speaker_id, Claim.item_id == item_id, col(Claim.state).in_(OPEN))
    return session.exec(mine).first()


def serve(desk: Desk, item: LiveItem) -> list[Claim]:
    """Give what is free to those who wait, in their order; one that wants more than is left lets the next pass."""
    served: list[Claim] = []
    while item.id not in desk.sold_out and desk.live.on_air:
        pool = select(col(Pool.on_hand) - col(Pool.held)).where(Pool.id == item.pool_id)
        free = desk.session.exec(pool).one()
        queue = select(Claim).where(Claim.item_id == item.id, Claim.state == ClaimState.WAITING)
        fits = queue.where(Claim.quantity <= free).order_by(col(Claim.number), col(Claim.id)).limit(1)
        first = desk.session.exec(fits).first() if free > 0 else None
        if first is None:
            if free <= 0:
                desk.sold_out.add(item.id)
            break
        waited = first.last_number != desk.speaking
        refused = _hold(desk, first, item, desk.session.get_one(LiveSpeaker, first.speaker_id))
        if refused == "too-many":
            first.state = ClaimState.CANCELLED
        elif refused:
            break  # somebody pressed the button in this moment
        else:
            first.state = ClaimState.PROMOTED if waited else ClaimState.HELD
            first.promoted_at = desk.now if waited else None
            served.append(first)
        desk.session.flush()
    return served


def _hold(desk: Desk, mine: Claim, item: LiveItem, speaker: LiveSpeaker) -> str | None:
    """Hold what a claim says, in its speaker's cart, at the live price. Returns why not: `too-many`, `short`."""
    session = desk.session
    if speaker.cart_id is None:
        speaker.cart_id = cart.open_cart(session, None, desk.now)
    key, hold_for = speaker.visitor_key or speaker.key, desk.hold_for if speaker.proved_at else UNPROVED
    try:
        with session.begin_nested():
            facts = (desk.live.slug, item.code, mine.quantity, speaker.cart_id, key, hold_for, desk.now)
            claimed = live.claim(session, *facts)
    except (live.TooManyForOne, HeldAtItsOldPrice):
        return "too-many"
    except (live.LiveSoldOut, cart.FullCart):
        return "short"
    (hold,) = stock.open_holds(session, live.hold_owner(desk.live.id, item.id, speaker.cart_id))
    mine.hold_id, mine.price_vnd, mine.held_until = hold.id, claimed.price_vnd, claimed.held_until
    return None


def give_back(desk: Desk, mine: Claim) -> bool:
    """End a claim; what it held goes to the next in the line."""
    item = next(item for item in desk.items.values() if item.id == mine.item_id)
    speaker = desk.session.get_one(LiveSpeaker, mine.speaker_id)
    if mine.state in HOLDING and speaker.cart_id:
        stock.release_holds(desk.session, live.hold_owner(desk.live.id, item.id, speaker.cart_id), desk.now)
        cart.remove(desk.session, speaker.cart_id, item.variant_id, live.live_owner(desk.live.id), desk.now)
    mine.state = ClaimState.CANCELLED
    desk.session.flush()
    desk.sold_out.discard(item.id)
    serve(desk, item)
    bump(desk.session, f"session:{desk.live.id}")
    return True


def press(
    session: Session,
    slug: str,
    code: str,
    quantity: int,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
    seen_vnd: int | None = None,
) -> live.Claimed:
    """The button "Giữ hàng" in a room where people also comment: nobody passes those who wait.

    As `service.claim`; an open claim of the same cart follows what the button did.
    """
    claimed_here = select(LiveItem).join(LiveSession, col(LiveSession.id) == LiveItem.session_id)
    item = session.exec(claimed_here.where(LiveSession.slug == slug, LiveItem.code == code)).first()
    waiting = select(Claim.id).where(Claim.item_id == (item.id if item else 0), col(Claim.state).in_(OPEN)).limit(1)
    if item is None or session.exec(waiting).first() is None:
        return live.claim(session, slug, code, quantity, cart_id, visitor_key, hold_for, now, seen_vnd)
    desk = desk_of(session, item.session_id, hold_for, now)
    serve(desk, item)
    claimed = live.claim(session, slug, code, quantity, cart_id, visitor_key, hold_for, now, seen_vnd)
    mine = select(Claim).join(LiveSpeaker, col(LiveSpeaker.id) == Claim.speaker_id)
    mine = mine.where(LiveSpeaker.cart_id == cart_id, Claim.item_id == item.id, col(Claim.state).in_(OPEN))
    if (claim := session.exec(mine).first()) is not None:
        if quantity <= 0:
            give_back(desk, claim)
        else:
            (hold,) = stock.open_holds(session, live.hold_owner(desk.live.id, item.id, cart_id))
            claim.state = ClaimState.HELD if claim.state == ClaimState.WAITING else claim.state
            claim.quantity, claim.hold_id, claim.held_until = hold.quantity, hold.id, hold.expires_at
            claim.price_vnd = claimed.price_vnd
    return claimed


def tend(db: Database, now: datetime, hold_for: timedelta) -> None:
    """Timed job: claims follow their holds (ordered, lapsed, given back), and what fell free goes to those who wait."""
    with db.read() as session:
        busy = list(session.exec(select(Claim.session_id).where(col(Claim.state).in_(OPEN)).distinct()))
        past = (col(Hold.state) == HoldState.OPEN, col(Hold.expires_at) <= now, col(Hold.owner).startswith("live:"))
        late = session.exec(select(Hold.id).where(*past).limit(1)).first() is not None
        idle = [live_id for live_id in busy if not (late or _astray(session, live_id) or _can_serve(session, live_id))]
    if late:
        with db.write() as session:
            stock.release_expired(session, now)
    for live_id in sorted(set(busy) - set(idle)):
        with db.write() as session:
            follow(desk_of(session, live_id, hold_for, now))


def _can_serve(session: Session, live_id: int) -> bool:
    fits = (
        select(Claim.id)
        .join(LiveItem, col(LiveItem.id) == Claim.item_id)
        .join(Pool, col(Pool.id) == LiveItem.pool_id)
        .join(LiveSession, col(LiveSession.id) == Claim.session_id)
        .where(Claim.session_id == live_id, Claim.state == ClaimState.WAITING)
        .where(or_(col(Pool.on_hand) - col(Pool.held) >= Claim.quantity, col(LiveSession.state).not_in(ON_AIR)))
    )
    return session.exec(fits.limit(1)).first() is not None


def _astray(session: Session, live_id: int) -> list[tuple[Claim, Hold]]:
    """Claims whose hold is no longer what it was: ordered, returned, or taken anew by the button."""
    held = select(Claim, Hold).join(Hold, col(Hold.id) == Claim.hold_id).where(Claim.session_id == live_id)
    other = or_(
        col(Hold.state) != HoldState.OPEN,
        col(Hold.owner).startswith("order:"),
        col(Hold.expires_at) != col(Claim.held_until),
    )
    return list(session.exec(held.where(col(Claim.state).in_(HOLDING), other)).all())


def follow(desk: Desk) -> None:
    """Let every claim say what became of its hold, then serve those who wait; after the end nobody waits."""
    for claim, hold in _astray(desk.session, desk.live.id):
        if hold.owner.startswith("order:"):
            claim.state, claim.order_id = ClaimState.ORDERED, int(hold.owner.removeprefix("order:"))
        elif hold.state == HoldState.OPEN:
            claim.held_until = hold.expires_at
        elif again := stock.open_holds(desk.session, hold.owner):
            claim.hold_id, claim.quantity, claim.held_until = again[0].id, again[0].quantity, again[0].expires_at
        else:
            fell = hold.expires_at is not None and hold.expires_at <= desk.now
            claim.state = ClaimState.LAPSED if fell else ClaimState.CANCELLED
    desk.session.flush()
    if not desk.live.on_air:
        waiting = (col(Claim.session_id) == desk.live.id, col(Claim.state) == ClaimState.WAITING)
        run(desk.session, update(Claim).where(*waiting).values(state=ClaimState.LAPSED))
    for item in desk.items.values():
        serve(desk, item)
    bump(desk.session, f"session:{desk.live.id}")


def places(session: Session, live_id: int) -> dict[int, int]:
    """The place in the line of every claim that waits, by claim; the first has 1."""
    place = func.row_number().over(partition_by=col(Claim.item_id), order_by=(col(Claim.number), col(Claim.id)))
    rows = session.exec(select(Claim.id, place).where(Claim.session_id == live_id, Claim.state == ClaimState.WAITING))
    return {claim_id: int(at) for claim_id, at in rows}


def of_speakers(session: Session, live_id: int, speaker_ids: Iterable[int]) -> dict[int, list[Claim]]:
    """All claims of these speakers in a session."""
    theirs = select(Claim).where(Claim.session_id == live_id, col(Claim.speaker_id).in_(set(speaker_ids)))
    found: dict[int, list[Claim]] = {}
    for claim in session.exec(theirs.order_by(col(Claim.id))):
        found.setdefault(claim.speaker_id, []).append(claim)
    return found


def promoted_since(session: Session, live_id: int, since: datetime | None) -> list[tuple[str, datetime]]:
    """Visitors of the room who waited and hold now, with the time, since then; the earliest first."""
    got = select(LiveSpeaker.visitor_key, col(Claim.promoted_at)).join(Claim, col(Claim.speaker_id) == LiveSpeaker.id)
    got = got.where(Claim.session_id == live_id, LiveSpeaker.visitor_key != "", col(Claim.promoted_at).is_not(None))
    if since is not None:
        got = got.where(col(Claim.promoted_at) > since)
    return [(key, at) for key, at in session.exec(got.order_by(col(Claim.promoted_at)).limit(200)) if at is not None]
