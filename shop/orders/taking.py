"""Whether a co-op takes one more order now: its hours, and how many orders and how much money of goods it takes a day.

Counted under a lock in the transaction that places the order, so nobody slips past the last one. What is sold live or
typed in by the co-op's own people is not stopped: a live session is its own opening, the people know their day. It
counts all the same: what was sold live in the evening leaves less room for the rest of the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from shop.cart.basket import CartParcel
from shop.coops.opening import service as openings
from shop.coops.opening.models import Opening
from shop.coops.opening.service import Closed
from shop.core.errors import Refusal
from shop.core.i18n import local
from shop.orders.models import Order, Parcel

OWN_HAND = ("phone", "counter")


class NotTakingOrders(Refusal):
    """A co-op takes orders again later. Facts: name, is_full, opens_at."""


def require_open(
    session: Session, parcels: Iterable[CartParcel], now: datetime, *, lock: bool = False
) -> Mapping[int, Opening]:
    """Whether orders for these parcels are taken; those of live lines alone always are. Raises NotTakingOrders."""
    names = {it.coop.id: it.coop.name for it in parcels if any(not line.is_live for line in it.bought)}
    found = openings.of_coops(session, names, lock=lock) if names else {}
    for coop_id, opening in found.items():
        if closed := closed_now(session, opening, now):
            raise NotTakingOrders(name=names[coop_id], is_full=closed.is_full, opens_at=closed.opens_at)
    return found


def closed_now(session: Session, opening: Opening, now: datetime) -> Closed | None:
    """Whether the co-op takes one more order at this moment, counted."""
    return openings.closed_now(opening, now, _is_full(session, opening, now))


def note(session: Session, found: Mapping[int, Opening], now: datetime) -> None:
    """After an order: the pages of those that have enough of today say so."""
    for opening in found.values():
        openings.note_full(session, opening, local(now).date() if _is_full(session, opening, now) else None)


def look_again(session: Session, coop_ids: Iterable[int], now: datetime) -> None:
    """An order ended: where a co-op had enough of today, there may be room for one again."""
    had_enough = {id_: it for id_, it in openings.of_coops(session, coop_ids).items() if it.full_on}
    note(session, had_enough, now)


def _is_full(session: Session, opening: Opening, now: datetime) -> bool:
    if opening.most_orders is None and opening.most_vnd is None:
        return False
    placed, goods_vnd = counted(session, opening.coop_id, now)
    enough = opening.most_orders is not None and placed >= opening.most_orders
    return enough or (opening.most_vnd is not None and goods_vnd >= opening.most_vnd)


def counted(session: Session, coop_id: int, now: datetime) -> tuple[int, int]:
    """Orders of today and what their goods cost, those sold live too: somebody has to pack them.

    Not those of the counter, which are gone already, nor those called off.
    """
    wanted = (
        select(func.count(), func.coalesce(func.sum(Parcel.goods_vnd), 0))
        .select_from(Parcel)
        .join(Order, col(Order.id) == Parcel.order_id)
        .where(Order.placed_at >= openings.day_began(now), Parcel.coop_id == coop_id, Parcel.state != "cancelled")
        .where(Order.source != "counter")
    )
    placed, goods_vnd = session.exec(wanted).one()
    return int(placed), int(goods_vnd)
