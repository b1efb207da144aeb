"""Co-ops as pages, carts and parcels need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shop.addresses import service as addresses
from shop.coops.models import Coop, CoopState
from shop.core import slugs
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.pagecache import bump
from shop.core.pictures import Photo, photos

PAGE_SIZE = 24


class NoSuchCoop(NotFound):
    """There is no co-op at this address, or it does not sell here now."""


class CoopNotVerified(Refusal):
    """The alliance has not verified this co-op, or has suspended it: it may not sell. Facts: `name`."""


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
    """The verified co-op at this address; an old address leads to it too (compare `.slug`). Raises NoSuchCoop."""
    coop = session.exec(select(Coop).where(Coop.slug == slug)).first()
    if coop is None and (known_id := slugs.find(session, "coop", slug)):
        coop = session.get(Coop, known_id)
    if coop is None or coop.state != CoopState.VERIFIED:
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
            verified=coop.state == CoopState.VERIFIED,
        )
        for coop in coops
    ]


def verified(session: Session, after_id: int = 0, most: int = PAGE_SIZE) -> list[Coop]:
    """Verified co-ops in the order in which they joined, `most` of them after `after_id`."""
    wanted = select(Coop).where(Coop.state == CoopState.VERIFIED, Coop.id > after_id)
    return list(session.exec(wanted.order_by(col(Coop.id)).limit(most)))


def require_selling(session: Session, coop_ids: Iterable[int]) -> Mapping[int, Coop]:
    """The co-ops, if all of them may sell now. Raises CoopNotVerified, PoliciesMissing."""
    coops = get_many(session, coop_ids)
    for coop in coops.values():
        if coop.state != CoopState.VERIFIED:
            raise CoopNotVerified(name=coop.name)
        if not (coop.delivery_policy and coop.return_policy):
            raise PoliciesMissing(name=coop.name)
    return coops


def set_state(session: Session, coop_id: int, state: CoopState, person: Person, now: datetime) -> Coop:
    """Verify, suspend or send back a co-op; what it sells appears or disappears at once. Raises NoSuchCoop."""
    coop = get(session, coop_id)
    before, coop.state = coop.state, state
    coop.verified_at = now if state == CoopState.VERIFIED else coop.verified_at
    audit(session, person, "state", f"coop:{coop.id}", before, state.value, now, coop.id)
    bump(session, f"coop:{coop.id}", "lists", "coops")
    return coop


def rename(session: Session, coop: Coop, name: str, slug: str, person: Person, now: datetime) -> None:
    """Give a co-op another name and address; the old address keeps leading to it."""
    before = [coop.name, coop.slug]
    if slug != coop.slug:
        slugs.remember(session, "coop", coop.slug, coop.id)
    coop.name, coop.slug = name, slug
    audit(session, person, "name", f"coop:{coop.id}", before, [name, slug], now, coop.id)
    bump(session, f"coop:{coop.id}", "lists", "coops")
