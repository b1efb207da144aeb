"""Orders for other programs: placed once for each `Idempotency-Key`, read with the token of the answer."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from payments import service as payments
from payments.gateway import NextAction
from shop.addresses import service as addresses
from shop.api.once import IdempotencyKey, alone, answered, asked, remember
from shop.api.shapes import PROBLEMS, Vnd, text_of
from shop.cart import basket
from shop.cart import service as cart
from shop.cart.basket import CartView, holder
from shop.cart.ways import parts_of
from shop.checkout.service import CannotDeliver, refuse_unbuyable
from shop.core.deps import DatabaseDep, NowDep, SettingsDep
from shop.core.errors import NotSignedIn
from shop.core.ids import read_crockford
from shop.core.phones import Phone
from shop.orders import access, reading, taking
from shop.orders import service as orders
from shop.orders.access import Sight
from shop.orders.pickup import service as pickup
from shop.orders.pickup.service import SlotDay
from shop.orders.placing import Buyer, Part, Placed, place
from shop.orders.service import NoSuchOrder
from shop.settings import Settings
from shop.stock import service as stock

router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=PROBLEMS)
Method = Literal["cod", "vietqr", "stripe", "momo", "zalopay", "vnpay", "shopeepay", "viettel", "payos"]


class ContactIn(BaseModel):
    """`phone` is a Vietnamese mobile number in any usual spelling."""

    name: text_of(1, 80)  # type: ignore[valid-type]  # an Annotated type made by a function
    phone: Phone
    email: Annotated[str | None, Field(max_length=200, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")] = None


class AddressIn(BaseModel):
    """A ward of today with its province (see /api/v1/addresses), and the street."""

    province_code: Annotated[str, Field(pattern=r"^\d{2}$")]
    ward_code: Annotated[str, Field(pattern=r"^\d{5}$")]
    line: text_of(1, 200)  # type: ignore[valid-type]


class NewOrder(BaseModel):
    """`ways` names the co-ops (by slug) where the buyer comes to pick up; all others deliver.

    Some co-ops give their goods out at hours with so many places: then `hours` names one for each such co-op, as the
    refusal `slot-missing` lists them ("12:2026-11-25").
    """

    cart_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
    contact: ContactIn
    address: AddressIn
    payment_method: Method
    note: text_of(0, 500) = ""  # type: ignore[valid-type]
    ways: dict[str, Literal["delivery", "pickup"]] = Field(default_factory=dict, max_length=60)
    hours: dict[str, Annotated[str, Field(max_length=30)]] = Field(default_factory=dict, max_length=60)


class ParcelOut(BaseModel):
    coop: str
    goods_vnd: Vnd
    shipping_vnd: Vnd
    total_vnd: Vnd
    way: str
    state: str
    expected_from: date
    expected_to: date
    carrier_name: str = ""
    tracking_code: str = ""


class PaymentOut(BaseModel):
    """`action` says how to pay what is missing.

    For "vietqr": the text of the QR code, account, sum and content. For a gateway with a page of its own: `url`, the
    order's page for the buyer, from which the gateway's is opened.
    """

    method: str
    state: str
    action: dict[str, Any] | None


class PlacedOut(BaseModel):
    """`token` opens the order, here and at /don-hang/{code}?k={token}."""

    code: str
    token: str
    total_vnd: Vnd
    parcels: list[ParcelOut]
    payment: PaymentOut


class OrderOut(BaseModel):
    code: str
    state: str
    goods_vnd: Vnd
    shipping_vnd: Vnd
    total_vnd: Vnd
    placed_at: datetime
    pay_by: datetime | None
    paid_at: datetime | None
    parcels: list[ParcelOut]
    payment: PaymentOut


@router.post("", status_code=201, response_model=PlacedOut)
def place_order(
    body: NewOrder, idempotency_key: IdempotencyKey, db: DatabaseDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Make one order of a cart. Nothing is held when it is refused, and the key is not used up then.

    The same key and body again: the same answer with `Idempotent-Replayed: true`. The same key with another body:
    422 `key-used-for-other`. While the first is at work: 409 `in-progress` with `Retry-After`. Less left than the
    cart asks for: 409 `sold-out` with `lines`.
    """
    call = asked("orders", idempotency_key, body)
    with alone(db, call), db.write() as session:
        known = answered(session, call)
        answer = known or _place(session, body, f"api:{idempotency_key}", settings, now, call)
    headers = {"Cache-Control": "no-store", **({"Idempotent-Replayed": "true"} if known else {})}
    return JSONResponse(answer, 201, headers)


def _place(session: Session, body: NewOrder, key: str, settings: Settings, now: datetime, call: Any) -> dict[str, Any]:
    addresses.ward(body.address.ward_code, body.address.province_code)
    mine = basket.read(session, body.cart_id, now)
    if not mine.lines and not cart.exists(session, body.cart_id):
        raise cart.NoSuchCart
    refuse_unbuyable(mine)
    taking.require_open(session, mine.parcels, now, lock=True)  # before any pool is touched, as all who order do
    if any(line.held_here for line in mine.lines):
        stock.release_holds(session, holder(mine.id), now)
    parts = _parts(session, mine, body, now)
    chosen = _hours(session, parts, body, now)
    parts = [_on_day(part, chosen.get(part.parcel.coop.id)) for part in parts]
    placed = place(session, key, _buyer(body), parts, body.payment_method, settings, now, source="api")
    pickup.book(session, placed.id, chosen, now)
    cart.clear(session, mine.id)
    answer = _answer(session, placed, parts, body.payment_method, settings)
    remember(session, call, answer, placed.id, now)
    return answer


