"""What must always hold of orders, for `chohtx verify`: none is half, its money is asked for, its goods moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import String, case, cast, func, literal, select
from sqlmodel import Session, col

from payments.holds.models import Hold as HeldMoney
from payments.models import PaymentDue, PaymentFact
from shop.orders import from_lots, preorders
from shop.orders.models import MoneyBack, Order, OrderEvent, OrderLine, Parcel, Settled
from shop.stock.models import Hold, HoldState, StockMovement
from shop.vouchers.models import VoucherUse

_SUBJECT = literal("order:") + cast(col(Order.id), String)
_NOT_SENT = ("refused", "cancelled")
Units = dict[tuple[str, int], int]
"""Units by (owner, pool id), as in ("order:17", 4)."""


def broken_rules(session: Session) -> list[str]:
    """One line for each order that lacks a part, whose sums do not add up, or whose goods did not move as it says."""
    money = (_parcels_add_up, _lines_add_up, _dues_agree, _given_back, _vouchers_agree)
    goods = (_goods_moved, from_lots.broken_rules, preorders.broken_rules)
    rules = (*money, _weighed, _lines_stay_together, _begun, *goods)
    return [line for rule in rules for line in rule(session)]


def _parcels_add_up(session: Session) -> Iterator[str]:
    goods, shipping, count = func.sum(col(Parcel.goods_vnd)), func.sum(col(Parcel.shipping_vnd)), func.count()
    parts = (
        select(col(Parcel.order_id), goods.label("goods"), shipping.label("shipping"), count.label("count"))
        .group_by(col(Parcel.order_id))
        .subquery()
    )
    whole = (col(Order.goods_vnd) == parts.c.goods) & (col(Order.shipping_vnd) == parts.c.shipping)
    found = (
        select(col(Order.code), col(Order.total_vnd), parts.c.count, parts.c.goods + parts.c.shipping)
        .outerjoin(parts, parts.c.order_id == col(Order.id))
        .where(parts.c.count.is_(None) | ~whole)
    )
    for code, total_vnd, parcels, parcels_vnd in session.execute(found):
        yield f"orders: {code} is {total_vnd}, its {parcels or 0} parcels are {parcels_vnd or 0}"


def _lines_add_up(session: Session) -> Iterator[str]:
    held = (
        select(col(OrderLine.parcel_id), func.sum(col(OrderLine.total_vnd)).label("goods"))
        .group_by(col(OrderLine.parcel_id))
        .subquery()
    )
    found = (
        select(col(Order.code), col(Parcel.id), col(Parcel.goods_vnd), held.c.goods)
        .join(Parcel, col(Parcel.order_id) == col(Order.id))
        .outerjoin(held, held.c.parcel_id == col(Parcel.id))
        .where(held.c.goods.is_(None) | (held.c.goods != col(Parcel.goods_vnd)))
    )
    for code, parcel_id, goods_vnd, lines_vnd in session.execute(found):
        lines = "it has no lines" if lines_vnd is None else f"its lines are {lines_vnd}"
        yield f"orders: parcel {parcel_id} of {code} holds goods for {goods_vnd}, {lines}"


def _lines_stay_together(session: Session) -> Iterator[str]:
    found = (
        select(col(OrderLine.id), col(OrderLine.order_id), col(Parcel.order_id))
        .join(Parcel, col(Parcel.id) == col(OrderLine.parcel_id))
        .where(col(OrderLine.order_id) != col(Parcel.order_id))
    )
    for line_id, order_id, other_id in session.execute(found):
        yield f"orders: line {line_id} of order {order_id} lies in a parcel of order {other_id}"


def _dues_agree(session: Session) -> Iterator[str]:
    """What is asked for is the order's sum.

    Cash, and money that a gateway only holds, is asked only for parcels that may still arrive; what had come for the
    others stays in the sum, for it was sent back, as what a lighter weight sent back does.
    """
    asked, in_cash = col(PaymentDue.amount_vnd), col(Order.payment_method) == "cod"
    sent = case((col(Parcel.state).in_(_NOT_SENT), 0), else_=col(Parcel.total_vnd))
    on_the_way = select(func.sum(sent)).where(col(Parcel.order_id) == col(Order.id)).scalar_subquery()
    facts = select(func.coalesce(func.sum(col(PaymentFact.applied_vnd)), 0))
    came = facts.where(col(PaymentFact.due_id) == col(PaymentDue.id)).scalar_subquery()
    lighter = select(func.coalesce(func.sum(col(Settled.back_vnd)), 0)).join(
        Parcel, col(Parcel.id) == Settled.parcel_id
    )
    back = lighter.where(col(Parcel.order_id) == col(Order.id)).correlate(Order).scalar_subquery()
    was_held = select(col(HeldMoney.due_id)).where(col(HeldMoney.due_id) == col(PaymentDue.id)).exists()
    least = case((in_cash | was_held, on_the_way), else_=col(Order.total_vnd) + back)
    most = case((in_cash, on_the_way + came), else_=col(Order.total_vnd) + back)
    found = (
        select(col(Order.code), least, asked)
        .outerjoin(PaymentDue, col(PaymentDue.subject) == _SUBJECT)
        .where(col(PaymentDue.id).is_(None) | ~asked.between(least, most))
    )
    for code, owed_vnd, due_vnd in session.execute(found):
        yield f"orders: {code} owes {owed_vnd}, " + ("nothing is due" if due_vnd is None else f"due are {due_vnd}")


def _begun(session: Session) -> Iterator[str]:
    begun = select(col(OrderEvent.order_id)).where(col(OrderEvent.what) == "placed")
    for code in session.execute(select(col(Order.code)).where(col(Order.id).not_in(begun))).scalars():
        yield f"orders: nothing says when {code} was placed"


def _goods_moved(session: Session) -> Iterator[str]:
    """Units sold to an order are those of its parcels under way, units held for it those of its waiting parcels.

    Units of a refused parcel may have gone back to sale or not: the co-op says whether they are fit.
    """
    waiting, refused, under_way = _lines(session)
    held = _units(session, Hold, col(Hold.state) == HoldState.OPEN)
    moved = _units(session, StockMovement)
    for key in sorted(waiting.keys() | held.keys()):
        if waiting.get(key, 0) != held.get(key, 0):
            yield f"orders: pool {key[1]} holds {held.get(key, 0)} for {key[0]}, which waits for {waiting.get(key, 0)}"
    for key in sorted(refused.keys() | under_way.keys() | moved.keys()):
        sold, least = -moved.get(key, 0), under_way.get(key, 0)
        if not least <= sold <= least + refused.get(key, 0):
            yield f"orders: pool {key[1]} sold {sold} to {key[0]}, whose parcels say {least}"


def _lines(session: Session) -> tuple[Units, Units, Units]:
    """Units of the lines of all orders whose goods wait, came back, or are the buyer's."""
    waiting: Units = {}
    refused: Units = {}
    under_way: Units = {}
    units = (
        select(col(OrderLine.order_id), col(OrderLine.pool_id), col(Parcel.state), func.sum(col(OrderLine.quantity)))
        .join(Parcel, col(Parcel.id) == col(OrderLine.parcel_id))
        .where(col(Parcel.state) != "cancelled")
        .group_by(col(OrderLine.order_id), col(OrderLine.pool_id), col(Parcel.state))
    )
    for order_id, pool_id, state, quantity in session.execute(units):
        of = waiting if state == "waiting" else refused if state == "refused" else under_way
        key = (f"order:{order_id}", pool_id)
        of[key] = of.get(key, 0) + int(quantity)
    for key, quantity in _back_on_sale(session).items():
        under_way[key] = under_way.get(key, 0) - quantity
    return waiting, refused, under_way


