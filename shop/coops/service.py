"""Co-ops as pages, carts and parcels need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from shop.addresses import service as addresses
from shop.coops.models import PASSED, SHOWN, Coop, CoopState
from shop.core import slugs
from shop.core.audit import SYSTEM, audit
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.core.i18n import HERE
from shop.core.pagecache import bump
from shop.core.pictures import Photo, photos

PAGE_SIZE = 24


class NoSuchCoop(NotFound):
    """There is no co-op at this address, or it does not sell here now."""


class CoopNotVerified(Refusal):
    """The alliance has not verified this co-op, or has suspended it: it may not sell. Facts: `name`."""


class CoopOnHoliday(Refusal):
    """The co-op sells nothing now and comes back. Facts: `name`, `until` (a day or None)."""


class ReasonMissing(Invalid):
    """Whoever stops or refuses a co-op says why."""


class NoSuchStep(Refusal):
    """A co-op in this state cannot go to that one, or somebody else was quicker. Facts: `name`."""


class PoliciesMissing(Refusal):
    """A co-op without its own words on delivery and returns may not sell (law on e-commerce, Art. 13, 14)."""


def get(session: Session, coop_id: int) -> Coop:
    """The co-op in whatever state. Raises NoSuchCoop."""
    coop = session.get(Coop, coop_id)
    if coop is None:
        raise NoSuchCoop
    return coop


def get_many(session: Session, coop_ids: Iterable[int]) -> dict[int, Coop]:
    """The co-ops with these ids, by id."""
    wanted = set(coop_ids)
    return {coop.id: coop for coop in session.exec(select(Coop).where(col(Coop.id).in_(wanted)))} if wanted else {}


def by_slug(session: Session, slug: str) -> Coop:
    """The co-op that is shown at this address; an old address leads to it too (compare `.slug`). Raises NoSuchCoop."""
    coop = session.exec(select(Coop).where(Coop.slug == slug)).first()
    if coop is None and (known_id := slugs.find(session, "coop", slug)):
        coop = session.get(Coop, known_id)
    if coop is None or coop.state not in SHOWN:
        raise NoSuchCoop
    return coop


def place(coop: Coop) -> str:
    """Ward and province as a card names them: "Xã Hàm Thuận, Lâm Đồng"; "" when the ward is not in the book."""
    return place_name(coop.province_code, coop.ward_code)


def place_name(province_code: str, ward_code: str) -> str:
    """As `place`, by the codes."""
    try:
        ward = addresses.ward(ward_code, province_code)
    except addresses.UnknownWard:
        return ""
    return f"{ward.name}, {addresses.province(ward.province_code).short_name}"


@dataclass(frozen=True, slots=True)
class CoopCard:
    """What a list shows of a co-op."""

    id: int
    slug: str
    name: str
    face_name: str
    face_photo: Photo | None
    place: str
    founded_on: int
    member_count: int
    verified: bool


def cards(session: Session, coops: Sequence[Coop]) -> list[CoopCard]:
    """Cards in the order of the co-ops."""
    faces = photos(session, [coop.face_photo_id for coop in coops])
    return [
        CoopCard(
            id=coop.id,
            slug=coop.slug,
            name=coop.name,
            face_name=coop.face_name,
            face_photo=faces.get(coop.face_photo_id or 0),
            place=place(coop),
            founded_on=coop.founded_on,
            member_count=coop.member_count,
            verified=coop.state in SHOWN,
        )
        for coop in coops
    ]


def shown(session: Session, after_id: int = 0, most: int = PAGE_SIZE) -> list[Coop]:
    """Co-ops that buyers see, in the order in which they joined, `most` of them after `after_id`."""
    wanted = select(Coop).where(col(Coop.state).in_(SHOWN), Coop.id > after_id)
    return list(session.exec(wanted.order_by(col(Coop.id)).limit(most)))


def require_selling(session: Session, coop_ids: Iterable[int]) -> Mapping[int, Coop]:
    """The co-ops, if all of them sell now. Raises CoopOnHoliday, CoopNotVerified, PoliciesMissing."""
    coops = get_many(session, coop_ids)
    for coop in coops.values():
        if coop.state == CoopState.HOLIDAY:
            raise CoopOnHoliday(name=coop.name, until=coop.holiday_until)
        if coop.state != CoopState.SELLING:
            raise CoopNotVerified(name=coop.name)
        _require_policies(coop)
    return coops


def require_passed(session: Session, coop_id: int) -> Coop:
    """The co-op, if it may put goods on its shelf, be it open or not yet. Raises CoopNotVerified, PoliciesMissing."""
    coop = get(session, coop_id)
    if coop.state not in PASSED:
        raise CoopNotVerified(name=coop.name)
    _require_policies(coop)
    return coop


def _require_policies(coop: Coop) -> None:
    if not (coop.delivery_policy and coop.return_policy):
        raise PoliciesMissing(name=coop.name)


_STEPS: Mapping[CoopState, tuple[CoopState, ...]] = {
    CoopState.APPLIED: (CoopState.VERIFIED, CoopState.SUSPENDED),
    CoopState.VERIFIED: (CoopState.SELLING, CoopState.SUSPENDED),
    CoopState.SELLING: (CoopState.HOLIDAY, CoopState.SUSPENDED),
    CoopState.HOLIDAY: (CoopState.SELLING, CoopState.SUSPENDED, CoopState.HOLIDAY),
    CoopState.SUSPENDED: (CoopState.VERIFIED, CoopState.SELLING),
}


def set_state(
    session: Session,
    coop_id: int,
    state: CoopState,
    person: Person,
    now: datetime,
    reason: str = "",
    until: date | None = None,
) -> Coop:
    """Verify, open, send on holiday (`until` the day of its return), suspend: its goods come or go at once.

    What was ordered before stays with the co-op's people, who go on packing or give the money back.
    Raises NoSuchCoop, NoSuchStep, ReasonMissing (a suspension has to be explained).
    """
    coop = session.get(Coop, coop_id, with_for_update=True, populate_existing=True)
    if coop is None:
        raise NoSuchCoop
    if state not in _STEPS[CoopState(coop.state)]:
        raise NoSuchStep(name=coop.name)
    if state == CoopState.SUSPENDED and not reason:
        raise ReasonMissing
    before, coop.state = _said(coop), state
    coop.state_reason, coop.state_at = reason, now
    coop.holiday_until = until if state == CoopState.HOLIDAY else None
    coop.verified_at = now if state == CoopState.VERIFIED else coop.verified_at
    audit(session, person, "state", f"coop:{coop.id}", before, _said(coop), now, coop.id)
    bump(session, f"coop:{coop.id}", "lists", "coops")
    return coop


def _said(coop: Coop) -> str:
    reason = f": {coop.state_reason}" if coop.state_reason else ""
    return f"{coop.state}{f' {coop.holiday_until}' if coop.holiday_until else ''}{reason}"


def open_if_new(session: Session, coop_id: int, person: Person, now: datetime) -> None:
    """A verified co-op sells from the moment its first product is on the shelf."""
    if get(session, coop_id).state == CoopState.VERIFIED:
        set_state(session, coop_id, CoopState.SELLING, person, now)


def end_holidays(db: Database, now: datetime) -> None:
    """Timed job: co-ops whose day of return has come sell again."""
    with db.read() as session:
        day = now.astimezone(HERE).date()
        over = select(Coop.id).where(Coop.state == CoopState.HOLIDAY, col(Coop.holiday_until) <= day)
        back = list(session.exec(over))
    for coop_id in back:
        with db.write() as session:
            coop = session.get_one(Coop, coop_id, with_for_update=True)
            if coop.state == CoopState.HOLIDAY and coop.holiday_until and coop.holiday_until <= day:
                set_state(session, coop_id, CoopState.SELLING, SYSTEM, now)


def rename(session: Session, coop: Coop, name: str, slug: str, person: Person, now: datetime) -> None:
    """Give a co-op another name and address; the old address keeps leading to it."""
    before = [coop.name, coop.slug]
    if slug != coop.slug:
        slugs.remember(session, "coop", coop.slug, coop.id)
    coop.name, coop.slug = name, slug
    audit(session, person, "name", f"coop:{coop.id}", before, [name, slug], now, coop.id)
    bump(session, f"coop:{coop.id}", "lists", "coops")
