"""Who works here, who is invited, who helps for some hours, and what each of them changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, field_validator
from sqlmodel import Session
from starlette.responses import Response

from shop.accounts import consents
from shop.accounts.models import Role
from shop.coops import service as coops
from shop.coops.people import service as people
from shop.coops.people.models import Invitation
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, LimitsDep, NowDep, PageDep, SettingsDep
from shop.core.forms import Posted, posted
from shop.core.phones import Phone
from shop.core.web import Page
from shop.orders.routes import qr_svg
from shop.settings import Settings
from shop.workspace import journal
from shop.workspace.here import Desk, PeopleDesk

router = APIRouter(prefix="/ban-hang/nguoi", include_in_schema=False)
GIVEN = tuple(role for role in people.LASTING)


class NewPost(BaseModel):
    phone: Phone
    name: str = Field(min_length=1, max_length=100)
    role: Role
    hours: int = 8

    @field_validator("role")
    @classmethod
    def _of_coop(cls, role: Role) -> Role:
        if role not in (*GIVEN, Role.HELPER):
            raise ValueError("not a role of a co-op's people")
        return role

    @field_validator("hours")
    @classmethod
    def _known(cls, hours: int) -> int:
        if hours not in people.HOURS:
            raise ValueError("not a time to help")
        return hours


class TakenAway(BaseModel):
    role: Role


NewForm = Annotated[Posted[NewPost], Depends(posted(NewPost))]
AwayForm = Annotated[Posted[TakenAway], Depends(posted(TakenAway))]


@router.get("")
def all_people(db: DatabaseDep, page: PageDep, desk: PeopleDesk, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        facts = _facts(session, desk, settings, now)
    return page("workspace/people.html", block="people", **facts)


@router.get("/them")
def add_page(
    db: DatabaseDep, page: PageDep, desk: PeopleDesk, role: Annotated[str, Query(alias="vai", max_length=12)] = "packer"
) -> Response:
    return _add_page(db, page, desk, Posted.blank(NewPost, role=role, hours=8))


def _add_page(db: Database, page: Page, desk: Desk, form: Posted[NewPost], status: int = 200) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    helps = form.typed.get("role") == Role.HELPER
    facts: dict[str, Any] = {"form": form, "helps": helps, "roles": GIVEN, "hours": people.HOURS}
    facts["consent"] = consents.words(consents.HELP)
    return page("workspace/person_new.html", block="new", status=status, coop=coop, **facts)


@router.post("/them")
def add(  # the link is shown on the next page, which any of the directors can open again
    form: NewForm,
    db: DatabaseDep,
    page: PageDep,
    desk: PeopleDesk,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    if not form.ok:
        return _add_page(db, page, desk, form, 422)
    asked, key = form.value, settings.secret_key
    limits.count("invite", f"coop:{desk.coop_id}", times=30, per_s=3600)
    try:
        with db.write() as session:
            told = (asked.role, asked.phone, asked.name, desk.person, key, now, asked.hours)
            made = people.invite(session, desk.coop_id, *told).id
    except people.HasThatRole:
        form.errors = {"phone": "has_role"}
        return _add_page(db, page, desk, form, 422)
    return page.go(f"/ban-hang/nguoi/loi-moi/{made}")


@router.get("/loi-moi/{invitation_id}")
def invitation(
    invitation_id: Id, db: DatabaseDep, page: PageDep, desk: PeopleDesk, settings: SettingsDep, now: NowDep
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = [row for row in people.waiting(session, coop.id, now) if row.id == invitation_id]
    if not found:
        raise people.InvitationOver
    address = settings.base_url + people.link(settings.secret_key, found[0])
    facts: dict[str, Any] = {"invited": found[0], "address": address, "qr": qr_svg(address)}
    return page("workspace/invitation.html", coop=coop, **facts)


@router.post("/loi-moi/{invitation_id}/bo")
def withdraw(invitation_id: Id, db: DatabaseDep, page: PageDep, desk: PeopleDesk, now: NowDep) -> Response:
    with db.write() as session:
        people.withdraw(session, desk.coop_id, invitation_id, desk.person, now)
    return page.go("/ban-hang/nguoi", "saved")


@router.post("/{person_id}/thoi")
def take_away(person_id: Id, form: AwayForm, db: DatabaseDep, page: PageDep, desk: PeopleDesk, now: NowDep) -> Response:
    if not form.ok:
        raise people.NotOneOfUs
    with db.write() as session:
        people.take_away(session, desk.coop_id, person_id, form.value.role, desk.person, now)
    return page.go("/ban-hang/nguoi", "saved")


@router.get("/nhat-ky")
def deeds(
    db: DatabaseDep, page: PageDep, desk: PeopleDesk, before: Annotated[Id | None, Query(alias="truoc")] = None
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = people.deeds(session, coop.id, before)
        things = journal.things_of(session, [deed.entry for deed in found])
    return page("workspace/deeds.html", coop=coop, deeds=found, things=things)


def _facts(session: Session, desk: Desk, settings: Settings, now: NowDep) -> dict[str, Any]:
    coop = coops.get(session, desk.coop_id)
    held = people.posts(session, coop.id, now)
    waiting: list[Invitation] = people.waiting(session, coop.id, now)
    lasting = [post for post in held if post.role != Role.HELPER]
    helping = [post for post in held if post.role == Role.HELPER]
    return {"coop": coop, "posts": lasting, "helping": helping, "waiting": waiting, "me": desk.person}
