"""The cart's pages. Every form works without JavaScript; htmx swaps the block `cart`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from shop.addresses import service as addresses
from shop.cart import service as cart
from shop.cart.basket import CartView
from shop.cart.ways import parts_of
from shop.catalog import cards
from shop.coops.opening import service as openings
from shop.core.deps import CART, DatabaseDep, LimitsDep, NowDep, PageDep, Person, Visit, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import Page, sentence

router = APIRouter(include_in_schema=False)
COOKIE = CART
WARD = "cho_xa"


class AddItem(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    quantity: int = Field(default=1, ge=1, le=999)
    go: str = Field(default="", max_length=20)


class ChangeLine(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    live_key: str = Field(default="", max_length=40)
    quantity: int = Field(ge=0, le=999)
    change: int = Field(default=0, ge=-1, le=1)


class Ward(BaseModel):
    ward_code: str = Field(max_length=5)


class VoucherCode(BaseModel):
    """An empty code takes the voucher out."""

    code: str = Field(default="", max_length=12)


WardForm = Annotated[Posted[Ward], Depends(posted(Ward))]
AddItemForm = Annotated[Posted[AddItem], Depends(posted(AddItem))]
ChangeLineForm = Annotated[Posted[ChangeLine], Depends(posted(ChangeLine))]
VoucherForm = Annotated[Posted[VoucherCode], Depends(posted(VoucherCode))]


def cart_of(session: Session, visit: Visit, person: Person | None, now: datetime) -> str:
    """The id of this visitor's cart; a new one, and its cookie, when there is none yet."""
    known = visit.cookie(COOKIE)
    if known and cart.exists(session, known):
        if person:
            cart.belongs_to(session, known, person.id)
        return known
    fresh = cart.open_cart(session, person.id if person else None, now)
    visit.set_cookie(COOKIE, fresh)
    return fresh


@router.get("/gio-hang")
def show_cart(db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep, noi: str = "") -> Response:
    """The cart; `noi` is where it is to go, as typed, to see fees and dates before checkout."""
    with db.read() as session:
        return _page(session, page, visit, cart.view(session, visit.cookie(COOKIE), now), now, typed=noi[:200])


@router.post("/gio-hang/noi-nhan")
def choose_ward(form: WardForm, visit: VisitDep, page: PageDep) -> Response:
    if form.ok:
        visit.set_cookie(WARD, addresses.ward(form.value.ward_code).code)
    return page.go("/gio-hang")


@router.post("/gio-hang")
def add_item(form: AddItemForm, db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    if not form.ok:
        with db.read() as session:
            return _page(session, page, visit, cart.view(session, visit.cookie(COOKIE), now), now, status=422)
    person = visit.person
    with db.write() as session:
        cart.add(session, cart_of(session, visit, person, now), form.value.variant_id, form.value.quantity, now)
    if form.value.go == "checkout":
        return page.go("/thanh-toan")
    if not page.wants_fragment:
        return page.go("/gio-hang", "added-to-cart")
    page.say("added-to-cart")
    answer = page("cart/added.html", block="added")
    answer.headers["HX-Reswap"] = "none"
    return answer


@router.post("/gio-hang/dong")
def change_line(form: ChangeLineForm, db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    refused = ""
    try:
        if form.ok and (cart_id := visit.cookie(COOKIE)):
            wanted = form.value
            with db.write() as session:
                quantity = max(0, wanted.quantity + wanted.change)
                cart.set_quantity(session, cart_id, wanted.variant_id, quantity, now, live_key=wanted.live_key)
    except Refusal as refusal:  # said beside the cart as it stands, so that the buyer can change it at once
        refused = sentence(page.templates, refusal)
    if not (refused or page.wants_fragment or not form.ok):
        return page.go("/gio-hang")
    with db.read() as session:
        mine = cart.view(session, visit.cookie(COOKIE), now)
        status = 409 if refused else 200 if form.ok else 422
        return _page(session, page, visit, mine, now, status=status, refused=refused)


@router.post("/gio-hang/ma")
def take_voucher(
    form: VoucherForm, db: DatabaseDep, visit: VisitDep, page: PageDep, limits: LimitsDep, now: NowDep
) -> Response:
    """A voucher of a session; typed often, so that nobody tries all codes."""
    limits.count("voucher", visit.visitor_key, times=20, per_s=600)
    refused, cart_id = "", visit.cookie(COOKIE)
    try:
        if form.ok and cart_id:
            with db.write() as session:
                cart.take_voucher(session, cart_id, form.value.code, now)
    except Refusal as refusal:
        refused = sentence(page.templates, refusal)
    if not (refused or page.wants_fragment or not form.ok):
        return page.go("/gio-hang")
    with db.read() as session:
        mine = cart.view(session, cart_id, now)
        status = 409 if refused else 200 if form.ok else 422
        return _page(session, page, visit, mine, now, status=status, refused=refused)


def _page(
    session: Session,
    page: Page,
    visit: Visit,
    mine: CartView,
    now: datetime,
    *,
    status: int = 200,
    refused: str = "",
    typed: str = "",
) -> Response:
    ward_code = known_ward(visit)
    parts = {part.parcel.coop.id: part for part in parts_of(session, mine, {"ward_code": ward_code}, now)}
    hours = openings.of_coops(session, [parcel.coop.id for parcel in mine.parcels])
    return page(
        "cart/cart.html",
        closed={coop_id: openings.closed_now(opening, now) for coop_id, opening in hours.items()},
        block="cart",
        status=status,
        cart=mine,
        photos=cards.covers(session, [line.product_id for line in mine.lines]),
        refused=refused,
        parts=parts,
        place=addresses.full_name(ward_code) if ward_code else "",
        typed=typed,
        found=addresses.search(typed, 6) if typed else [],
    )


def known_ward(visit: Visit) -> str | None:
    """The ward this visitor named last, if it is one."""
    try:
        return addresses.ward(visit.cookie(WARD) or "").code
    except addresses.UnknownWard:
        return None