def _buyer(body: NewOrder) -> Buyer:
    contact, address = body.contact, body.address
    return Buyer(
        contact.name,
        contact.phone,
        address.province_code,
        address.ward_code,
        address.line,
        note=body.note,
        email=contact.email,
    )


def _parts(session: Session, mine: CartView, body: NewOrder, now: datetime) -> list[Part]:
    parts = []
    for choice in parts_of(session, mine, {"ward_code": body.address.ward_code}, now):
        quote = choice.choices.by(body.ways.get(choice.parcel.coop.slug, "delivery"))
        if quote is None:
            raise CannotDeliver(coop=choice.parcel.coop.name)
        parts.append(Part(choice.parcel, quote))
    return parts


def _hours(session: Session, parts: list[Part], body: NewOrder, now: datetime) -> dict[int, SlotDay]:
    """The hour at which each parcel is fetched, by co-op; those of co-ops without hours are not in it."""
    chosen: dict[int, SlotDay] = {}
    for part in parts:
        coop = part.parcel.coop
        offered = pickup.offered(session, coop.id, part.quote.earliest, now) if part.quote.way == "pickup" else []
        key = body.hours.get(coop.slug, "")
        free = {it.key: it for it in offered if it.left}
        if offered and not key:
            raise pickup.SlotMissing(coop=coop.name, hours=list(free))
        if offered and key not in free:
            raise pickup.SlotFull(day=key.partition(":")[2])
        if offered:
            chosen[coop.id] = free[key]
    return chosen


def _on_day(part: Part, slot: SlotDay | None) -> Part:
    return replace(part, quote=replace(part.quote, earliest=slot.day, latest=slot.day)) if slot else part


def _answer(
    session: Session, placed: Placed, parts: list[Part], payment_method: str, settings: Settings
) -> dict[str, Any]:
    action = None if payment_method == "cod" else payments.action(session, f"order:{placed.id}", settings)
    return {
        "code": placed.code,
        "token": access.token(settings.secret_key, placed.code),
        "total_vnd": placed.total_vnd,
        "parcels": [_new_parcel(part, "new" if payment_method == "cod" else "waiting") for part in parts],
        "payment": {"method": payment_method, "state": "unpaid", "action": _action(action, settings, placed.code)},
    }


def _new_parcel(part: Part, state: str) -> dict[str, Any]:
    return {
        "coop": part.parcel.coop.slug,
        "goods_vnd": part.parcel.goods_vnd,
        "shipping_vnd": part.quote.fee_vnd,
        "total_vnd": part.parcel.goods_vnd + part.quote.fee_vnd,
        "way": part.quote.way,
        "state": state,
        "expected_from": part.quote.earliest.isoformat(),
        "expected_to": part.quote.latest.isoformat(),
        "carrier_name": "",
        "tracking_code": "",
    }


def _action(action: NextAction | None, settings: Settings, code: str) -> dict[str, Any] | None:
    if action is None:
        return None
    told = asdict(action)
    if action.kind == "redirect":  # a program hands its buyer the order's page, from which the gateway's is opened
        told["url"] = settings.base_url + access.secret_link(settings.secret_key, code)
    return {**told, "expires_at": told["expires_at"].isoformat() if told["expires_at"] else None}


@router.get("/{code}")
def show_order(
    code: Annotated[str, Path(min_length=1, max_length=40)],
    db: DatabaseDep,
    settings: SettingsDep,
    authorization: Annotated[str, Header(description="Bearer and the order's token")] = "",
) -> OrderOut:
    """Where an order stands. 401 without its token, 404 with a wrong one."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    known = read_crockford(code) or ""
    if access.opens(settings.secret_key, known, token.strip()) is not Sight.FULL:
        raise NoSuchOrder
    with db.read() as session:
        order = orders.by_code(session, known)
        view = reading.order_view(session, order, Sight.FULL)
        money = payments.state_of(session, f"order:{order.id}")
        waits = order.state == "awaiting_payment"
        action = payments.action(session, f"order:{order.id}", settings) if waits else None
    return OrderOut(
        **{name: getattr(order, name) for name in _SHOWN},
        parcels=[ParcelOut(coop=it.coop.slug, **it.parcel.model_dump(include=_OF_PARCEL)) for it in view.parcels],
        payment=PaymentOut(
            method=order.payment_method, state=money.state, action=_action(action, settings, order.code)
        ),
    )


_SHOWN = ("code", "state", "goods_vnd", "shipping_vnd", "total_vnd", "placed_at", "pay_by", "paid_at")
_OF_PARCEL = set(ParcelOut.model_fields) - {"coop"}
