"""The rules of taking back. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import update
from sqlmodel import Session, col, select

from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.orders import states
from shop.orders.models import Parcel
from shop.orders.undo.models import SHOWN, TAKEN, DeskDeed


class NoSuchDeed(NotFound):
    """This co-op's people did nothing of the kind."""


class TooLateToTakeBack(Refusal):
    """It stands: it is too old, or was taken back already."""


def note(
    session: Session,
    coop_id: int,
    what: Literal["confirmed", "packed", "handed_over"],
    parcel_ids: Sequence[int],
    person: Person,
    now: datetime,
) -> None:
    """Remember what was done with one press."""
    if parcel_ids:
        told: dict[str, Any] = {"what": what, "parcel_ids": list(parcel_ids)}
        session.add(DeskDeed(coop_id=coop_id, person_id=person.id, at=now, **told))


@dataclass(frozen=True)
class LastDeed:
    """What can be taken back: these parcels stand where it left them."""

    id: int
    what: str
    parcel_ids: Sequence[int]
    until: datetime


def last_of(session: Session, coop_id: int, person: Person, now: datetime) -> LastDeed | None:
    """What this person did in the last seconds and can take back now: something of it stands where they left it."""
    mine = (DeskDeed.person_id == person.id, DeskDeed.coop_id == coop_id, col(DeskDeed.undone_at).is_(None))
    wanted = select(DeskDeed).where(*mine, col(DeskDeed.at) > now - SHOWN)
    deed = session.exec(wanted.order_by(col(DeskDeed.id).desc()).limit(1)).first()
    if deed is None:
        return None
    there = (col(Parcel.id).in_(deed.parcel_ids), Parcel.state == deed.what)
    parcel_ids = session.exec(select(Parcel.id).where(*there)).all()
    return LastDeed(deed.id, deed.what, parcel_ids, deed.until) if parcel_ids else None


def take_back(session: Session, coop_id: int, deed_id: int, person: Person, now: datetime) -> tuple[int, int]:
    """The parcels stand where they stood, those that went on meanwhile stay; how many went back, and how many not.

    Raises NoSuchDeed, TooLateToTakeBack.
    """
    deed = session.get(DeskDeed, deed_id)
    if deed is None or deed.coop_id != coop_id:
        raise NoSuchDeed
    own = (col(DeskDeed.id) == deed_id, col(DeskDeed.person_id) == person.id)
    open_still = (col(DeskDeed.undone_at).is_(None), col(DeskDeed.at) > now - TAKEN)
    if not run(session, update(DeskDeed).where(*own, *open_still).values(undone_at=now)).rowcount:
        raise TooLateToTakeBack
    back = sum(_back(session, coop_id, parcel_id, deed.what, person, now) for parcel_id in deed.parcel_ids)
    return back, len(deed.parcel_ids) - back


def _back(session: Session, coop_id: int, parcel_id: int, what: str, person: Person, now: datetime) -> bool:
    try:
        with session.begin_nested():
            if states.own_parcel(session, coop_id, parcel_id).state != what:
                return False
            states.step_back(session, coop_id, parcel_id, person, now)
    except states.MovedOn:
        return False
    return True
