"""What is to be packed of a session: by item for the shelf, by buyer for the parcels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from livestream.figures.sales import sold_by
from payments import service as payments
from shop.addresses import service as addresses
from shop.orders.models import Order, OrderLine, Parcel

TO_PACK = ("new", "confirmed")


@dataclass(frozen=True)
class ToPack:
    """One parcel, whole: goods that were bought outside the session go into the same box (`of_session` tells)."""

    order_code: str
    parcel: Parcel
    name: str
    phone: str
    address: str
    note: str
    cash_vnd: int
    """What is to be collected; 0 when it is paid."""
    lines: Sequence[OrderLine]
    of_session: frozenset[int]


@dataclass(frozen=True)
class Together:
    """So many steps of one variant, over all parcels."""

    product_name: str
    variant_name: str
    quantity: int
    weight_g: int


@dataclass(frozen=True)
class Packing:
    """The list as it is printed. `done` parcels of the session are packed or further already."""

    parcels: Sequence[ToPack]
    goods: Sequence[Together]
    done: int
    waiting: int
    """Parcels whose order waits for its money: not to be packed yet."""


def packing(session: Session, live_id: int) -> Packing:
    """Parcels that hold anything of the session, the earliest order first."""
    mine = select(OrderLine.id, OrderLine.parcel_id).where(sold_by(live_id))
    rows = session.exec(mine).all()
    of_session, parcel_ids = frozenset(line_id for line_id, _p in rows), {parcel_id for _l, parcel_id in rows}
    wanted = select(Order, Parcel).join(Parcel, col(Parcel.order_id) == Order.id)
    found = session.exec(
        wanted.where(col(Parcel.id).in_(parcel_ids)).order_by(col(Order.placed_at), col(Parcel.id))
    ).all()
    open_ids = [parcel.id for _order, parcel in found if parcel.state in TO_PACK]
    lines = session.exec(
        select(OrderLine).where(col(OrderLine.parcel_id).in_(open_ids)).order_by(col(OrderLine.id))
    ).all()
    by_cash = {
        f"parcel:{parcel.id}": (f"order:{order.id}", parcel.total_vnd)
        for order, parcel in found
        if order.payment_method == "cod" and parcel.state in TO_PACK
    }
    cash = payments.cash_of(session, by_cash)
    parcels = [
        _to_pack(
            order,
            parcel,
            [line for line in lines if line.parcel_id == parcel.id],
            of_session,
            cash.get(f"parcel:{parcel.id}", 0),
        )
        for order, parcel in found
        if parcel.state in TO_PACK
    ]
    states = [parcel.state for _order, parcel in found]
    done = sum(state in ("packed", "handed_over", "delivered", "problem") for state in states)
    return Packing(parcels, _together([line for line in lines if line.id in of_session]), done, states.count("waiting"))


def _to_pack(
    order: Order, parcel: Parcel, lines: Sequence[OrderLine], of_session: frozenset[int], cash_vnd: int
) -> ToPack:
    where = f"{order.line}, {addresses.full_name(order.ward_code)}" if parcel.way == "delivery" else ""
    return ToPack(order.code, parcel, order.name, order.phone, where, order.note, cash_vnd, lines, of_session)


def _together(lines: Sequence[OrderLine]) -> list[Together]:
    by_variant: dict[int, list[OrderLine]] = {}
    for line in lines:
        by_variant.setdefault(line.variant_id, []).append(line)
    return [
        Together(
            mine[0].product_name,
            mine[0].variant_name,
            sum(line.quantity for line in mine),
            sum(line.quantity * line.step_g for line in mine),
        )
        for mine in by_variant.values()
    ]
