"""The rules of prices that begin later. Functions take an open session and never commit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from shop.catalog import selling
from shop.catalog.models import Product, Variant
from shop.catalog.plans.models import PricePlan
from shop.core.audit import audit
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound

FARTHEST = timedelta(days=366)


class PlanNotPossible(Invalid):
    """A price begins later than now and within a year."""


class NoSuchPlan(NotFound):
    """No such price waits to begin."""


def plan(
    session: Session, variant_id: int, coop_id: int, price_vnd: int, starts_at: datetime, person: Person, now: datetime
) -> None:
    """From `starts_at` on a selling step costs `price_vnd`. Audited. Raises PlanNotPossible, PriceNotPossible."""
    selling.check_price(price_vnd)
    if not now < starts_at <= now + FARTHEST:
        raise PlanNotPossible
    row = PricePlan(variant_id=variant_id, price_vnd=price_vnd, starts_at=starts_at, person_id=person.id,
                    person_name=person.name)  # fmt: skip
    session.add(row)
    audit(
        session, person, "price_plan", f"variant:{variant_id}", None, [price_vnd, starts_at.isoformat()], now, coop_id
    )


def waiting(session: Session, variant_id: int) -> list[PricePlan]:
    """The prices that are still to begin, the next one first."""
    mine = select(PricePlan).where(PricePlan.variant_id == variant_id, PricePlan.state == "waiting")
    return list(session.exec(mine.order_by(col(PricePlan.starts_at), col(PricePlan.id))))


def stop(session: Session, coop_id: int, plan_id: int, person: Person, now: datetime) -> int:
    """The price does not begin; returns its variant. Audited. Raises NoSuchPlan."""
    row = session.get(PricePlan, plan_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "waiting" or _coop_of(session, row) != coop_id:
        raise NoSuchPlan
    row.state = "stopped"
    audit(session, person, "price_plan", f"variant:{row.variant_id}", row.price_vnd, None, now, coop_id)
    return row.variant_id


def _coop_of(session: Session, row: PricePlan) -> int:
    mine = select(Product.coop_id).join(Variant, col(Variant.product_id) == Product.id)
    return session.exec(mine.where(Variant.id == row.variant_id)).one()


def set_due(db: Database, now: datetime) -> None:
    """Timed job: prices whose time has come are the prices, set in the name of whoever planned them."""
    due = (col(PricePlan.state) == "waiting", col(PricePlan.starts_at) <= now)
    with db.read() as session:
        ids = list(session.exec(select(PricePlan.id).where(*due).order_by(col(PricePlan.starts_at), col(PricePlan.id))))
    for plan_id in ids:
        with db.write() as session:
            moved = update(PricePlan).where(col(PricePlan.id) == plan_id, *due).values(state="set")
            if run(session, moved).rowcount:
                row = session.get_one(PricePlan, plan_id)
                planner = Person(id=row.person_id, name=row.person_name, phone="")
                selling.set_price(session, row.variant_id, row.price_vnd, planner, now)
