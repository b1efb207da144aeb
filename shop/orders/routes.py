"""The order's page for its buyer, and the look-up for those who lost its link."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form, Response
from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlmodel import Session

from payments import service as payments
from shop.accounts.service import prove_phone, proved_phones
from shop.cart.routes import cart_of
from shop.core.db import Database
from shop.core.deps import DatabaseDep, HubDep, Id, LimitsDep, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.errors import NotAllowed, NotFound
from shop.core.forms import Posted, posted
from shop.core.ids import read_crockford
from shop.core.phones import Phone
from shop.core.streams import stream_path
from shop.core.web import CSP_PAY, sentence
from shop.notify.webpush import vapid_public
from shop.orders import access, at_the_door, cash, preorders, reading
from shop.orders import service as orders
from shop.orders.access import COOKIE, Sight
from shop.orders.models import Order
from shop.orders.pickup import service as pickup
from shop.orders.placing import PAID_LATER
from shop.orders.proof import service as proofs
from shop.orders.service import NoSuchOrder
from shop.settings import Settings

router = APIRouter(include_in_schema=False)
STREAM_S = 24 * 3600
TRIES, TRIES_FROM_ONE_ADDRESS, PER_S = 5, 100, 15 * 60


class NotFoundByCode(NotFound):
    """Phone and code do not belong together, or there is no such order."""


class OnlyByItsLink(NotAllowed):
    """Phone and code show where an order stands; paying it, changing how, or calling it off takes its secret link."""


class LookUp(BaseModel):
    phone: Phone
    code: str = Field(min_length=1, max_length=40)


LookUpForm = Annotated[Posted[LookUp], Depends(posted(LookUp))]


@router.get("/don-hang/{code}")
def show_order(
    code: str,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    hub: HubDep,
    now: NowDep,
    k: str = "",
) -> Response:
    person = visit.person
    known = read_crockford(code) or ""
    with db.read() as session:
        found, sight = opened(session, known, visit, person, settings, k)
    cursor = hub.cursor(f"order:{found.id}")
    with db.read() as session:  # after the cursor, so that nothing falls between page and stream
        order = session.get_one(Order, found.id)
        view = reading.order_view(session, order, sight)
        money = payments.state_of(session, f"order:{order.id}")
        backs = payments.refunds_of(session, f"order:{order.id}")
        waits = order.state == "awaiting_payment" and sight is Sight.FULL
        action = payments.action(session, f"order:{order.id}", settings) if waits else None
        undecided_vnd = payments.undecided_vnd(session, f"order:{order.id}")
        tried = payments.tried(session, f"order:{order.id}") if waits else ""
        ways, no_cash = cash.ways(session, settings, order.phone, order.total_vnd, now) if waits else ([], None)
        comes = pickup.of_parcels(session, view.fetched)
        hours = pickup.to_choose(session, order.id, now) if view.fetched and sight is Sight.FULL else {}
        heavier = {it.parcel.id: at_the_door.more(session, it.parcel).more_vnd for it in view.parcels}
        arrived = [it.parcel.id for it in view.parcels if it.parcel.state == "delivered" and sight is Sight.FULL]
        shown = proofs.of_parcels(session, arrived) if arrived else {}
    if money.received_vnd:
        ways, no_cash = [way for way in ways if way != PAID_LATER], None
    take_the_rest = payments.methods(settings, action.amount_vnd) if action else []
    if proof := access.opens(settings.secret_key, known, k):
        visit.set_cookie(COOKIE, access.remember(visit.cookie(COOKIE), known, k))
        if proof is Sight.FULL and person is not None and person.phone == order.phone:
            _prove_phone(db, person, now)
    return page(
        "orders/order.html",
        block="order",
        view=view,
        order=order,
        comes=comes,
        heavier=heavier,
        proofs=shown,
        money=money,
        backs=backs,
        action=action,
        tried=tried,
        other_ways=[way for way in ways if way != order.payment_method and way in take_the_rest],
        too_little=bool(action) and order.payment_method not in take_the_rest,
        undecided_vnd=undecided_vnd,
        no_cash=sentence(page.templates, no_cash) if no_cash else "",
        money_back=preorders.to_call_off(view, now),
        hours=hours,
        csp=CSP_PAY,
        qr=qr_svg(action.qr_text) if action and action.qr_text else None,
        stream=f"{stream_path(settings.secret_key, f'order:{order.id}', int(now.timestamp()) + STREAM_S)}?tu={cursor}",
        push_key=vapid_public(settings.secret_key) if sight is Sight.FULL else "",
        link=settings.base_url + access.secret_link(settings.secret_key, known) if sight is Sight.FULL else "",
    )


def _prove_phone(db: Database, person: Person, now: datetime) -> None:
    """Who opens a secret link of their own phone has shown that it is theirs: older orders of it are shown, too."""
    with db.read() as session:
        if person.phone in proved_phones(session, person.id):
            return
    with db.write() as session:
        prove_phone(session, person.id, person.phone, "order link", now)


def qr_svg(text: str) -> Markup:
    """The QR code as SVG, drawn here: no picture service learns who pays what."""
    drawn = segno.make(text, error="m").svg_inline(border=4, light="#fff", dark="#000", omitsize=True)
    return Markup(drawn)  # noqa: S704  made by segno from modules, the text itself is not in it


@router.get("/don-hang/{code}/vietqr.png")
def qr_picture(code: str, db: DatabaseDep, visit: VisitDep, settings: SettingsDep) -> Response:
    """The QR code to save: who pays on the phone that shows it opens the picture in the bank's app."""
    with db.read() as session:
        order = opened_to_act(session, code, visit, settings)
        action = payments.action(session, f"order:{order.id}", settings) if order.state == "awaiting_payment" else None
    if action is None or not action.qr_text:
        raise NoSuchOrder
    drawn = BytesIO()
    segno.make(action.qr_text, error="m").save(drawn, kind="png", scale=12, border=4)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="vietqr-{order.code}.png"'}
    return Response(drawn.getvalue(), media_type="image/png", headers=headers)


