"""How parcels and orders move on. Each move is one UPDATE guarded by the old state, so two people cannot both make it.

waiting -> new -> confirmed -> packed -> handed_over -> delivered
                                         handed_over -> problem -> delivered | refused
                                         handed_over -> refused
waiting | new | confirmed -> cancelled;  a parcel to be picked up goes packed -> delivered
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col, insert

from payments import service as payments
from payments.cash.freight import charge_freight
from payments.earnings.service import Sale, earn
from payments.holds import service as holds
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.events import publish
from shop.core.hub import tell
from shop.orders import cash, from_lots, taking
from shop.orders.events import ParcelChanged
from shop.orders.models import MoneyBack, Order, OrderEvent, OrderLine, Parcel
from shop.shipping.carrier import Consignment, ShipmentState
from shop.shipping.carriers import carrier
from shop.shipping.models import Shipment
from shop.stock import service as stock
from shop.vouchers import service as vouchers

CLAIM_TIME = timedelta(days=3)  # a buyer of fresh fruit has this long to complain
BEFORE_PACKING = ("waiting", "new", "confirmed")
CALLED_OFF = "called-off"
"""The note of a parcel that its buyer, not the co-op, called off."""
ENDED = ("delivered", "refused", "cancelled")


class NoSuchParcel(NotFound):
    """This co-op has no parcel with this number."""


class MovedOn(Refusal):
    """The parcel is no longer in a state from which this can be done. Facts: state."""


class NotPaidYet(Refusal):
    """The order still waits for the buyer's money."""


class MoneyOnlyHeld(Refusal):
    """The buyer's money is held at the gateway and not taken yet: the goods wait until it is."""


def confirm(session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime) -> None:
    """The co-op has seen the parcel and will pack it. Raises NoSuchParcel, NotPaidYet, MovedOn."""
    _move(session, own_parcel(session, coop_id, parcel_id), ("new",), "confirmed", person, now, confirmed_at=now)


def pack(session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime) -> None:
    """The parcel is packed: from now on the buyer cannot cancel, and money that was only held is taken.

    Its goods leave the lots that expire first. Raises NoSuchParcel, NotPaidYet, MovedOn, LotsShort.
    """
    parcel = own_parcel(session, coop_id, parcel_id)
    _move(session, parcel, ("new", "confirmed"), "packed", person, now, packed_at=now)
    from_lots.take(session, parcel, person, now)
    holds.take(session, f"order:{parcel.order_id}", now)


def step_back(session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime) -> None:
    """A parcel just confirmed is new again, one just packed is confirmed again, one that had just left is packed again.

    Raises NoSuchParcel, MovedOn for one that went on, that is fetched, whose held money is being taken, or whose cash
    came already.
    """
    parcel = own_parcel(session, coop_id, parcel_id)
    if parcel.state == "handed_over":
        _call_back(session, parcel, person, now)
    elif parcel.state == "packed":
        _unpack(session, parcel, person, now)
    else:
        _move(session, parcel, ("confirmed",), "new", person, now, confirmed_at=None)


def _unpack(session: Session, parcel: Parcel, person: Person, now: datetime) -> None:
    """Its goods are in their lots again."""
    if parcel.way == "pickup" or holds.was_held(session, f"order:{parcel.order_id}"):
        raise MovedOn(state=parcel.state)
    lines = select(col(OrderLine.pool_id), func.sum(col(OrderLine.quantity))).where(
        col(OrderLine.parcel_id) == parcel.id
    )
    units = {row[0]: int(row[1]) for row in session.execute(lines.group_by(col(OrderLine.pool_id)))}
    from_lots.put_back(session, parcel, units, person, now)
    _move(session, parcel, ("packed",), "confirmed", person, now, packed_at=None)


def _call_back(session: Session, parcel: Parcel, person: Person, now: datetime) -> None:
    """It stayed here: nobody carries it, and nobody is to collect its cash."""
    if not payments.take_back_cod(session, f"parcel:{parcel.id}", now):
        raise MovedOn(state=parcel.state)
    session.execute(delete(Shipment).where(col(Shipment.parcel_id) == parcel.id))
    nobody: dict[str, Any] = {"carrier": "", "carrier_name": "", "tracking_code": ""}
    _move(session, parcel, ("handed_over",), "packed", person, now, handed_over_at=None, **nobody)


