"""What must always hold of deals, for `chohtx verify`."""

from __future__ import annotations

from sqlalchemy import String, cast, func, literal
from sqlmodel import Session, col, select

from livestream.deals.models import LiveDeal, LiveDealTake
from livestream.deals.prices import taken
from livestream.models import ON_AIR, LiveSession, SessionState
from shop.orders.models import OrderLine
from shop.stock.models import Hold, HoldState


def oversold_deals(session: Session) -> list[str]:
    """A line for each deal that sold more than it promised, to one buyer or to all, or at another price."""
    rows = session.exec(select(LiveDeal)).all()
    gone = taken(session, [row.id for row in rows])
    promised = {row.id: row for row in rows}
    return [
        *(
            f"live: deal {row.id} promised {row.quantity}, {gone[row.id]} were held or sold at its price"
            for row in rows
            if gone.get(row.id, 0) > row.quantity
        ),
        *(
            f"live: deal {deal_id} gave one buyer {units} of at most {promised[deal_id].most_per_buyer}"
            for deal_id, units in _most_to_one(session)
            if units > promised[deal_id].most_per_buyer
        ),
        *(
            f"live: deal {deal_id} is {promised[deal_id].price_vnd}, an order line of it is {price_vnd}"
            for deal_id, price_vnd in _ordered_at(session)
            if price_vnd != promised[deal_id].price_vnd
        ),
    ]


def wrongly_paused(session: Session) -> list[str]:
    """A line for each open deal that waits though its session has a picture, or runs though it has none."""
    rows = session.exec(
        select(LiveDeal, LiveSession)
        .join(LiveSession, col(LiveSession.id) == LiveDeal.session_id)
        .where(col(LiveDeal.closed_at).is_(None), col(LiveSession.state).in_(ON_AIR))
    )
    return [
        f"live: deal {deal.id} {'waits' if deal.paused_at else 'runs'} while its session is {live.state}"
        for deal, live in rows
        if bool(deal.paused_at) != (live.state == SessionState.INTERRUPTED and deal.ends_at > live.state_at)
    ]


def _most_to_one(session: Session) -> list[tuple[int, int]]:
    total = func.sum(Hold.quantity)
    kept = select(LiveDealTake.deal_id, total).join(Hold, col(Hold.id) == LiveDealTake.hold_id)
    kept = kept.where(Hold.state != HoldState.RETURNED)
    by_buyer = kept.group_by(col(LiveDealTake.deal_id), col(LiveDealTake.visitor_key))
    return [(deal_id, int(units)) for deal_id, units in session.exec(by_buyer)]


def _ordered_at(session: Session) -> list[tuple[int, int]]:
    order = literal("order:") + cast(col(OrderLine.order_id), String)
    lines = (
        select(LiveDealTake.deal_id, OrderLine.price_vnd)
        .join(Hold, col(Hold.id) == LiveDealTake.hold_id)
        .join(OrderLine, (col(OrderLine.pool_id) == Hold.pool_id) & (order == col(Hold.owner)))
    )
    return list(session.exec(lines))
