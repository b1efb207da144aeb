"""How much of an item a session sets aside, before it and on air; what buyers hold or have bought is never taken."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from livestream.models import CHANGEABLE, LiveItem
from livestream.schedule import item_by_id, session_of
from livestream.service import NotOnAir, live_owner
from shop.catalog import service as catalog
from shop.core.audit import audit
from shop.core.db import AGAINST_CHANGE
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump
from shop.stock import service as stock
from shop.stock.models import Pool
from shop.stock.turns import in_turn


class BelowReserved(Refusal):
    """Buyers hold or have bought more than that. Facts: name, least."""


def set_aside(session: Session, live_id: int, item_id: int, wanted: int, person: Person, now: datetime) -> int:
    """Set `wanted` steps aside in all, sold ones among them; returns how many are. Audited.

    On air more comes from ordinary sale as far as there is any, and less goes home at once.
    Raises BelowReserved, NoSuchItem, NotOnAir.
    """
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=AGAINST_CHANGE)
    item = item_by_id(session, live_id, item_id)
    if not (live.on_air or live.state in CHANGEABLE):
        raise NotOnAir(title=live.title)
    before, item.wanted = item.wanted, wanted
    if live.on_air:
        _move(session, item, wanted, person, now)
    audit(session, person, "wanted", f"{live_owner(live_id)}:{item.code}", before, wanted, now, live.coop_id)
    bump(session, f"session:{live_id}")
    return item.allotted or wanted


def _move(session: Session, item: LiveItem, wanted: int, person: Person, now: datetime) -> None:
    allotted = item.allotted or 0
    in_turn(session, [item.pool_id] if item.pool_id else [])
    pool = session.get_one(Pool, item.pool_id, populate_existing=True)
    there = pool.on_hand
    if wanted < (least := allotted - there + pool.held):
        name = catalog.variants(session, [item.variant_id])[item.variant_id].product_name
        raise BelowReserved(name=name, least=least)
    if wanted > allotted:
        owner = live_owner(item.session_id)
        stock.open_live_pool(session, item.variant_id, owner, wanted - allotted, now, person)
    elif wanted < allotted:
        stock.send_home(session, pool, allotted - wanted, now, person)
    session.refresh(pool)
    item.allotted = allotted + pool.on_hand - there
