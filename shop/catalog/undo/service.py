"""The rules of taking back. Functions take an open session and never commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from shop.catalog import selling
from shop.catalog.models import Variant
from shop.catalog.undo.models import HandChange
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.stock import service as stock
from shop.stock.lots.units import UNDONE

SHOWN = timedelta(seconds=10)
TAKEN = timedelta(seconds=40)
"""A press within `SHOWN` may be long on its way."""


class NothingToUndo(NotFound):
    """This co-op made no such change."""


class TooLateToUndo(Refusal):
    """The change stands: it is too old, taken back already, or another one came after it."""


def price_and_count(
    session: Session, coop_id: int, variant_id: int, price_vnd: int, on_hand: int, person: Person, now: datetime
) -> None:
    """Change what a variant costs and how many there are; what really changed can be taken back.

    Raises PriceNotPossible, HeldByBuyers, UnknownVariant.
    """
    before_vnd, before = session.get_one(Variant, variant_id).price_vnd, stock.pool_of(session, variant_id).on_hand
    selling.set_price(session, variant_id, price_vnd, person, now)
    stock.set_on_hand(session, variant_id, on_hand, person, now)
    for what, old, new in (("price", before_vnd, price_vnd), ("stock", before, on_hand)):
        _note(session, coop_id, person, what, variant_id, old, new, now)


def sell_out(session: Session, coop_id: int, variant_id: int, person: Person, now: datetime) -> None:
    """Nothing of a variant is left to sell; what buyers hold while they pay stays theirs. Raises UnknownVariant."""
    pool = stock.pool_of(session, variant_id)
    session.refresh(pool, with_for_update=True)
    before, kept = pool.on_hand, pool.held
    stock.set_on_hand(session, variant_id, kept, person, now, "sold out")
    _note(session, coop_id, person, "stock", variant_id, before, kept, now)


def _note(
    session: Session, coop_id: int, person: Person, what: str, variant_id: int, before: int, after: int, now: datetime
) -> None:
    if before != after:
        told: dict[str, Any] = {"coop_id": coop_id, "person_id": person.id, "what": what, "variant_id": variant_id}
        session.add(HandChange(**told, before=before, after=after, at=now))
        session.flush()


def last_of(session: Session, coop_id: int, person: Person, now: datetime) -> HandChange | None:
    """What this person changed in the last seconds and can take back now."""
    mine = (HandChange.coop_id == coop_id, HandChange.person_id == person.id, col(HandChange.undone_at).is_(None))
    wanted = select(HandChange).where(*mine, col(HandChange.at) > now - SHOWN)
    return session.exec(wanted.order_by(col(HandChange.id).desc()).limit(1)).first()


def take_back(session: Session, coop_id: int, change_id: int, person: Person, now: datetime) -> None:
    """Price and count are as before; units that were sold meanwhile stay sold. Audited as every change.

    What was changed with one press is taken back together. Raises NothingToUndo, TooLateToUndo, HeldByBuyers.
    """
    change = session.get(HandChange, change_id)
    if change is None or change.coop_id != coop_id:
        raise NothingToUndo
    together = (col(HandChange.variant_id) == change.variant_id, col(HandChange.at) == change.at)
    open_still = (*together, col(HandChange.person_id) == person.id, col(HandChange.undone_at).is_(None))
    columns = (col(HandChange.what), col(HandChange.before), col(HandChange.after))
    undone = update(HandChange).where(*open_still, col(HandChange.at) > now - TAKEN).values(undone_at=now)
    rows = run(session, undone.returning(*columns)).all()
    if not rows:
        raise TooLateToUndo
    for row in rows:
        _restore(session, row.what, change.variant_id, row.before, row.after, person, now)


def _restore(
    session: Session, what: str, variant_id: int, before: int, after: int, person: Person, now: datetime
) -> None:
    if what == "stock":
        pool = stock.pool_of(session, variant_id)
        session.refresh(pool, with_for_update=True)
        stock.set_on_hand(session, variant_id, max(0, pool.on_hand + before - after), person, now, UNDONE)
        return
    variant = session.get_one(Variant, variant_id, with_for_update=True, populate_existing=True)
    if variant.price_vnd != after:
        raise TooLateToUndo
    selling.set_price(session, variant_id, before, person, now)
