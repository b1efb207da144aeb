"""Lower prices for more, and for buyers whom a co-op knows. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from shop.accounts import service as accounts
from shop.accounts.models import PersonRow
from shop.catalog import selling
from shop.catalog.models import Variant
from shop.catalog.wholesale.models import WholesaleBuyer
from shop.core.audit import audit
from shop.core.db import insert_once
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound

Tiers = Sequence[Sequence[int]]
"""[[10, 180000], [50, 170000]]: from 10 steps on a step costs 180.000 đ, from 50 on 170.000 đ."""
MOST_TIERS = 5


class TiersWrong(Invalid):
    """More costs less: the steps rise, the prices fall and stay under the ordinary price."""


class LeastWrong(Invalid):
    """A buyer takes at least one step and at most as many as the co-op sends at once."""


class NoSuchBuyer(NotFound):
    """Nobody with this phone has an account. Facts: phone."""


def price_for(price_vnd: int, tiers: Tiers | None, quantity: int) -> int:
    """What one of `quantity` selling steps costs: the lowest price that they reach."""
    return min([price_vnd, *(tier_vnd for least, tier_vnd in tiers or () if quantity >= least)])


def set_terms(
    session: Session,
    variant: Variant,
    *,
    least: int,
    most: int,
    low_at: int,
    tiers: Tiers,
    wholesale: Tiers,
    person: Person,
    now: datetime,
) -> None:
    """How many one buyer takes, and what more of it costs. Audited. Raises TiersWrong, LeastWrong, PriceNotPossible."""
    if not 1 <= least <= most:
        raise LeastWrong
    check_tiers(variant.price_vnd, tiers)
    check_tiers(variant.price_vnd, wholesale)
    told: dict[str, Any] = {"least_steps": least, "most_steps": most, "low_at": low_at}
    told |= {"tiers": [list(tier) for tier in tiers] or None, "wholesale": [list(tier) for tier in wholesale] or None}
    before = {name: getattr(variant, name) for name in told}
    if before == told:
        return
    for name, value in told.items():
        setattr(variant, name, value)
    product = selling.get_product(session, variant.product_id)
    audit(session, person, "terms", f"variant:{variant.id}", before, told, now, product.coop_id)
    selling.refresh(session, product)


def check_tiers(price_vnd: int, tiers: Tiers) -> None:
    """Raises TiersWrong, PriceNotPossible."""
    least, above_vnd = 0, price_vnd
    if len(tiers) > MOST_TIERS:
        raise TiersWrong
    for steps, tier_vnd in tiers:
        if steps <= least or tier_vnd >= above_vnd:
            raise TiersWrong
        selling.check_price(tier_vnd)
        least, above_vnd = steps, tier_vnd


def coops_of(session: Session, person_id: int, coop_ids: Iterable[int]) -> set[int]:
    """The co-ops among these whose wholesale prices the person pays."""
    mine = (WholesaleBuyer.person_id == person_id, col(WholesaleBuyer.ended_at).is_(None))
    found = select(WholesaleBuyer.coop_id).where(*mine, col(WholesaleBuyer.coop_id).in_(list(coop_ids)))
    return set(session.exec(found))


def buyers_of(session: Session, coop_id: int) -> list[tuple[WholesaleBuyer, PersonRow]]:
    """Who pays the co-op's wholesale prices, the newest first."""
    joined = select(WholesaleBuyer, PersonRow).join(PersonRow, col(PersonRow.id) == WholesaleBuyer.person_id)
    mine = joined.where(WholesaleBuyer.coop_id == coop_id, col(WholesaleBuyer.ended_at).is_(None))
    return list(session.exec(mine.order_by(col(WholesaleBuyer.since).desc())))


def approve(session: Session, coop_id: int, phone: str, person: Person, now: datetime) -> None:
    """From now on the person with this phone (+84…) pays wholesale prices. Audited. Raises NoSuchBuyer."""
    buyer = accounts.find_by_phone(session, phone)
    if buyer is None:
        raise NoSuchBuyer(phone=phone)
    row = {"coop_id": coop_id, "person_id": buyer.id, "since": now, "approved_by": person.id, "ended_at": None}
    if not insert_once(session, WholesaleBuyer, row, ["coop_id", "person_id"]):
        known = session.get_one(WholesaleBuyer, (coop_id, buyer.id))
        if known.ended_at is None:
            return
        known.since, known.approved_by, known.ended_at = now, person.id, None
    audit(session, person, "wholesale", f"person:{buyer.id}", False, True, now, coop_id)


def end(session: Session, coop_id: int, person_id: int, person: Person, now: datetime) -> None:
    """From now on the buyer pays as everybody else. Audited. Raises NoSuchBuyer."""
    known = session.get(WholesaleBuyer, (coop_id, person_id))
    if known is None or known.ended_at is not None:
        raise NoSuchBuyer(phone="")
    known.ended_at = now
    audit(session, person, "wholesale", f"person:{person_id}", True, False, now, coop_id)
