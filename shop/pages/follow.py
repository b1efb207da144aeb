"""Following a session, a co-op, sold-out goods: by browser or mail without an account, by text with one; stopped by one
tap."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from livestream.schedule import session_of
from shop.accounts import service as accounts
from shop.catalog.models import Product, ProductState
from shop.catalog.service import NoSuchProduct
from shop.checkout.forms import EMAIL
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, LimitsDep, NowDep, PageDep, Person, SettingsDep, Visit, VisitDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted
from shop.core.i18n import either
from shop.core.web import Page
from shop.notify import following
from shop.notify.models import Follow
from shop.notify.senders import texts_go_out
from shop.notify.service import Browser
from shop.notify.webpush import are_keys, is_push_service
from shop.settings import Settings

router = APIRouter(include_in_schema=False)
Kind = Literal["live", "coop", "product"]


class Wish(BaseModel):
    """A mail address, what a browser's `PushSubscription` says, or that the phone of the account is meant."""

    email: str = Field(default="", max_length=200, pattern=EMAIL + "|^$")
    endpoint: str = Field(default="", max_length=1000)
    p256dh: str = Field(default="", max_length=200)
    auth: str = Field(default="", max_length=100)
    by: Literal["", "text"] = ""

    @property
    def is_browser(self) -> bool:
        return is_push_service(self.endpoint) and are_keys(self.p256dh, self.auth)


class Decision(BaseModel):
    what: Literal["confirm", "stop"]


WishForm = Annotated[Posted[Wish], Depends(posted(Wish))]
DecisionForm = Annotated[Posted[Decision], Depends(posted(Decision))]


@router.get(following.PAGE + "{token}")
def look(token: str, db: DatabaseDep, page: PageDep, settings: SettingsDep) -> Response:
    """Opening changes nothing: mail programs open links by themselves."""
    with db.read() as session:
        mine = following.get(session, following.read_proved(settings.secret_key, token))
        return _shown(session, page, mine, token)


@router.post(following.PAGE + "{token}")
def decide(
    token: str, form: DecisionForm, db: DatabaseDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    follow_id = following.read_proved(settings.secret_key, token)
    if not form.ok:
        raise Invalid
    with db.write() as session:
        mine = following.get(session, follow_id)
        if form.value.what == "stop":
            what, back = named(session, mine.subject)
            following.stop(session, mine.id)
            return page("pages/followed.html", block="followed", outcome="stopped", what=what, back=back)
        following.confirm(session, mine.id, now)
        session.refresh(mine)
        return _shown(session, page, mine, token)


@router.post("/theo-doi/{kind}/{about}")
def follow(
    kind: Kind,
    about: Id,
    form: WishForm,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    settings: SettingsDep,
    limits: LimitsDep,
    now: NowDep,
) -> Response:
    """Ask to be told. A mail address that is not whole is said beside its field; nothing is followed then."""
    limits.count("follow", visit.visitor_key, times=20, per_s=3600)
    subject, wish = f"{kind}:{about}", form.value if form.ok else Wish()
    if form.ok and wish.email:
        limits.count("follow-mail", wish.email.lower(), times=5, per_s=24 * 3600)
    if form.ok and wish.by == "text":
        return _by_text(subject, db, visit, page, settings, now)
    outcome = "wrong"
    with db.write() as session:
        what, back = named(session, subject)
        if form.ok and wish.is_browser:
            browser = Browser(wish.endpoint, wish.p256dh, wish.auth)
            following.ask_by_browser(session, subject, browser, page.lang, now)
            outcome = "told"
        elif form.ok and wish.email:
            known = following.ask_by_mail(session, subject, wish.email.lower(), page.lang, what, now)
            outcome = "told" if known else "confirm"
    status = 422 if outcome == "wrong" else 200
    return page("pages/followed.html", block="followed", status=status, outcome=outcome, what=what, back=back)


def _by_text(subject: str, db: Database, visit: Visit, page: Page, settings: Settings, now: datetime) -> Response:
    """To the phone that the account has proved, never to one that somebody typed in."""
    if not texts_go_out(settings):
        raise Invalid
    person, phone = visit.person, None
    with db.write() as session:
        what, back = named(session, subject)
        if person is not None and (phone := _phone(session, person)):
            following.ask_by_text(session, subject, phone, page.lang, now)
    outcome = "text" if phone else "unproved" if person else "nobody"
    facts: dict[str, Any] = {"what": what, "back": back, "phone": phone, "follow_to": subject.replace(":", "/")}
    return page("pages/followed.html", block="followed", status=200 if phone else 422, outcome=outcome, **facts)


def _phone(session: Session, person: Person) -> str | None:
    """The phone of the account if its person has shown that it is theirs, else another that is."""
    proved = accounts.proved_phones(session, person.id)
    return person.phone if person.phone in proved else next(iter(proved), None)


@router.post("/theo-doi/{kind}/{about}/thoi")
def stop(kind: Kind, about: Id, form: WishForm, db: DatabaseDep, visit: VisitDep, page: PageDep) -> Response:
    """This phone or browser wants no more news of it; whoever knows the browser's secret address is the browser."""
    if form.ok and form.value.by == "text":
        with db.write() as session:
            what, back = named(session, f"{kind}:{about}")
            for phone in accounts.proved_phones(session, visit.require_person().id):
                following.stop_phone(session, f"{kind}:{about}", phone)
        return page("pages/followed.html", block="followed", outcome="stopped", what=what, back=back)
    if not form.ok or not form.value.endpoint:
        raise Invalid
    with db.write() as session:
        following.stop_browser(session, f"{kind}:{about}", form.value.endpoint)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def named(session: Session, subject: str) -> tuple[str, str]:
    """What a subject is called and where it stands. Raises the refusal of its room when it is not there."""
    kind, _colon, number = subject.partition(":")
    if kind == "live":
        live = session_of(session, int(number))
        return live.title, f"/live/{live.slug}"
    if kind == "coop":
        coop = coops.get(session, int(number))
        return coop.name, f"/htx/{coop.slug}"
    product = session.get(Product, int(number))
    if product is None or product.state == ProductState.DRAFT:
        raise NoSuchProduct
    return either(product.name, product.name_en), f"/san-pham/{product.slug}"


def _shown(session: Session, page: Page, mine: Follow, token: str) -> Response:
    what, back = named(session, mine.subject)
    facts: dict[str, Any] = {"mine": mine, "what": what, "back": back, "token": token}
    return page("pages/following.html", block="following", **facts)
