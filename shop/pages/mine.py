"""What is mine on pages that are the same for everyone: one private fragment with my name, my cart and my notices."""

from __future__ import annotations

from fastapi import APIRouter, Response

from shop.cart import service as cart
from shop.cart.routes import COOKIE
from shop.core.deps import DatabaseDep, PageDep, VisitDep

router = APIRouter(include_in_schema=False)


@router.get("/cua-toi")
def mine(db: DatabaseDep, visit: VisitDep, page: PageDep) -> Response:
    person, cart_id = visit.person, visit.cookie(COOKIE)
    with db.read() as session:
        count = cart.count(session, cart_id)
    return page("parts/mine.html", block="mine", person=person, cart_count=count)
