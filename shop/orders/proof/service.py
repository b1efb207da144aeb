"""The rules of proofs. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pictures import Photo
from shop.orders import at_the_door, states
from shop.orders.proof.models import HandOverProof

MOST = 4


class EnoughProof(Refusal):
    """A parcel has so many photos at most. Facts: most."""


@dataclass(frozen=True)
class Shown:
    """A photo and who took the goods."""

    proof: HandOverProof
    photo: Photo


@dataclass(frozen=True)
class Door:
    """What happened when the goods changed hands: who took them ("" is the buyer), and the cash that was given.

    `collected_vnd` of what was to be paid in cash (None: all of it), `more_vnd` for what weighs more than was paid.
    """

    received_by: str = ""
    collected_vnd: int | None = None
    more_vnd: int = 0


def hand_over(
    session: Session, coop_id: int, parcel_id: int, photo_id: int, door: Door, person: Person, now: datetime
) -> None:
    """Keep the photo; a parcel that was still under way (or waited on the shelf) is delivered with it.

    Raises NoSuchParcel, MovedOn, MoneyOnlyHeld, SumMoved, EnoughProof.
    """
    received_by, parcel = door.received_by, states.own_parcel(session, coop_id, parcel_id)
    if parcel.state != "delivered" and door.more_vnd:
        at_the_door.deliver(session, coop_id, parcel_id, door.more_vnd, person, now, received_by)
    elif parcel.state != "delivered":
        states.deliver(session, coop_id, parcel_id, person, now, door.collected_vnd, received_by)
    kept = select(func.count(col(HandOverProof.id))).where(HandOverProof.parcel_id == parcel_id)
    if session.exec(kept).one() >= MOST:
        raise EnoughProof(most=MOST)
    told: dict[str, Any] = {"photo_id": photo_id, "received_by": received_by}
    session.add(HandOverProof(parcel_id=parcel_id, person_id=person.id, at=now, **told))
    audit(session, person, "handed over", f"parcel:{parcel_id}", "", told, now, coop_id)


def of_parcels(session: Session, parcel_ids: Iterable[int]) -> dict[int, list[Shown]]:
    """The photos of these parcels, in the order they were taken."""
    wanted = select(HandOverProof, Photo).join(Photo, col(Photo.id) == HandOverProof.photo_id)
    mine = wanted.where(col(HandOverProof.parcel_id).in_(list(parcel_ids))).order_by(col(HandOverProof.id))
    found: dict[int, list[Shown]] = {}
    for proof, photo in session.exec(mine):
        found.setdefault(proof.parcel_id, []).append(Shown(proof, photo))
    return found
