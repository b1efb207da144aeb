"""Being told: a browser that signs up for news, and the choice of what comes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from shop.accounts import consents
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, PageDep, SettingsDep, Visit, VisitDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted
from shop.core.ids import read_crockford
from shop.core.pagecache import Shared
from shop.notify import choices, following
from shop.notify import service as notify
from shop.notify.models import Follow
from shop.notify.service import Browser
from shop.notify.webpush import are_keys, is_push_service
from shop.orders.access import Sight
from shop.orders.routes import opened
from shop.orders.service import NoSuchOrder
from shop.pages.follow import named
from shop.settings import Settings

router = APIRouter(include_in_schema=False)


class NotAPushService(Invalid):
    """The subscription does not lead to a push service of a browser."""


class Subscription(BaseModel):
    """What a browser's `PushSubscription` says, and for which order; without one, for the person's own work."""

    endpoint: str = Field(max_length=1000)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)
    order: str = Field(default="", max_length=40)

    @model_validator(mode="after")
    def _safe(self) -> Subscription:
        if not is_push_service(self.endpoint) or not are_keys(self.p256dh, self.auth):
            raise PydanticCustomError("push_service", "not a browser's push service")
        return self


class Choice(BaseModel):
    groups: list[str] = Field(default=[], max_length=10)


SubscriptionForm = Annotated[Posted[Subscription], Depends(posted(Subscription))]
ChoiceForm = Annotated[Posted[Choice], Depends(posted(Choice))]


@router.post("/thong-bao/dang-ky")
def subscribe(
    form: SubscriptionForm,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    """This browser wants to be told about an order it may see, or about its person's work for a co-op."""
    if not form.ok:
        raise NotAPushService
    told, visitor = form.value, visit.visitor_key
    limits.count("subscribe", visitor, times=20, per_s=3600)
    subject = _subject(db, visit, settings, told.order)
    browser = Browser(told.endpoint, told.p256dh, told.auth)
    with db.write() as session:
        notify.subscribe(session, subject, browser, lang=page.lang, now=now)
        consents.agree(session, subject, consents.PUSH, "web", now)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _subject(db: Database, visit: Visit, settings: Settings, order: str) -> str:
    """Raises NoSuchOrder, NotSignedIn, NotAllowed."""
    if not order:
        return f"person:{visit.require(Role.MANAGER).id}"
    person = visit.person
    with db.read() as session:
        found, sight = opened(session, read_crockford(order) or "", visit, person, settings)
    if sight is not Sight.FULL:
        raise NoSuchOrder
    return f"order:{found.id}"


@router.get("/thong-bao/{token}")
def choose_page(token: str, db: DatabaseDep, page: PageDep, settings: SettingsDep) -> Response:
    address = choices.address_of(settings.secret_key, token)
    with db.read() as session:
        wanted, offered = choices.wanted(session, address), _offered(db, address)
        followed = [_followed(session, settings, mine) for mine in following.of_address(session, address)]
    facts: dict[str, Any] = {"wanted": wanted, "offered": offered, "followed": followed}
    return page("pages/messages.html", block="choices", address=address, token=token, **facts)


def _followed(session: Session, settings: Settings, mine: Follow) -> dict[str, str]:
    what, back = named(session, mine.subject)
    return {"what": what, "back": back, "path": following.path_for(settings.secret_key, str(mine.id))}


def _offered(db: Database, address: str) -> list[str]:
    """Work is offered to those who have some."""
    with db.read() as session:
        works = accounts.works_for(session, address, Role.MANAGER)
    return [group for group in choices.GROUPS if group != "work" or works]


@router.post("/thong-bao/{token}")
def choose(
    token: str, form: ChoiceForm, db: DatabaseDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    address = choices.address_of(settings.secret_key, token)
    groups = form.value.groups if form.ok else []
    if not form.ok or not set(groups) <= set(choices.GROUPS):
        raise Invalid
    choice = {group: group in groups for group in _offered(db, address)}
    with db.write() as session:
        choices.choose(session, address, choice, now)
    return page.go(f"/thong-bao/{token}", "saved")


@router.get("/sw.js")
def service_worker(request: Request) -> Response:
    """The browser's own helper: shows messages, and a page of ours when there is no net."""
    script: bytes = request.app.state.static.body("sw.js")
    return Response(script, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@router.get("/mat-mang")
def offline(page: PageDep) -> Response:
    return page("pages/offline.html", cache=Shared(("offline",)))
