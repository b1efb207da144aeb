"""The officer types an application in on a co-op's behalf, and hands the director the link that opens the shop."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from shop.accounts.models import Role
from shop.addresses.forms import AddressChoices
from shop.coops import applying
from shop.coops import service as coops
from shop.coops.applying import ApplicationDep, ApplicationForm
from shop.coops.models import PASSED
from shop.coops.people import service as people
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.forms import Posted
from shop.core.web import Page
from shop.orders.routes import qr_svg

router = APIRouter(prefix="/lien-minh")


def _officer(visit: Visit) -> Person:
    return visit.require("officer", "operator")


@router.get("/moi")
def application(page: PageDep, visit: VisitDep) -> Response:
    _officer(visit)
    return _show(page, Posted.blank(ApplicationForm, kind="coop"))


def _show(page: Page, form: Posted[ApplicationForm], status: int = 200) -> Response:
    facts: dict[str, Any] = {"form": form, "address": AddressChoices(form.typed), "action": "/lien-minh/moi"}
    return page("admin/application.html", block="apply", status=status, **facts)


@router.post("/moi")
def apply(form: ApplicationDep, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = _officer(visit)
    if AddressChoices(form.typed).asked:
        return _show(page, Posted(ApplicationForm, form.typed))
    if not form.ok:
        return _show(page, form, 422)
    try:
        with db.write() as session:
            applying.apply(session, form.value, person, now)
    except applying.TaxCodeTaken:
        form.errors = {"tax_code": "taken"}
        return _show(page, form, 422)
    return page.go("/lien-minh?trang_thai=applied", "saved")


@router.get("/htx/{coop_id}/loi-moi")
def invitation(
    coop_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The link for the director of a verified co-op, as long as nobody has taken it up."""
    _officer(visit)
    with db.read() as session:
        coop = coops.get(session, coop_id)
        found = [row for row in people.waiting(session, coop.id, now) if row.role == Role.MANAGER]
        directed = any(post.role == Role.MANAGER for post in people.posts(session, coop.id, now))
    address = settings.base_url + people.link(settings.secret_key, found[0]) if found else ""
    facts: dict[str, Any] = {"invited": found[0] if found else None, "address": address, "directed": directed}
    return page("admin/coop_invitation.html", coop=coop, qr=qr_svg(address) if found else None, **facts)


@router.post("/htx/{coop_id}/loi-moi")
def invite(
    coop_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Invite the representative, by the phone that the application named."""
    person = _officer(visit)
    with db.write() as session:
        coop = coops.get(session, coop_id)
        if coop.state not in PASSED:
            raise coops.CoopNotVerified(name=coop.name)
        told = (Role.MANAGER, coop.phone, coop.representative, person, settings.secret_key, now)
        people.invite(session, coop.id, *told)
    return page.go(f"/lien-minh/htx/{coop_id}/loi-moi")
