"""More for loose goods that weigh more than was paid before: in cash at the door, where the co-op itself is there.

Weighing says how much it would be, within the tolerance shown at purchase. The books move only when that cash is in
hand, together with the delivery: a buyer who pays nothing more has paid all, and no parcel of fruit waits for it.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from payments import service as payments
from shop.catalog.models import Variant, VariantKind
from shop.core.deps import Person
from shop.orders import states, weighing
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel, Settled
from shop.orders.weighing import LineSum, Outcome, Real, SumMoved


def more(session: Session, parcel: Parcel) -> Outcome:
    """What the parcel costs at its weight; `more_vnd` of it is not paid. Nothing more for cash on delivery, where
    weighing asks for it, for carriers, who ask for nothing, and once money was given back."""
    order = session.get_one(Order, parcel.order_id)
    if order.payment_method == "cod" or not _can_ask(parcel):
        return Outcome(order, parcel, [])
    given = select(MoneyBack.id).where(MoneyBack.parcel_id == parcel.id, MoneyBack.state != "withdrawn")
    if session.exec(given.limit(1)).first() is not None:
        return Outcome(order, parcel, [])
    loose = select(OrderLine).join(Variant, col(Variant.id) == OrderLine.variant_id)
    heavier = (
        OrderLine.parcel_id == parcel.id,
        Variant.kind == VariantKind.LOOSE,
        col(OrderLine.weighed_g).is_not(None),
    )
    lines = session.exec(loose.where(*heavier).order_by(col(OrderLine.id)).execution_options(populate_existing=True))
    return Outcome(order, parcel, [_sum(order, line) for line in lines])


def would_ask_vnd(it: Outcome) -> int:
    """What weighing that comes to this outcome would ask of a buyer who paid before, if the co-op brings it itself."""
    if it.order.payment_method == "cod":
        return 0
    loose = [one for one in it.lines if one.is_loose and one.real.weight_g is not None]
    percent = weighing.tolerance_percent(it.order.placed_at)
    return sum(max(0, weighing.price(one.line, one.real, percent).total_vnd - one.total_vnd) for one in loose)


def _can_ask(parcel: Parcel) -> bool:
    """Until it is with the buyer, or on its way with somebody else."""
    if parcel.state in ("handed_over", "problem"):
        return parcel.carrier == "own"
    return parcel.state in ("new", "confirmed", "packed")


def _sum(order: Order, line: OrderLine) -> LineSum:
    real = Real(line.quantity, line.weighed_g)
    percent = weighing.tolerance_percent(order.placed_at)
    return LineSum(line, real, *max(weighing.now_vnd(line), weighing.price(line, real, percent)))


def deliver(
    session: Session, coop_id: int, parcel_id: int, more_vnd: int, person: Person, now: datetime, received_by: str = ""
) -> None:
    """The buyer has the parcel and gave `more_vnd` in cash for what it weighs more, as the page had shown.

    Raises SumMoved, and what `states.deliver` raises.
    """
    parcel = states.own_parcel(session, coop_id, parcel_id)
    session.exec(select(Parcel.id).where(Parcel.id == parcel_id).with_for_update()).one()  # nobody gives back meanwhile
    session.refresh(parcel)
    if parcel.state not in ("packed", "handed_over", "problem"):
        raise states.MovedOn(state=parcel.state)
    it = more(session, parcel)
    if it.more_vnd != more_vnd or not more_vnd:
        raise SumMoved(total_vnd=it.total_vnd)
    was_vnd, subject, name = parcel.total_vnd, f"order:{it.order.id}", f"parcel:{parcel_id}"
    weighing.write(session, it)
    payments.ask_more(session, subject, more_vnd)
    payments.hand_over_cod(session, subject, name, f"own:coop:{coop_id}", more_vnd, now)
    payments.collect_cod(session, name, now)
    told = {str(one.line.id): {"steps": one.real.steps, "weight_g": one.real.weight_g} for one in it.lines}
    sums = {"was_vnd": was_vnd, "total_vnd": was_vnd + more_vnd, "back_vnd": 0, "asked_vnd": more_vnd}
    weighing.note(
        session, parcel, Settled(parcel_id=parcel_id, **sums, lines=told, person_id=person.id, at=now), person
    )
    states.deliver(session, coop_id, parcel_id, person, now, None, received_by)
