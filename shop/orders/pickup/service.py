"""The rules of pick-up hours. Functions take an open session and never commit.

A place is counted, never kept: who takes one locks the slot first and counts the parcels that come in it, so a parcel
that is called off frees its place by that alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, func, select

from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.hub import tell
from shop.core.i18n import local
from shop.orders.models import Parcel
from shop.orders.pickup.models import PickupBooking, PickupSlot

AHEAD = timedelta(days=14)
_GONE = ("cancelled", "refused")
_TO_FETCH = ("waiting", "new", "confirmed", "packed")
Times = tuple[int, int]
"""From and to, in minutes of the day."""


class SlotMissing(Refusal):
    """Who fetches the goods says when. Facts: coop, hours (those with places, as they are sent back)."""


class SlotFull(Refusal):
    """The hour that was chosen has no place left, or begins too soon. Facts: day."""


class NoSuchSlot(NotFound):
    """This co-op has no such hour."""


@dataclass(frozen=True)
class SlotDay:
    """A slot on one day, with the places that are left."""

    slot_id: int
    day: date
    times: Times
    left: int

    @property
    def key(self) -> str:
        return f"{self.slot_id}:{self.day.isoformat()}"


@dataclass(frozen=True)
class Come:
    """When a parcel is fetched."""

    day: date
    times: Times


def slots(session: Session, coop_id: int) -> list[PickupSlot]:
    """A co-op's slots through the week, stopped ones too."""
    mine = select(PickupSlot).where(PickupSlot.coop_id == coop_id)
    return list(session.exec(mine.order_by(col(PickupSlot.weekday), col(PickupSlot.from_minute), col(PickupSlot.id))))


def offered(session: Session, coop_id: int, earliest: date, now: datetime) -> list[SlotDay]:
    """The slots of the coming days, full ones too; none when the co-op lets buyers come at any time."""
    open_slots = [it for it in slots(session, coop_id) if it.stopped_at is None]
    if not open_slots:
        return []
    first = max(earliest, local(now).date())
    taken = _taken(session, [it.id for it in open_slots], first)
    days = [first + timedelta(days=n) for n in range(AHEAD.days)]
    return [
        SlotDay(it.id, day, (it.from_minute, it.to_minute), max(0, it.places - taken.get((it.id, day), 0)))
        for day in days
        for it in open_slots
        if it.weekday == day.weekday() and _in_time(it, day, now)
    ]


def _in_time(slot: PickupSlot, day: date, now: datetime) -> bool:
    here = local(now)
    begins = datetime.combine(day, time.min, here.tzinfo) + timedelta(minutes=slot.from_minute)
    return here < begins - timedelta(minutes=slot.cut_off_minutes)


def _taken(session: Session, slot_ids: Sequence[int], first: date) -> dict[tuple[int, date], int]:
    slot, day = col(PickupBooking.slot_id), col(PickupBooking.day)
    coming = select(slot, day, func.count(col(PickupBooking.parcel_id)))
    coming = coming.join(Parcel, col(Parcel.id) == col(PickupBooking.parcel_id))
    mine = (slot.in_(slot_ids), day >= first, col(Parcel.state).not_in(_GONE))
    return {(row[0], row[1]): row[2] for row in session.exec(coming.where(*mine).group_by(slot, day))}


def book(session: Session, order_id: int, chosen: Mapping[int, SlotDay], now: datetime) -> None:
    """The parcels of an order just placed, by co-op, take their places. Raises SlotFull; then nothing is kept."""
    mine = select(Parcel.coop_id, Parcel.id).where(Parcel.order_id == order_id, Parcel.way == "pickup")
    parcels = dict(session.exec(mine).all())
    for coop_id, wanted in sorted(chosen.items(), key=lambda it: it[1].slot_id):
        _take(session, parcels[coop_id], coop_id, wanted.slot_id, wanted.day, now)


def _take(session: Session, parcel_id: int, coop_id: int, slot_id: int, day: date, now: datetime) -> None:
    if not _fits(session, coop_id, slot_id, day, now):
        raise SlotFull(day=day)
    session.add(PickupBooking(parcel_id=parcel_id, slot_id=slot_id, day=day))
    session.flush()


def _fits(session: Session, coop_id: int, slot_id: int, day: date, now: datetime) -> bool:
    """Whether one more comes; until the end of the transaction nobody else takes a place of the slot."""
    held = select(PickupSlot).where(PickupSlot.id == slot_id, PickupSlot.coop_id == coop_id)
    slot = session.exec(held.with_for_update().execution_options(populate_existing=True)).first()
    if slot is None or slot.stopped_at is not None or slot.weekday != day.weekday() or not _in_time(slot, day, now):
        return False
    return _taken(session, [slot.id], day).get((slot.id, day), 0) < slot.places


