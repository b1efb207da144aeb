"""Who needs several pools takes them in one order."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from shop.core.db import AGAINST_CHANGE
from shop.stock.models import Pool


def in_turn(session: Session, pool_ids: Collection[int]) -> None:
    """Nobody else changes these pools, nor those of ordinary sale to which theirs go home, until the end of the
    transaction. They are taken in id order, as every order takes its own: so no two ever wait for each other."""
    if not pool_ids:
        return
    rooms = select(Pool.variant_id).where(col(Pool.id).in_(pool_ids), Pool.owner != "")
    homes = and_(col(Pool.owner) == "", col(Pool.variant_id).in_(rooms))
    rows = select(Pool.id).where(or_(col(Pool.id).in_(pool_ids), homes)).order_by(col(Pool.id))
    session.exec(rows.with_for_update(**AGAINST_CHANGE)).all()
