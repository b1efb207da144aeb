"""The rules of harvest lots. Functions take an open session and never commit; a person's change is audited.

Always true, and checked by `chohtx verify`: what is left of a variant in its lots, less what is off sale with a lot on
hold, is what its pools have and what is sold but not packed yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from shop.core.audit import audit
from shop.core.db import AGAINST_CHANGE
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.stock import promising
from shop.stock import service as stock
from shop.stock.lots.models import Lot, LotMovement, LotState, LotUnits
from shop.stock.lots.units import put, uses_lots, write
from shop.stock.models import Pool


class NoSuchLot(NotFound):
    """The co-op has no such lot."""


class LotCodeTaken(Refusal):
    """The co-op has a lot with this code. Facts: code."""


class LotDatesWrong(Invalid):
    """A lot is best before a day after its harvest."""


class LotGone(Refusal):
    """A lot that was recalled never comes back; one that is on sale is not released again. Facts: state."""


@dataclass(frozen=True)
class Harvest:
    """What is received: the lot's code, its product, when it was picked, until when it is good."""

    coop_id: int
    product_id: int
    code: str
    harvested_on: date | None = None
    best_before: date | None = None


def receive(
    session: Session,
    harvest: Harvest,
    units: Mapping[int, int],
    unpacked: Mapping[int, int],
    person: Person,
    now: datetime,
    *,
    in_part: bool = False,
) -> Lot:
    """A harvest comes in: {variant id: units} are in a new lot and on sale.

    `unpacked` are the units of each variant that are sold and not packed yet: what was there before the first lot
    becomes a lot without a date, packed last. What buyers were promised before this harvest is in it, or `in_part`.
    Raises LotCodeTaken, LotDatesWrong, UnknownVariant, HarvestShort.
    """
    if harvest.best_before and harvest.harvested_on and harvest.best_before <= harvest.harvested_on:
        raise LotDatesWrong
    for variant_id in sorted(units):
        if not uses_lots(session, variant_id):
            there = unpacked.get(variant_id, 0) - promising.promised(session, [variant_id]).get(variant_id, 0)
            _start(session, harvest, variant_id, there, person, now)
    lot = _open(session, harvest, now)
    for variant_id, count in sorted(units.items()):
        session.add(row := LotUnits(lot_id=lot.id, variant_id=variant_id))
        put(session, row, count, "received", now, person=person)
        pool = stock.pool_of(session, variant_id)
        session.refresh(pool, with_for_update=AGAINST_CHANGE)
        stock.set_on_hand(session, variant_id, pool.on_hand + count, person, now, f"lot {lot.code}", lots=False)
        promising.keep(session, variant_id, count, person, now, in_part=in_part)
    told = {"code": lot.code, "units": {str(variant_id): count for variant_id, count in sorted(units.items())}}
    audit(session, person, "lot", f"lot:{lot.id}", None, told, now, harvest.coop_id)
    return lot


def _open(session: Session, harvest: Harvest, now: datetime) -> Lot:
    taken = select(Lot.id).where(Lot.coop_id == harvest.coop_id, Lot.code == harvest.code)
    if session.exec(taken).first() is not None:
        raise LotCodeTaken(code=harvest.code)
    session.add(lot := Lot(**vars(harvest), made_at=now))
    session.flush()
    return lot


def _start(session: Session, harvest: Harvest, variant_id: int, unpacked: int, person: Person, now: datetime) -> None:
    home = stock.pool_of(session, variant_id)
    session.refresh(home, with_for_update=AGAINST_CHANGE)
    on_hand = select(func.coalesce(func.sum(Pool.on_hand), 0)).where(Pool.variant_id == variant_id)
    before = int(session.exec(on_hand).one()) + unpacked
    if before > 0:
        lot = _open(session, Harvest(harvest.coop_id, harvest.product_id, f"TRUOC-{variant_id}"), now)
        session.add(row := LotUnits(lot_id=lot.id, variant_id=variant_id))
        put(session, row, before, "received", now, reason="there before the first lot", person=person)


