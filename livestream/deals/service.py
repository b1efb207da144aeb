"""A deal is begun and stopped by the host; its end by the clock needs nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from livestream.deals import pauses
from livestream.deals.models import LiveDeal
from livestream.models import ON_AIR, LiveItem, LiveSession, SessionState
from livestream.schedule import item_by_id, session_of
from shop.catalog import offers
from shop.catalog import service as catalog
from shop.core.audit import audit
from shop.core.db import AGAINST_CHANGE, Database, run
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.core.pagecache import bump
from shop.stock.models import Pool

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(minutes=20)


class NoSuchDeal(NotFound):
    """There is no such deal in this session."""


class DealOutsideSession(Refusal):
    """A deal runs only while its session is on air."""


class DealTooDear(Invalid):
    """A deal is cheaper than the live price and than every ordinary price of late. Facts: name, price_vnd (most)."""


class DealTime(Invalid):
    """A deal lasts SHORTEST to LONGEST."""


class DealIsOn(Refusal):
    """An item has one deal at a time. Facts: code."""


class TooFewForDeal(Refusal):
    """Less of the item is free than the deal promises. Facts: code, left."""


@dataclass(frozen=True)
class Terms:
    """What a deal promises: the price of one selling step, how many steps in all and for one buyer, how long."""

    price_vnd: int
    quantity: int
    most_per_buyer: int
    lasts: timedelta


def begin(session: Session, live_id: int, item_id: int, terms: Terms, person: Person, now: datetime) -> LiveDeal:
    """From now on the item sells at the deal's price; while the picture is away, from when it is back. Audited.

    Raises NoSuchItem, DealOutsideSession, DealTime, DealTooDear, TooFewForDeal, DealIsOn.
    """
    live = session_of(session, live_id)
    pauses.hold_still(session, live_id)  # in the order of a picture that comes or goes: deals, then the session
    session.refresh(live, with_for_update=AGAINST_CHANGE)
    item = item_by_id(session, live_id, item_id)
    if not live.on_air:
        raise DealOutsideSession
    _refuse(session, item, terms, now)
    _close(session, item.id, now)
    deal = LiveDeal(
        session_id=live_id,
        item_id=item_id,
        price_vnd=terms.price_vnd,
        quantity=terms.quantity,
        most_per_buyer=min(terms.most_per_buyer, terms.quantity),
        starts_at=now,
        ends_at=now + terms.lasts,
        paused_at=now if live.state == SessionState.INTERRUPTED else None,
        person_id=person.id,
    )
    try:
        with session.begin_nested():
            session.add(deal)
    except IntegrityError as error:  # the index that knows one open deal of an item
        raise DealIsOn(code=item.code) from error
    told = {"price_vnd": terms.price_vnd, "quantity": terms.quantity, "seconds": int(terms.lasts.total_seconds())}
    audit(session, person, "deal", f"live:{live_id}:{item.code}", None, told, now, live.coop_id)
    bump(session, f"session:{live_id}")
    return deal


def _refuse(session: Session, item: LiveItem, terms: Terms, now: datetime) -> None:
    if not SHORTEST <= terms.lasts <= LONGEST:
        raise DealTime
    most_vnd = highest_vnd(session, item, now)
    if terms.price_vnd > most_vnd:
        name = catalog.variants(session, [item.variant_id])[item.variant_id].product_name
        raise DealTooDear(name=name, price_vnd=most_vnd)
    free = session.exec(select(col(Pool.on_hand) - col(Pool.held)).where(Pool.id == item.pool_id)).first() or 0
    if terms.quantity > free:
        raise TooFewForDeal(code=item.code, left=free)


def highest_vnd(session: Session, item: LiveItem, now: datetime) -> int:
    """The most a deal may ask for: less than the live price, no more than the lowest ordinary price of late.

    Source: law on e-commerce 122/2025/QH15, Art. 6.1.d; see shop.core.dated.REFERENCE_PRICE_DAYS.
    """
    return min(item.live_price_vnd - 1, offers.lowest_ordinary_price(session, item.variant_id, now))


def stop(session: Session, live_id: int, deal_id: int, person: Person, now: datetime) -> None:
    """End a deal before its time; who holds keeps the price. A deal that is over stays so. Raises NoSuchDeal."""
    live, deal = session_of(session, live_id), session.get(LiveDeal, deal_id)
    if deal is None or deal.session_id != live_id:
        raise NoSuchDeal
    still_open = (col(LiveDeal.id) == deal_id, col(LiveDeal.closed_at).is_(None), ~_ended(now))
    if run(session, update(LiveDeal).where(*still_open).values(closed_at=now)).rowcount:
        audit(session, person, "deal", f"live:{live_id}:{deal_id}", "on", "stopped", now, live.coop_id)
        bump(session, f"session:{live_id}")


def _close(session: Session, item_id: int, now: datetime) -> None:
    over = (col(LiveDeal.item_id) == item_id, col(LiveDeal.closed_at).is_(None), _ended(now))
    run(session, update(LiveDeal).where(*over).values(closed_at=col(LiveDeal.ends_at)))


def _ended(now: datetime) -> ColumnElement[bool]:
    """By the clock, which stands while the deal waits for the picture."""
    return and_(col(LiveDeal.paused_at).is_(None), col(LiveDeal.ends_at) <= now)


def close_over(db: Database, now: datetime) -> None:
    """Timed job: pages stop showing deals that the clock, or the end of their session, has ended."""
    over = select(LiveDeal.id, LiveDeal.session_id).join(LiveSession, col(LiveSession.id) == LiveDeal.session_id)
    over = over.where(col(LiveDeal.closed_at).is_(None))
    over = over.where(_ended(now) | col(LiveSession.state).not_in(ON_AIR))
    with db.read() as session:
        if session.exec(over.limit(1)).first() is None:
            return
    with db.write() as session:
        for deal_id, live_id in session.exec(over.order_by(col(LiveDeal.item_id))).all():
            row = session.get_one(LiveDeal, deal_id, with_for_update=True, populate_existing=True)
            row.closed_at = row.closed_at or min(row.paused_at or row.ends_at, now)
            bump(session, f"session:{live_id}")
