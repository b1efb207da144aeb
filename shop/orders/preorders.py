"""Goods sold before their harvest: opened with a cap and a day, moved to another day, called off, harvested.

A buyer whose day was moved back, or has passed, gets the money of that parcel back with one press.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from shop.catalog.models import Product, Variant
from shop.core.audit import GUEST, audit
from shop.core.db import AGAINST_CHANGE
from shop.core.deps import Person
from shop.core.errors import Invalid, Refusal
from shop.core.i18n import local
from shop.core.pagecache import bump
from shop.orders import from_lots, harvest_days, service, states, weighing
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.reading import OrderView
from shop.stock import promising
from shop.stock.lots import service as lots
from shop.stock.lots import units
from shop.stock.models import Pool

FARTHEST = timedelta(days=366)


class ShipByWrong(Invalid):
    """The day is after today and within a year. Facts: first, last."""


class NoPreorder(Refusal):
    """No harvest is waited for."""


class NothingMoved(Refusal):
    """The day of this parcel is as it was promised: the money stays with the order."""


@dataclass(frozen=True)
class Preorder:
    """Something a co-op sells before its harvest: `cap` units were offered, `left` of them are free."""

    variant: Variant
    product: Product
    ship_by: date
    cap: int
    sold: int
    held: int
    left: int
    parcels: int
    came: int
    to_come: int
    waits: int
    """Steps of those parcels; of what `came` some may be there for them already, when less than a whole line."""


def open_up(
    session: Session, coop_id: int, variant: Variant, units: int, ship_by: date, person: Person, now: datetime
) -> None:
    """Take orders for at most `units` before the harvest, sent on `ship_by` at the latest. Audited.

    Raises ShipByWrong, StillOnHand, UnknownVariant.
    """
    _check(ship_by, now)
    promising.promise(session, variant.id, units, person, now)
    _say(session, coop_id, variant, ship_by, person, now)


def move(session: Session, coop_id: int, variant: Variant, ship_by: date, person: Person, now: datetime) -> int:
    """Another day for what waits for its harvest; each buyer is told. Returns how many parcels. Audited.

    Raises ShipByWrong, NoPreorder.
    """
    _check(ship_by, now)
    _alone(session, variant)
    if variant.ship_by is None:
        raise NoPreorder
    if variant.ship_by == ship_by:
        return 0
    _say(session, coop_id, variant, ship_by, person, now)
    lines = select(OrderLine).join(Parcel, col(Parcel.id) == OrderLine.parcel_id).where(*_waits(variant.id))
    return harvest_days.put_off(session, session.exec(lines.order_by(col(OrderLine.id))).all(), ship_by)


def _waits(variant_id: int) -> Sequence[ColumnElement[bool]]:
    """Lines of parcels that are not packed because this harvest is not there."""
    not_packed = (col(Parcel.awaits_harvest).is_(True), col(Parcel.state).in_(states.BEFORE_PACKING))
    return [col(OrderLine.variant_id) == variant_id, *from_lots.WAITS, *not_packed]


def _alone(session: Session, variant: Variant) -> None:
    """Until the end of the transaction nobody orders or calls off what waits for this harvest, or moves its day.

    Parcels before the pool, as whoever calls an order off.
    """
    parcels = select(Parcel.id).join(OrderLine, col(OrderLine.parcel_id) == Parcel.id).where(*_waits(variant.id))
    session.exec(parcels.order_by(col(Parcel.id)).with_for_update(of=Parcel, **AGAINST_CHANGE)).all()
    promising.locked(session, variant.id)
    session.refresh(variant)


def _check(ship_by: date, now: datetime) -> None:
    today = local(now).date()
    if not today < ship_by <= today + FARTHEST:
        raise ShipByWrong(first=today + timedelta(days=1), last=today + FARTHEST)


def _say(session: Session, coop_id: int, variant: Variant, ship_by: date | None, person: Person, now: datetime) -> None:
    before, variant.ship_by = variant.ship_by, ship_by
    session.add(variant)
    session.flush()
    was, day = (it.isoformat() if it else None for it in (before, ship_by))
    audit(session, person, "ship_by", f"variant:{variant.id}", was, day, now, coop_id)
    bump(session, f"product:{variant.product_id}", f"coop:{coop_id}", "lists")


def receive(
    session: Session,
    harvest: lots.Harvest,
    variant: Variant,
    units: int,
    person: Person,
    now: datetime,
    *,
    in_part: bool = False,
) -> int:
    """A harvest is received in a lot; what was promised of it can be packed from now on. Returns the lot's id.

    When less came than was sold, and it is `in_part`, it is for who ordered first. Raises what `lots.receive` raises.
    """
    _alone(session, variant)
    waiting = from_lots.unpacked(session, variant.id)
    lot = lots.receive(session, harvest, {variant.id: units}, waiting, person, now, in_part=in_part)
    if variant.ship_by is not None:
        _share_out(session, harvest.coop_id, variant, person, now)
    return lot.id


def _share_out(session: Session, coop_id: int, variant: Variant, person: Person, now: datetime) -> None:
    if promising.promised(session, [variant.id]):
        from_lots.share_out(session, variant.id, now)
    else:
        from_lots.all_there(session, variant.id, now)
        _say(session, coop_id, variant, None, person, now)
    from_lots.look_again(session, col(Parcel.coop_id) == coop_id)


def give_up(session: Session, coop_id: int, variant: Variant, person: Person, now: datetime) -> int:
    """No more of this harvest comes: who waits for it gets the money back and is told. Returns how many parcels.

    What else is in a parcel still goes; where money was given back before, a person sees to it. Raises NoPreorder.
    """
    mine = select(Parcel).join(OrderLine, col(OrderLine.parcel_id) == Parcel.id).where(*_waits(variant.id))
    orders = select(Order.id).where(col(Order.id).in_(mine.with_only_columns(col(Parcel.order_id))))
    session.exec(orders.order_by(col(Order.id)).with_for_update(key_share=True)).all()
    _alone(session, variant)
    if variant.ship_by is None:
        raise NoPreorder
    _share_out(session, coop_id, variant, person, now)
    unpacked = mine.where(col(Parcel.state).in_(from_lots.NOT_PACKED)).order_by(col(Parcel.id)).distinct()
    ended = [_without(session, parcel, variant.id, person, now) for parcel in session.exec(unpacked).all()]
    promising.keep(session, variant.id, 0, person, now, in_part=True)
    _share_out(session, coop_id, variant, person, now)
    return sum(ended)


def _without(session: Session, parcel: Parcel, variant_id: int, person: Person, now: datetime) -> bool:
    """The parcel goes without what it waits for, or not at all; False where its money was settled before."""
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id, OrderLine.quantity > 0)).all()
    left_out = {it.id: weighing.Real(0) for it in lines if _misses(it) and it.variant_id == variant_id}
    if len(left_out) == len(lines):
        states.cancel(session, parcel.coop_id, parcel.id, person, now)
        return True
    try:
        weighing.settle(session, parcel.coop_id, parcel.id, left_out, person, now)
    except weighing.MoneyGivenBefore:
        return False
    return True


def _misses(line: OrderLine) -> bool:
    return line.ship_by is not None and line.harvested_at is None


def may_call_off(parcel: Parcel, lines: Sequence[OrderLine], today: date) -> bool:
    """Whether the buyer may have the money back: the day was moved back, or it has passed and nothing was packed."""
    waiting = parcel.awaits_harvest and parcel.state in states.BEFORE_PACKING
    return waiting and any(
        line.ship_by is not None
        and line.harvested_at is None
        and (line.ship_by < today or line.ship_by > (line.ship_by_was or line.ship_by))
        for line in lines
    )


def to_call_off(view: OrderView, now: datetime) -> list[int]:
    """The parcels of an order whose money the buyer may have back now."""
    today = local(now).date()
    return [it.parcel.id for it in view.parcels if may_call_off(it.parcel, it.lines, today)]


def call_off(session: Session, order: Order, parcel_id: int, person: Person | None, now: datetime) -> None:
    """The buyer takes the money of one parcel back, because its day was moved; an order of one parcel is cancelled.

    Raises NoSuchParcel, NothingMoved, and what `service.cancel` raises.
    """
    parcels = session.exec(select(Parcel).where(Parcel.order_id == order.id, Parcel.state != "cancelled")).all()
    parcel = next((one for one in parcels if one.id == parcel_id), None)
    if parcel is None:
        raise states.NoSuchParcel(parcel_id=parcel_id)
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel_id)).all()
    if not may_call_off(parcel, lines, local(now).date()):
        raise NothingMoved
    if len(parcels) == 1 or order.state == "awaiting_payment":
        service.cancel(session, order.id, person, now, states.CALLED_OFF)
        return
    buyer = replace(person, roles=()) if person else GUEST
    states.cancel(session, parcel.coop_id, parcel_id, buyer, now, states.CALLED_OFF)


def of_coop(session: Session, coop_id: int) -> list[Preorder]:
    """What a co-op sells before its harvest, the nearest day first."""
    wanted = select(Variant, Product, Pool).join(Product, col(Product.id) == Variant.product_id)
    home = (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == "")
    mine = wanted.join(Pool, home).where(Product.coop_id == coop_id, col(Variant.ship_by).is_not(None))
    rows = session.exec(mine.order_by(col(Variant.ship_by), col(Variant.id))).all()
    return [_preorder(session, variant, product, pool) for variant, product, pool in rows]


def of_variant(session: Session, coop_id: int, variant_id: int) -> Preorder | None:
    """One of them; None when the variant does not wait for a harvest."""
    return next((it for it in of_coop(session, coop_id) if it.variant.id == variant_id), None)


def _preorder(session: Session, variant: Variant, product: Product, home: Pool) -> Preorder:
    sums = select(func.sum(Pool.on_hand), func.sum(Pool.held)).where(Pool.variant_id == variant.id)
    on_hand, held = session.exec(sums).one()
    cap = home.promised or 0
    count = select(func.count(col(Parcel.id).distinct()), func.sum(OrderLine.quantity))
    count = count.join(OrderLine, col(OrderLine.parcel_id) == Parcel.id).where(*_waits(variant.id))
    parcels, waits = session.exec(count.where(col(Parcel.state).in_(from_lots.NOT_PACKED))).one()
    ship_by, left = variant.ship_by or date.max, home.on_hand - home.held
    sold, came = cap - int(on_hand), units.received_since(session, variant.id, promising.since(session, home))
    return Preorder(variant, product, ship_by, cap, sold, int(held), left, parcels, came, cap, int(waits or 0))


def keeps_long(session: Session, order_id: int) -> bool:
    """Whether the order waits for a harvest, longer than a gateway keeps money that it only holds."""
    mine = select(OrderLine.id).where(OrderLine.order_id == order_id, col(OrderLine.ship_by).is_not(None))
    return session.exec(mine.limit(1)).first() is not None


def broken_rules(session: Session) -> Iterator[str]:
    """For `chohtx verify`: goods have a day exactly while a harvest is promised."""
    home = (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == "")
    differs = col(Variant.ship_by).is_(None) != col(Pool.promised).is_(None)
    for variant_id in session.exec(select(Variant.id).join(Pool, home).where(differs)):
        yield f"pre-orders: variant {variant_id} has a day without a promised harvest, or the other way round"


def waiting(session: Session, variant_id: int, most: int = 200) -> list[tuple[Order, Parcel, int]]:
    """The orders that wait for a harvest, with their steps of it, in the order they came; paid or in cash."""
    wanted = (
        select(Order, Parcel, func.sum(OrderLine.quantity))
        .join(Parcel, col(Parcel.order_id) == Order.id)
        .join(OrderLine, col(OrderLine.parcel_id) == Parcel.id)
        .where(*_waits(variant_id), col(Parcel.state).in_(from_lots.NOT_PACKED))
        .group_by(col(Order.id), col(Parcel.id))
        .order_by(col(Parcel.id))
        .limit(most)
    )
    return [(order, parcel, int(steps)) for order, parcel, steps in session.exec(wanted)]