def take_again(session: Session, order_id: int, now: datetime) -> None:
    """A closed order goes on: each of its parcels keeps its hour if a place is there, else it has none."""
    mine = select(PickupBooking, Parcel).join(Parcel, col(Parcel.id) == PickupBooking.parcel_id)
    for booked, parcel in session.exec(mine.where(Parcel.order_id == order_id).order_by(col(PickupBooking.slot_id))):
        if not _fits(session, parcel.coop_id, booked.slot_id, booked.day, now):
            session.delete(booked)
    session.flush()


def to_choose(session: Session, order_id: int, now: datetime) -> dict[int, list[SlotDay]]:
    """The parcels of an order that are fetched, have no hour (any more), and could have one: the hours with places."""
    booked = select(PickupBooking.parcel_id)
    mine = (Parcel.order_id == order_id, Parcel.way == "pickup", col(Parcel.state).in_(_TO_FETCH))
    parcels = session.exec(select(Parcel).where(*mine, col(Parcel.id).not_in(booked)).order_by(col(Parcel.id))).all()
    found = {it.id: offered(session, it.coop_id, it.expected_from, now) for it in parcels}
    return {parcel_id: [it for it in hours if it.left] for parcel_id, hours in found.items() if hours}


def choose(session: Session, order_id: int, parcel_id: int, key: str, now: datetime) -> None:
    """The buyer says when a parcel without an hour is fetched. Raises SlotFull."""
    mine = select(Parcel).where(Parcel.id == parcel_id, Parcel.order_id == order_id)
    parcel = session.exec(mine.with_for_update()).first()
    found = to_choose(session, order_id, now).get(parcel_id, [])
    wanted = next((it for it in found if it.key == key), None)
    if parcel is None or wanted is None:
        raise SlotFull(day=key.partition(":")[2])
    _take(session, parcel.id, parcel.coop_id, wanted.slot_id, wanted.day, now)
    parcel.expected_from = parcel.expected_to = wanted.day
    session.add(parcel)
    tell(session, f"coop:{parcel.coop_id}", "parcels", "pickup")


def of_parcels(session: Session, parcel_ids: Iterable[int]) -> dict[int, Come]:
    """When each of the parcels is fetched; those without an hour are not in it."""
    wanted = select(PickupBooking, PickupSlot).join(PickupSlot, col(PickupSlot.id) == PickupBooking.slot_id)
    rows = session.exec(wanted.where(col(PickupBooking.parcel_id).in_(list(parcel_ids))))
    return {it.parcel_id: Come(it.day, (slot.from_minute, slot.to_minute)) for it, slot in rows}


def coming(session: Session, coop_id: int, day: date) -> list[tuple[int, Times, int]]:
    """Who comes on a day, hour by hour: each parcel's number, its times, and the places of that slot."""
    wanted = select(PickupBooking.parcel_id, PickupSlot).join(PickupSlot, col(PickupSlot.id) == PickupBooking.slot_id)
    wanted = wanted.join(Parcel, col(Parcel.id) == PickupBooking.parcel_id)
    mine = (PickupSlot.coop_id == coop_id, PickupBooking.day == day, col(Parcel.state).not_in((*_GONE, "waiting")))
    rows = session.exec(wanted.where(*mine).order_by(col(PickupSlot.from_minute), col(PickupBooking.parcel_id)))
    return [(parcel_id, (slot.from_minute, slot.to_minute), slot.places) for parcel_id, slot in rows]


def any_time(session: Session, coop_id: int) -> list[int]:
    """The parcels on the shelf whose buyers come without an hour, in the order they came."""
    mine = (Parcel.coop_id == coop_id, Parcel.way == "pickup", Parcel.state == "packed")
    booked = select(PickupBooking.parcel_id)
    wanted = select(Parcel.id).where(*mine, col(Parcel.id).not_in(booked))
    return list(session.exec(wanted.order_by(col(Parcel.id)).limit(100)))


def add(session: Session, coop_id: int, slot: PickupSlot, person: Person, now: datetime) -> None:
    """One more hour of the week; audited."""
    slot.coop_id = coop_id
    session.add(slot)
    session.flush()
    audit(session, person, "pick-up hours", f"pickup:{slot.id}", "", _told(slot), now, coop_id)


def stop(session: Session, coop_id: int, slot_id: int, person: Person, now: datetime, *, again: bool) -> None:
    """The hour is chosen no more, or again; who chose it comes all the same. Audited. Raises NoSuchSlot."""
    mine = select(PickupSlot).where(PickupSlot.id == slot_id, PickupSlot.coop_id == coop_id)
    slot = session.exec(mine.with_for_update()).first()
    if slot is None:
        raise NoSuchSlot
    before, slot.stopped_at = _told(slot), None if again else now
    session.add(slot)
    audit(session, person, "pick-up hours", f"pickup:{slot.id}", before, _told(slot), now, coop_id)


def _told(slot: PickupSlot) -> dict[str, object]:
    told = slot.model_dump(include={"weekday", "from_minute", "to_minute", "places", "cut_off_minutes"})
    return {**told, "stopped": slot.stopped_at is not None}
