"""The link of an invitation: whoever owns the phone takes up the work with one code, and is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.accounts import consents, profile
from shop.accounts import service as accounts
from shop.accounts.codes import CodesDep
from shop.accounts.models import PersonRow, Role
from shop.accounts.routes import SESSION_S
from shop.coops import service as coops
from shop.coops.models import CoopState
from shop.coops.people import service as people
from shop.core.db import Database
from shop.core.deps import SIGN_IN, DatabaseDep, LimitsDep, NowDep, PageDep, Visit, VisitDep
from shop.core.forms import Posted, posted
from shop.core.web import Page
from shop.workspace.here import CHOSEN

router = APIRouter(prefix="/moi", include_in_schema=False)


class Acceptance(BaseModel):
    code: str = Field(default="", max_length=6)
    name: str = Field(default="", max_length=100)
    agreed: bool = False


AcceptForm = Annotated[Posted[Acceptance], Depends(posted(Acceptance))]


@router.get("/{token}")
def invitation(token: str, db: DatabaseDep, page: PageDep, visit: VisitDep, codes: CodesDep, now: NowDep) -> Response:
    return _show(db, page, visit, token, now, offers_codes=codes.offered)


def _show(
    db: Database, page: Page, visit: Visit, token: str, now: datetime, *, status: int = 200, **more: Any
) -> Response:
    with db.read() as session:
        found = people.find(session, token, now)
        coop = coops.get(session, found.coop_id)
    is_mine = visit.person is not None and visit.person.phone == found.phone
    facts: dict[str, Any] = {"form": Posted.blank(Acceptance, name=found.name), "asks_code": False, "shown_code": None}
    facts |= {"is_mine": is_mine, "invited": found, "coop": coop, "token": token, "offers_codes": True, **more}
    facts["consent"] = consents.words(consents.ACCOUNT)
    return page("workspace/join.html", block="join", status=status, **facts)


@router.post("/{token}/ma")
def send_code(
    token: str,
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    limits: LimitsDep,
    codes: CodesDep,
    now: NowDep,
) -> Response:
    """A code to the phone that was invited, and to no other."""
    limits.count("code-from", visit.ip, times=30, per_s=600)
    with db.read() as session:
        phone = people.find(session, token, now).phone
    return _show(db, page, visit, token, now, asks_code=True, shown_code=codes.send(phone))


@router.post("/{token}")
def accept(token: str, form: AcceptForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    if visit.person is not None:
        with db.write() as session:
            found = people.accept(session, token, profile.row(session, visit.person.id), now)
        return _welcome(db, page, visit, found.coop_id, found.role)
    told, signed_in = form.parsed or Acceptance(), None
    with db.write() as session:
        phone = people.find(session, token, now).phone
        form.errors = _lacking(session, phone, told)
        if not form.errors and accounts.use_code(accounts.count_try(session, phone, now), told.code, now):
            person = _person(session, phone, told, now)
            found = people.accept(session, token, person, now)
            signed_in = accounts.start_session(session, person.id, now)
    if signed_in is None:
        form.errors = form.errors or {"code": "wrong_code"}
        return _show(db, page, visit, token, now, status=422, form=form, asks_code=True)
    visit.set_cookie(SIGN_IN, signed_in, SESSION_S)
    return _welcome(db, page, visit, found.coop_id, found.role)


def _lacking(session: Session, phone: str, told: Acceptance) -> dict[str, str]:
    """Whoever is new here says a name and agrees to the account before the code is used up."""
    known = accounts.find_by_phone(session, phone)
    said = {"name": bool(told.name), "agreed": told.agreed}
    return {} if known and known.name else {name: "missing" for name, there in said.items() if not there}


def _person(session: Session, phone: str, told: Acceptance, now: datetime) -> PersonRow:
    person = accounts.person_of_proved_phone(session, phone, now)
    if not person.name:
        profile.change(session, person.id, name=told.name, email=person.email, now=now)
        consents.agree(session, f"person:{person.id}", consents.ACCOUNT, "web", now)
    return person


def _welcome(db: Database, page: Page, visit: Visit, coop_id: int, role: str) -> Response:
    visit.set_cookie(CHOSEN, str(coop_id))
    with db.read() as session:
        is_new = coops.get(session, coop_id).state == CoopState.VERIFIED
    return page.go("/ban-hang/bat-dau" if is_new and role == Role.MANAGER else "/ban-hang")
