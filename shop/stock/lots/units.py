"""Units of a variant in its lots. Rows are locked in the order of lots; the earliest best-before goes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, update
from sqlmodel import Session, col, select

from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.stock.lots.models import Lot, LotMovement, LotState, LotUnits
from shop.stock.models import Pool

UNDONE = "undone"
"""The reason of a count that takes back the one before it."""


class LotsShort(Refusal):
    """The lots that may be packed from hold less than is to go. Facts: variant_id, wanted, short."""


def uses_lots(session: Session, variant_id: int) -> bool:
    """Whether this variant was ever received in a lot."""
    mine = select(LotUnits.lot_id).where(LotUnits.variant_id == variant_id).limit(1)
    return session.exec(mine).first() is not None


def locked(session: Session, variant_id: int) -> list[tuple[LotUnits, Lot]]:
    """The units of a variant in all its lots, locked; first those that expire first, no date last."""
    rows = session.exec(
        select(LotUnits)
        .where(LotUnits.variant_id == variant_id)
        .order_by(col(LotUnits.lot_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    lots = {lot.id: lot for lot in session.exec(select(Lot).where(col(Lot.id).in_([row.lot_id for row in rows])))}
    return sorted(((row, lots[row.lot_id]) for row in rows), key=lambda pair: _first(pair[1]))


def _first(lot: Lot) -> tuple[date, int]:
    return (lot.best_before or date.max, lot.id)


def on_sale(session: Session, variant_id: int) -> int:
    """Units of a variant that may be packed from its lots now."""
    released = select(func.sum(LotUnits.left - LotUnits.off_sale)).join(Lot, col(Lot.id) == LotUnits.lot_id)
    mine = released.where(LotUnits.variant_id == variant_id, Lot.state == LotState.RELEASED)
    return int(session.exec(mine).one() or 0)


def received_since(session: Session, variant_id: int, at: datetime) -> int:
    """Units of a variant that were harvested since then."""
    came = select(func.sum(LotMovement.quantity)).where(LotMovement.variant_id == variant_id, LotMovement.at >= at)
    return int(session.exec(came.where(LotMovement.kind == "received", LotMovement.reason == "")).one() or 0)


def take(
    session: Session,
    variant_id: int,
    units: int,
    kind: str,
    now: datetime,
    *,
    reason: str = "",
    owner: str = "",
    person: Person | None = None,
) -> None:
    """Take units out of the released lots, first expired first out. Raises LotsShort; nothing is taken then."""
    left, moved = units, []
    for row, lot in locked(session, variant_id):
        gone = min(left, row.left - row.off_sale) if lot.state == LotState.RELEASED else 0
        if gone > 0:
            moved.append((row, gone))
            left -= gone
    if left:
        raise LotsShort(variant_id=variant_id, wanted=units, short=left)
    for row, gone in moved:
        row.left -= gone
        session.add(row)
    session.flush()
    write(session, [(row.lot_id, variant_id, -gone) for row, gone in moved], kind, now, reason, owner, person)


def follow(
    session: Session,
    variant_id: int,
    units: int,
    now: datetime,
    reason: str,
    person: Person | None,
    *,
    promised: bool = True,
) -> None:
    """The pool was counted anew: what came is in the newest lot on sale, what is missing left those that expire first.

    A count that is UNDONE goes back to the lots that it came from.
    Before a harvest, the units that are promised are counted anew, unless these are not `promised` but older ones,
    or more than are promised still.
    Does nothing for variants without lots. Raises LotsShort.
    """
    if not units:
        return
    home = (col(Pool.variant_id) == variant_id, col(Pool.owner) == "", col(Pool.promised).is_not(None))
    still = col(Pool.promised) + units
    counted = update(Pool).where(*home, still >= 0).values(promised=still)
    if promised and run(session, counted).rowcount:
        return
    if not uses_lots(session, variant_id):
        return
    if reason == UNDONE and _turned_back(session, variant_id, units, now, person):
        return
    if units < 0:
        take(session, variant_id, -units, "corrected", now, reason=reason, person=person)
        return
    newest, _lot = max(locked(session, variant_id), key=lambda pair: (pair[1].state == LotState.RELEASED, pair[1].id))
    put(session, newest, units, "corrected", now, reason=reason, person=person)


def _turned_back(session: Session, variant_id: int, units: int, now: datetime, person: Person | None) -> bool:
    """Move back what the last count moved; False when it moved something else or its units are packed since."""
    counts = (LotMovement.variant_id == variant_id, LotMovement.kind == "corrected")
    last = session.exec(select(LotMovement).where(*counts).order_by(col(LotMovement.id).desc()).limit(1)).first()
    if last is None:
        return False
    same_press = (*counts, LotMovement.at == last.at, LotMovement.reason == last.reason)
    batch = session.exec(select(LotMovement).where(*same_press))
    back = [(it.lot_id, variant_id, -it.quantity) for it in batch]
    rows = {row.lot_id: row for row, _lot in locked(session, variant_id)}
    short = any(rows[lot_id].left - rows[lot_id].off_sale + units_back < 0 for lot_id, _variant, units_back in back)
    if short or sum(units_back for _lot, _variant, units_back in back) != units:
        return False
    for lot_id, _variant, units_back in back:
        rows[lot_id].left += units_back
        session.add(rows[lot_id])
    session.flush()
    write(session, back, "corrected", now, UNDONE, "", person)
    return True


def put(
    session: Session,
    row: LotUnits,
    units: int,
    kind: str,
    now: datetime,
    *,
    reason: str = "",
    owner: str = "",
    person: Person | None = None,
) -> None:
    """Units came (back) to a lot; of one on hold they stay off sale only if they were taken off sale."""
    row.left += units
    session.add(row)
    session.flush()
    write(session, [(row.lot_id, row.variant_id, units)], kind, now, reason, owner, person)


def put_back(session: Session, owner: str, variant_id: int, units: int, now: datetime, person: Person | None) -> None:
    """Units that were packed for `owner` go back to the lots they came from.

    What was packed before there were lots goes to the first of those on sale: it stands for what was there before.
    """
    there = locked(session, variant_id)
    rows = {row.lot_id: row for row, _lot in there}
    packed: dict[int, int] = {}
    mine = select(LotMovement.lot_id, LotMovement.quantity).where(LotMovement.owner == owner)
    for lot_id, quantity in session.exec(mine.where(LotMovement.variant_id == variant_id)):
        packed[lot_id] = packed.get(lot_id, 0) - quantity
    for lot_id in sorted(packed, reverse=True):
        back = min(units, packed[lot_id])
        if back > 0:
            put(session, rows[lot_id], back, "returned", now, owner=owner, person=person)
            units -= back
    if units > 0:
        first, _lot = min(there, key=lambda pair: (pair[1].state != LotState.RELEASED, pair[1].id))
        put(session, first, units, "returned", now, owner=owner, person=person)


def write(
    session: Session,
    moved: Sequence[tuple[int, int, int]],
    kind: str,
    now: datetime,
    reason: str,
    owner: str,
    person: Person | None,
) -> None:
    """Write down (lot, variant, units) that moved."""
    told: dict[str, Any] = {"kind": kind, "reason": reason, "owner": owner, "at": now}
    told["person_id"] = person.id or None if person else None
    rows = [{**told, "lot_id": lot, "variant_id": variant, "quantity": units} for lot, variant, units in moved]
    if rows:
        run(session, insert(LotMovement), rows)
