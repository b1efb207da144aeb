"""Thousands of counts at once, in a handful of statements: the rules are those of `service.set_on_hand`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.pagecache import bump
from shop.stock import service as stock
from shop.stock.lots.models import LotUnits
from shop.stock.models import MovementKind, Pool, StockMovement

_AT_ONCE = 500


def set_counts(
    session: Session, coop_id: int, counts: Mapping[int, int], person: Person, now: datetime, reason: str
) -> None:
    """From now on there are {variant id: units} in ordinary sale. Each change is a movement and audited.

    What is kept by lots is counted one by one. The caller has locked the pools and asks for no fewer than are held.
    """
    ids = sorted(counts)
    for at in range(0, len(ids), _AT_ONCE):
        here = ids[at : at + _AT_ONCE]
        by_lot = set(session.exec(select(LotUnits.variant_id).where(col(LotUnits.variant_id).in_(here))))
        for variant_id in sorted(by_lot):
            stock.set_on_hand(session, variant_id, counts[variant_id], person, now, reason)
        some = select(Pool).where(col(Pool.variant_id).in_(set(here) - by_lot), Pool.owner == "")
        _set(session, session.exec(some.order_by(col(Pool.id))).all(), counts, person, now, reason)


def _set(
    session: Session, pools: Sequence[Pool], counts: Mapping[int, int], person: Person, now: datetime, why: str
) -> None:
    moved = [
        (pool, counts[pool.variant_id] - pool.on_hand) for pool in pools if counts[pool.variant_id] != pool.on_hand
    ]
    if not moved:
        return
    told = {"kind": MovementKind.ADJUSTED, "reason": why, "owner": "", "person_id": person.id or None, "at": now}
    run(session, insert(StockMovement), [{"pool_id": pool.id, "quantity": more, **told} for pool, more in moved])
    count = update(Pool.__table__).where(Pool.__table__.c.id == bindparam("pool"))  # type: ignore[attr-defined]  # SQLModel does not declare it
    run(
        session,
        count.values(on_hand=bindparam("units")),
        [{"pool": p.id, "units": p.on_hand + more} for p, more in moved],
    )
    tags: list[str] = []
    for pool, more in moved:
        subject = f"variant:{pool.variant_id}"
        audit(session, person, "on_hand", subject, pool.on_hand, pool.on_hand + more, now, pool.coop_id)
        free = pool.on_hand - pool.held
        tags.append(f"product:{pool.product_id}")
        if stock.band(free) != stock.band(free + more):
            tags += ["lists", f"coop:{pool.coop_id}"]
        session.expire(pool)
    bump(session, *tags)
