"""Parcels and lots: what is packed comes from the lots that expire first, and goes back to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, or_, select, update
from sqlmodel import Session, col

from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.orders.models import OrderLine, Parcel
from shop.stock import promising
from shop.stock.lots import units as lots
from shop.stock.lots.models import LotUnits
from shop.stock.models import Pool, StockMovement

NOT_PACKED = ("new", "confirmed")


class NotHarvestedYet(Refusal):
    """Something in the parcel was sold before its harvest, which is not received yet. Facts: names."""


def _sold_net(session: Session, parcel: Parcel) -> dict[int, int]:
    """Units of variants with lots that are sold in this parcel, by variant."""
    in_lots = select(col(LotUnits.variant_id))
    net = -func.sum(col(StockMovement.quantity))
    mine = (col(StockMovement.owner) == f"order:{parcel.order_id}", col(Pool.coop_id) == parcel.coop_id)
    found = (
        select(col(Pool.variant_id), net)
        .join(Pool, col(Pool.id) == col(StockMovement.pool_id))
        .where(*mine, col(Pool.variant_id).in_(in_lots))
        .group_by(col(Pool.variant_id))
        .order_by(col(Pool.variant_id))
    )
    return _by_variant(session, found)


def _by_variant(session: Session, found: Select[int, int]) -> dict[int, int]:
    return {row[0]: int(row[1]) for row in session.execute(found)}


def take(session: Session, parcel: Parcel, person: Person, now: datetime) -> None:
    """The units of a parcel that is packed now leave their lots. Raises LotsShort, NotHarvestedYet."""
    _require_harvested(session, parcel)
    for variant_id, units in _sold_net(session, parcel).items():
        if units > 0:
            lots.take(session, variant_id, units, "packed", now, owner=f"parcel:{parcel.id}", person=person)


WAITS = (col(OrderLine.ship_by).is_not(None), col(OrderLine.harvested_at).is_(None), col(OrderLine.quantity) > 0)
"""What a line is that was sold before its harvest and is not there yet, as long as that harvest is waited for."""
_PROMISED = (
    col(Pool.variant_id) == col(OrderLine.variant_id),
    col(Pool.owner) == "",
    col(Pool.promised).is_not(None),
)


def _require_harvested(session: Session, parcel: Parcel) -> None:
    mine = select(col(OrderLine.product_name)).where(col(OrderLine.parcel_id) == parcel.id)
    names = session.execute(mine.where(*WAITS, exists().where(*_PROMISED))).scalars().all()
    if names:
        raise NotHarvestedYet(names=sorted(set(names)))


def look_again(session: Session, which: ColumnElement[bool]) -> None:
    """Parcels that waited for a harvest and wait no more are on the lists of the day."""
    missing = exists().where(col(OrderLine.parcel_id) == col(Parcel.id), *WAITS, *_PROMISED)
    ready = update(Parcel).where(which, col(Parcel.awaits_harvest), ~missing).values(awaits_harvest=False)
    session.execute(ready.execution_options(synchronize_session=False))


def share_out(session: Session, variant_id: int, now: datetime) -> None:
    """What came of a harvest is for who ordered first, line by line; what is less than a line waits for its rest.

    The caller has locked the parcels that wait, and the pool.
    """
    mine = select(OrderLine).join(Parcel, col(Parcel.id) == col(OrderLine.parcel_id))
    mine = mine.where(col(OrderLine.variant_id) == variant_id, col(Parcel.state).in_(NOT_PACKED))
    there = or_(col(OrderLine.ship_by).is_(None), col(OrderLine.harvested_at).is_not(None))
    kept = session.execute(mine.where(there).with_only_columns(func.sum(col(OrderLine.quantity)))).scalar_one()
    free = lots.on_sale(session, variant_id) - int(kept or 0)  # read last: what is packed meanwhile is not free
    wanted = mine.where(*WAITS).order_by(col(OrderLine.id)).execution_options(populate_existing=True)
    for line in session.execute(wanted).scalars().all():
        free -= line.quantity
        if free < 0:
            break
        line.harvested_at = now
        session.add(line)
    session.flush()


def all_there(session: Session, variant_id: int, now: datetime) -> None:
    """The harvest is over: nothing of it is waited for, paid or not."""
    before = select(col(Parcel.id)).where(col(Parcel.state).in_(("waiting", *NOT_PACKED)))
    mine = (col(OrderLine.variant_id) == variant_id, col(OrderLine.parcel_id).in_(before), *WAITS)
    session.execute(
        update(OrderLine).where(*mine).values(harvested_at=now).execution_options(synchronize_session=False)
    )


def put_back(session: Session, parcel: Parcel, units: Mapping[int, int], person: Person, now: datetime) -> None:
    """{pool id: units} of a parcel are on sale again: what was packed of them is in its lots again."""
    if parcel.packed_at is None:
        return
    mine = (col(Pool.id).in_(list(units)), col(Pool.coop_id) == parcel.coop_id)
    named = select(col(Pool.id), col(Pool.variant_id)).where(*mine)
    for pool_id, variant_id in session.execute(named.order_by(col(Pool.id))).all():
        if lots.uses_lots(session, variant_id):
            lots.put_back(session, f"parcel:{parcel.id}", variant_id, units[pool_id], now, person)


def unpacked(session: Session, variant_id: int | None = None) -> dict[int, int]:
    """Units that are sold and not packed yet, by variant."""
    owner = literal("order:") + cast(col(Parcel.order_id), String)
    found = (
        select(col(Pool.variant_id), -func.sum(col(StockMovement.quantity)))
        .join(Pool, (col(Pool.id) == col(StockMovement.pool_id)))
        .join(Parcel, (owner == col(StockMovement.owner)) & (col(Parcel.coop_id) == col(Pool.coop_id)))
        .where(col(Parcel.state).in_(NOT_PACKED))
        .group_by(col(Pool.variant_id))
    )
    if variant_id is not None:
        found = found.where(col(Pool.variant_id) == variant_id)
    return _by_variant(session, found)


def broken_rules(session: Session) -> Iterator[str]:
    """For `chohtx verify`: one line for each variant whose lots are not what its pools and unpacked parcels say."""
    in_lots = select(col(LotUnits.variant_id), func.sum(col(LotUnits.left) - col(LotUnits.off_sale)))
    told = _by_variant(session, in_lots.group_by(col(LotUnits.variant_id)))
    if not told:
        return
    on_hand = select(col(Pool.variant_id), func.sum(col(Pool.on_hand))).where(col(Pool.variant_id).in_(list(told)))
    pools = _by_variant(session, on_hand.group_by(col(Pool.variant_id)))
    waiting, promised = unpacked(session), promising.promised(session, list(told))
    for variant_id, left in sorted(told.items()):
        real = pools.get(variant_id, 0) + waiting.get(variant_id, 0) - promised.get(variant_id, 0)
        if left != real:
            yield f"lots: variant {variant_id} has {left} in its lots, {real} on hand or to be packed"
