"""What a buyer has paid, on one page to print or to keep: each payment, each sum that went back, who sold what."""

from __future__ import annotations

from fastapi import APIRouter, Response

from payments import service as payments
from shop.core.deps import DatabaseDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import NotFound
from shop.orders import reading
from shop.orders.access import Sight
from shop.orders.routes import opened_to_act

router = APIRouter(include_in_schema=False)


class NothingPaid(NotFound):
    """No money has come for this order yet. Facts: code."""


@router.get("/don-hang/{code}/bien-nhan")
def receipt(code: str, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep) -> Response:
    """For whoever has the order's secret link. Raises NoSuchOrder, OnlyByItsLink, NothingPaid."""
    with db.read() as session:
        order = opened_to_act(session, code, visit, settings)
        subject = f"order:{order.id}"
        paid, backs = payments.received(session, subject), payments.refunds_of(session, subject)
        if not paid:
            raise NothingPaid(code=order.code)
        view = reading.order_view(session, order, Sight.FULL)
    return page("orders/receipt.html", order=order, view=view, paid=paid, backs=backs)
