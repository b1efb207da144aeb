"""The chat on the host's, co-host's or moderator's second phone: every sentence and what became of it, one tap each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from livestream import room as rooms
from livestream.chat import claims, crew, moderation, talk
from livestream.chat.models import SOURCES
from livestream.chat.routes import tell_all, tell_pinned
from livestream.models import LiveSession
from livestream.screen import studio_room
from shop.coops import service as coops
from shop.core.deps import DatabaseDep, HubDep, Id, NowDep, PageDep, Person, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.streams import live_room, stream_path

router = APIRouter(prefix="/ban-hang/live/{live_id}/binh-luan", include_in_schema=False)
BATCH = 200
STREAM_S = 24 * 3600


class Correct(BaseModel):
    code: str = Field(min_length=1, max_length=12)
    quantity: int = Field(ge=0, le=999)


class Do(BaseModel):
    what: Literal["hide", "show", "mute", "block", "unmute", "pin", "unpin"]


class Reply(BaseModel):
    words: str = Field(min_length=1, max_length=talk.LONGEST)
    answers: int = Field(default=0, ge=0, le=2**31 - 1)


class Rules(BaseModel):
    slow_s: int = Field(default=0, ge=0, le=300)
    words: str = Field(default="", max_length=2000)


class Paste(BaseModel):
    """The whole list is sent with each batch: `done` lines of it are taken in."""

    pasted: str = Field(min_length=1, max_length=600_000)
    source: Literal["facebook", "tiktok", "zalo", "phone"] = "facebook"
    done: int = Field(default=0, ge=0, le=talk.MOST_LINES)


CorrectForm = Annotated[Posted[Correct], Depends(posted(Correct))]
DoForm = Annotated[Posted[Do], Depends(posted(Do))]
ReplyForm = Annotated[Posted[Reply], Depends(posted(Reply))]
RulesForm = Annotated[Posted[Rules], Depends(posted(Rules))]
PasteForm = Annotated[Posted[Paste], Depends(posted(Paste))]


def _member(visit: VisitDep) -> Person:
    """Somebody signed in; the post in the session says what they may do. Raises NotSignedIn."""
    return visit.require_person()


MemberDep = Annotated[Person, Depends(_member)]


@router.get("")
def comments(
    live_id: Id, db: DatabaseDep, page: PageDep, person: MemberDep, hub: HubDep, settings: SettingsDep, now: NowDep,
    loc: str = "",
) -> Response:  # fmt: skip
    """All sentences, or only open questions (`loc=question`) or those a person must look at (`loc=unclear`)."""
    with db.read() as session:
        post = crew.post_of(session, live_id, person)
        cursor = hub.cursor(studio_room(live_id))
        facts = _facts(session, live_id, loc) | {"post": post, "crew": crew.of_session(session, live_id)}
    until_s = int(now.timestamp()) + STREAM_S
    stream = f"{stream_path(settings.secret_key, studio_room(live_id), until_s)}?tu={cursor}"
    return page("live/comments.html", block="comments", person=person, stream=stream, only=loc, now=now, **facts)


def _facts(session: Session, live_id: int, only: str) -> dict[str, Any]:
    room = rooms.read(session, session.get_one(LiveSession, live_id))
    said = talk.at_the_desk(session, live_id, only)
    mine = claims.of_speakers(session, live_id, [one.speaker.id for one in said])
    facts = {"room": room, "coop": room.coop, "said": said, "claims": mine, "places": claims.places(session, live_id)}
    codes = {item.id: item.code for item in room.items}
    return {**facts, "codes": codes, "chat": talk.chat_of(session, live_id), "sources": SOURCES}


def _back(page: PageDep, live_id: int, notice: str = "saved") -> Response:
    return page.go(f"/ban-hang/live/{live_id}/binh-luan", notice)


@router.post("/noi")
def reply(
    live_id: Id, form: ReplyForm, db: DatabaseDep, page: PageDep, person: MemberDep, hub: HubDep, now: NowDep
) -> Response:
    with db.write() as session:
        row = crew.post_of(session, live_id, person).live
        if form.ok:
            answers = form.value.answers or None
            said = talk.host_says(session, live_id, person, form.value.words, now, answers)
    if form.ok:
        tell_all(hub, page.templates, row, said)
    return _back(page, live_id)


@router.post("/luat")
def set_rules(live_id: Id, form: RulesForm, db: DatabaseDep, page: PageDep, person: MemberDep, now: NowDep) -> Response:
    with db.write() as session:
        crew.post_of(session, live_id, person)
        if form.ok:
            moderation.set_rules(session, live_id, form.value.slow_s, form.value.words, person, now)
    return _back(page, live_id)


@router.post("/dan")
def paste(
    live_id: Id, form: PasteForm, db: DatabaseDep, page: PageDep, person: MemberDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Take in the next part of a pasted list; the answer goes on by itself, or at a press, until all is decided."""
    with db.read() as session:
        post = crew.post_of(session, live_id, person)
        crew.require(post, selling=True)
        row = post.live
    if not form.ok:
        return _back(page, live_id, "nothing-pasted")
    told, hold_for = form.value, timedelta(minutes=settings.live_hold_minutes)
    lines = talk.read_lines(told.pasted, told.source)
    with db.write() as session:
        talk.type_in(session, live_id, lines[told.done : told.done + BATCH], told.source, hold_for, now)
    done = min(told.done + BATCH, len(lines))
    if done >= len(lines):
        return _back(page, live_id, "pasted")
    with db.read() as session:
        coop = coops.get(session, row.coop_id)
    facts: dict[str, Any] = {"live": row, "coop": coop, "person": person, "told": told, "post": post}
    return page("live/pasting.html", block="pasting", done=done, of=len(lines), **facts)


