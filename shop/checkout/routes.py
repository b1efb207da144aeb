"""The checkout's pages: who and where, how, the summary, and the act of ordering. Plain forms, no JavaScript needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from shop.accounts import profile
from shop.addresses.forms import AddressChoices
from shop.cart.routes import COOKIE as CART
from shop.cart.routes import WARD, known_ward
from shop.checkout import service as checkout
from shop.checkout.forms import (
    ChosenSlots,
    ChosenWays,
    Confirmation,
    ConfirmationForm,
    Contact,
    ContactForm,
    PaymentForm,
)
from shop.checkout.service import Standing
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep, SettingsDep, Visit, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted
from shop.core.i18n import phone as spoken
from shop.core.web import Page, sentence
from shop.orders import cash
from shop.orders.access import secret_link
from shop.orders.cash import CodNotOffered
from shop.orders.pickup.service import SlotDay, SlotFull
from shop.settings import Settings

router = APIRouter(prefix="/thanh-toan", include_in_schema=False)
STEPS = {1: "/thanh-toan", 2: "/thanh-toan/nhan-hang", 3: "/thanh-toan/kiem-tra"}


@router.post("/bat-dau")
def start(db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep) -> Response:
    """Hold what lies in the cart and ask the first question (or the one not answered yet)."""
    cart_id, visitor = visit.cookie(CART), visit.visitor_key
    if not cart_id:
        return page.go("/gio-hang")
    with db.write() as session:
        checkout.start(session, cart_id, visitor, settings, now)
    return page.go("/thanh-toan")


@router.get("")
def ask_contact(db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        here = _standing(session, visit, now)
    if here is None:
        return page.go("/gio-hang") if not visit.cookie(CART) else page("checkout/start.html", block="start")
    known = here.answers or {"ward_code": known_ward(visit) or "", **_known_of(db, visit)}
    return _contact_page(page, here, Posted.blank(Contact, **known), now)


def _known_of(db: Database, visit: Visit) -> dict[str, str | None]:
    """What an account saves its person from typing: the newest address, else name and phone."""
    person = visit.person
    if person is None:
        return {}
    with db.read() as session:
        saved, email = profile.addresses(session, person.id), profile.row(session, person.id).email
    place = saved[0].model_dump(exclude={"id", "person_id"}) if saved else {}
    known = {"name": person.name, "phone": person.phone, "email": email, **place}
    return {**known, "phone": spoken(known["phone"])}


@router.post("")
def take_contact(
    form: ContactForm, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    address = AddressChoices(form.typed)
    if address.asked or not form.ok:
        with db.read() as session:
            here = _standing(session, visit, now)
        if here is None:
            return page.go("/gio-hang")
        shown = Posted(Contact, form.typed) if address.asked else form
        return _contact_page(page, here, shown, now, status=200 if address.asked else 422)
    told = form.value.model_dump(exclude={"address_q", "address_step"})
    visit.set_cookie(WARD, form.value.ward_code)
    return _answer(
        db, visit, page, settings, now, 2, told, lambda here, words: _contact_page(page, here, form, now, words)
    )


@router.get("/nhan-hang")
def ask_delivery(db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        here = _standing(session, visit, now)
        if here is None or here.step < 2:
            return page.go("/thanh-toan")
        asked = _asked(session, here, settings, now)
    return _delivery_page(page, here, None, now, asked)


@router.post("/nhan-hang")
def take_delivery(
    form: PaymentForm,
    ways: ChosenWays,
    slots: ChosenSlots,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    with db.read() as session:
        here = _standing(session, visit, now)
        if here is None or here.step < 2:
            return page.go("/thanh-toan")
        asked = _asked(session, here, settings, now)
    chosen = {str(part.parcel.coop.id): ways.get(str(part.parcel.coop.id), part.way)[:20] for part in here.parts}
    hours = {coop_id: key[:30] for coop_id, key in slots.items() if coop_id in chosen and key}
    told: dict[str, Any] = {"ways": chosen, "slots": hours}
    if form.ok and form.value.payment_method not in asked.methods:
        form.errors["payment_method"] = "missing"
    if not form.ok:
        return _delivery_page(page, here, form, now, asked, status=422, told=told)
    told["payment_method"] = form.value.payment_method

    def again(here: Standing, words: str) -> Response:
        return _delivery_page(page, here, form, now, asked, words, told=told)

    return _answer(db, visit, page, settings, now, 3, told, again)


@router.get("/kiem-tra")
def show_summary(db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        here = _standing(session, visit, now)
    if here is None or here.step < 3:
        return page.go(STEPS[here.step] if here else "/thanh-toan")
    return _summary_page(page, here, now)


@router.post("/dat-hang")
def place(
    form: ConfirmationForm, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The separate act: what was held becomes an order. Sent twice, it leads to the same order."""
    if not form.ok:
        return page.go("/thanh-toan/kiem-tra")
    seen: Confirmation = form.value
    person = visit.person
    try:
        with db.write() as session:
            checkout.require_own(session, seen.checkout_id, visit.cookie(CART))
            placed = checkout.place_order(
                session,
                seen.checkout_id,
                seen.total_vnd,
                settings,
                now,
                person_id=person.id if person else None,
                lang=page.lang,
            )
    except checkout.NotAnswered as refusal:
        return page.go(STEPS[refusal.facts["step"]])
    except SlotFull:
        return page.go(STEPS[2])  # which says so, and shows the hours that are left
    except Refusal as refusal:
        words = sentence(page.templates, refusal)
        with db.read() as session:
            here = _standing(session, visit, now)
        if here is None or here.step < 3:
            raise
        return _summary_page(page, here, now, words, status=refusal.status)
    return page.go(secret_link(settings.secret_key, placed.code))


