"""A co-op gives a buyer money back for its own parcel."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.forms import Posted
from shop.orders import giving_back
from shop.orders.back_form import NOTICES, BackForm, MoneyBackForm
from shop.workspace.here import RefundDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


@router.get("/tra-lai/{parcel_id}")
def money_back(parcel_id: Id, db: DatabaseDep, page: PageDep, desk: RefundDesk, settings: SettingsDep) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        money = giving_back.parcel_money(session, parcel_id, coop.id)
    form = Posted.blank(MoneyBackForm)
    limit_vnd = settings.two_person_above_vnd
    return page("workspace/money_back.html", coop=coop, money=money, form=form, limit_vnd=limit_vnd)


@router.post("/tra-lai/{parcel_id}")
def give_back(
    parcel_id: Id, form: BackForm, db: DatabaseDep, page: PageDep, desk: RefundDesk, settings: SettingsDep, now: NowDep
) -> Response:
    person, coop_id, limit_vnd = desk.person, desk.coop_id, settings.two_person_above_vnd
    with db.write() as session:
        money = giving_back.parcel_money(session, parcel_id, coop_id)
        given = giving_back.give_back(session, money, form.value.wish(), person, now, limit_vnd) if form.ok else None
        state = given.state if given else ""
        coop = coops.get(session, coop_id)
    if not form.ok:
        facts: dict[str, Any] = {"coop": coop, "money": money, "form": form, "limit_vnd": limit_vnd}
        return page("workspace/money_back.html", status=422, **facts)
    return page.go(f"/ban-hang/don/{parcel_id}", NOTICES[state])