def opened(
    session: Session, code: str, visit: Visit, person: Person | None, settings: Settings, key: str = ""
) -> tuple[Order, Sight]:
    """The order and how much of it this visitor may see. Raises NoSuchOrder for those who prove nothing."""
    order = orders.by_code(session, code)
    if person is not None and (order.person_id == person.id or order.phone in proved_phones(session, person.id)):
        return order, Sight.FULL
    sights = [
        access.opens(settings.secret_key, code, token) for token in (key, access.remembered(visit.cookie(COOKIE), code))
    ]
    if not any(sights):
        raise NoSuchOrder
    return order, Sight.FULL if Sight.FULL in sights else Sight.MASKED


def opened_to_act(session: Session, code: str, visit: Visit, settings: Settings) -> Order:
    """The order for somebody who may pay it, choose how, and call it off. Raises NoSuchOrder, OnlyByItsLink."""
    order, sight = opened(session, read_crockford(code) or "", visit, visit.person, settings)
    if sight is not Sight.FULL:
        raise OnlyByItsLink
    return order


@router.post("/don-hang/{code}/huy")
def cancel(code: str, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep) -> Response:
    person = visit.person
    with db.write() as session:
        order = opened_to_act(session, code, visit, settings)
        orders.cancel(session, order.id, person, now)
    return page.go(f"/don-hang/{order.code}", "order-cancelled")


@router.post("/don-hang/{code}/tra-lai/{parcel_id}")
def take_money_back(
    code: str, parcel_id: Id, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The day of what was ordered before its harvest was moved: the buyer does not wait."""
    person = visit.person
    with db.write() as session:
        order = opened_to_act(session, code, visit, settings)
        preorders.call_off(session, order, parcel_id, person, now)
    return page.go(f"/don-hang/{order.code}", "order-cancelled")


@router.post("/don-hang/{code}/gio-lay/{parcel_id}")
def choose_hour(
    code: str,
    parcel_id: Id,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    now: NowDep,
    slot: Annotated[str, Form(max_length=30)] = "",
) -> Response:
    """The hour at which a parcel was to be fetched is gone: its buyer chooses another."""
    with db.write() as session:
        order = opened_to_act(session, code, visit, settings)
        pickup.choose(session, order.id, parcel_id, slot, now)
    return page.go(f"/don-hang/{order.code}", "saved")


@router.post("/don-hang/{code}/mua-lai")
def buy_again(
    code: str, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Put the same goods in the cart at today's price; the cart says what cannot be had."""
    person = visit.person
    with db.write() as session:
        order, _sight = opened(session, read_crockford(code) or "", visit, person, settings)
        missing = orders.reorder(session, order.id, cart_of(session, visit, person, now), now)
    return page.go("/gio-hang", "reorder-in-part" if missing else "reordered")


@router.get("/tra-cuu")
def ask_code(page: PageDep, ma: str = "") -> Response:
    return page("orders/look_up.html", block="look_up", form=Posted.blank(LookUp, code=ma[:20]), refused=False)


@router.post("/tra-cuu")
def look_up(
    form: LookUpForm,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    limits: LimitsDep,
) -> Response:
    """Open an order by phone and code, name and street masked; five tries at a phone number, then a wait.

    Many people share a network address, so that one only stops whoever tries number after number.
    """
    if not form.ok:
        return page("orders/look_up.html", block="look_up", status=422, form=form, refused=False)
    limits.count("look-up-from", visit.ip, times=TRIES_FROM_ONE_ADDRESS, per_s=PER_S)
    limits.count("look-up", form.value.phone, times=TRIES, per_s=PER_S)
    with db.read() as session:
        code = access.look_up(session, form.value.phone, form.value.code)
    if code is None:
        return page("orders/look_up.html", block="look_up", status=404, form=form, refused=True)
    limits.forget("look-up", form.value.phone, times=TRIES, per_s=PER_S)
    if access.remembered(visit.cookie(COOKIE), code) is None:
        proof = access.token(settings.secret_key, code, Sight.MASKED)
        visit.set_cookie(COOKIE, access.remember(visit.cookie(COOKIE), code, proof))
    return page.go(f"/don-hang/{code}")