def get(session: Session, coop_id: int, lot_id: int) -> Lot:
    """The lot, locked, if it is that co-op's. Raises NoSuchLot."""
    lot = session.get(Lot, lot_id, with_for_update=True, populate_existing=True)
    if lot is None or lot.coop_id != coop_id:
        raise NoSuchLot
    return lot


def of_coop(session: Session, coop_id: int, most: int = 100) -> list[tuple[Lot, list[LotUnits]]]:
    """The newest lots of a co-op with their units."""
    mine = select(Lot).where(Lot.coop_id == coop_id).order_by(col(Lot.id).desc()).limit(most)
    lots = list(session.exec(mine))
    rows = session.exec(select(LotUnits).where(col(LotUnits.lot_id).in_([lot.id for lot in lots]))).all()
    return [(lot, [row for row in rows if row.lot_id == lot.id]) for lot in lots]


def units_of(session: Session, lot_id: int) -> list[LotUnits]:
    """What is left of a lot, by variant; locked."""
    mine = select(LotUnits).where(LotUnits.lot_id == lot_id).order_by(col(LotUnits.variant_id)).with_for_update()
    return list(session.exec(mine.execution_options(populate_existing=True)))


def movements_of(session: Session, lot_id: int) -> list[LotMovement]:
    """What happened to a lot, the newest first."""
    return list(
        session.exec(select(LotMovement).where(LotMovement.lot_id == lot_id).order_by(col(LotMovement.id).desc()))
    )


def correct(session: Session, lot: Lot, variant_id: int, left: int, reason: str, person: Person, now: datetime) -> None:
    """Somebody counted: so many units are left of a lot, and why. Raises NoSuchLot, HeldByBuyers when sold already."""
    row = next((row for row in units_of(session, lot.id) if row.variant_id == variant_id), None)
    if row is None:
        raise NoSuchLot
    before, change, was_on_sale = row.left, left - row.left, row.left - row.off_sale
    if not change:
        return
    if lot.state != LotState.RELEASED:  # what is off sale goes first: the rest of it was sold before it was held
        row.off_sale = max(0, row.off_sale + change)
    row.left = left
    session.add(row)
    session.flush()
    write(session, [(lot.id, variant_id, change)], "corrected", now, reason, "", person)
    _follow_pool(session, variant_id, left - row.off_sale - was_on_sale, reason, person, now)
    audit(session, person, "lot_left", f"lot:{lot.id}", before, [left, reason], now, lot.coop_id)


def _follow_pool(session: Session, variant_id: int, change: int, reason: str, person: Person, now: datetime) -> None:
    if not change:
        return
    pool = stock.pool_of(session, variant_id)
    session.refresh(pool, with_for_update=AGAINST_CHANGE)
    if pool.on_hand + change < pool.held:
        raise stock.HeldByBuyers(held=pool.held)
    stock.set_on_hand(session, variant_id, pool.on_hand + change, person, now, reason, lots=False)


def set_state(session: Session, lot: Lot, state: LotState, reason: str, person: Person, now: datetime) -> None:
    """Hold a lot, release it, or recall it: what is free of it goes off sale with it, or back on sale.

    What buyers have already bought stays bought, and is packed from other lots or not at all. Raises LotGone.
    """
    before = lot.state
    if before == state or before == LotState.RECALLED:
        raise LotGone(state=before)
    lot.state = state
    session.add(lot)
    for row in units_of(session, lot.id):
        pool = stock.pool_of(session, row.variant_id)
        session.refresh(pool, with_for_update=AGAINST_CHANGE)
        off_sale = 0 if state == LotState.RELEASED else row.off_sale or min(row.left, pool.on_hand - pool.held)
        change, row.off_sale = row.off_sale - off_sale, off_sale
        session.add(row)
        session.flush()
        stock.set_on_hand(session, row.variant_id, pool.on_hand + change, person, now, reason, lots=False)
    audit(session, person, "lot_state", f"lot:{lot.id}", before, [state.value, reason], now, lot.coop_id)
