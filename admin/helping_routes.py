"""An officer acts for a co-op for some hours, once its director has read out the code that came to their phone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.accounts import service as accounts
from shop.accounts.codes import CodesDep
from shop.accounts.models import PersonRow, Role
from shop.coops import service as coops
from shop.coops.people import service as people
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, Visit, VisitDep
from shop.core.errors import NotFound
from shop.core.forms import Posted, posted
from shop.core.web import Page

router = APIRouter(prefix="/lien-minh/htx/{coop_id}/giup")


class NobodyToAsk(NotFound):
    """The co-op has no director yet, or codes cannot be sent: its director invites the helper from the desk."""


class Agreed(BaseModel):
    code: str = Field(pattern=r"^\d{6}$")
    hours: int = 8


AgreedForm = Annotated[Posted[Agreed], Depends(posted(Agreed))]


def _officer(visit: Visit) -> Person:
    return visit.require("officer", "operator")


def _director(session: Session, coop_id: int) -> PersonRow:
    found = [row for row in accounts.holders(session, Role.MANAGER, coop_id) if row.phone]
    if not found:
        raise NobodyToAsk
    return found[0]


def _about(coop_id: int, officer: Person) -> str:
    """What the code is for: it opens nothing else, no sign-in and no other co-op."""
    return f"help:{coop_id}:{officer.id}"


@router.get("")
def ask(coop_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    _officer(visit)
    return _show(db, page, coop_id)


def _show(db: Database, page: Page, coop_id: int, status: int = 200, **more: Any) -> Response:
    with db.read() as session:
        coop = coops.get(session, coop_id)
        director = _director(session, coop_id)
    facts: dict[str, Any] = {"form": Posted.blank(Agreed, hours=8), "asks_code": False, "shown_code": None, **more}
    return page("admin/helping.html", block="helping", status=status, coop=coop, director=director, **facts)


@router.post("")
def send_code(coop_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, codes: CodesDep) -> Response:
    """A code to the director's phone."""
    officer = _officer(visit)
    if not codes.offered:
        raise NobodyToAsk
    with db.read() as session:
        phone = _director(session, coop_id).phone or ""
    code = codes.send(phone, _about(coop_id, officer))
    return _show(db, page, coop_id, asks_code=True, shown_code=code)


@router.post("/ma")
def begin(coop_id: Id, form: AgreedForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    officer, begun = _officer(visit), False
    if form.ok and form.value.hours in people.HOURS:
        with db.write() as session:
            begun = _begin(session, coop_id, officer, form.value, now)
    if not begun:
        form.errors = {"code": "wrong_code"}
        return _show(db, page, coop_id, 422, form=form, asks_code=True)
    return page.go("/ban-hang")


def _begin(session: Session, coop_id: int, officer: Person, told: Agreed, now: datetime) -> bool:
    tried = accounts.count_try(session, _about(coop_id, officer), now)
    if not accounts.use_code(tried, told.code, now):
        return False
    people.help_out(session, coop_id, officer, _director(session, coop_id).id, told.hours, now)
    return True
