"""The rules of stock. One guarded statement decides each time; rows are taken in id order.

Always true, and checked by `chohtx verify`: `on_hand` of a pool is the sum of its movements, `held` the sum of its
open holds, and neither is ever negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, bindparam, func, insert, update
from sqlmodel import Session, col, select

from shop.core.audit import audit
from shop.core.db import AGAINST_CHANGE, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.pagecache import bump
from shop.core.prepared import Prepared
from shop.stock.lots.units import follow
from shop.stock.models import Hold, HoldState, MovementKind, Pool, StockMovement
from shop.stock.turns import in_turn

Band = Literal["in", "low", "out"]
LOW = 5


class SoldOut(Refusal):
    """Less is left than was wanted. Facts: lines = [{variant_id, wanted, left}]."""


class HeldByBuyers(Refusal):
    """Buyers hold more than the new count. Facts: held."""


class UnknownVariant(NotFound):
    """No units of this variant were ever counted. Facts: variant_id."""


def band(available: int) -> Band:
    """How lists show stock, so that a hold touches a list only when it crosses a band."""
    return "out" if available <= 0 else "low" if available <= LOW else "in"


def pool_of(session: Session, variant_id: int, owner: str = "") -> Pool:
    """The pool of a variant, ordinary or of a session. Raises UnknownVariant."""
    found = session.exec(select(Pool).where(Pool.variant_id == variant_id, Pool.owner == owner)).one_or_none()
    if found is None:
        raise UnknownVariant(variant_id=variant_id)
    return found


def pools_of(session: Session, variant_ids: Iterable[int], owner: str = "") -> dict[int, Pool]:
    """Pools by variant; variants without one are left out."""
    wanted = select(Pool).where(col(Pool.variant_id).in_(list(variant_ids)), Pool.owner == owner)
    return {pool.variant_id: pool for pool in session.exec(wanted)}


def available(session: Session, variant_ids: Iterable[int], owner: str = "") -> dict[int, int]:
    """Units that can be had now, by variant; 0 for variants without a pool."""
    ids = list(variant_ids)
    found = pools_of(session, ids, owner)
    return {i: found[i].on_hand - found[i].held if i in found else 0 for i in ids}


def open_pool(session: Session, *, coop_id: int, product_id: int, variant_id: int, owner: str = "") -> Pool:
    """The pool of a variant, made empty when there is none yet."""
    try:
        return pool_of(session, variant_id, owner)
    except UnknownVariant:
        pool = Pool(coop_id=coop_id, product_id=product_id, variant_id=variant_id, owner=owner)
        session.add(pool)
        session.flush()
        return pool


def receive(session: Session, pool: Pool, quantity: int, now: datetime, reason: str = "") -> None:
    """Count in new units."""
    _move(session, pool.id, quantity, MovementKind.RECEIVED, now, reason=reason)
    follow(session, pool.variant_id, quantity, now, reason, None)


def take_holds(
    session: Session, wanted: Mapping[int, int], owner: str, expires_at: datetime | None, now: datetime
) -> None:
    """Hold `wanted` {pool id: units} for `owner`: all of it, or nothing and SoldOut naming every line that lacks."""
    lacking = [pool_id for pool_id in sorted(wanted) if not _take(session, pool_id, wanted[pool_id])]
    if lacking:
        raise SoldOut(lines=_lacking(session, lacking, wanted))
    rows = [
        {"pool_id": pool_id, "owner": owner, "quantity": wanted[pool_id], "state": HoldState.OPEN,
         "started_at": now, "expires_at": expires_at}
        for pool_id in sorted(wanted)
    ]  # fmt: skip
    if rows:
        run(session, _HOLD, rows)


def _take(session: Session, pool_id: int, quantity: int) -> bool:
    row = run(session, _TAKE, {"pool": pool_id, "units": quantity}).one_or_none()
    if row is None:
        return False
    _tell(session, row.product_id, row.coop_id, row.owner, row.on_hand - row.held + quantity, row.on_hand - row.held)
    return True


_SEEN = (
    col(Pool.product_id),
    col(Pool.coop_id),
    col(Pool.variant_id),
    col(Pool.owner),
    col(Pool.on_hand),
    col(Pool.held),
    col(Pool.closed),
)


def _lacking(session: Session, pool_ids: Sequence[int], wanted: Mapping[int, int]) -> list[dict[str, int]]:
    pools = session.exec(select(Pool).where(col(Pool.id).in_(pool_ids)).order_by(col(Pool.id)))
    return [
        {"variant_id": pool.variant_id, "wanted": wanted[pool.id], "left": max(0, pool.on_hand - pool.held)}
        for pool in pools
    ]


def open_holds(session: Session, owner: str) -> list[Hold]:
    """What is kept for `owner` now."""
    mine = select(Hold).where(Hold.owner == owner, Hold.state == HoldState.OPEN).order_by(col(Hold.pool_id))
    return list(session.exec(mine))


def extend_holds(session: Session, owner: str, expires_at: datetime) -> int:
    """Keep the units longer; returns how many holds were still open to extend."""
    mine = (col(Hold.owner) == owner, col(Hold.state) == HoldState.OPEN)
    return run(session, update(Hold).where(*mine).values(expires_at=expires_at)).rowcount


def rename_holds(session: Session, owner: str, new_owner: str, expires_at: datetime | None) -> int:
    """Hand the open holds over, as from a checkout to its order; returns how many."""
    mine = (col(Hold.owner) == owner, col(Hold.state) == HoldState.OPEN)
    return run(session, update(Hold).where(*mine).values(owner=new_owner, expires_at=expires_at)).rowcount


def sell_holds(session: Session, owner: str, now: datetime) -> int:
    """The held units leave the shop for good; returns how many units."""
    sold = _end(session, owner, HoldState.SOLD)
    for pool_id, quantity in sold:
        leave = {"on_hand": col(Pool.on_hand) - quantity, "held": col(Pool.held) - quantity}
        left = run(session, update(Pool).where(col(Pool.id) == pool_id).values(**leave).returning(col(Pool.owner)))
        if live := left.scalar_one():  # nothing is left less, but the host sees a hold become an order
            bump(session, f"session:{live.removeprefix('live:')}")
    movements = [
        {"pool_id": pool_id, "kind": MovementKind.SOLD, "quantity": -quantity, "owner": owner, "reason": "", "at": now}
        for pool_id, quantity in sold
    ]
    if movements:
        run(session, insert(StockMovement), movements)
    return sum(quantity for _pool, quantity in sold)


def sell(session: Session, wanted: Mapping[int, int], owner: str, now: datetime) -> None:
    """Sell `wanted` {pool id: units} with no hold before: all of it, or nothing and SoldOut naming what lacks."""
    lacking = [pool_id for pool_id in sorted(wanted) if not _leave(session, pool_id, wanted[pool_id])]
    if lacking:
        raise SoldOut(lines=_lacking(session, lacking, wanted))
    sold = {"kind": MovementKind.SOLD, "owner": owner, "reason": "", "at": now}
    rows = [{**sold, "pool_id": pool_id, "quantity": -quantity} for pool_id, quantity in sorted(wanted.items())]
    if rows:
        run(session, _INSERT_MOVEMENT, rows)


def _leave(session: Session, pool_id: int, quantity: int) -> bool:
    row = run(session, _LEAVE, {"pool": pool_id, "units": quantity}).one_or_none()
    if row is None:
        return False
    free = row.on_hand - row.held
    _tell(session, row.product_id, row.coop_id, row.owner, free + quantity, free)
    return True


# Made once: building a statement costs more than SQLite takes to run it, and these run for every order and claim.
_TAKE = Prepared(
    update(Pool)
    .where(col(Pool.id) == bindparam("pool"), col(Pool.on_hand) - col(Pool.held) >= bindparam("units"))
    .values(held=col(Pool.held) + bindparam("units"))
    .returning(*_SEEN)
)
_HOLD = Prepared(insert(Hold.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it
_INSERT_MOVEMENT = Prepared(insert(StockMovement.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it
_LEAVE = Prepared(
    update(Pool)
    .where(col(Pool.id) == bindparam("pool"), col(Pool.on_hand) - col(Pool.held) >= bindparam("units"))
    .values(on_hand=col(Pool.on_hand) - bindparam("units"))
    .returning(*_SEEN)
)


def release_holds(session: Session, owner: str, now: datetime, person: Person | None = None) -> int:
    """Give the held units back to sale; returns how many units."""
    back = sorted((row.pool_id, row.quantity) for row in run(session, _GIVE_BACK, {"whose": owner}))
    _let_go(session, back, now, person)
    return sum(quantity for _pool, quantity in back)


_GIVE_BACK = Prepared(
    update(Hold)
    .where(col(Hold.owner) == bindparam("whose"), col(Hold.state) == HoldState.OPEN)
    .values(state=HoldState.RETURNED)
    .returning(col(Hold.pool_id), col(Hold.quantity))
)
_FREE = Prepared(
    update(Pool)
    .where(col(Pool.id) == bindparam("pool"))
    .values(held=col(Pool.held) - bindparam("units"))
    .returning(*_SEEN)
)


def release_expired(session: Session, now: datetime, most: int = 500) -> list[str]:
    """Return what was held past its time; returns the owners whose holds ended."""
    past = (col(Hold.state) == HoldState.OPEN, col(Hold.expires_at) <= now)
    owners = list(session.exec(select(Hold.owner).where(*past).distinct().order_by(Hold.owner).limit(most)))
    _let_go(session, [back for owner in owners for back in _end(session, owner, HoldState.RETURNED, past[1])], now)
    return owners


def _end(
    session: Session, owner: str, state: HoldState, also: ColumnElement[bool] | None = None
) -> list[tuple[int, int]]:
    mine = [col(Hold.owner) == owner, col(Hold.state) == HoldState.OPEN, *([] if also is None else [also])]
    ended = update(Hold).where(*mine).values(state=state).returning(col(Hold.pool_id), col(Hold.quantity))
    return sorted((row.pool_id, row.quantity) for row in run(session, ended))


def _let_go(session: Session, back: Sequence[tuple[int, int]], now: datetime, person: Person | None = None) -> None:
    in_turn(session, {pool_id for pool_id, _quantity in back})
    for pool_id, quantity in back:
        row = run(session, _FREE, {"pool": pool_id, "units": quantity}).one()
        free = row.on_hand - row.held
        _tell(session, row.product_id, row.coop_id, row.owner, free - quantity, free)
        if row.closed:
            _send_home(session, pool_id, now, person)


def put_back(
    session: Session,
    owner: str,
    now: datetime,
    reason: str,
    only: Mapping[int, int] | None = None,
    person: Person | None = None,
) -> int:
    """Units once sold to `owner` return to sale (to ordinary sale when they came from a session that is over).

    `only` limits it to {pool id: units}. Returns how many units; never more than were sold to that owner.
    Audited when a `person` does it.
    """
    back, sold = 0, dict(_net_by_pool(session, owner))
    in_turn(session, sold)
    for pool_id, net in sold.items():
        quantity = min(-net, only.get(pool_id, 0) if only is not None else -net)
        if quantity <= 0:
            continue
        _move(session, pool_id, quantity, MovementKind.RETURNED, now, reason=reason, owner=owner, person=person)
        if session.exec(select(Pool.closed).where(Pool.id == pool_id)).one():
            _send_home(session, pool_id, now, person)
        back += quantity
    return back


def _net_by_pool(session: Session, owner: str) -> list[tuple[int, int]]:
    total = func.sum(StockMovement.quantity)
    sold = select(StockMovement.pool_id, total).where(StockMovement.owner == owner).group_by(col(StockMovement.pool_id))
    return sorted((pool_id, int(net)) for pool_id, net in session.exec(sold))


def set_on_hand(
    session: Session, variant_id: int, on_hand: int, person: Person, now: datetime, reason: str = "", lots: bool = True
) -> None:
    """A manager counted: there are `on_hand` units in ordinary sale. Audited. Its `lots` follow.

    Raises HeldByBuyers when buyers hold more than that, LotsShort, UnknownVariant.
    """
    pool = pool_of(session, variant_id)
    session.refresh(pool, with_for_update=AGAINST_CHANGE)
    before = pool.on_hand
    if on_hand < pool.held:
        raise HeldByBuyers(held=pool.held)
    if on_hand != before:
        _move(session, pool.id, on_hand - before, MovementKind.ADJUSTED, now, reason=reason, person=person)
        if lots:
            follow(session, variant_id, on_hand - before, now, reason, person)
    session.refresh(pool)


def write_off(
    session: Session, pool_id: int, units: int, person: Person, now: datetime, reason: str, *, promised: bool = False
) -> None:
    """Free units of a pool are lost; of an allotment that is over, those of ordinary sale; `promised` ones are promised
    no more. Audited. Raises SoldOut when fewer are free."""
    pool = session.get_one(Pool, pool_id)
    home = pool_of(session, pool.variant_id) if pool.closed else pool
    _move(session, home.id, -units, MovementKind.ADJUSTED, now, reason=reason, person=person)
    follow(session, home.variant_id, -units, now, reason, person, promised=promised)


def open_live_pool(
    session: Session, variant_id: int, owner: str, wanted: int, now: datetime, person: Person | None = None
) -> Pool:
    """Take a session's allotment out of ordinary sale: `wanted` units, or what is left if less.

    Audited when a `person` does it.
    """
    home = pool_of(session, variant_id)
    session.refresh(home, with_for_update=AGAINST_CHANGE)
    live = open_pool(session, coop_id=home.coop_id, product_id=home.product_id, variant_id=variant_id, owner=owner)
    allotted = max(0, min(wanted, home.on_hand - home.held))
    if allotted:
        _move(session, home.id, -allotted, MovementKind.MOVED, now, reason=owner, person=person)
        _move(session, live.id, allotted, MovementKind.MOVED, now, reason=owner, person=person)
    session.refresh(live)
    return live


def close_live_pool(session: Session, owner: str, now: datetime, person: Person | None = None) -> int:
    """End a session's allotments: what is free returns to ordinary sale now, what is held when its holds end.

    Audited when a `person` does it; what goes home later, goes by the clock.
    """
    pool_ids = session.exec(select(Pool.id).where(Pool.owner == owner).order_by(col(Pool.id))).all()
    in_turn(session, pool_ids)
    run(session, update(Pool).where(col(Pool.owner) == owner).values(closed=True))
    return sum(_send_home(session, pool_id, now, person) for pool_id in pool_ids)


def _send_home(session: Session, pool_id: int, now: datetime, person: Person | None) -> int:
    live = session.get_one(Pool, pool_id, with_for_update=AGAINST_CHANGE, populate_existing=True)
    free = live.on_hand - live.held
    if free > 0:
        send_home(session, live, free, now, person)
    return free


def send_home(session: Session, live: Pool, units: int, now: datetime, person: Person | None = None) -> None:
    """So many free units of an allotment return to ordinary sale. The caller has locked the allotment's row."""
    home, why = pool_of(session, live.variant_id), f"home:{live.owner}"
    _move(session, live.id, -units, MovementKind.MOVED, now, reason=why, person=person)
    _move(session, home.id, units, MovementKind.MOVED, now, reason=why, person=person)


