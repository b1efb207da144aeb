"""Somebody at the market or at the co-op gives a buyer money back for a parcel: for some of its goods, or a sum.

Never more than the parcel brought; the goods return to sale only when they are said to be fit. A large sum takes two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select, update

from payments import service as payments
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.orders import from_lots
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel
from shop.orders.states import MovedOn, NoSuchParcel, record
from shop.stock import service as stock


class NothingChosen(Refusal):
    """Neither goods nor a sum were chosen, or more of a line than is left of it."""


class TooMuchBack(Refusal):
    """More than is left of what the parcel brought, or less is left than the page said. Facts: left_vnd."""


class AnotherMustAgree(Refusal):
    """Whoever asked for a large sum cannot agree to it, too. Facts: amount_vnd."""


@dataclass(frozen=True)
class Wish:
    """What shall go back: steps of each line, and/or a sum of its own (None: what those goods cost).

    `seen_left_vnd` is what the page said was left: the same form sent twice finds less and is refused.
    """

    lines: Mapping[int, int]
    amount_vnd: int | None
    reason: str
    goods_fit: bool
    seen_left_vnd: int | None = None


@dataclass(frozen=True)
class ParcelMoney:
    """A parcel, what is left of its money, and how many steps of each line have not been given back."""

    order: Order
    parcel: Parcel
    lines: list[OrderLine]
    left_vnd: int
    left_steps: dict[int, int]


@dataclass(frozen=True)
class Proposal:
    """A large sum that waits for a second person."""

    row: MoneyBack
    order_code: str


def parcel_money(session: Session, parcel_id: int, coop_id: int | None = None) -> ParcelMoney:
    """What can be given back for a parcel, of this co-op if one is named. Raises NoSuchParcel."""
    mine = select(Parcel).where(Parcel.id == parcel_id)
    parcel = session.exec(mine.where(Parcel.coop_id == coop_id) if coop_id else mine).first()
    if parcel is None or parcel.state == "waiting":
        raise NoSuchParcel(parcel_id=parcel_id)
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id).order_by(col(OrderLine.id))).all()
    gone = _gone(session, parcel.id)
    left = {line.id: line.quantity - gone.get(line.id, 0) for line in lines}
    return ParcelMoney(session.get_one(Order, parcel.order_id), parcel, list(lines), _left_vnd(session, parcel), left)


def give_back(
    session: Session, money: ParcelMoney, wish: Wish, person: Person, now: datetime, limit_vnd: int
) -> MoneyBack:
    """Give the money back, or, above `limit_vnd`, propose it to a second person (its state says which).

    Raises NothingChosen, TooMuchBack.
    """
    _lock(session, money.parcel.id)
    now_money = parcel_money(session, money.parcel.id)
    row = MoneyBack(
        parcel_id=money.parcel.id,
        amount_vnd=_amount_vnd(now_money, wish),
        lines={str(line_id): steps for line_id, steps in wish.lines.items()},
        reason=wish.reason,
        goods_fit=wish.goods_fit,
        state="proposed",
        asked_by=person.id,
        asked_at=now,
    )
    if row.amount_vnd > now_money.left_vnd or wish.seen_left_vnd not in (None, now_money.left_vnd):
        raise TooMuchBack(left_vnd=now_money.left_vnd)
    session.add(row)
    session.flush()
    parcel = now_money.parcel
    audit(session, person, "money back", f"parcel:{parcel.id}", "", _told(row), now, parcel.coop_id)
    if row.amount_vnd <= limit_vnd:
        _carry_out(session, row, person, now)
    return row


def agree(session: Session, proposal_id: int, person: Person, now: datetime) -> None:
    """The second person agrees. Raises AnotherMustAgree for the same, MovedOn when it was decided, TooMuchBack."""
    row = _decided(session, proposal_id, "proposed")
    if row.asked_by == person.id:
        raise AnotherMustAgree(amount_vnd=row.amount_vnd)
    parcel = _lock(session, row.parcel_id)
    left_vnd = _left_vnd(session, parcel)
    if row.amount_vnd > left_vnd:
        raise TooMuchBack(left_vnd=left_vnd)
    audit(session, person, "money back", f"parcel:{parcel.id}", "proposed", _told(row), now, parcel.coop_id)
    _carry_out(session, row, person, now)


def withdraw(session: Session, proposal_id: int, person: Person, now: datetime) -> None:
    """It will not be given. Raises MovedOn when it was decided before."""
    row = _decided(session, proposal_id, "withdrawn")
    row.decided_by, row.decided_at = person.id, now
    session.add(row)
    coop_id = session.get_one(Parcel, row.parcel_id).coop_id
    audit(session, person, "money back", f"parcel:{row.parcel_id}", "proposed", "withdrawn", now, coop_id)


def proposals(session: Session, most: int = 100) -> list[Proposal]:
    """What waits for a second person, oldest first."""
    wanted = (
        select(MoneyBack, Order.code)
        .join(Parcel, col(Parcel.id) == MoneyBack.parcel_id)
        .join(Order, col(Order.id) == Parcel.order_id)
        .where(MoneyBack.state == "proposed")
        .order_by(col(MoneyBack.id))
        .limit(most)
    )
    return [Proposal(row, code) for row, code in session.exec(wanted)]


def count_proposals(session: Session) -> int:
    """How many wait for a second person."""
    return session.exec(select(func.count()).select_from(MoneyBack).where(MoneyBack.state == "proposed")).one()


def parcels_of(session: Session, code: str) -> list[ParcelMoney]:
    """The parcels of the order with this code; none when there is no such order."""
    mine = select(Parcel.id).join(Order, col(Order.id) == Parcel.order_id)
    wanted = mine.where(Order.code == code, Parcel.state != "waiting").order_by(col(Parcel.id))
    return [parcel_money(session, parcel_id) for parcel_id in session.exec(wanted).all()]


def _lock(session: Session, parcel_id: int) -> Parcel:
    """The parcel as it is now; it neither moves on nor gives back anything else until the end of the transaction."""
    wanted = select(Parcel).where(Parcel.id == parcel_id).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def _left_vnd(session: Session, parcel: Parcel) -> int:
    """Of the parcel's money, without what was given back; nothing when the parcel itself came to nothing."""
    if parcel.state in ("cancelled", "refused"):
        return 0
    given = select(func.sum(MoneyBack.amount_vnd)).where(MoneyBack.parcel_id == parcel.id, MoneyBack.state == "given")
    of_order_vnd = payments.refundable_vnd(session, f"order:{parcel.order_id}")
    return max(0, min(of_order_vnd, parcel.total_vnd - int(session.exec(given).one() or 0)))


