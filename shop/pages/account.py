"""What is mine: orders, addresses, messages, password, and the way out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from shop.accounts import passwords, profile
from shop.accounts import service as accounts
from shop.accounts.models import SavedAddress
from shop.accounts.routes import slowly
from shop.addresses import service as places
from shop.addresses.forms import AddressChoices, AddressForm
from shop.checkout.forms import EMAIL
from shop.core.deps import SIGN_IN, DatabaseDep, Id, LimitsDep, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.i18n import phone as spoken
from shop.core.phones import Phone
from shop.core.web import Page
from shop.notify import choices
from shop.orders import reading

router = APIRouter(prefix="/tai-khoan", include_in_schema=False)
SHOWN_FIRST = 5


class WhoIAm(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    email: str = Field(default="", max_length=200, pattern=EMAIL + "|^$")


class Where(AddressForm):
    """A place to keep: who takes the parcel there, and where it is."""

    name: str = Field(min_length=2, max_length=80)
    phone: Phone


class Passwords(BaseModel):
    old: str = Field(default="", max_length=200)
    password: str = Field(min_length=8, max_length=200)


WhoIAmForm = Annotated[Posted[WhoIAm], Depends(posted(WhoIAm))]
WhereForm = Annotated[Posted[Where], Depends(posted(Where))]
PasswordsForm = Annotated[Posted[Passwords], Depends(posted(Passwords))]


@router.get("")
def home(db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        row = profile.row(session, person.id)
        phones = accounts.proved_phones(session, person.id)
        orders = reading.of_phones(session, person.id, phones, SHOWN_FIRST)
        saved = profile.addresses(session, person.id)
    silence = [(phone, choices.path_for(settings.secret_key, phone)) for phone in phones]
    facts: dict[str, Any] = {
        "person": person,
        "row": row,
        "orders": orders,
        "addresses": _told(saved),
        "silence": silence,
    }
    return page("pages/account/home.html", block="account", proved=person.phone in phones, **facts)


def _told(saved: list[SavedAddress]) -> list[tuple[SavedAddress, str]]:
    return [(address, f"{address.line}, {places.full_name(address.ward_code)}") for address in saved]


@router.get("/don-hang")
def my_orders(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        orders = reading.of_phones(session, person.id, accounts.proved_phones(session, person.id))
    return page("pages/account/orders.html", block="orders", orders=orders)


@router.get("/toi")
def who_i_am(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        row = profile.row(session, person.id)
    return page("pages/account/me.html", block="me", form=Posted.blank(WhoIAm, name=row.name, email=row.email))


@router.post("/toi")
def change_who_i_am(form: WhoIAmForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require_person()
    if not form.ok:
        return page("pages/account/me.html", block="me", status=422, form=form)
    with db.write() as session:
        profile.change(session, person.id, name=form.value.name, email=form.value.email or None, now=now)
    return page.go("/tai-khoan", "saved")


@router.get("/dia-chi/moi")
def new_address(page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    return _address_page(page, Posted.blank(Where, name=person.name, phone=spoken(person.phone)), None)


def _address_page(page: Page, form: Posted[Where], address_id: int | None, status: int = 200) -> Response:
    shown = AddressChoices(form.typed)
    facts: dict[str, Any] = {"form": form, "address": shown, "address_id": address_id}
    return page("pages/account/address.html", block="place", status=status, **facts)


@router.get("/dia-chi/{address_id}")
def address(address_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        saved = profile.address(session, person.id, address_id)
    known = {**saved.model_dump(exclude={"id", "person_id"}), "phone": spoken(saved.phone)}
    return _address_page(page, Posted.blank(Where, **known), address_id)


@router.post("/dia-chi/moi")
def add_address(form: WhereForm, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    if again := _asked_again(page, form, None):
        return again
    with db.write() as session:
        profile.add_address(session, person.id, _place(form.value))
    return page.go("/tai-khoan", "saved")


@router.post("/dia-chi/{address_id}")
def change_address(address_id: Id, form: WhereForm, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        profile.address(session, person.id, address_id)
    if again := _asked_again(page, form, address_id):
        return again
    with db.write() as session:
        profile.change_address(session, person.id, address_id, _place(form.value))
    return page.go("/tai-khoan", "saved")


def _asked_again(page: Page, form: Posted[Where], address_id: int | None) -> Response | None:
    """The form again, when it only asked for wards or is not whole yet."""
    if AddressChoices(form.typed).asked:
        return _address_page(page, Posted(Where, form.typed), address_id)
    return None if form.ok else _address_page(page, form, address_id, 422)


def _place(told: Where) -> dict[str, str]:
    return told.model_dump(exclude={"address_q", "address_step"})


@router.post("/dia-chi/{address_id}/xoa")
def delete_address(address_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.write() as session:
        profile.delete_address(session, person.id, address_id)
    return page.go("/tai-khoan", "saved")


@router.get("/mat-khau")
def password_page(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        has_one = bool(profile.row(session, person.id).password_hash)
    return page("pages/account/password.html", block="password_form", form=Posted.blank(Passwords), has_one=has_one)


@router.post("/mat-khau")
async def change_password(
    form: PasswordsForm, db: DatabaseDep, page: PageDep, visit: VisitDep, limits: LimitsDep
) -> Response:
    """The old password first, unless this account has only ever used one-time codes."""
    person = await slowly(visit.require_person)
    old_hash = await slowly(lambda: _password_hash(db, person.id))
    if form.ok:
        limits.count("new-password", f"person:{person.id}", times=10, per_s=600)
        told = form.value
        if not old_hash or await slowly(lambda: passwords.fits(told.old, old_hash)):
            await slowly(lambda: _set_password(db, person.id, told.password, visit.cookie(SIGN_IN) or ""))
            return page.go("/tai-khoan", "saved")
        form.errors = {"old": "wrong_password"}
    facts: dict[str, Any] = {"form": form, "has_one": bool(old_hash)}
    return page("pages/account/password.html", block="password_form", status=422, **facts)


def _password_hash(db: DatabaseDep, person_id: int) -> str:
    with db.read() as session:
        return profile.row(session, person_id).password_hash


def _set_password(db: DatabaseDep, person_id: int, password: str, token: str) -> None:
    password_hash = passwords.hashed(password)
    with db.write() as session:
        profile.set_password(session, person_id, password_hash, token)