def _move(
    session: Session,
    pool_id: int,
    quantity: int,
    kind: MovementKind,
    now: datetime,
    *,
    reason: str = "",
    owner: str = "",
    person: Person | None = None,
) -> None:
    enough = (col(Pool.id) == pool_id, col(Pool.on_hand) + quantity >= col(Pool.held))
    moved = update(Pool).where(*enough).values(on_hand=col(Pool.on_hand) + quantity)
    row = run(session, moved.returning(*_SEEN)).one_or_none()
    if row is None:
        raise SoldOut(lines=_lacking(session, [pool_id], {pool_id: -quantity}))
    facts = {"pool_id": pool_id, "kind": kind, "quantity": quantity, "reason": reason, "owner": owner}
    who = person.id or None if person else None
    run(session, insert(StockMovement), [{**facts, "person_id": who, "at": now}])
    if person:
        subject = f"{row.owner}:variant:{row.variant_id}" if row.owner else f"variant:{row.variant_id}"
        audit(session, person, "on_hand", subject, row.on_hand - quantity, row.on_hand, now, row.coop_id)
    free = row.on_hand - row.held
    _tell(session, row.product_id, row.coop_id, row.owner, free - quantity, free)


def _tell(session: Session, product_id: int, coop_id: int, owner: str, before: int, after: int) -> None:
    """Make the pages stale that show this number; lists only when the band changes."""
    if owner:
        bump(session, f"session:{owner.removeprefix('live:')}")
        return
    bump(session, f"product:{product_id}")
    if band(before) != band(after):
        bump(session, "lists", f"coop:{coop_id}")


def broken_rules(session: Session) -> list[str]:
    """For `chohtx verify`: one line for each pool whose numbers do not follow from its movements and holds."""
    moved = select(func.coalesce(func.sum(StockMovement.quantity), 0)).where(StockMovement.pool_id == Pool.id)
    kept = select(func.coalesce(func.sum(Hold.quantity), 0)).where(
        Hold.pool_id == Pool.id, Hold.state == HoldState.OPEN
    )
    rows = session.exec(select(Pool, moved.scalar_subquery(), kept.scalar_subquery()))
    return [
        f"stock: pool {pool.id} has {pool.on_hand} on hand and {pool.held} held, its facts say {on_hand} and {held}"
        for pool, on_hand, held in rows
        if (pool.on_hand, pool.held) != (on_hand, held)
    ]