def hand_over(
    session: Session,
    coop_id: int,
    parcel_id: int,
    person: Person,
    now: datetime,
    *,
    carrier_key: str,
    carrier_name: str = "",
    tracking_code: str = "",
) -> None:
    """Give the packed parcel to a carrier ("typed": name and tracking code) or take it along ("own").

    With cash on delivery the carrier owes us its sum from now on.
    Raises NoSuchParcel, MovedOn, UnknownCarrier, TrackingMissing, MoneyOnlyHeld.
    """
    parcel = own_parcel(session, coop_id, parcel_id)
    order = session.get_one(Order, parcel.order_id)
    _require_taken(session, order)
    cod_vnd = _cash_vnd(session, order, parcel)
    made = carrier(carrier_key).create(_consignment(order, parcel, cod_vnd), carrier_name, tracking_code)
    told: dict[str, Any] = {
        "carrier": carrier_key,
        "carrier_name": made.carrier_name,
        "tracking_code": made.tracking_code,
    }
    _move(session, parcel, ("packed",), "handed_over", person, now, handed_over_at=now, **told)
    session.add(Shipment(parcel_id=parcel.id, state=made.state, created_at=now, **told))
    if cod_vnd:
        holder = f"own:coop:{coop_id}" if carrier_key == "own" else made.carrier_name
        _expect_cash(session, parcel, holder, cod_vnd, now, made.tracking_code)


def _require_taken(session: Session, order: Order) -> None:
    """Goods leave when money that was held is ours: it is being taken since they were packed, a matter of seconds."""
    subject = f"order:{order.id}"
    if order.payment_method != "cod" and holds.was_held(session, subject):
        money = payments.state_of(session, subject)
        if money.received_vnd < money.due_vnd - money.accepted_vnd:
            raise MoneyOnlyHeld


def _consignment(order: Order, parcel: Parcel, cod_vnd: int) -> Consignment:
    return Consignment(
        reference=f"{order.code}-{parcel.id}",
        from_ward="",
        to_ward=order.ward_code,
        to_name=order.name,
        to_phone=order.phone,
        to_line=order.line,
        weight_g=parcel.weight_g,
        cod_vnd=cod_vnd,
    )


def _cash_vnd(session: Session, order: Order, parcel: Parcel) -> int:
    """What the buyer has still to pay in cash for the parcel."""
    if order.payment_method != "cod":
        return 0
    return payments.left_to_collect(session, f"order:{order.id}", parcel.total_vnd)


def _expect_cash(
    session: Session, parcel: Parcel, carrier_name: str, cash_vnd: int, now: datetime, tracking_code: str = ""
) -> None:
    order, name = f"order:{parcel.order_id}", f"parcel:{parcel.id}"
    payments.hand_over_cod(session, order, name, carrier_name, cash_vnd, now, tracking_code)


def deliver(
    session: Session,
    coop_id: int,
    parcel_id: int,
    person: Person,
    now: datetime,
    collected_vnd: int | None = None,
    received_by: str = "",
) -> None:
    """The buyer has the parcel; with cash on delivery the cash is collected, all of it or `collected_vnd`.

    `received_by` is who took it at the door, when that was not the buyer: it stays on the parcel's timeline.

    Raises NoSuchParcel, MovedOn, CodDiffers, MoneyOnlyHeld.

    A parcel to be picked up is delivered when the buyer takes it, straight from the co-op's shelf.
    """
    parcel = own_parcel(session, coop_id, parcel_id)
    from_states = ("packed",) if parcel.way == "pickup" else ("handed_over", "problem")
    order = session.get_one(Order, parcel.order_id)
    _require_taken(session, order)
    _move(session, parcel, from_states, "delivered", person, now, received_by, delivered_at=now)
    if order.payment_method == "cod":
        cash_vnd = _cash_vnd(session, order, parcel) if parcel.way == "pickup" else 0
        if cash_vnd:
            _expect_cash(session, parcel, f"own:coop:{coop_id}", cash_vnd, now)
        if payments.was_asked(session, f"parcel:{parcel.id}"):
            payments.collect_cod(session, f"parcel:{parcel.id}", now, collected_vnd)
    _earn(session, parcel, now)
    _note_shipment(session, parcel, ShipmentState.DELIVERED)
    _close_if_ended(session, parcel, person, now)


