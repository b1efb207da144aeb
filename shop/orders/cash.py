"""Whether cash on delivery is offered: it depends on the sum, and on what the phone did with earlier parcels.

A parcel that nobody takes costs the co-op both trips, so who refused several is asked to pay first for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from payments import service as payments
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.i18n import local
from shop.core.prepared import Prepared
from shop.orders.models import CodRefusal, Order, Parcel
from shop.settings import Settings

CASH = "cod"
MOST_REFUSED, REMEMBERED = 3, timedelta(days=60)


class CodNotOffered(Refusal):
    """This order cannot be paid in cash at the door.

    Facts: why ("refused", "sum" or "new_phone"), most_vnd, until (the first day it is offered again, or None), ends_at.
    """


class NothingToLift(Refusal):
    """This phone may pay in cash already."""


@dataclass(frozen=True)
class Blocked:
    """A phone that only prepayment is offered to, until `ends_at`."""

    phone: str
    refused: int
    ends_at: datetime


Offer = tuple[list[str], CodNotOffered | None]
"""The ways to pay, and why cash is not among them."""

# The third newest refusal that still counts: one look into an index, for every order that is paid in cash.
_THIRD = Prepared(
    select(col(CodRefusal.refused_at))
    .where(
        col(CodRefusal.phone) == bindparam("phone"),
        col(CodRefusal.refused_at) > bindparam("since"),
        col(CodRefusal.lifted_at).is_(None),
    )
    .order_by(col(CodRefusal.refused_at).desc())
    .limit(1)
    .offset(MOST_REFUSED - 1)
)


def why_not(session: Session, settings: Settings, phone: str, total_vnd: int, now: datetime) -> CodNotOffered | None:
    """Why this phone cannot pay this sum in cash, None when it can."""
    if total_vnd > settings.cod_most_vnd:
        return _refusal("sum", settings.cod_most_vnd)
    if ends_at := blocked_until(session, phone, now):
        return _refusal("refused", settings.cod_most_vnd, ends_at)
    if total_vnd > settings.cod_most_new_phone_vnd and not _received_before(session, phone):
        return _refusal("new_phone", settings.cod_most_new_phone_vnd)
    return None


def require(session: Session, settings: Settings, phone: str, total_vnd: int, now: datetime) -> None:
    """Raise CodNotOffered when this phone cannot pay this sum in cash."""
    if refusal := why_not(session, settings, phone, total_vnd, now):
        raise refusal


def ways(session: Session, settings: Settings, phone: str, total_vnd: int, now: datetime) -> Offer:
    """The ways to pay this sum that this phone is offered, and why cash is not one of them (None when it is)."""
    methods = payments.methods(settings, total_vnd)
    refusal = why_not(session, settings, phone, total_vnd, now) if CASH in methods else None
    return [method for method in methods if method != CASH or refusal is None], refusal


def blocked_until(session: Session, phone: str, now: datetime) -> datetime | None:
    """Until when only prepayment is offered to this phone; None when cash is."""
    found = run(session, _THIRD, {"phone": phone, "since": now - REMEMBERED}).first()
    return found[0] + REMEMBERED if found else None


def blocked(session: Session, now: datetime, most: int = 100) -> list[Blocked]:
    """The phones that only prepayment is offered to, those whose time ends last first."""
    count = func.count()
    counting = (col(CodRefusal.refused_at) > now - REMEMBERED, col(CodRefusal.lifted_at).is_(None))
    many = select(col(CodRefusal.phone), count).where(*counting).group_by(col(CodRefusal.phone))
    found = [
        Blocked(phone, refused, ends_at)
        for phone, refused in session.execute(many.having(count >= MOST_REFUSED).limit(most)).all()
        if (ends_at := blocked_until(session, phone, now))
    ]
    return sorted(found, key=lambda one: one.ends_at, reverse=True)


def carrier_names(session: Session) -> dict[str, str]:
    """What co-ops call those who collect for us, by the ledger's account of each; the newest spelling of a name."""
    name, newest = col(Parcel.carrier_name), func.max(col(Parcel.id))
    typed = session.execute(select(name).where(name != "").group_by(name).order_by(newest)).scalars()
    return {payments.carrier_account(spelt): spelt for spelt in typed}


def remember_refusal(session: Session, phone: str, parcel_id: int, now: datetime) -> None:
    """A parcel to be paid in cash was not taken."""
    row = {"phone": phone, "parcel_id": parcel_id, "refused_at": now}
    session.execute(insert(CodRefusal), [row])


def lift(session: Session, phone: str, person: Person, now: datetime, coop_id: int | None = None) -> None:
    """Forget what this phone refused: cash is offered to it again. Audited. Raises NothingToLift."""
    ends_at = blocked_until(session, phone, now)
    if ends_at is None:
        raise NothingToLift
    standing = (col(CodRefusal.phone) == phone, col(CodRefusal.lifted_at).is_(None))
    session.execute(update(CodRefusal).where(*standing).values(lifted_at=now, lifted_by=person.id))
    audit(session, person, "cash on delivery", f"phone:{phone}", ends_at.isoformat(), "offered", now, coop_id)


def _refusal(why: str, most_vnd: int, ends_at: datetime | None = None) -> CodNotOffered:
    until = local(ends_at).date().isoformat() if ends_at else None
    return CodNotOffered(why=why, most_vnd=most_vnd, until=until, ends_at=ends_at)


def _received_before(session: Session, phone: str) -> bool:
    arrived = select(col(Parcel.id)).join(Order, col(Order.id) == col(Parcel.order_id))
    theirs = arrived.where(col(Order.phone) == phone, col(Parcel.state) == "delivered")
    return session.execute(theirs.limit(1)).first() is not None
