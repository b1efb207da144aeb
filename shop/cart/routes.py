"""The cart's pages. Every form works without JavaScript; htmx swaps the block `cart`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from shop.cart import service as cart
from shop.cart.basket import CartView
from shop.catalog import cards
from shop.core.deps import DatabaseDep, NowDep, PageDep, Person, Visit, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import Page, sentence

router = APIRouter()
COOKIE = "cho_gio"


class AddItem(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    quantity: int = Field(default=1, ge=1, le=999)


class ChangeLine(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    live_key: str = Field(default="", max_length=40)
    quantity: int = Field(ge=0, le=999)
    change: int = Field(default=0, ge=-1, le=1)


AddItemForm = Annotated[Posted[AddItem], Depends(posted(AddItem))]
ChangeLineForm = Annotated[Posted[ChangeLine], Depends(posted(ChangeLine))]


def cart_of(session: Session, visit: Visit, person: Person | None, now: datetime) -> str:
    """The id of this visitor's cart; a new one, and its cookie, when there is none yet."""
    known = visit.cookie(COOKIE)
    if known and cart.exists(session, known):
        return known
    fresh = cart.open_cart(session, person.id if person else None, now)
    visit.set_cookie(COOKIE, fresh)
    return fresh


@router.get("/gio-hang")
def show_cart(db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        return _page(session, page, cart.view(session, visit.cookie(COOKIE), now))


@router.post("/gio-hang")
def add_item(form: AddItemForm, db: DatabaseDep, visit: VisitDep, page: PageDep, now: NowDep) -> Response:
    if not form.ok:
        with db.read() as session:
            return _page(session, page, cart.view(session, visit.cookie(COOKIE), now), status=422)
    person = visit.person
    with db.write() as session:
        cart.add(session, cart_of(session, visit, person, now), form.value.variant_id, form.value.quantity, now)
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
        return _page(session, page, mine, status=409 if refused else 200 if form.ok else 422, refused=refused)


def _page(session: Session, page: Page, mine: CartView, *, status: int = 200, refused: str = "") -> Response:
    photos = cards.covers(session, [line.product_id for line in mine.lines])
    return page("cart/cart.html", block="cart", status=status, cart=mine, photos=photos, refused=refused)