def _gone(session: Session, parcel_id: int) -> dict[int, int]:
    gone: dict[int, int] = {}
    rows = select(MoneyBack).where(MoneyBack.parcel_id == parcel_id, MoneyBack.state != "withdrawn")
    for row in session.exec(rows):
        for line_id, steps in row.lines.items():
            gone[int(line_id)] = gone.get(int(line_id), 0) + steps
    return gone


def _amount_vnd(money: ParcelMoney, wish: Wish) -> int:
    lines = {line.id: line for line in money.lines}
    if any(not 0 < steps <= money.left_steps.get(line_id, 0) for line_id, steps in wish.lines.items()):
        raise NothingChosen
    amount_vnd = wish.amount_vnd or sum(
        _share_vnd(lines[line_id], money.left_steps[line_id], steps) for line_id, steps in wish.lines.items()
    )
    if amount_vnd <= 0:
        raise NothingChosen
    return amount_vnd


def _share_vnd(line: OrderLine, left: int, steps: int) -> int:
    """What `steps` of the `left` steps of a line cost, after what was taken off; all shares make the line's sum."""
    gone = line.quantity - left
    return line.total_vnd * (gone + steps) // line.quantity - line.total_vnd * gone // line.quantity


def _carry_out(session: Session, row: MoneyBack, person: Person, now: datetime) -> None:
    parcel = session.get_one(Parcel, row.parcel_id)
    subject = f"order:{parcel.order_id}"
    row.state, row.decided_by, row.decided_at = "given", person.id, now
    session.add(row)
    payments.request_refund(session, subject, row.amount_vnd, row.reason, now, person, f"parcel:{parcel.id}")
    pools = {line.id: line.pool_id for line in session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id))}
    units: dict[int, int] = {}
    for line_id, steps in row.lines.items():
        pool_id = pools[int(line_id)]
        units[pool_id] = units.get(pool_id, 0) + steps
    if row.goods_fit and units:
        stock.put_back(session, subject, now, "given back", units, person)
        from_lots.put_back(session, parcel, units, person, now)
    told: dict[str, Any] = {"parcel_id": parcel.id, "coop_id": parcel.coop_id, "person_id": person.id}
    record(session, parcel.order_id, "refunding", now, **told)


def _decided(session: Session, proposal_id: int, state: str) -> MoneyBack:
    """One guarded statement decides who acts on the row: two people never both do."""
    mine = (col(MoneyBack.id) == proposal_id, col(MoneyBack.state) == "proposed")
    moved = session.exec(update(MoneyBack).where(*mine).values(state=state)).rowcount
    row = session.get(MoneyBack, proposal_id, populate_existing=True)
    if row is None:
        raise NotFound(proposal_id=proposal_id)
    if not moved:
        raise MovedOn(state=row.state)
    return row


def _told(row: MoneyBack) -> dict[str, object]:
    return {"amount_vnd": row.amount_vnd, "lines": row.lines, "goods_fit": row.goods_fit, "reason": row.reason}