def _earn(session: Session, parcel: Parcel, now: datetime) -> None:
    """What was not given back of the buyer's money becomes the co-op's, payable when the time for claims is over."""
    sums = (func.sum(col(OrderLine.commission_vnd)), func.sum(col(OrderLine.gift_left_vnd)))
    taken = select(*sums).where(col(OrderLine.parcel_id) == parcel.id)
    kept_vnd = parcel.total_vnd - given_back_vnd(session, [parcel])
    goods_vnd = min(parcel.goods_vnd, kept_vnd)
    shares = [int(vnd or 0) * kept_vnd // max(1, parcel.total_vnd) for vnd in session.execute(taken).one()]
    sale = Sale(
        seller=f"coop:{parcel.coop_id}",
        subject=f"order:{parcel.order_id}",
        label=session.get_one(Order, parcel.order_id).code,
        parcel=f"parcel:{parcel.id}",
        goods_vnd=goods_vnd,
        shipping_vnd=kept_vnd - goods_vnd,
        commission_vnd=shares[0],
        gift_vnd=shares[1],
        payable_at=now + CLAIM_TIME,
    )
    earn(session, sale, now)
    charge_freight(session, [sale.parcel], now)  # a carrier that paid out before it was marked as delivered


def report_problem(
    session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime, note: str = ""
) -> None:
    """Something went wrong on the way; the buyer is told. Raises NoSuchParcel, MovedOn."""
    parcel = own_parcel(session, coop_id, parcel_id)
    _move(session, parcel, ("handed_over",), "problem", person, now, note=note)
    _note_shipment(session, parcel, ShipmentState.EXCEPTION)


def refuse(
    session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime, *, goods_fit: bool, note: str = ""
) -> None:
    """The parcel came back or was not taken. Its goods return to sale only if the co-op says they are fit.

    Cash that was to be collected no longer is; money that was paid is to be sent back. Raises NoSuchParcel, MovedOn.
    """
    parcel = own_parcel(session, coop_id, parcel_id)
    _move(session, parcel, ("handed_over", "problem"), "refused", person, now, note=note)
    order = session.get_one(Order, parcel.order_id)
    if order.payment_method == cash.CASH:
        cash.remember_refusal(session, order.phone, parcel.id, now)
    if goods_fit:
        put_goods_back(session, [parcel], now, "refused", person)
    _settle_missing_parcels(session, parcel.order_id, [parcel], "refused", now, person)
    _note_shipment(session, parcel, ShipmentState.RETURNED)
    _close_if_ended(session, parcel, person, now)


def cancel(session: Session, coop_id: int, parcel_id: int, person: Person, now: datetime, note: str = "") -> None:
    """The co-op cannot send the parcel: its goods return, its money goes back. Raises NoSuchParcel, MovedOn."""
    parcel = own_parcel(session, coop_id, parcel_id)
    _move(session, parcel, ("new", "confirmed"), "cancelled", person, now, note=note)
    taking.look_again(session, [coop_id], now)
    put_goods_back(session, [parcel], now, "cancelled", person)
    _settle_missing_parcels(session, parcel.order_id, [parcel], "cancelled by the co-op", now, person)
    _close_if_ended(session, parcel, person, now)


def put_goods_back(session: Session, parcels: Sequence[Parcel], now: datetime, reason: str, person: Person) -> None:
    """The units of these parcels return to sale, and what was packed of them to its lots."""
    lines = select(col(OrderLine.parcel_id), col(OrderLine.pool_id), col(OrderLine.quantity))
    mine = col(OrderLine.parcel_id).in_([parcel.id for parcel in parcels])
    order_of = {parcel.id: parcel.order_id for parcel in parcels}
    units: dict[int, dict[int, int]] = {}
    for parcel_id, pool_id, quantity in session.execute(lines.where(mine)):
        pools = units.setdefault(order_of[parcel_id], {})
        pools[pool_id] = pools.get(pool_id, 0) + quantity
    for order_id, only in units.items():
        stock.put_back(session, f"order:{order_id}", now, reason, only, person)
    for parcel in parcels:
        from_lots.put_back(session, parcel, units.get(parcel.order_id, {}), person, now)


def _settle_missing_parcels(
    session: Session, order_id: int, parcels: Sequence[Parcel], reason: str, now: datetime, person: Person | None
) -> None:
    """What will not be delivered is no longer owed, or is sent back if it was paid."""
    order = session.get_one(Order, order_id)
    subject, missing_vnd = f"order:{order_id}", sum(parcel.total_vnd for parcel in parcels)
    missing_vnd -= given_back_vnd(session, parcels)
    if order.payment_method == "cod":
        for parcel in parcels:
            payments.void_cod(session, f"parcel:{parcel.id}", now)
        left_vnd = payments.collect_less(session, subject, missing_vnd, now)
    elif order.paid_at is not None:
        left_vnd = holds.owe_less(session, subject, missing_vnd, now)
    else:
        return
    left_vnd = min(left_vnd, payments.refundable_vnd(session, subject))  # a few đồng may never have come
    if left_vnd > 0:
        payments.give_back(session, subject, left_vnd, reason, now, person)


def given_back_vnd(session: Session, parcels: Sequence[Parcel]) -> int:
    """How much of these parcels' money was given back while they were on their way, or since."""
    mine = col(MoneyBack.parcel_id).in_([parcel.id for parcel in parcels]), col(MoneyBack.state) == "given"
    return int(session.execute(select(func.sum(col(MoneyBack.amount_vnd))).where(*mine)).scalar_one() or 0)


def _note_shipment(session: Session, parcel: Parcel, state: ShipmentState) -> None:
    session.execute(update(Shipment).where(col(Shipment.parcel_id) == parcel.id).values(state=state))


def own_parcel(session: Session, coop_id: int, parcel_id: int) -> Parcel:
    """The parcel, if it is this co-op's: another co-op's is as good as none.

    Its order is locked before it, as by a buyer who calls the order off, so that neither waits for the other.
    """
    mine = (col(Parcel.id) == parcel_id, col(Parcel.coop_id) == coop_id)
    its_order = select(col(Parcel.order_id)).where(*mine).scalar_subquery()
    session.execute(select(col(Order.id)).where(col(Order.id) == its_order).with_for_update(key_share=True))
    wanted = select(Parcel).where(*mine).execution_options(populate_existing=True)
    parcel: Parcel | None = session.execute(wanted).scalar_one_or_none()
    if parcel is None:
        raise NoSuchParcel(parcel_id=parcel_id)
    return parcel


def _move(
    session: Session,
    parcel: Parcel,
    from_states: Sequence[str],
    to_state: str,
    person: Person,
    now: datetime,
    note: str = "",
    **more: object,
) -> None:
    before = parcel.state
    if before == "waiting" and to_state != "cancelled":
        raise NotPaidYet
    guard = (col(Parcel.id) == parcel.id, col(Parcel.state).in_(from_states))
    moved = update(Parcel).where(*guard).values(state=to_state, **more).execution_options(synchronize_session=False)
    if not session.execute(moved).rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        session.refresh(parcel)
        raise MovedOn(state=parcel.state)
    session.refresh(parcel)
    audit(session, person, "parcel state", f"parcel:{parcel.id}", before, to_state, now, parcel.coop_id)
    told: dict[str, Any] = {"parcel_id": parcel.id, "coop_id": parcel.coop_id, "person_id": person.id or None}
    record(session, parcel.order_id, to_state, now, note=note, **told)
    publish(session, ParcelChanged(parcel.id, to_state))


def record(
    session: Session,
    order_id: int,
    what: str,
    now: datetime,
    *,
    parcel_id: int | None = None,
    coop_id: int | None = None,
    person_id: int | None = None,
    note: str = "",
) -> None:
    """Write what happened on the order's timeline and tell the open pages once it is committed."""
    facts = {"order_id": order_id, "parcel_id": parcel_id, "what": what, "at": now, "person_id": person_id}
    session.execute(insert(OrderEvent), [{**facts, "note": note}])
    tell(session, f"order:{order_id}", "order", what)
    if coop_id is not None:
        tell(session, f"coop:{coop_id}", "parcels", what)


def _close_if_ended(session: Session, parcel: Parcel, person: Person, now: datetime) -> None:
    """An order is done when no parcel is under way and one arrived; cancelled when none will ever come."""
    order_id = parcel.order_id
    states = set(session.execute(select(col(Parcel.state)).where(col(Parcel.order_id) == order_id)).scalars())
    if not states <= set(ENDED):
        return
    new = "done" if "delivered" in states else "cancelled"
    done = update(Order).where(col(Order.id) == order_id, col(Order.state) == "placed").values(state=new, closed_at=now)
    if session.execute(done).rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        if new == "cancelled":
            vouchers.give_back(session, order_id, now)
        audit(session, person, "order state", f"order:{order_id}", "placed", new, now, parcel.coop_id)
