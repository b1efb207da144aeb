"""Sign in, sign up, get back in, sign out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, TypeVar
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.accounts import consents, passwords, profile
from shop.accounts import service as accounts
from shop.accounts.codes import Codes, CodesDep
from shop.core.db import Database
from shop.core.deps import CART, SIGN_IN, DatabaseDep, LimitsDep, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.forms import Posted, posted
from shop.core.phones import Phone
from shop.core.web import Page

router = APIRouter(include_in_schema=False)
T = TypeVar("T")
SESSION_S = int(accounts.STAYS.total_seconds())


class SignInByPassword(BaseModel):
    phone: Phone
    password: str = Field(max_length=200)
    tiep: str = ""


class AskForCode(BaseModel):
    phone: Phone
    tiep: str = ""


class SignInByCode(BaseModel):
    phone: Phone
    code: str = Field(pattern=r"^\d{6}$")
    tiep: str = ""


class SignUp(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    phone: Phone
    password: str = Field(min_length=8, max_length=200)
    agreed: Literal["1"]
    tiep: str = ""


class Introduction(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    agreed: Literal["1"]
    tiep: str = ""


class NewPassword(BaseModel):
    password: str = Field(min_length=8, max_length=200)


async def slowly(work: Callable[[], T]) -> T:
    """Run what hashes a password in the passwords' own two threads, so that pages keep theirs."""
    return await anyio.to_thread.run_sync(work, limiter=passwords.limiter())


@router.get("/dang-nhap")
def sign_in_page(page: PageDep, codes: CodesDep, tiep: str = "/") -> Response:
    return _show(page, Posted.blank(SignInByPassword, tiep=_inside(tiep)), codes)


def _show(page: Page, form: Posted[SignInByPassword], codes: Codes, status: int = 200) -> Response:
    offers_codes = codes.offered
    return page("accounts/sign_in.html", block="sign_in", status=status, form=form, offers_codes=offers_codes)


