"""A customer who lost the way into the account: staff show a QR, the customer scans it and sets a new password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from shop.accounts import service as accounts
from shop.coops import service as coops
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, PageDep, SettingsDep
from shop.core.errors import NotFound
from shop.core.forms import Posted, posted
from shop.core.phones import Phone
from shop.orders import desk as orders
from shop.orders.routes import qr_svg
from shop.workspace.here import OrdersDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


class NotACustomer(NotFound):
    """Nobody with this phone has both an account and an order at this co-op."""


class WhoForgot(BaseModel):
    phone: Phone


@router.get("/khoi-phuc")
def ask(db: DatabaseDep, page: PageDep, desk: OrdersDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    return page("workspace/recovery.html", block="recovery", coop=coop, form=Posted.blank(WhoForgot), qr=None)


@router.post("/khoi-phuc")
def show_qr(
    form: Annotated[Posted[WhoForgot], Depends(posted(WhoForgot))],
    db: DatabaseDep,
    page: PageDep,
    desk: OrdersDesk,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    person = desk.person
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    if not form.ok:
        return page("workspace/recovery.html", block="recovery", status=422, coop=coop, form=form, qr=None)
    limits.count("recovery", f"person:{person.id}", times=20, per_s=3600)
    with db.write() as session:
        customer = accounts.find_by_phone(session, form.value.phone)
        if customer is None or not orders.has_customer(session, coop.id, form.value.phone):
            raise NotACustomer
        token = accounts.make_recovery(session, person, customer, now)
    qr = qr_svg(f"{settings.base_url}/khoi-phuc/{token}")
    return page("workspace/recovery.html", block="recovery", coop=coop, form=form, qr=qr)
