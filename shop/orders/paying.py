"""The buyer pays an order at a gateway's page, again if it failed, or by another way, always for the same order."""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy import update
from sqlmodel import Session, col
from starlette.responses import RedirectResponse

from payments import paying
from payments import service as payments
from payments.paying import GatewayBusy, NothingToPay, Payer
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.placing import PAID_LATER
from shop.orders.routes import opened_to_act
from shop.orders.service import CannotSwitch
from shop.settings import Settings

router = APIRouter(include_in_schema=False)
AT_ONE_GATEWAY = 16


class OtherWay(BaseModel):
    payment_method: str = Field(max_length=20)


class WayNotOffered(Invalid):
    """This way to pay is not offered for this sum."""


@router.post("/don-hang/{code}/tra")
async def go_and_pay(
    code: str,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    """To the gateway's page; 303 also for htmx, because it is another site."""

    def find() -> Order:
        with db.read() as session:
            order = opened_to_act(session, code, visit, settings)
        if order.state in ("closed", "cancelled"):  # an old tab: what is paid now would have to be sent back
            raise NothingToPay
        limits.count("pay", f"order:{order.id}", times=20, per_s=600)
        return order

    order = await to_thread.run_sync(find)
    threads = _at_gateway(order.payment_method)
    if not threads.available_tokens:
        raise GatewayBusy(method=order.payment_method)
    payer = Payer(visit.ip, page.lang)
    begin = partial(paying.begin, db, settings, f"order:{order.id}", payer, now)
    away = await to_thread.run_sync(begin, limiter=threads)
    if away.startswith("/"):
        return page.go(away)
    return RedirectResponse(away, 303, headers={"Cache-Control": "no-store"})


@cache
def _at_gateway(_method: str) -> CapacityLimiter:
    """Threads for those who wait for one gateway: when it hangs, nobody waits but who pays there."""
    return CapacityLimiter(AT_ONE_GATEWAY)


@router.post("/don-hang/{code}/cach-tra")
def pay_another_way(
    code: str,
    form: Annotated[Posted[OtherWay], Depends(posted(OtherWay))],
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    with db.write() as session:
        order = opened_to_act(session, code, visit, settings)
        switch(session, order, form.value.payment_method if form.ok else "", settings, now)
    return page.go(f"/don-hang/{order.code}")


def switch(session: Session, order: Order, method: str, settings: Settings, now: datetime) -> None:
    """From now on the order is paid by `method`; what came by another counts all the same.

    Raises CannotSwitch, WayNotOffered, CodNotOffered.
    """
    if method not in payments.methods(settings, order.total_vnd):
        raise WayNotOffered
    if method == PAID_LATER:
        orders.pay_at_the_door(session, order, settings, now)
        return
    mine = update(Order).where(col(Order.id) == order.id, col(Order.state) == "awaiting_payment")
    if not session.execute(mine.values(payment_method=method)).rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        raise CannotSwitch
    payments.open_due(session, f"order:{order.id}", order.total_vnd, method, order.pay_by, now)
    paying.give_up(session, f"order:{order.id}", now, keep=method)
