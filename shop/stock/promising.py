"""Units that are sold before their harvest, up to a cap. They lie in the pool as any others: nothing is sold twice.

Always true, and checked by `chohtx verify`: a pool's `promised` units are on hand or sold, and are in no lot yet.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, func, select

from shop.core.db import AGAINST_CHANGE
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.stock import service as stock
from shop.stock.models import Pool, StockMovement

BEFORE = "before the harvest"
"""The reason of the count that puts a harvest on sale."""


class StillOnHand(Refusal):
    """What is there is sold before the next harvest is promised. Facts: on_hand."""


class HarvestShort(Refusal):
    """Less was harvested than buyers were promised. Facts: harvested, sold."""


def promise(session: Session, variant_id: int, units: int, person: Person, now: datetime) -> None:
    """Put `units` on sale that will be harvested later. Raises StillOnHand, UnknownVariant."""
    home = locked(session, variant_id)
    on_hand = session.exec(select(func.sum(Pool.on_hand)).where(Pool.variant_id == variant_id)).one()
    if on_hand or home.promised is not None:
        raise StillOnHand(on_hand=int(on_hand or 0))
    home.promised = 0
    session.add(home)
    session.flush()
    stock.set_on_hand(session, variant_id, units, person, now, BEFORE)


def locked(session: Session, variant_id: int) -> Pool:
    """The pool of ordinary sale, as it is now and until the end of the transaction. Raises UnknownVariant."""
    home = stock.pool_of(session, variant_id)
    session.refresh(home, with_for_update=AGAINST_CHANGE)
    return home


def keep(
    session: Session, variant_id: int, harvested: int, person: Person, now: datetime, *, in_part: bool = False
) -> None:
    """The harvest is there and counted in besides: what was promised of it leaves the count.

    Raises HarvestShort when buyers took more than came, unless it came `in_part`: then what they took stays promised,
    and nothing more of it is on sale. Does nothing for goods that were not promised.
    """
    home = locked(session, variant_id)
    if home.promised is None:
        return
    promised, free = home.promised, home.on_hand - home.held
    if free < promised and not in_part:
        raise HarvestShort(harvested=harvested, sold=promised - free + harvested)
    gone = min(free, promised)
    home.promised = promised - gone or None
    session.add(home)
    session.flush()
    stock.set_on_hand(session, variant_id, home.on_hand - gone, person, now, "harvested", lots=False)


def since(session: Session, home: Pool) -> datetime:
    """When the harvest that is waited for was put on sale."""
    begun = select(func.max(StockMovement.at)).where(StockMovement.pool_id == home.id, StockMovement.reason == BEFORE)
    return session.exec(begun).one() or datetime.max.replace(tzinfo=UTC)


def promised(session: Session, variant_ids: list[int]) -> dict[int, int]:
    """How many units of each variant are promised and not harvested; variants without any are left out."""
    waits = (col(Pool.promised).is_not(None), Pool.owner == "", col(Pool.variant_id).in_(variant_ids))
    rows = session.exec(select(Pool.variant_id, Pool.promised).where(*waits))
    return {variant_id: units or 0 for variant_id, units in rows}
