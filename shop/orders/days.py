"""The lists of a day at a co-op's shed: what to pick, what goes in each parcel, where the van goes.

They are read from the parcels as they stand, so an edit or a weighing is on the next print. Plain rows: a day may
have ten thousand parcels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from payments import service as payments
from shop.addresses import service as addresses
from shop.orders.models import Order, OrderLine, Parcel

_AT_ONCE = 1000


@dataclass(frozen=True)
class ListLine:
    """So many steps of one thing in a parcel; `weight_g` as weighed, else as ordered."""

    product_name: str
    variant_name: str
    quantity: int
    weight_g: int
    total_vnd: int
    set_name: str = ""
    set_count: int = 0


@dataclass(frozen=True)
class ListParcel:
    """One parcel of the day. `cash_vnd` is what the buyer still pays for it at the door."""

    parcel_id: int
    code: str
    name: str
    phone: str
    ward_code: str
    line: str
    note: str
    way: str
    state: str
    total_vnd: int
    cash_vnd: int = 0
    lines: list[ListLine] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.line}, {addresses.full_name(self.ward_code)}"


@dataclass(frozen=True)
class Pick:
    """Everything of one variant that is to be packed today."""

    product_name: str
    variant_name: str
    quantity: int
    weight_g: int
    parcels: int


def picks(session: Session, coop_id: int) -> list[Pick]:
    """What the confirmed parcels need, a row for each variant."""
    names = (col(OrderLine.product_name), col(OrderLine.variant_name))
    steps, weight_g = func.sum(col(OrderLine.quantity)), func.sum(_grams())
    wanted = (
        select(*names, steps, weight_g, func.count(col(OrderLine.parcel_id).distinct()))
        .join(Parcel, col(Parcel.id) == col(OrderLine.parcel_id))
        .where(*_to_pack(coop_id), col(OrderLine.quantity) > 0)
        .group_by(*names)
        .order_by(*names)
    )
    return [Pick(name, variant, int(n), int(g), int(m)) for name, variant, n, g, m in session.execute(wanted)]


def packs(session: Session, coop_id: int) -> list[ListParcel]:
    """The confirmed parcels with what goes in each, in the order they came."""
    return _with_lines(session, _to_pack(coop_id), [col(Parcel.id)], cash=False)


def stops(session: Session, coop_id: int) -> list[ListParcel]:
    """Where the co-op's own van goes: what is packed or on its own way, ward by ward, with the cash to bring back.

    What is in the parcels is not read: nobody opens them on the road.
    """
    on_own_way = (col(Parcel.state) == "handed_over") & (col(Parcel.carrier) == "own")
    mine = (col(Parcel.coop_id) == coop_id, col(Parcel.state).in_(("packed", "handed_over")))
    going = (*mine, col(Parcel.way) == "delivery", or_(col(Parcel.state) == "packed", on_own_way))
    return _with_lines(session, going, [col(Order.province_code), col(Order.ward_code), col(Order.line)], lines=False)


def to_label(session: Session, coop_id: int, parcel_id: int | None = None, most: int = 500) -> list[ListParcel]:
    """What gets a label: the parcels that are confirmed or packed, or the one that is named, whatever its state."""
    which = [col(Parcel.coop_id) == coop_id, col(Parcel.state).in_(("confirmed", "packed"))]
    which.append(~col(Parcel.awaits_harvest))
    if parcel_id is not None:
        which = [col(Parcel.coop_id) == coop_id, col(Parcel.id) == parcel_id, col(Parcel.state) != "waiting"]
    return _with_lines(session, which, [col(Parcel.id)], most)


def _to_pack(coop_id: int) -> tuple[ColumnElement[bool], ...]:
    return col(Parcel.coop_id) == coop_id, col(Parcel.state) == "confirmed", ~col(Parcel.awaits_harvest)


def _with_lines(
    session: Session,
    which: Sequence[ColumnElement[bool]],
    order: Sequence[Any],
    most: int | None = None,
    *,
    cash: bool = True,
    lines: bool = True,
) -> list[ListParcel]:
    """Columns in the order of `ListParcel`: a day has ten thousand."""
    seen = (col(Order.code), col(Order.name), col(Order.phone), col(Order.ward_code), col(Order.line), col(Order.note))
    own = (col(Parcel.way), col(Parcel.state), col(Parcel.total_vnd))
    wanted = (
        select(col(Parcel.id), *seen, *own, col(Order.id), col(Order.payment_method))
        .join(Order, col(Order.id) == col(Parcel.order_id))
        .where(*which)
        .order_by(*order)
        .limit(most)
    )
    rows: Sequence[Any] = session.execute(wanted).all()
    if most is not None:
        which = [col(Parcel.id).in_([row[0] for row in rows])]
    inside = _lines(session, which) if lines else {}
    due_vnd = _cash(session, [row for row in rows if row[11] == "cod"]) if cash else {}
    facts = ((*row[:10], due_vnd.get(row[0], 0), inside.get(row[0], [])) for row in rows)
    return [ListParcel(*all_of_it) for all_of_it in facts]


def _lines(session: Session, which: Sequence[ColumnElement[bool]]) -> defaultdict[int, list[ListLine]]:
    facts = (
        col(OrderLine.product_name),
        col(OrderLine.variant_name),
        col(OrderLine.quantity),
        _grams(),
        col(OrderLine.total_vnd),
        col(OrderLine.set_name),
        col(OrderLine.set_count),
    )
    wanted = (
        select(col(OrderLine.parcel_id), *facts)
        .join(Parcel, col(Parcel.id) == col(OrderLine.parcel_id))
        .where(*which, col(OrderLine.quantity) > 0)
        .order_by(col(OrderLine.id))
    )
    found: defaultdict[int, list[ListLine]] = defaultdict(list)
    for parcel_id, *told in session.execute(wanted):
        found[parcel_id].append(ListLine(*told))
    return found


def _grams() -> ColumnElement[int]:
    return func.coalesce(col(OrderLine.weighed_g), col(OrderLine.quantity) * col(OrderLine.step_g))


def _cash(session: Session, rows: Sequence[Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for at in range(0, len(rows), _AT_ONCE):
        some = rows[at : at + _AT_ONCE]
        asked = {f"parcel:{row[0]}": (f"order:{row[10]}", row.total_vnd) for row in some}
        found |= {int(name[7:]): cash_vnd for name, cash_vnd in payments.cash_of(session, asked).items()}
    return found
