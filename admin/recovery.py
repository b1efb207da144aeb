"""Somebody who lost the way into their account stands before an officer, who shows a QR to scan."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import Response

from shop.accounts import service as accounts
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.phones import Phone
from shop.core.web import Page
from shop.orders.routes import qr_svg

router = APIRouter(prefix="/lien-minh/khoi-phuc")


class WhoForgot(BaseModel):
    phone: Phone


WhoForgotForm = Annotated[Posted[WhoForgot], Depends(posted(WhoForgot))]


@router.get("")
def ask(page: PageDep, visit: VisitDep) -> Response:
    visit.require("officer", "operator")
    return _show(page, Posted.blank(WhoForgot))


def _show(page: Page, form: Posted[WhoForgot], qr: Markup | None = None, status: int = 200) -> Response:
    return page("admin/recovery.html", block="recovery", status=status, form=form, qr=qr)


@router.post("")
def show_qr(
    form: WhoForgotForm,
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    person = visit.require("officer", "operator")
    if not form.ok:
        return _show(page, form, status=422)
    limits.count("recovery", f"person:{person.id}", times=20, per_s=3600)
    with db.write() as session:
        who = accounts.find_by_phone(session, form.value.phone)
        token = accounts.make_recovery(session, person, who, now) if who else None
    if token is None:
        form.errors = {"phone": "no_account"}
        return _show(page, form, status=422)
    return _show(page, form, qr_svg(f"{settings.base_url}/khoi-phuc/{token}"))
