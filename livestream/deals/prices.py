"""What a buyer pays for an item of a session: one rule, by the server's clock.

A hold keeps its price. Otherwise the deal counts when it runs and has room for all that is wanted, else the live price.
While the picture is away a deal waits.
A deal takes the place of the live price: nothing is taken off twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from livestream.deals.models import LiveDeal, LiveDealTake
from livestream.models import LiveClaim
from shop.core.db import run
from shop.core.errors import Refusal
from shop.core.prepared import Prepared
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState


class HeldAtItsOldPrice(Refusal):
    """More is wanted than is held at a price that is over: that hold stays as it is. Facts: quantity, price_vnd."""


class DearerNow(Refusal):
    """What the buyer saw costs more now. Facts: name, price_vnd, deal_left (steps this buyer can have at the deal)."""


@dataclass(frozen=True)
class Price:
    """The price of one selling step, and the deal that gives it."""

    price_vnd: int
    deal_id: int | None = None


@dataclass(frozen=True)
class Held:
    """What a buyer holds of an item already."""

    quantity: int
    until: datetime
    price: Price


@dataclass(frozen=True)
class Deal:
    """A deal that is on, with what is left of it. `left` and `most_per_buyer` are selling steps."""

    id: int
    item_id: int
    price_vnd: int
    quantity: int
    most_per_buyer: int
    starts_at: datetime
    ends_at: datetime
    left: int
    paused_at: datetime | None = None

    @property
    def runs(self) -> bool:
        """Whether somebody can have its price: it does not wait for the picture, and something is left of it."""
        return self.paused_at is None and self.left > 0

    @property
    def rest(self) -> str:
        """Minutes and seconds it has left once the picture is back ("2:05"); nothing while it runs."""
        minutes, seconds = (
            divmod(int((self.ends_at - self.paused_at).total_seconds()), 60) if self.paused_at else (0, 0)
        )
        return f"{minutes}:{seconds:02d}" if self.paused_at else ""

    @property
    def told(self) -> list[int | str]:
        """What open pages hear of it: what is left, the end in ms of Unix time, and what `rest` says."""
        return [self.left, int(self.ends_at.timestamp() * 1000), self.rest]

    def fits(self, quantity: int, taken: int) -> bool:
        """Whether one more buyer's `quantity` goes at this price, who took `taken` of it before."""
        return quantity <= self.left and quantity + taken <= self.most_per_buyer


def price_for(live_price_vnd: int, deal: Deal | None, taken: int, quantity: int, held: Held | None) -> Price:
    """The whole rule. `taken` are the steps this buyer has at the deal's price besides what is held now.

    Raises HeldAtItsOldPrice when more is wanted than is held at a price that is lower than today's.
    """
    price = Price(deal.price_vnd, deal.id) if deal and deal.fits(quantity, taken) else Price(live_price_vnd)
    if held is None or held.price.price_vnd >= price.price_vnd:
        return price
    if quantity > held.quantity:
        raise HeldAtItsOldPrice(quantity=held.quantity, price_vnd=held.price.price_vnd)
    return held.price


def running(session: Session, item_id: int, now: datetime, *, lock: bool = False) -> Deal | None:
    """The deal of an item that runs now. With `lock`, no other claim at its price is decided until the end of the
    transaction, and no pause either."""
    found = run(session, _RUNNING, {"item": item_id, "now": now}).first()
    if found is None:
        return None
    still_on = (col(LiveDeal.closed_at).is_(None), col(LiveDeal.paused_at).is_(None))
    wanted = select(LiveDeal).where(LiveDeal.id == found.id, *still_on)
    row = session.exec(wanted.with_for_update() if lock else wanted).first()
    return _deal(row, taken(session, [row.id]).get(row.id, 0)) if row else None


# Made once: these run for every comment that orders something, mostly to find nothing.
_RUNNING = Prepared(
    select_columns(col(LiveDeal.id))
    .where(col(LiveDeal.item_id) == bindparam("item"), col(LiveDeal.closed_at).is_(None))
    .where(col(LiveDeal.paused_at).is_(None))
    .where(col(LiveDeal.starts_at) <= bindparam("now"), col(LiveDeal.ends_at) > bindparam("now"))
)
_HELD = Prepared(
    select_columns(col(Hold.id)).where(col(Hold.owner) == bindparam("whose"), col(Hold.state) == HoldState.OPEN)
)


def open_deals(session: Session, live_id: int) -> dict[int, Deal]:
    """The deals of a session that nobody has closed, by item; the clock may have ended one a moment ago."""
    rows = session.exec(select(LiveDeal).where(LiveDeal.session_id == live_id, col(LiveDeal.closed_at).is_(None))).all()
    gone = taken(session, [row.id for row in rows])
    return {row.item_id: _deal(row, gone.get(row.id, 0)) for row in rows}


_OF_ROW = {"id", "item_id", "price_vnd", "quantity", "most_per_buyer", "starts_at", "ends_at", "paused_at"}


def _deal(row: LiveDeal, gone: int) -> Deal:
    return Deal(**row.model_dump(include=_OF_ROW), left=max(0, row.quantity - gone))


def taken(session: Session, deal_ids: Iterable[int], visitor_key: str | None = None) -> dict[int, int]:
    """Steps held or sold at the price of these deals, by deal; by one visitor if named."""
    ids = list(deal_ids)
    if not ids:
        return {}
    total = func.sum(Hold.quantity)
    kept = select(LiveDealTake.deal_id, total).join(Hold, col(Hold.id) == LiveDealTake.hold_id)
    kept = kept.where(col(LiveDealTake.deal_id).in_(ids), Hold.state != HoldState.RETURNED)
    if visitor_key is not None:
        kept = kept.where(LiveDealTake.visitor_key == visitor_key)
    return {deal_id: int(units) for deal_id, units in session.exec(kept.group_by(col(LiveDealTake.deal_id)))}


def held(session: Session, owner: str, now: datetime) -> Held | None:
    """What stands under this name in the stock, with the price of the claim that made it."""
    if run(session, _HELD, {"whose": owner}).first() is None:
        return None
    hold = next((one for one in stock.open_holds(session, owner) if one.expires_at and one.expires_at > now), None)
    if hold is None or hold.expires_at is None:
        return None
    made = select(LiveClaim.price_vnd).where(LiveClaim.hold_owner == owner).order_by(col(LiveClaim.id).desc())
    deal_id = session.exec(select(LiveDealTake.deal_id).where(LiveDealTake.hold_id == hold.id)).first()
    return Held(hold.quantity, hold.expires_at, Price(session.exec(made.limit(1)).one(), deal_id))
