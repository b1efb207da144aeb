"""What buyers held in a session that was taken down: kept from everybody until the operator has looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from shop.cart.models import CartLine
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.pagecache import bump
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState

AGAIN = timedelta(hours=24)
"""So long a buyer may still order what was frozen, once the operator has given it back."""


def freeze(session: Session, live_id: int, now: datetime) -> int:
    """Nothing held in the room can be ordered or runs out from now on; returns how many holds."""
    owners = _owners(session, f"live:{live_id}:")
    for owner in owners:
        stock.rename_holds(session, owner, _frozen(owner), None)
        lines = (col(CartLine.hold_owner) == owner, col(CartLine.held_until) > now)
        run(session, update(CartLine).where(*lines).values(held_until=now))
    return len(owners)


def waiting(session: Session, live_id: int) -> int:
    """How many holds of this session wait for the operator's look."""
    return len(_owners(session, f"frozen:live:{live_id}:"))


def thaw(session: Session, live_id: int, person: Person, now: datetime, *, to_buyers: bool) -> int:
    """The operator has looked: buyers may order what they held, at its price, for a day; or all of it goes home.

    Returns how many holds. Audited.
    """
    owners = _owners(session, f"frozen:live:{live_id}:")
    for frozen in owners:
        if to_buyers:
            owner = frozen.removeprefix("frozen:")
            stock.rename_holds(session, frozen, owner, now + AGAIN)
            lines = update(CartLine).where(col(CartLine.hold_owner) == owner)
            run(session, lines.values(held_until=now + AGAIN))
        else:
            stock.release_holds(session, frozen, now)
    if owners:
        became = "given back to buyers" if to_buyers else "sent home"
        audit(session, person, "frozen holds", f"live:{live_id}", len(owners), became, now)
        bump(session, f"session:{live_id}")
    return len(owners)


def _owners(session: Session, stem: str) -> list[str]:
    held = select(Hold.owner).where(col(Hold.owner).startswith(stem, autoescape=True), Hold.state == HoldState.OPEN)
    return list(session.exec(held.distinct().order_by(col(Hold.owner))))


def _frozen(owner: str) -> str:
    return f"frozen:{owner}"
