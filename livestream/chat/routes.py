"""What viewers do in the chat: speak, and open the pay link that the host sent them. All works by reload."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Response
from jinja2 import Environment
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream.chat import talk
from livestream.chat.claims import BLOCKED
from livestream.chat.talk import Said
from livestream.models import LiveSession
from shop.cart import service as cart
from shop.cart.routes import COOKIE
from shop.checkout import service as checkout
from shop.core.deps import DatabaseDep, HubDep, LimitsDep, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import NotFound, Refusal
from shop.core.forms import Posted, posted
from shop.core.hub import Hub
from shop.core.i18n import Lang, speaking
from shop.core.streams import live_room
from shop.core.web import sentence

router = APIRouter(include_in_schema=False)
NAME = "cho_ten"


class Say(BaseModel):
    """`name` is asked for once; `key` lets a second sending of the same sentence change nothing."""

    words: str = Field(min_length=1, max_length=talk.LONGEST)
    name: str = Field(default="", max_length=40)
    key: str = Field(default="", max_length=40)


SayForm = Annotated[Posted[Say], Depends(posted(Say))]


def tell_all(hub: Hub, templates: Environment, live: LiveSession, said: Said) -> None:
    """Show a sentence in every open room, if others may see it."""
    if said.comment.state == "shown" and live.is_for_all:
        line = "".join(templates.get_template("live/said.html").render(said=said).splitlines())
        hub.tell(
            live_room(live.slug), "", f'<hx-partial hx-target="#chat-lines" hx-swap="beforeend">{line}</hx-partial>'
        )


def tell_warning(hub: Hub, templates: Environment, slug: str, words: str) -> None:
    """Show the operator's warning in every open room, or take it away."""
    told = {}
    for lang in get_args(Lang):
        with speaking(lang):
            line = "".join(templates.get_template("live/warning.html").render(warning=words).splitlines())
        told[lang] = f'<hx-partial hx-target="#room-warning" hx-swap="outerHTML">{line}</hx-partial>'
    hub.tell(live_room(slug), "", told, at_once=True)


def tell_pinned(hub: Hub, templates: Environment, live: LiveSession, said: Said | None) -> None:
    """Show in every open room which sentence stands above the others now, or that none does."""
    if not live.is_for_all:
        return
    line = "".join(templates.get_template("live/pinned_said.html").render(pinned_words=said).splitlines())
    swap = f'<hx-partial hx-target="#pinned-said" hx-swap="outerHTML">{line}</hx-partial>'
    hub.tell(live_room(live.slug), "", swap, at_once=True)


@router.post("/live/{slug}/chat")
def say(
    slug: str,
    form: SayForm,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    hub: HubDep,
    limits: LimitsDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    """Say something. The answer tells what became of an order in it, or asks for a name the first time."""
    name = form.typed["name"] or (visit.person.name if visit.person else "") or _plain_name(visit)
    facts: dict[str, Any] = {
        "slug": slug,
        "form": form,
        "decided": "",
        "refused": "",
        "ask_name": not name,
        "unheard": [],
    }
    facts["fragment"] = page.wants_fragment
    if not (form.ok and name):
        with db.read() as session:
            facts["slug"] = rooms.find(session, slug).slug
        return page("live/chat_answer.html", block="answer", status=200 if form.ok else 422, **facts)
    limits.count("live-say", visit.visitor_key, times=20, per_s=60)
    status, hold_for = 200, timedelta(minutes=settings.live_hold_minutes)
    try:
        with db.write() as session:
            row = rooms.find(session, slug)
            who = (row.id, visit.visitor_key, name, form.value.words)
            cart_id = visit.cookie(COOKIE) or ""
            said = talk.say(session, *who, hold_for, now, key=form.value.key, cart_id=cart_id)
        facts["decided"] = "" if said.comment.decided == BLOCKED else said.comment.decided
        facts["unheard"] = [said] if said.comment.state != "shown" else []
        _remember(visit, said, form.typed["name"])
        tell_all(hub, page.templates, row, said)
        hub.whisper(live_room(row.slug), visit.visitor_key, "mine-changed")
    except NotFound:
        raise
    except Refusal as refusal:  # said above the words, which stay to be sent again
        facts["refused"], status = sentence(page.templates, refusal), refusal.status
    return page("live/chat_answer.html", block="answer", status=status, **facts)


def _remember(visit: VisitDep, said: Said, chosen_name: str) -> None:
    """The name chosen once, and the cart that an order by comment opened."""
    if chosen_name:
        visit.set_cookie(NAME, chosen_name.encode().hex())  # a cookie carries no marks
    if said.comment.decided and said.speaker.cart_id and said.speaker.cart_id != visit.cookie(COOKIE):
        visit.set_cookie(COOKIE, said.speaker.cart_id)


def _plain_name(visit: VisitDep) -> str:
    """The name chosen once in this browser; "" when there is none or it was tampered with."""
    try:
        return bytes.fromhex(visit.cookie(NAME) or "").decode()[:40]
    except ValueError:
        return ""


@router.get("/giu/{secret}")
def pay_link(secret: str, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    """What the pay link leads to. Looking proves nothing: messengers open links before people do."""
    with db.read() as session:
        speaker, row = talk.by_secret(session, secret)
        mine = cart.view(session, speaker.cart_id, now)
    lines = [line for line in mine.lines if line.is_live]
    return page("live/pay_link.html", speaker=speaker, live=row, lines=lines, secret=secret)


@router.post("/giu/{secret}")
def open_pay_link(
    secret: str, db: DatabaseDep, visit: VisitDep, page: PageDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The cart behind the link is this browser's now; on to checkout."""
    with db.write() as session:
        speaker, _row = talk.by_secret(session, secret)
        cart_id = talk.prove(session, speaker, timedelta(minutes=settings.live_hold_minutes), now)
        bought = cart.view(session, cart_id, now).can_be_bought
        if cart_id and bought:
            checkout.start(session, cart_id, visit.visitor_key, settings, now)
    if cart_id:
        visit.set_cookie(COOKIE, cart_id)
    return page.go("/thanh-toan" if bought else "/gio-hang")
