"""The rules of opening hours. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from shop.coops.opening.models import Opening
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Invalid
from shop.core.i18n import HERE, local
from shop.core.pagecache import bump

ALL_DAYS, ALL_DAY = "1234567", 1440


class HoursWrong(Invalid):
    """At least one day, and it closes after it opens; what is counted is at least one."""


@dataclass(frozen=True)
class Closed:
    """A co-op takes no orders now: outside its hours, or it has enough of today. It takes them from `opens_at` on."""

    is_full: bool
    opens_at: datetime


def of_coops(session: Session, coop_ids: Iterable[int], *, lock: bool = False) -> dict[int, Opening]:
    """The openings of these co-ops; one that is always open is left out. Locked, nobody else orders there meanwhile."""
    wanted = select(Opening).where(col(Opening.coop_id).in_(sorted(set(coop_ids)))).order_by(col(Opening.coop_id))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return {row.coop_id: row for row in session.exec(wanted)}


def closed_now(opening: Opening | None, now: datetime, is_full: bool | None = None) -> Closed | None:
    """None when orders are taken. `is_full` is what somebody has counted, else what was noted last counts."""
    if opening is None:
        return None
    if not _within(opening, now):
        return Closed(False, opens_next(opening, now))
    today = local(now).date()
    full = opening.full_on == today if is_full is None else is_full
    return Closed(True, opens_next(opening, _midnight(today + timedelta(days=1)))) if full else None


def _within(opening: Opening, now: datetime) -> bool:
    here = local(now)
    minute = here.hour * 60 + here.minute
    return str(here.isoweekday()) in opening.days and opening.from_minute <= minute < opening.until_minute


def opens_next(opening: Opening, after: datetime) -> datetime:
    """The first opening at or after that moment."""
    first = local(after).date()
    days = (first + timedelta(days=by) for by in range(8))
    starts = (_at(day, opening.from_minute) for day in days if str(day.isoweekday()) in opening.days)
    return next(start for start in starts if start >= after)


def changes_at(opening: Opening | None, now: datetime) -> datetime | None:
    """When a page that says whether orders are taken must be drawn anew; None for who is always open."""
    if opening is None:
        return None
    closed = closed_now(opening, now)
    return closed.opens_at if closed else _at(local(now).date(), opening.until_minute)


def first(*moments: datetime | None) -> datetime | None:
    """The earliest of those that are known."""
    return min((moment for moment in moments if moment), default=None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HERE)


def _at(day: date, minute: int) -> datetime:
    return _midnight(day) + timedelta(minutes=minute)


def day_began(now: datetime) -> datetime:
    """Midnight in Vietnam: what is counted a day is counted from then on."""
    return _midnight(local(now).date())


def keep(session: Session, opening: Opening, person: Person, now: datetime) -> None:
    """From now on the co-op takes orders so; without any limit it is always open. Audited. Raises HoursWrong."""
    sane = opening.days and set(opening.days) <= set(ALL_DAYS) and opening.from_minute < opening.until_minute <= ALL_DAY
    if not sane or opening.most_orders == 0 or opening.most_vnd == 0:
        raise HoursWrong
    before = of_coops(session, [opening.coop_id], lock=True).get(opening.coop_id)
    was = told(before)
    if told(opening) is not None:
        session.merge(opening)
    elif before:
        session.delete(before)
    session.flush()
    audit(session, person, "opening", f"coop:{opening.coop_id}", was, told(opening), now, opening.coop_id)
    bump(session, f"coop:{opening.coop_id}")


def told(opening: Opening | None) -> dict[str, object] | None:
    """The limits in plain values; None for who is always open."""
    if opening is None:
        return None
    always = {"days": ALL_DAYS, "from_minute": 0, "until_minute": ALL_DAY, "most_orders": None, "most_vnd": None}
    facts = {name: getattr(opening, name) for name in always}
    return None if facts == always else facts


def note_full(session: Session, opening: Opening, full_on: date | None) -> None:
    """The pages say from now on that the co-op has enough of this day, or that it has not."""
    if opening.full_on != full_on:
        opening.full_on = full_on
        session.add(opening)
        bump(session, f"coop:{opening.coop_id}")
