"""From a comment to goods in a cart: held in the order of the sentences, else a place in the line, served in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from livestream import service as live
from livestream.abuse import TooManyOpen
from livestream.chat import pay_letters
from livestream.chat.models import HOLDING, OPEN, Claim, ClaimState, LiveChat, LiveComment, LiveSpeaker
from livestream.chat.reading import PIECES, Kind, Reading, Wanted
from livestream.deals import pauses
from livestream.deals.prices import HeldAtItsOldPrice
from livestream.models import ON_AIR, LiveItem, LiveSession
from livestream.schedule import items_of, session_of
from shop.cart import service as cart
from shop.catalog import service as catalog
from shop.catalog.models import VariantKind
from shop.catalog.service import VariantView
from shop.core.db import AGAINST_CHANGE, Database, before_commit, insert_once, run
from shop.core.pagecache import bump
from shop.core.prepared import Prepared
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState, Pool

BLOCKED = "blocked"
"""What became of an order by somebody whom the host has blocked: the seller sees it, the buyer is not told."""
UNPROVED = timedelta(minutes=2)
"""So long a hold stands for somebody elsewhere who has not opened the pay link yet."""


@dataclass
class Desk:
    """The chat of one session, locked for this transaction, with what its items are and who claims what.

    What is decided here stands in memory until the end of the transaction: a pasted list is then written in a few
    statements. `free` and `mine` are what was read so far, kept right by what is done here.
    """

    session: Session
    live: LiveSession
    chat: LiveChat
    items: dict[str, LiveItem]
    variants: dict[int, VariantView]
    codes: dict[str, int]
    hold_for: timedelta
    now: datetime
    number: int
    """The last sentence taken in."""
    speaking: int = 0
    """The sentence being decided."""
    free: dict[int, int] = field(default_factory=dict)
    mine: dict[tuple[int, int], Claim | None] = field(default_factory=dict)
    made: list[LiveComment | Claim] = field(default_factory=list)
    elsewhere: set[int] = field(default_factory=set)
    """Speakers outside our room who held something, gave it back or told their number in this transaction."""

    def most(self, item: LiveItem) -> int:
        """Steps of an item that one buyer may have."""
        return min(item.most_per_buyer, self.variants[item.variant_id].most_steps)

    def keep(self) -> None:
        """Write what was said and claimed, and send who is elsewhere the way to it."""
        if self.chat.last_number != self.number:
            self.chat.last_number = self.number
        self.session.add_all(self.made)
        self.session.flush()
        self.made.clear()
        if self.elsewhere:
            pay_letters.send(self.session, self.live, self.elsewhere, self.now)


def desk_of(session: Session, live_id: int, hold_for: timedelta, now: datetime) -> Desk:
    """Lock the chat of a session: from here on its sentences come one after the other. Raises NoSuchSession."""
    row = session_of(session, live_id)
    insert_once(
        session,
        LiveChat,
        {"session_id": live_id, "last_number": 0, "slow_s": 0, "words": "", "warning": ""},
        ["session_id"],
    )
    chat = session.get_one(LiveChat, live_id, with_for_update=True, populate_existing=True)
    session.refresh(row)
    items = items_of(session, live_id)
    variants = catalog.variants(session, [item.variant_id for item in items])
    codes = {item.code: _step_g(variants[item.variant_id]) for item in items}
    by_code = {item.code: item for item in items}
    desk = Desk(session, row, chat, by_code, variants, codes, hold_for, now, chat.last_number)
    before_commit(session, desk.keep)
    return desk


def _step_g(variant: catalog.VariantView) -> int:
    return variant.step_g if variant.kind == VariantKind.LOOSE else PIECES


def decide(desk: Desk, speaker: LiveSpeaker, number: int, reading: Reading) -> str:
    """Do what a sentence asks for; returns what became of it: "A1 held 2; A2 waiting 1"."""
    if reading.kind not in (Kind.ORDER, Kind.CANCEL, Kind.CHANGE):
        return ""
    if not desk.live.on_air:
        return "off-air"
    if speaker.silenced == "blocked":
        return BLOCKED
    if len(reading.items) > 1:
        in_turn(desk, [speaker.id])
    return "; ".join(_decide(desk, speaker, number, wanted, reading) for wanted in reading.items)


def in_turn(desk: Desk, speaker_ids: Iterable[int] = ()) -> None:
    """Who decides on several items locks all deals, then what these speakers hold, then all pools, as everybody does
    who locks more than one: in the order of the sentences two would wait for each other."""
    pauses.hold_still(desk.session, desk.live.id)
    theirs = select(Claim.hold_id).where(col(Claim.speaker_id).in_(list(speaker_ids)), col(Claim.state).in_(HOLDING))
    holds = select(Hold.id).where(col(Hold.id).in_(theirs), Hold.state == HoldState.OPEN).order_by(col(Hold.id))
    desk.session.exec(holds.with_for_update(**AGAINST_CHANGE)).all()
    pools = select(Pool.id).where(Pool.owner == live.live_owner(desk.live.id)).order_by(col(Pool.id))
    desk.session.exec(pools.with_for_update(**AGAINST_CHANGE)).all()


def _decide(desk: Desk, speaker: LiveSpeaker, number: int, wanted: Wanted, reading: Reading) -> str:
    item = desk.items[wanted.code]
    mine = open_claim(desk, speaker.id, item.id)
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
    if quantity > desk.most(item):
        return "too-many"
    if mine is None:
        facts: dict[str, Any] = {
            "session_id": desk.live.id,
            "item_id": item.id,
            "speaker_id": speaker.id,
            "quantity": quantity,
        }
        mine = Claim(**facts, number=number, last_number=number, made_at=desk.now)
        desk.made.append(mine)
        desk.mine[speaker.id, item.id] = mine
    elif mine.state in HOLDING:
        return _change(desk, speaker, number, item, quantity, mine)
    else:
        mine.quantity, mine.last_number = quantity, number
    refused = serve(desk, item)
    return refused.get(speaker.id) or str(mine.state)


def _change(desk: Desk, speaker: LiveSpeaker, number: int, item: LiveItem, quantity: int, mine: Claim) -> str:
    """Hold another number than before."""
    before, mine.quantity, mine.last_number = mine.quantity, quantity, number
    if refused := _hold(desk, mine, item, speaker):
        mine.quantity = before
        return refused
    desk.free.pop(item.id, None)  # less may be held than before
    serve(desk, item)
    return "held"


def open_claim(desk: Desk, speaker_id: int, item_id: int) -> Claim | None:
    """What this speaker waits for or holds of an item."""
    if (speaker_id, item_id) not in desk.mine:
        know(desk, [speaker_id])
    found = desk.mine.get((speaker_id, item_id))
    return found if found is not None and found.state in OPEN else None


def know(desk: Desk, speaker_ids: Iterable[int]) -> None:
    """Read at once what these speakers claim."""
    asked = set(speaker_ids)
    desk.mine |= {(speaker_id, item.id): None for speaker_id in asked for item in desk.items.values()}
    theirs = select(Claim).where(col(Claim.speaker_id).in_(asked), col(Claim.state).in_(OPEN))
    desk.mine |= {(claim.speaker_id, claim.item_id): claim for claim in desk.session.exec(theirs)}


def serve(desk: Desk, item: LiveItem) -> dict[int, str]:
    """Give what is free to those who wait, in their order; one that wants more than is left lets the next pass.

    Returns who of them is refused for good, and why.
    """
    told: dict[int, str] = {}
    while desk.live.on_air and (first := _next(desk, item)) is not None:
        waited = first.last_number != desk.speaking
        refused = _hold(desk, first, item, desk.session.get_one(LiveSpeaker, first.speaker_id))
        if refused == "short":
            desk.free[item.id] = 0  # somebody pressed the button in this moment
            break
        if refused:
            first.state, told[first.speaker_id] = ClaimState.CANCELLED, refused
        else:
            first.state = ClaimState.PROMOTED if waited else ClaimState.HELD
            first.promoted_at = desk.now if waited else None
    return told


def _next(desk: Desk, item: LiveItem) -> Claim | None:
    """Whose turn it is: the first of those who wait for no more than is free."""
    if item.id not in desk.free:
        pool = select(col(Pool.on_hand) - col(Pool.held)).where(Pool.id == item.pool_id)
        desk.free[item.id] = desk.session.exec(pool).one()
    if (free := desk.free[item.id]) <= 0:
        return None
    new = (one for one in desk.made if isinstance(one, Claim) and one.item_id == item.id)
    fits = [one for one in new if one.state == ClaimState.WAITING and one.quantity <= free][:1]
    known = run(desk.session, _FIRST, {"item": item.id, "free": free}).first()
    fits += [desk.session.get_one(Claim, known.id)] if known else []
    return min(fits, key=lambda claim: claim.number, default=None)


_FIRST = Prepared(
    select_columns(col(Claim.id))
    .where(col(Claim.item_id) == bindparam("item"), col(Claim.state) == ClaimState.WAITING)
    .where(col(Claim.quantity) <= bindparam("free"))
    .order_by(col(Claim.number), col(Claim.id))
    .limit(1)
)


def _hold(desk: Desk, mine: Claim, item: LiveItem, speaker: LiveSpeaker) -> str | None:
    """Hold what a claim says, in its speaker's cart, at the live price. Returns why not: `too-many`, `short`."""
    session = desk.session
    if speaker.cart_id is None:
        speaker.cart_id = cart.open_cart(session, None, desk.now)
    key, hold_for = speaker.visitor_key or speaker.key, desk.hold_for if speaker.proved_at else UNPROVED
    facts = (desk.live, item, desk.variants[item.variant_id], mine.quantity, speaker.cart_id, key, hold_for, desk.now)
    try:
        with session.begin_nested():
            claimed = live.claim_item(session, *facts, phone=speaker.phone)
    except TooManyOpen:
        return "too-many-open"
    except (live.TooManyForOne, HeldAtItsOldPrice):
        return "too-many"
    except (live.LiveSoldOut, cart.FullCart):
        return "short"
    if not speaker.visitor_key:
        desk.elsewhere.add(speaker.id)
    if item.id in desk.free:
        desk.free[item.id] -= mine.quantity
    owner = live.hold_owner(desk.live.id, item.id, speaker.cart_id)
    mine.hold_id = run(session, _HOLD_ID, {"whose": owner}).one().id
    mine.price_vnd, mine.held_until = claimed.price_vnd, claimed.held_until
    return None


_HOLD_ID = Prepared(
    select_columns(col(Hold.id)).where(col(Hold.owner) == bindparam("whose"), col(Hold.state) == HoldState.OPEN)
)


def give_back(desk: Desk, mine: Claim) -> bool:
    """End a claim; what it held goes to the next in the line."""
    item = next(item for item in desk.items.values() if item.id == mine.item_id)
    speaker = desk.session.get_one(LiveSpeaker, mine.speaker_id)
    if mine.state in HOLDING and speaker.cart_id:
        stock.release_holds(desk.session, live.hold_owner(desk.live.id, item.id, speaker.cart_id), desk.now)
        cart.remove(desk.session, speaker.cart_id, item.variant_id, live.live_owner(desk.live.id), desk.now)
    desk.elsewhere.add(speaker.id)
    mine.state = ClaimState.CANCELLED
    desk.free.pop(item.id, None)
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
    in_turn(desk)
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