@router.post("/dang-nhap")
async def sign_in(
    form: Annotated[Posted[SignInByPassword], Depends(posted(SignInByPassword))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    codes: CodesDep,
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(page, form, codes, 422)
    asked = form.value
    limits.count("sign-in", asked.phone, times=5, per_s=600)
    limits.count("sign-in-from", visit.ip, times=60, per_s=600)
    entered = await slowly(lambda: _enter(db, asked, now))
    if entered is None:
        form.errors = {"password": "wrong_password"}
        return _show(page, form, codes, 422)
    limits.forget("sign-in", asked.phone, times=5, per_s=600)
    token, person = entered
    return _welcome(page, visit, token, _inside(asked.tiep) if asked.tiep not in ("", "/") else person.desk)


def _enter(db: Database, asked: SignInByPassword, now: datetime) -> tuple[str, Person] | None:
    """A new sign-in and whose it is; None when phone and password do not belong together."""
    with db.read() as session:
        person = accounts.find_by_phone(session, asked.phone)
    if not passwords.fits(asked.password, person.password_hash if person else "") or person is None:
        return None
    with db.write() as session:
        return accounts.start_session(session, person.id, now), accounts.as_person(session, person, now)


def _welcome(page: Page, visit: Visit, token: str, further: str) -> Response:
    visit.set_cookie(SIGN_IN, token, SESSION_S)
    return page.go(further, "signed-in")


def _inside(path: str) -> str:
    """Only a path of our own: `//evil.example` and `/\\evil` leave the site."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\", "/dang-")) and "\n" not in path
    return path if safe else "/tai-khoan"


@router.post("/dang-nhap/ma")
def ask_for_code(
    form: Annotated[Posted[AskForCode], Depends(posted(AskForCode))],
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    codes: CodesDep,
) -> Response:
    if not codes.offered or not form.ok:
        return _show(page, Posted(SignInByPassword, form.typed, form.errors), codes, 422)
    limits.count("code-from", visit.ip, times=30, per_s=600)
    code = codes.send(form.value.phone)
    blank = Posted.blank(SignInByCode, phone=form.value.phone, tiep=_inside(form.value.tiep))
    return page("accounts/code.html", block="code", form=blank, shown_code=code)


@router.post("/dang-nhap/ma/nhap")
def sign_in_by_code(
    form: Annotated[Posted[SignInByCode], Depends(posted(SignInByCode))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    now: NowDep,
) -> Response:
    token, known = None, False
    if form.ok:
        with db.write() as session:
            tried = accounts.count_try(session, form.value.phone, now)
            if accounts.use_code(tried, form.value.code, now):
                person = accounts.person_of_proved_phone(session, form.value.phone, now)
                token, known = accounts.start_session(session, person.id, now), bool(person.name)
    if token is None:
        form.errors = form.errors or {"code": "wrong_code"}
        return page("accounts/code.html", block="code", status=422, form=form, shown_code=None)
    further = _inside(form.value.tiep)
    return _welcome(page, visit, token, further if known else f"/dang-ky/xong?tiep={quote(further)}")


@router.post("/dang-nhap/quen")
def forgot(
    form: Annotated[Posted[AskForCode], Depends(posted(AskForCode))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    settings: SettingsDep,
    codes: CodesDep,
    now: NowDep,
) -> Response:
    """A link by mail, where the operator has mail. The answer is the same whether there is such an account or not."""
    if not settings.smtp_host or not form.ok:
        return _show(page, Posted(SignInByPassword, form.typed, form.errors), codes, 422)
    limits.count("forgot", form.value.phone, times=3, per_s=3600)
    limits.count("forgot-from", visit.ip, times=20, per_s=3600)
    with db.write() as session:
        accounts.mail_recovery(session, form.value.phone, settings.secret_key, now)
    return page("accounts/mailed.html", block="mailed")


@router.get("/dang-ky")
def sign_up_page(page: PageDep, tiep: str = "/") -> Response:
    return _sign_up_page(page, Posted.blank(SignUp, tiep=_inside(tiep)))


def _sign_up_page(page: Page, form: Posted[SignUp], status: int = 200) -> Response:
    return page("accounts/sign_up.html", block="sign_up", status=status, form=form, consent=_to_agree())


def _to_agree() -> str:
    return consents.words(consents.ACCOUNT)


@router.post("/dang-ky")
async def sign_up(
    form: Annotated[Posted[SignUp], Depends(posted(SignUp))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    if not form.ok:
        return _sign_up_page(page, form, 422)
    limits.count("sign-up-from", visit.ip, times=20, per_s=3600)
    try:
        token = await slowly(lambda: _new_account(db, form.value, now))
    except accounts.PhoneTaken:
        form.errors = {"phone": "phone_taken"}
        return _sign_up_page(page, form, 422)
    return _welcome(page, visit, token, _inside(form.value.tiep))


def _new_account(db: Database, asked: SignUp, now: datetime) -> str:
    password_hash = passwords.hashed(asked.password)
    with db.write() as session:
        person = accounts.register(session, name=asked.name, phone=asked.phone, password_hash=password_hash, now=now)
        consents.agree(session, f"person:{person.id}", consents.ACCOUNT, "web", now)
        return accounts.start_session(session, person.id, now)


@router.get("/dang-ky/xong")
def introduce_page(page: PageDep, visit: VisitDep, tiep: str = "/") -> Response:
    """Whoever came by a one-time code for the first time says their name and agrees."""
    visit.require_person()
    form = Posted.blank(Introduction, tiep=_inside(tiep))
    return page("accounts/introduce.html", block="introduce", form=form, consent=_to_agree())


@router.post("/dang-ky/xong")
def introduce(
    form: Annotated[Posted[Introduction], Depends(posted(Introduction))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    now: NowDep,
) -> Response:
    person = visit.require_person()
    if not form.ok:
        return page("accounts/introduce.html", block="introduce", status=422, form=form, consent=_to_agree())
    with db.write() as session:
        row = profile.row(session, person.id)
        profile.change(session, person.id, name=form.value.name, email=row.email, now=now)
        consents.agree(session, f"person:{person.id}", consents.ACCOUNT, "web", now)
    return page.go(_inside(form.value.tiep), "saved")


@router.get("/khoi-phuc/{token}")
def recovery_page(token: str, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        if not accounts.can_recover(session, token, now):
            raise accounts.LinkOver
    return page("accounts/recover.html", block="recover", form=Posted.blank(NewPassword), token=token)


@router.post("/khoi-phuc/{token}")
async def recover(
    token: str,
    form: Annotated[Posted[NewPassword], Depends(posted(NewPassword))],
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    limits.count("recover-from", visit.ip, times=20, per_s=600)
    if not form.ok:
        return page("accounts/recover.html", block="recover", status=422, form=form, token=token)
    session_token = await slowly(lambda: _recovered(db, token, form.value.password, now))
    return _welcome(page, visit, session_token, "/tai-khoan")


def _recovered(db: Database, token: str, password: str, now: datetime) -> str:
    password_hash = passwords.hashed(password)
    with db.write() as session:
        person = accounts.recover(session, token, password_hash, now)
        return accounts.start_session(session, person.id, now)


@router.post("/dang-xuat")
def sign_out(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    if token := visit.cookie(SIGN_IN):
        with db.write() as session:
            accounts.end_session(session, token)
    visit.set_cookie(SIGN_IN, "", 0)
    visit.set_cookie(CART, "", 0)  # its prices may be this person's own, and phones are shared
    return page.go("/", "signed-out")
