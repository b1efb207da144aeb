"""Weigh and settle: what a parcel really weighs, and what cannot be packed, becomes what it costs.

Only before it is packed. Lighter goods cost less: the difference is owed no more, or sent back if it was paid. Heavier
loose goods cost more within the tolerance that was shown at purchase, where the buyer pays in cash; who paid before is
asked for it at the door at most (`shop.orders.at_the_door`). Every sum follows from the price of the sale, however
often it is weighed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select, update

from payments import service as payments
from payments.holds import service as holds
from shop.catalog.models import Variant, VariantKind
from shop.core.audit import audit
from shop.core.dated import WEIGHT_TOLERANCE_PERCENT, in_force
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.events import publish
from shop.orders import from_lots, states
from shop.orders.events import ParcelSettled
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel, Settled
from shop.stock import service as stock

PLAUSIBLE = (50, 150)  # percent of the estimate; what lies outside is a slip of the finger


class NothingLeft(Refusal):
    """No goods would go at all: then the parcel is cancelled instead."""


class WeightUnlikely(Refusal):
    """The weight typed is far from the estimate. Facts: name, expected_g, weight_g."""


class MoneyGivenBefore(Refusal):
    """Money was given back for the parcel, or somebody proposed it: its sum is settled there."""


class SumMoved(Refusal):
    """The parcel's sum became another one since the page was shown. Facts: total_vnd."""


@dataclass(frozen=True)
class Real:
    """A line on the scales: `steps` go and weigh `weight_g` together (None: as estimated)."""

    steps: int
    weight_g: int | None = None


@dataclass(frozen=True)
class LineSum:
    """A line as it was and as it would be; `goods_g` is what it weighs then."""

    line: OrderLine
    real: Real
    total_vnd: int
    gift_vnd: int = 0
    kind: str = VariantKind.BOX

    @property
    def is_loose(self) -> bool:
        return self.kind == VariantKind.LOOSE

    @property
    def is_counted(self) -> bool:
        """A bottle or a basket: nobody puts it on the scales."""
        return self.kind == VariantKind.PIECE

    @property
    def goods_g(self) -> int:
        return self.line.step_g * self.real.steps if self.real.weight_g is None else self.real.weight_g

    @property
    def more_vnd(self) -> int:
        return self.total_vnd - self.line.total_vnd


@dataclass(frozen=True)
class Outcome:
    """What weighing would make of a parcel. `more_vnd` is negative when it costs less."""

    order: Order
    parcel: Parcel
    lines: list[LineSum]

    @property
    def more_vnd(self) -> int:
        return sum(it.more_vnd for it in self.lines)

    @property
    def total_vnd(self) -> int:
        return self.parcel.total_vnd + self.more_vnd


def tolerance_percent(at: datetime) -> int:
    """How much heavier at the buyer's expense, for what was bought at this time."""
    return in_force(WEIGHT_TOLERANCE_PERCENT, at).value


def look(session: Session, coop_id: int, parcel_id: int, real: Mapping[int, Real]) -> Outcome:
    """What these weights would make of the parcel; nothing is changed, lines not named stay as they are.

    Raises NoSuchParcel, NotPaidYet, MovedOn, MoneyGivenBefore, NothingLeft, WeightUnlikely.
    """
    mine = select(Parcel).where(Parcel.id == parcel_id, Parcel.coop_id == coop_id)
    parcel = session.exec(mine.execution_options(populate_existing=True)).first()
    if parcel is None:
        raise states.NoSuchParcel(parcel_id=parcel_id)
    if parcel.state == "waiting":
        raise states.NotPaidYet
    if parcel.state not in states.BEFORE_PACKING:
        raise states.MovedOn(state=parcel.state)
    given = select(MoneyBack.id).where(MoneyBack.parcel_id == parcel.id, MoneyBack.state != "withdrawn")
    if session.exec(given.limit(1)).first() is not None:
        raise MoneyGivenBefore
    order = session.get_one(Order, parcel.order_id)
    wanted = select(OrderLine, Variant.kind).join(Variant, col(Variant.id) == OrderLine.variant_id)
    wanted = wanted.where(OrderLine.parcel_id == parcel.id).order_by(col(OrderLine.id))
    found = session.exec(wanted.execution_options(populate_existing=True)).all()
    lines = [_sum(order, line, kind, real.get(line.id)) for line, kind in found]
    if not any(it.real.steps for it in lines):
        raise NothingLeft
    return Outcome(order, parcel, lines)


