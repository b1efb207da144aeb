"""A set: several items for one price, held all together or not at all, each from its own allotment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from livestream.abuse import require_room
from livestream.deals.models import LiveSet, LiveSetPart
from livestream.models import LiveClaim, LiveItem
from livestream.schedule import NoSuchItem, items_of, session_of
from livestream.service import LiveSoldOut, NotOnAir, TooManyForOne, live_owner
from shop.cart import service as cart
from shop.catalog import offers
from shop.catalog import service as catalog
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import Invalid, Refusal
from shop.core.money import split_by_share
from shop.core.pagecache import bump
from shop.stock import service as stock
from shop.stock.models import Pool

MOST_SETS = 20


class SetTooSmall(Invalid):
    """A set is made of two items at least, or of two steps of one."""


class SetTooDear(Invalid):
    """A set costs less than its parts, at the live price and at the lowest ordinary price. Facts: price_vnd (most)."""


class SetIsGone(Refusal):
    """The host has stopped the set. Facts: name."""


@dataclass(frozen=True)
class Part:
    """So many steps of an item in one set."""

    item: LiveItem
    quantity: int

    @property
    def live_vnd(self) -> int:
        return self.item.live_price_vnd * self.quantity


@dataclass(frozen=True)
class Together:
    """A set as it is offered. `left` whole sets can be held now."""

    row: LiveSet
    parts: tuple[Part, ...]
    left: int

    @property
    def live_vnd(self) -> int:
        """What the parts cost one by one."""
        return sum(part.live_vnd for part in self.parts)

    @property
    def saved_vnd(self) -> int:
        return max(0, self.live_vnd - self.row.price_vnd)


def make(
    session: Session,
    live_id: int,
    name: str,
    wanted: Mapping[int, int],
    price_vnd: int,
    most_per_buyer: int,
    person: Person,
    now: datetime,
) -> LiveSet:
    """Offer {item id: steps} for one price. Audited. Raises NoSuchItem, SetTooSmall, SetTooDear."""
    live, items = session_of(session, live_id), {item.id: item for item in items_of(session, live_id)}
    if not wanted.keys() <= items.keys():
        raise NoSuchItem(code="")
    if sum(wanted.values()) < 2:
        raise SetTooSmall
    at_live = sum(items[item_id].live_price_vnd * steps for item_id, steps in wanted.items())
    lowest = {i: offers.lowest_ordinary_price(session, items[i].variant_id, now) for i in wanted}
    ordinary = sum(lowest[item_id] * steps for item_id, steps in wanted.items())
    if price_vnd > (most_vnd := min(at_live - 1, ordinary)):
        raise SetTooDear(price_vnd=most_vnd)
    number = len(session.exec(select(LiveSet.id).where(LiveSet.session_id == live_id)).all()) + 1
    row = LiveSet(session_id=live_id, code=f"S{number}", name=name, price_vnd=price_vnd, most_per_buyer=most_per_buyer)
    session.add(row)
    session.flush()
    run(session, insert(LiveSetPart), [{"set_id": row.id, "item_id": i, "quantity": n} for i, n in wanted.items()])
    audit(session, person, "set", f"live:{live_id}:{row.code}", None, price_vnd, now, live.coop_id)
    bump(session, f"session:{live_id}")
    return row


def close(session: Session, live_id: int, set_id: int, person: Person, now: datetime) -> None:
    """Stop offering a set; what is held stays held. Raises NoSuchItem."""
    row, live = session.get(LiveSet, set_id), session_of(session, live_id)
    if row is None or row.session_id != live_id:
        raise NoSuchItem(code="")
    still_open = (col(LiveSet.id) == set_id, col(LiveSet.closed_at).is_(None))
    if run(session, update(LiveSet).where(*still_open).values(closed_at=now)).rowcount:
        audit(session, person, "set", f"live:{live_id}:{row.code}", "open", "stopped", now, live.coop_id)
        bump(session, f"session:{live_id}")


def sets_of(session: Session, live_id: int) -> list[Together]:
    """The sets of a session that are offered."""
    rows = session.exec(
        select(LiveSet).where(LiveSet.session_id == live_id, col(LiveSet.closed_at).is_(None)).order_by(col(LiveSet.id))
    ).all()
    if not rows:
        return []
    items = {item.id: item for item in items_of(session, live_id)}
    pools = select(Pool.id, col(Pool.on_hand) - col(Pool.held)).where(Pool.owner == live_owner(live_id))
    free = dict(session.exec(pools).all())
    theirs = select(LiveSetPart).where(col(LiveSetPart.set_id).in_([row.id for row in rows]))
    parts = session.exec(theirs.order_by(col(LiveSetPart.item_id))).all()
    return [
        Together(
            row,
            mine := tuple(Part(items[part.item_id], part.quantity) for part in parts if part.set_id == row.id),
            min((free.get(part.item.pool_id or 0, 0) // part.quantity for part in mine), default=0),
        )
        for row in rows
    ]


def claim(
    session: Session,
    live_id: int,
    code: str,
    count: int,
    cart_id: str,
    visitor_key: str,
    hold_for: timedelta,
    now: datetime,
) -> Together:
    """Hold `count` whole sets for this cart, or none: every part from its own pool, in the order of the pools.

    The saving is shared by the parts, to the đồng, and frozen while they are held. 0 gives back.
    Raises NotOnAir, NoSuchItem, SetIsGone, TooManyForOne, TooManyOpen, LiveSoldOut: then nothing has changed.
    """
    live = session_of(session, live_id)
    if not live.on_air:
        raise NotOnAir(title=live.title)
    row = session.exec(select(LiveSet).where(LiveSet.session_id == live_id, LiveSet.code == code)).first()
    if row is None:
        raise NoSuchItem(code=code)
    key = f"{live_owner(live_id)}:set{row.id}"
    cart.remove_together(session, cart_id, key, now)
    offered = next((one for one in sets_of(session, live_id) if one.row.id == row.id), None)
    if offered is None or not _all_on_sale(session, offered):
        raise SetIsGone(name=row.name)
    if count > row.most_per_buyer or (count and _taken(session, row, visitor_key, cart_id, now)):
        raise TooManyForOne(name=row.name, most=row.most_per_buyer)
    if count > 0:
        require_room(session, visitor_key, "", now)
        _hold(session, offered, count, key, cart_id, visitor_key, now + hold_for, now)
    return offered


def _all_on_sale(session: Session, offered: Together) -> bool:
    found = catalog.variants(session, [part.item.variant_id for part in offered.parts])
    return all(variant.on_sale for variant in found.values())


def _taken(session: Session, row: LiveSet, visitor_key: str, cart_id: str, now: datetime) -> bool:
    """Whether this visitor holds the set in another cart: one cart of one buyer at a time."""
    mine = select(LiveClaim.hold_owner).where(LiveClaim.session_id == row.session_id)
    owners = session.exec(mine.where(LiveClaim.visitor_key == visitor_key).distinct()).all()
    others = [owner for owner in owners if f":set{row.id}:" in owner and not owner.endswith(f":{cart_id}")]
    holds = [hold for owner in others for hold in stock.open_holds(session, owner)]
    return any(hold.expires_at and hold.expires_at > now for hold in holds)


def _hold(
    session: Session,
    offered: Together,
    count: int,
    key: str,
    cart_id: str,
    visitor_key: str,
    until: datetime,
    now: datetime,
) -> None:
    parts = sorted(offered.parts, key=lambda part: part.item.pool_id or 0)
    saved = split_by_share(offered.saved_vnd * count, [part.live_vnd for part in parts])
    live_id = offered.row.session_id
    for part, discount_vnd in zip(parts, saved, strict=True):
        item, steps = part.item, part.quantity * count
        owner = f"{live_owner(live_id)}:{item.id}:set{offered.row.id}:{cart_id}"
        try:
            stock.take_holds(session, {item.pool_id or 0: steps}, owner, until, now)
        except stock.SoldOut as refusal:  # the route's transaction takes back what the parts before it took
            raise LiveSoldOut(name=offered.row.name, code=offered.row.code, left=offered.left) from refusal
        held = {"hold_owner": owner, "held_until": until, "quantity": steps, "price_vnd": item.live_price_vnd}
        cart.add_live_hold(
            session, cart_id, variant_id=item.variant_id, live_key=key, pool_id=item.pool_id or 0, now=now,
            price_kind="set", discount_vnd=discount_vnd, set_name=offered.row.name, set_count=count, **held,  # type: ignore[arg-type]  # mixed values
        )  # fmt: skip
        told = {"session_id": live_id, "item_id": item.id, "visitor_key": visitor_key, "at": now}
        run(session, insert(LiveClaim).values(**told, **held))
