"""How much of an item one buyer of a session has, held or bought."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, String, bindparam, cast, func, literal, or_
from sqlmodel import Session, col, select

from livestream.models import LiveClaim, LiveItem
from shop.core.db import run
from shop.core.prepared import Prepared
from shop.orders.models import Order, OrderLine, Parcel
from shop.stock.models import Hold, HoldState


def steps_taken(session: Session, item_id: int, visitor_key: str, now: datetime) -> int:
    """Steps of an item that a visitor holds or has bought in the session, in one look at both.

    An order that late money opened again counts, though its goods come from ordinary sale now.
    """
    return int(run(session, _TAKEN, {"item": item_id, "visitor": visitor_key, "now": now}).one().steps)


def _taken_by() -> Prepared:
    item: BindParameter[int] = bindparam("item")
    visitor: BindParameter[str] = bindparam("visitor")
    theirs = select(LiveClaim.hold_owner).where(LiveClaim.visitor_key == visitor, LiveClaim.item_id == item)
    kept = select(func.coalesce(func.sum(Hold.quantity), 0)).where(
        Hold.state == HoldState.OPEN, col(Hold.expires_at) > bindparam("now"), col(Hold.owner).in_(theirs)
    )
    sold_here = literal("live:").concat(cast(LiveItem.session_id, String))
    bought = (
        select(func.coalesce(func.sum(OrderLine.quantity), 0))
        .join(LiveItem, col(LiveItem.variant_id) == OrderLine.variant_id)
        .join(Order, col(Order.id) == OrderLine.order_id)
        .join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
        .where(LiveItem.id == item, Order.visitor_key == visitor)
        .where(or_(col(OrderLine.live_key) == sold_here, col(OrderLine.live_key).like(sold_here.concat(":%"))))
        .where(col(Parcel.state) != "cancelled", col(Parcel.state) != "refused")
    )
    return Prepared(select((kept.scalar_subquery() + bought.scalar_subquery()).label("steps")))


_TAKEN = _taken_by()  # made once: it runs for every comment that orders something