def _sum(order: Order, line: OrderLine, kind: str, real: Real | None) -> LineSum:
    """All from the price of the sale: rounding never adds up, whatever was weighed before."""
    if real is None or (real.steps, real.weight_g) == (line.quantity, line.weighed_g):
        return LineSum(line, Real(line.quantity, line.weighed_g), *now_vnd(line), kind)
    if not 0 <= real.steps <= line.quantity:
        raise states.MovedOn(state="settled")  # somebody left out more meanwhile
    ordered = line.quantity + line.left_out
    estimate = _priced(line, _whole_vnd(line) * real.steps // ordered)
    if real.weight_g is None or not real.steps:
        return LineSum(line, Real(real.steps), *estimate, kind)
    expected_g = line.step_g * real.steps
    if not expected_g * PLAUSIBLE[0] <= real.weight_g * 100 <= expected_g * PLAUSIBLE[1]:
        raise WeightUnlikely(name=line.product_name, expected_g=expected_g, weight_g=real.weight_g)
    percent = tolerance_percent(order.placed_at) if kind == VariantKind.LOOSE and order.payment_method == "cod" else 0
    return LineSum(line, real, *price(line, real, percent), kind)


class Price(NamedTuple):
    """What a buyer pays for a line, and what the market pays of its price."""

    total_vnd: int
    gift_vnd: int


def now_vnd(line: OrderLine) -> Price:
    """What the line costs as it was last settled."""
    return Price(line.total_vnd, line.gift_left_vnd)


def price(line: OrderLine, real: Real, percent: int) -> Price:
    """What so many steps of so many grams cost, at most `percent` above what as many steps were sold for."""
    ordered, whole_vnd = line.quantity + line.left_out, _whole_vnd(line)
    most_vnd = whole_vnd * real.steps * (100 + percent) // (ordered * 100)
    return _priced(line, min(most_vnd, whole_vnd * (real.weight_g or 0) // (line.step_g * ordered)))


def _whole_vnd(line: OrderLine) -> int:
    """The price of the sale as the co-op is paid: before the market's gift."""
    return line.price_vnd * (line.quantity + line.left_out) - line.discount_vnd + line.gift_vnd


def _priced(line: OrderLine, whole_vnd: int) -> Price:
    """The market's gift shrinks with the goods and never grows."""
    gift_vnd = min(line.gift_vnd, line.gift_vnd * whole_vnd // max(1, _whole_vnd(line)))
    return Price(whole_vnd - gift_vnd, gift_vnd)


def settle(
    session: Session,
    coop_id: int,
    parcel_id: int,
    real: Mapping[int, Real],
    person: Person,
    now: datetime,
    *,
    goods_fit: bool = False,
    seen_vnd: int | None = None,
) -> Settled:
    """Make it so: lines, parcel, order, commission, what is owed, and the goods that were left out.

    Those return to sale when they are `goods_fit`, else they are written off. With `seen_vnd` (the parcel's new sum as
    a person saw it) another outcome is refused. Raises what `look` raises, SumMoved.
    """
    states.own_parcel(session, coop_id, parcel_id)
    session.exec(select(Parcel.id).where(Parcel.id == parcel_id).with_for_update()).one()  # nobody gives back meanwhile
    it = look(session, coop_id, parcel_id, real)
    if seen_vnd not in (None, it.total_vnd):
        raise SumMoved(total_vnd=it.total_vnd)
    was_vnd, more_vnd = it.parcel.total_vnd, it.more_vnd
    told = {str(one.line.id): {"steps": one.real.steps, "weight_g": one.real.weight_g} for one in it.lines}
    _leave_out(session, it, goods_fit, person, now)
    write(session, it)
    from_lots.look_again(session, col(Parcel.id) == parcel_id)
    back_vnd = _less(session, it.order, -more_vnd, person, now) if more_vnd < 0 else 0
    if more_vnd > 0:
        payments.ask_more(session, f"order:{it.order.id}", more_vnd)
    row = Settled(
        parcel_id=it.parcel.id,
        was_vnd=was_vnd,
        total_vnd=was_vnd + more_vnd,
        back_vnd=back_vnd,
        asked_vnd=max(0, more_vnd),
        lines=told,
        person_id=person.id,
        at=now,
    )
    note(session, it.parcel, row, person, {"goods_fit": goods_fit})
    return row


def note(session: Session, parcel: Parcel, row: Settled, person: Person, also: Mapping[str, Any] | None = None) -> None:
    """Keep what was settled: audit, the order's timeline, a letter to the buyer."""
    session.add(row)
    session.flush()
    after = {"total_vnd": row.total_vnd, "lines": row.lines, **(also or {})}
    before = {"total_vnd": row.was_vnd}
    audit(session, person, "parcel weighed", f"parcel:{parcel.id}", before, after, row.at, parcel.coop_id)
    whose: dict[str, Any] = {"parcel_id": parcel.id, "coop_id": parcel.coop_id, "person_id": person.id}
    states.record(session, parcel.order_id, "weighed", row.at, **whose)
    publish(session, ParcelSettled(row.id))


def write(session: Session, it: Outcome) -> None:
    """Its lines, parcel and order cost what the outcome says; commission and weight follow."""
    grams, more_vnd = 0, it.more_vnd
    for one in it.lines:
        line = one.line
        grams += one.goods_g - line.weight_g
        line.left_out += line.quantity - one.real.steps
        line.quantity, line.weighed_g, line.total_vnd = one.real.steps, one.real.weight_g, one.total_vnd
        line.settled_vnd = line.total_vnd - line.price_vnd * line.quantity + line.discount_vnd
        line.gift_left_vnd = one.gift_vnd
        line.commission_vnd = (line.total_vnd + one.gift_vnd) * line.commission_bp // 10_000
        session.add(line)
    for table, one_id in ((Parcel, it.parcel.id), (Order, it.order.id)):
        sums = {name: col(getattr(table, name)) + more_vnd for name in ("goods_vnd", "total_vnd")}
        session.exec(update(table).where(col(table.id) == one_id).values(**sums))
    heavier = update(Parcel).where(col(Parcel.id) == it.parcel.id).values(weight_g=col(Parcel.weight_g) + grams)
    session.exec(heavier)
    session.flush()


def _leave_out(session: Session, it: Outcome, goods_fit: bool, person: Person, now: datetime) -> None:
    units: Counter[int] = Counter()
    lost: Counter[tuple[int, bool]] = Counter()
    for one in it.lines:
        if missing := one.line.quantity - one.real.steps:
            units[one.line.pool_id] += missing
            lost[one.line.pool_id, one.line.ship_by is not None and one.line.harvested_at is None] += missing
    if units:
        stock.put_back(session, f"order:{it.order.id}", now, "left out", units, person)
    if goods_fit:
        return
    for (pool_id, promised), missing in sorted(lost.items()):
        stock.write_off(session, pool_id, missing, person, now, "left out of a parcel", promised=promised)


def _less(session: Session, order: Order, less_vnd: int, person: Person, now: datetime) -> int:
    """So much is owed no more; returns what was paid of it already and is sent back."""
    subject = f"order:{order.id}"
    if order.payment_method == "cod":
        left_vnd = payments.collect_less(session, subject, less_vnd, now)
    else:
        left_vnd = holds.owe_less(session, subject, less_vnd, now)
    left_vnd = min(left_vnd, payments.refundable_vnd(session, subject))  # a few đồng may never have come
    if left_vnd > 0:
        payments.give_back(session, subject, left_vnd, "weighed", now, person)
    return max(0, left_vnd)