def _back_on_sale(session: Session) -> Units:
    """Fit units of parcels under way or delivered whose money was given back."""
    pools: Units = {}
    lines: dict[int, int] = {}
    given = (col(MoneyBack.state) == "given", col(MoneyBack.goods_fit), col(Parcel.state).not_in(_NOT_SENT))
    rows = select(col(MoneyBack.lines)).join(Parcel, col(Parcel.id) == col(MoneyBack.parcel_id)).where(*given)
    for steps in session.execute(rows).scalars():
        for line_id, quantity in steps.items():
            lines[int(line_id)] = lines.get(int(line_id), 0) + quantity
    found = select(col(OrderLine.id), col(OrderLine.order_id), col(OrderLine.pool_id))
    for line_id, order_id, pool_id in session.execute(found.where(col(OrderLine.id).in_(lines))):
        key = (f"order:{order_id}", pool_id)
        pools[key] = pools.get(key, 0) + lines[line_id]
    return pools


def _given_back(session: Session) -> Iterator[str]:
    """Never more than a parcel's sum goes back of it."""
    given = (
        select(col(MoneyBack.parcel_id), func.sum(col(MoneyBack.amount_vnd)).label("back"))
        .where(col(MoneyBack.state) == "given")
        .group_by(col(MoneyBack.parcel_id))
        .subquery()
    )
    found = select(col(Parcel.id), col(Parcel.total_vnd), given.c.back).join(given, given.c.parcel_id == col(Parcel.id))
    for parcel_id, total_vnd, back_vnd in session.execute(found.where(given.c.back > col(Parcel.total_vnd))):
        yield f"orders: of parcel {parcel_id}, which is {total_vnd}, {back_vnd} were given back"


