"""What a thing costs now, and why: the ordinary price, or an offer for those who come through a live session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from shop.catalog.models import Offer, PriceChange, Variant
from shop.core.dated import REFERENCE_PRICE_DAYS, in_force
from shop.core.db import run
from shop.core.errors import NotFound
from shop.core.pagecache import bump
from shop.core.prepared import Prepared


class NoSuchVariant(NotFound):
    """There is no such variant, or it is another co-op's."""


def open_offer(
    session: Session, variant_id: int, owner: str, price_vnd: int, starts_at: datetime, ends_at: datetime | None = None
) -> Offer:
    """Sell a variant at another price to buyers who come through `owner` ("live:12")."""
    offer = Offer(variant_id=variant_id, owner=owner, price_vnd=price_vnd, starts_at=starts_at, ends_at=ends_at)
    session.add(offer)
    session.flush()
    _tell(session, owner)
    return offer


def close_offers(session: Session, owner: str, now: datetime) -> None:
    """End all offers of `owner` that are still open at `now`."""
    still_open = or_(col(Offer.ends_at).is_(None), col(Offer.ends_at) > now)
    session.exec(update(Offer).where(col(Offer.owner) == owner, still_open).values(ends_at=now))
    _tell(session, owner)


def price_now(session: Session, variant_id: int, now: datetime, owner: str = "") -> int:
    """The price of one selling step for those who come through `owner`; the ordinary price without an open offer.

    The newest open offer counts. Raises NoSuchVariant.
    """
    variant = session.get(Variant, variant_id)
    if variant is None:
        raise NoSuchVariant
    offered = prices_now(session, owner, now).get(variant_id) if owner else None
    return variant.price_vnd if offered is None else offered


def lowest_ordinary_price(session: Session, variant_id: int, now: datetime) -> int:
    """The lowest ordinary price of one selling step in the last days: no offer stands above it.

    Source: law on e-commerce 122/2025/QH15, Art. 6.1.d; the number of days: REFERENCE_PRICE_DAYS.
    Raises NoSuchVariant.
    """
    since = now - timedelta(days=in_force(REFERENCE_PRICE_DAYS, now).value)
    mine = select(PriceChange.price_vnd).where(PriceChange.variant_id == variant_id)
    stood = session.exec(mine.where(PriceChange.at <= since).order_by(col(PriceChange.id).desc()).limit(1)).all()
    since_then = session.exec(mine.where(PriceChange.at > since)).all()
    return min(price_now(session, variant_id, now), *stood, *since_then)


def first_price(session: Session, variant_id: int) -> PriceChange | None:
    """What a variant cost when it was listed, and since when."""
    mine = select(PriceChange).where(PriceChange.variant_id == variant_id)
    return session.exec(mine.order_by(col(PriceChange.id)).limit(1)).first()


def prices_now(session: Session, owner: str, now: datetime) -> dict[int, int]:
    """The open offers of `owner`: price of one selling step by variant."""
    return {row.variant_id: int(row.price_vnd) for row in run(session, _PRICES, {"whose": owner, "now": now})}


_PRICE: list[Any] = [Offer.variant_id, Offer.price_vnd]
_PRICES = Prepared(
    select_columns(*_PRICE)
    .where(col(Offer.owner) == bindparam("whose"), col(Offer.starts_at) <= bindparam("now"))
    .where(or_(col(Offer.ends_at).is_(None), col(Offer.ends_at) > bindparam("now")))
    .order_by(col(Offer.id))
)


def _tell(session: Session, owner: str) -> None:
    if owner.startswith("live:"):
        bump(session, f"session:{owner.removeprefix('live:')}")
