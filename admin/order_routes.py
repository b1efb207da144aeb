"""The page of one order for the operator, and the search that leads to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from admin import orders
from shop.core.audit import audit
from shop.core.deps import DatabaseDep, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.web import Page
from shop.orders.access import Sight

router = APIRouter(prefix="/quan-tri/don")
HERE = "/quan-tri/don"


class Sought(BaseModel):
    """An order's code, a phone number, or a payment's reference. Posted, so that no phone stands in an address."""

    words: str = Field(max_length=60)


SoughtForm = Annotated[Posted[Sought], Depends(posted(Sought))]


@router.get("")
def look_for(page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    return page("admin/orders.html", typed="", found=[])


@router.post("")
def found(form: SoughtForm, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    """One order opens at once, several are listed."""
    visit.require("operator")
    words = form.value.words if form.ok else ""
    with db.read() as session:
        views = orders.find(session, words) if words else []
    if len(views) == 1:
        return page.go(f"{HERE}/{views[0].order.code}")
    return page("admin/orders.html", typed=words, found=views)


@router.get("/{code}")
def one(code: str, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        it = orders.whole(session, code, Sight.MASKED)
    return _show(page, it)


@router.post("/{code}")
def with_its_buyer(code: str, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """The same page with the buyer's name, phone and address; who looked is written down."""
    person = visit.require("operator")
    with db.write() as session:
        it = orders.whole(session, code, Sight.FULL)
        audit(session, person, "buyer shown", f"order:{it.view.order.id}", None, "shown", now)
    return _show(page, it)


def _show(page: Page, it: orders.OrderFile) -> Response:
    return page("admin/order.html", it=it, view=it.view, order=it.view.order, story=it.story)