@router.post("/{number}/sua")
def correct(
    live_id: Id,
    number: Id,
    form: CorrectForm,
    db: DatabaseDep,
    page: PageDep,
    person: MemberDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    hold_for = timedelta(minutes=settings.live_hold_minutes)
    with db.write() as session:
        crew.require(crew.post_of(session, live_id, person), selling=True)
        if form.ok:
            told = form.value
            moderation.correct(session, live_id, number, told.code, told.quantity, person, hold_for, now)
    return _back(page, live_id)


@router.post("/{number}/xu-ly")
def moderate(
    live_id: Id, number: Id, form: DoForm, db: DatabaseDep, page: PageDep, person: MemberDep, hub: HubDep, now: NowDep
) -> Response:
    """Hide, show, mute, block, pin: every open room shows it at once."""
    with db.write() as session:
        row = crew.post_of(session, live_id, person).live
        if form.ok:
            _moderate(session, live_id, number, form.value.what, person, now)
            gone = {"hide": [number], "mute": _numbers_of(session, live_id, number)}
            gone["block"] = gone["mute"]
            above = talk.pinned(session, live_id)
    if form.ok:
        tell_pinned(hub, page.templates, row, above)
        hub.tell(live_room(row.slug), "chat-hide", ",".join(map(str, gone.get(form.value.what, []))), at_once=True)
    return _back(page, live_id)


def _moderate(session: Session, live_id: int, number: int, what: str, person: Person, now: datetime) -> None:
    if what in ("hide", "show"):
        moderation.show(session, live_id, number, shown=what == "show", person=person, now=now)
    elif what in ("pin", "unpin"):
        moderation.pin_words(session, live_id, number if what == "pin" else 0, person, now)
    else:
        how = {"mute": "muted", "block": "blocked", "unmute": ""}[what]
        moderation.silence(session, live_id, number, how, person, now)


def _numbers_of(session: Session, live_id: int, number: int) -> list[int]:
    """The last sentences of whoever said this one."""
    return talk.numbers_of(session, talk.by_number(session, live_id, number).speaker_id)
