"""A co-op asks to sell on the market, before anybody has an account."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from shop.addresses.forms import AddressChoices
from shop.coops import applying
from shop.coops.applying import ApplicationDep, ApplicationForm
from shop.core.audit import GUEST
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, PageDep, VisitDep
from shop.core.forms import Posted
from shop.core.web import Page

router = APIRouter(prefix="/mo-gian-hang", include_in_schema=False)


@router.get("")
def application(page: PageDep) -> Response:
    return _show(page, Posted.blank(ApplicationForm, kind="coop"))


def _show(page: Page, form: Posted[ApplicationForm], status: int = 200) -> Response:
    return page(
        "coops/apply.html",
        block="apply",
        status=status,
        form=form,
        address=AddressChoices(form.typed),
        action="/mo-gian-hang",
    )


@router.post("")
def apply(
    form: ApplicationDep, db: DatabaseDep, page: PageDep, visit: VisitDep, limits: LimitsDep, now: NowDep
) -> Response:
    if AddressChoices(form.typed).asked:
        return _show(page, Posted(ApplicationForm, form.typed))
    if not form.ok:
        return _show(page, form, 422)
    limits.count("apply-from", visit.ip, times=10, per_s=3600)
    try:
        with db.write() as session:
            applying.apply(session, form.value, visit.person or GUEST, now)
    except applying.TaxCodeTaken:
        form.errors = {"tax_code": "taken"}
        return _show(page, form, 422)
    return page.go("/mo-gian-hang/da-gui")


@router.get("/da-gui")
def sent(page: PageDep) -> Response:
    return page("coops/applied.html")