def _standing(session: Session, visit: Visit, now: datetime) -> Standing | None:
    """This visitor's checkout under way, unless its cart is empty."""
    cart_id = visit.cookie(CART)
    found = checkout.under_way(session, cart_id) if cart_id else None
    here = checkout.standing(session, found, now) if found else None
    return here if here and here.cart.lines else None


def _answer(
    db: Database,
    visit: Visit,
    page: Page,
    settings: Any,
    now: datetime,
    next_step: int,
    told: dict[str, Any],
    again: Callable[[Standing, str], Response],
) -> Response:
    """Keep the answers of a step and go on; a refusal is said on the same step, with what was typed."""
    try:
        with db.write() as session:
            found = checkout.under_way(session, visit.cookie(CART) or "")
            if found is None:
                raise checkout.NoCheckout
            checkout.answer(session, found, settings, now, **told)
        return page.go(STEPS[next_step])
    except Refusal as refusal:
        words = sentence(page.templates, refusal)
        with db.read() as session:
            here = _standing(session, visit, now)
        if here is None:
            raise
        return again(here, words)


def _contact_page(
    page: Page, here: Standing, form: Posted[Contact], now: datetime, refused: str = "", status: int = 200
) -> Response:
    return page(
        "checkout/contact.html",
        block="contact",
        status=409 if refused else status,
        here=here,
        form=form,
        address=AddressChoices(form.typed),
        held=here.is_held(now),
        refused=refused,
    )


@dataclass(frozen=True)
class Asked:
    """What the second step lets choose: ways to pay, why not in cash, and the hours of each co-op for who fetches."""

    methods: list[str]
    no_cash: CodNotOffered | None
    hours: dict[int, list[SlotDay]]


def _asked(session: Session, here: Standing, settings: Settings, now: datetime) -> Asked:
    methods, no_cash = cash.ways(session, settings, here.answers["phone"], here.total_vnd, now)
    fetched = {part.parcel.coop.id: quote for part in here.parts if (quote := part.choices.by("pickup"))}
    return Asked(methods, no_cash, checkout.hours(session, fetched, now))


def _delivery_page(
    page: Page,
    here: Standing,
    form: Posted[Any] | None,
    now: datetime,
    asked: Asked,
    refused: str = "",
    status: int = 200,
    told: Mapping[str, Any] | None = None,
) -> Response:
    """`told` is what was just answered, when it has to be asked again."""
    return page(
        "checkout/delivery.html",
        block="delivery",
        status=409 if refused else status,
        here=here,
        form=form,
        methods=asked.methods,
        hours=asked.hours,
        told=told or here.answers,
        no_cash=sentence(page.templates, asked.no_cash) if asked.no_cash else "",
        held=here.is_held(now),
        refused=refused,
    )


def _summary_page(page: Page, here: Standing, now: datetime, refused: str = "", status: int = 200) -> Response:
    return page(
        "checkout/summary.html",
        block="summary",
        status=status,
        here=here,
        held=here.is_held(now),
        address=checkout.address_of(here.answers),
        refused=refused,
    )
