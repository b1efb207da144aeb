"""What delivery costs and when it comes, from a co-op's own table. Functions take an open session and never commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, delete, insert, select
from sqlmodel import Session

from shop.addresses import service as addresses
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.i18n import local
from shop.core.pagecache import bump
from shop.core.prepared import Prepared
from shop.shipping.models import DeliveryRate, DeliveryTerms

Way = Literal["delivery", "pickup"]
WAYS: tuple[Way, ...] = ("delivery", "pickup")
ZONES = ("commune", "province", "region", "nation")


class WrongTable(Refusal):
    """A delivery table that contradicts itself. Facts: zone, up_to_g of the row at fault."""

    status = 422


@dataclass(frozen=True)
class Rate:
    """Parcels up to `up_to_g` (packing included) to `zone` cost `fee_vnd` and take so many days from hand-over."""

    zone: str
    up_to_g: int
    fee_vnd: int
    days_least: int
    days_most: int


@dataclass(frozen=True)
class Table:
    """One co-op's delivery table and terms; a co-op without one only offers pick-up."""

    coop_id: int
    ward_code: str
    rates: tuple[Rate, ...] = ()
    free_from_vnd: int | None = None
    pickup: bool = True
    pickup_line: str = ""
    handling_days: int = 1


@dataclass(frozen=True)
class Load:
    """What is to be carried: grams with packing, the goods' price, and the shortest shelf life in it (None: keeps).

    `ship_by` is the day until when goods are sent that are not harvested yet.
    """

    grams: int
    goods_vnd: int
    shelf_life_days: int | None = None
    ship_by: date | None = None


@dataclass(frozen=True)
class Quote:
    """One way to get a parcel: its fee, and the first and last day it may be there (for pick-up: ready from)."""

    way: Way
    fee_vnd: int
    earliest: date
    latest: date


Obstacle = Literal["", "no-ward", "not-there", "too-long"]


@dataclass(frozen=True)
class Choices:
    """The ways a parcel can go, and why delivery is not among them if it is not."""

    quotes: list[Quote] = field(default_factory=list)
    obstacle: Obstacle = ""

    def by(self, way: str) -> Quote | None:
        """The quote for this way, None if it is not offered."""
        return next((quote for quote in self.quotes if quote.way == way), None)


def choices(table: Table, load: Load, ward_code: str | None, now: datetime) -> Choices:
    """Every way `load` can go from this co-op to a ward. Delivery comes first."""
    packed = local(now).date() + timedelta(days=table.handling_days)
    today = max(packed, load.ship_by or packed)
    pickup = [Quote("pickup", 0, today, today)] if table.pickup else []
    if ward_code is None:
        return Choices(pickup, "no-ward")
    zone = addresses.zone(table.ward_code, ward_code)
    fee_days = price([rate for rate in table.rates if rate.zone == zone], load.grams)
    if fee_days is None:
        return Choices(pickup, "not-there")
    fee_vnd, least, most = fee_days
    if load.shelf_life_days is not None and most > load.shelf_life_days - 1:
        return Choices(pickup, "too-long")
    if table.free_from_vnd is not None and load.goods_vnd >= table.free_from_vnd:
        fee_vnd = 0
    return Choices([Quote("delivery", fee_vnd, today + timedelta(days=least), today + timedelta(days=most)), *pickup])


def price(rates: Sequence[Rate], grams: int) -> tuple[int, int, int] | None:
    """Fee and days for so many grams from the rates of one zone; None when the co-op does not go there.

    The smallest step that holds the parcel counts. What is heavier than the last step goes as several parcels of the
    last step and one of the rest, as carriers charge it.
    """
    if not rates:
        return None
    steps = sorted(rates, key=lambda rate: rate.up_to_g)
    last = steps[-1]
    full, rest = divmod(max(grams, 1) - 1, last.up_to_g)
    step = next(rate for rate in steps if rate.up_to_g >= rest + 1)
    return full * last.fee_vnd + step.fee_vnd, step.days_least, max(step.days_most, last.days_most if full else 0)


def tables(session: Session, wards: Mapping[int, str]) -> dict[int, Table]:
    """The tables of these co-ops, given each co-op's own ward."""
    rates: defaultdict[int, list[Rate]] = defaultdict(list)
    terms: dict[int, tuple[Any, ...]] = {}
    for coop_id in wards:
        for row in run(session, _TABLE, {"coop": coop_id}):
            facts = tuple(row)
            terms[coop_id] = facts[:4]
            if facts[4] is not None:
                rates[coop_id].append(Rate(*facts[4:]))
    return {
        coop_id: Table(coop_id, ward, tuple(rates[coop_id]), *terms.get(coop_id, ())) for coop_id, ward in wards.items()
    }


def table_of(session: Session, coop_id: int, ward_code: str) -> Table:
    """One co-op's table."""
    return tables(session, {coop_id: ward_code})[coop_id]


_rate, _terms = DeliveryRate.__table__.c, DeliveryTerms.__table__.c  # type: ignore[attr-defined]  # SQLModel does not declare it
# Plain columns and made once: they are read on every order. Who has rates has terms (`save_table` writes both).
_TABLE = Prepared(
    select(
        *(_terms.free_from_vnd, _terms.pickup, _terms.pickup_line, _terms.handling_days),
        *(_rate.zone, _rate.up_to_g, _rate.fee_vnd, _rate.days_least, _rate.days_most),
    )
    .outerjoin(DeliveryRate, _rate.coop_id == _terms.coop_id)
    .where(_terms.coop_id == bindparam("coop"))
    .order_by(_rate.id)
)


def set_table(session: Session, table: Table, person: Person, now: datetime) -> None:
    """Replace a co-op's rates and terms; audited. Raises WrongTable if a cell is given twice or cannot be."""
    before = table_of(session, table.coop_id, table.ward_code)
    save_table(session, table)
    bump(session, f"coop:{table.coop_id}")
    audit(session, person, "delivery table", f"coop:{table.coop_id}", asdict(before), asdict(table), now, table.coop_id)


def save_table(session: Session, table: Table) -> None:
    """Write a table in place of the one before. Raises WrongTable."""
    cells: set[tuple[str, int]] = set()
    for rate in table.rates:
        cell = (rate.zone, rate.up_to_g)
        sane = rate.zone in ZONES and rate.up_to_g > 0 and rate.fee_vnd >= 0 and 0 <= rate.days_least <= rate.days_most
        if cell in cells or not sane:
            raise WrongTable(zone=rate.zone, up_to_g=rate.up_to_g)
        cells.add(cell)
    for model in (DeliveryRate, DeliveryTerms):
        session.execute(delete(model).where(model.coop_id == table.coop_id))  # type: ignore[arg-type]  # a column at class level
    if table.rates:
        session.execute(insert(DeliveryRate), [{"coop_id": table.coop_id, **asdict(rate)} for rate in table.rates])
    terms = {name: value for name, value in asdict(table).items() if name not in ("rates", "ward_code")}
    session.execute(insert(DeliveryTerms), [terms])