def _weighed(session: Session) -> Iterator[str]:
    """A parcel's sum follows from every weighing, and its lines' commission from their sums."""
    more = func.sum(col(Settled.total_vnd) - col(Settled.was_vnd)).label("more")
    settled = select(col(Settled.parcel_id), more).group_by(col(Settled.parcel_id)).subquery()
    lines = (
        select(col(OrderLine.parcel_id), func.sum(col(OrderLine.total_vnd)).label("sum"))
        .add_columns(
            func.sum(
                col(OrderLine.price_vnd) * (col(OrderLine.quantity) + col(OrderLine.left_out))
                - col(OrderLine.discount_vnd)
            ).label("first")
        )
        .group_by(col(OrderLine.parcel_id))
        .subquery()
    )
    expected = func.coalesce(settled.c.more, 0)
    found = select(lines.c.parcel_id, lines.c.sum - lines.c.first, expected)
    found = found.outerjoin(settled, settled.c.parcel_id == lines.c.parcel_id)
    for parcel_id, changed_vnd, told_vnd in session.execute(found.where(lines.c.sum - lines.c.first != expected)):
        yield f"orders: weighing changed parcel {parcel_id} by {told_vnd}, its lines say {changed_vnd}"


def _units(session: Session, table: type[Hold] | type[StockMovement], *also: Any) -> Units:
    owner, pool_id = col(table.owner), col(table.pool_id)
    named = select(owner, pool_id, func.sum(col(table.quantity))).where(owner.startswith("order:"), *also)
    return {(of, pool): int(total) for of, pool, total in session.execute(named.group_by(owner, pool_id)) if total}


def _vouchers_agree(session: Session) -> Iterator[str]:
    """What a voucher took off an order is exactly what its lines say."""
    told = (
        select(col(OrderLine.order_id), func.sum(col(OrderLine.discount_vnd)).label("off"))
        .where(col(OrderLine.voucher_code) != "")
        .group_by(col(OrderLine.order_id))
        .subquery()
    )
    used = select(col(VoucherUse.order_id), col(VoucherUse.discount_vnd), func.coalesce(told.c.off, 0))
    wanted = used.outerjoin(told, told.c.order_id == col(VoucherUse.order_id))
    for order_id, discount_vnd, off_vnd in session.execute(wanted):
        if discount_vnd != off_vnd:
            yield f"orders: a voucher took {discount_vnd} off order {order_id}, its lines say {off_vnd}"
