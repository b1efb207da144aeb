"""Who says what in a room: sentences in turn, those the host types in from elsewhere, and what others may see."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert
from sqlmodel import Session, col, select

from livestream.chat import claims
from livestream.chat.claims import Desk, desk_of
from livestream.chat.models import HOST_SAYS, PEOPLE_SAY, SOURCES, LiveChat, LiveComment, LiveSpeaker
from livestream.chat.reading import Kind, Reading, read_comment
from livestream.chat.words import masked
from livestream.forbidden import refuse_claims
from livestream.models import LiveSession
from livestream.schedule import NoSuchSession
from shop.cart import service as cart
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal, TooMany
from shop.core.ids import secret_token
from shop.core.pagecache import bump
from shop.core.phones import read_phone
from shop.core.text import fold

SHOWN, DESK_SHOWN = 30, 100
LONGEST = 300
MOST_LINES = 5000
MODERATION = ("", "muted", "blocked")


class NoSuchComment(NotFound):
    """This session has no such sentence, or it is another co-op's."""


class ChatIsClosed(Refusal):
    """Sentences are said before and during a session, not after it. Facts: title."""


class SlowDown(TooMany):
    """The room is in slow mode. Facts: retry_after_s."""


@dataclass(frozen=True)
class Said:
    """A sentence as it stands: for everybody with `shown` words, for the seller whole."""

    comment: LiveComment
    speaker: LiveSpeaker

    @property
    def shown(self) -> str:
        return self.comment.words if self.by_host else masked(self.comment.words)

    @property
    def by_host(self) -> bool:
        return self.comment.source == HOST_SAYS


def speaker_of(
    session: Session, live_id: int, key: str, name: str, now: datetime, *, visitor: bool = False, phone: str = ""
) -> LiveSpeaker:
    """The speaker with this key; made when they speak for the first time, under the name they chose then."""
    known = session.exec(select(LiveSpeaker).where(LiveSpeaker.session_id == live_id, LiveSpeaker.key == key)).first()
    if known is None:
        known = LiveSpeaker(session_id=live_id, key=key, name=name[:60], phone=phone, pay_secret=secret_token())
        if visitor:
            known.visitor_key, known.proved_at = key, now
        session.add(known)
        session.flush()
    return known


def say(
    session: Session,
    live_id: int,
    visitor_key: str,
    name: str,
    words: str,
    hold_for: timedelta,
    now: datetime,
    *,
    key: str = "",
    cart_id: str = "",
) -> Said:
    """A visitor says something in the room; an order in it is decided in the same moment.

    A second sending with the same `key` changes nothing and returns the first. Raises ChatIsClosed, SlowDown.
    """
    desk = desk_of(session, live_id, hold_for, now)
    if not desk.live.talks:
        raise ChatIsClosed(title=desk.live.title)
    speaker = speaker_of(session, live_id, visitor_key, name, now, visitor=True)
    if cart_id and speaker.cart_id != cart_id and cart.exists(session, cart_id):
        speaker.cart_id = cart_id
    if key and (before := _with_key(session, live_id, f"{visitor_key}:{key}")):
        return Said(before, speaker)
    _not_too_fast(desk, speaker)
    if speaker.cart_id is None:
        speaker.cart_id = cart.open_cart(session, None, now)
    return Said(_write(desk, speaker, words, PEOPLE_SAY, f"{visitor_key}:{key or secret_token()}"), speaker)


def _with_key(session: Session, live_id: int, key: str) -> LiveComment | None:
    return session.exec(select(LiveComment).where(LiveComment.session_id == live_id, LiveComment.key == key)).first()


def _not_too_fast(desk: Desk, speaker: LiveSpeaker) -> None:
    mine = select(LiveComment.at).where(LiveComment.speaker_id == speaker.id).order_by(col(LiveComment.id).desc())
    last = desk.session.exec(mine.limit(1)).first() if desk.chat.slow_s else None
    if last is not None and (wait := (last - desk.now).total_seconds() + desk.chat.slow_s) > 0:
        raise SlowDown(retry_after_s=int(wait) + 1)


def _write(desk: Desk, speaker: LiveSpeaker, words: str, source: str, key: str) -> LiveComment:
    """Number a sentence, read it, do what it asks for, keep it."""
    return _write_read(desk, speaker, words, source, key, read_comment(words, desk.codes))


def _write_read(desk: Desk, speaker: LiveSpeaker, words: str, source: str, key: str, reading: Reading) -> LiveComment:
    desk.number += 1
    desk.speaking = desk.number
    if reading.phone and reading.phone != speaker.phone:
        speaker.phone = reading.phone
        if not speaker.visitor_key:
            desk.elsewhere.add(speaker.id)
    decided = claims.decide(desk, speaker, desk.number, reading)
    state = "muted" if speaker.silenced else "hidden" if _is_listed(desk.chat, words) else "shown"
    return _keep(desk, speaker, words, source, key, kind=reading.kind, decided=decided, state=state)


def _keep(desk: Desk, speaker: LiveSpeaker, words: str, source: str, key: str, **became: Any) -> LiveComment:
    facts: dict[str, Any] = {"session_id": desk.live.id, "number": desk.number, "key": key, "speaker_id": speaker.id}
    comment = LiveComment(**facts, source=source, words=words[:LONGEST], at=desk.now, **became)
    desk.made.append(comment)
    bump(desk.session, f"chat:{desk.live.id}")
    return comment


def _is_listed(chat: LiveChat, words: str) -> bool:
    listed = [fold(word) for word in chat.words.splitlines() if word.strip()]
    said = f" {re.sub(r'[^a-z0-9]+', ' ', fold(words))} "
    return any(f" {word} " in said for word in listed)


def host_says(
    session: Session, live_id: int, person: Person, words: str, now: datetime, answers: int | None = None
) -> Said:
    """The host, co-host or moderator speaks; `answers` is the number of the question that this answers.

    Raises ForbiddenClaim.
    """
    refuse_claims(words)
    desk = desk_of(session, live_id, timedelta(0), now)
    speaker = speaker_of(session, live_id, f"host:{person.id}", person.name, now)
    if answers is not None:
        by_number(session, live_id, answers).answered = True
    desk.number += 1
    return Said(_keep(desk, speaker, words, HOST_SAYS, f"host:{secret_token()}", kind=""), speaker)


@dataclass(frozen=True)
class Line:
    """A sentence from elsewhere: who, what, and a key that is the same when the list is pasted again."""

    name: str
    words: str
    key: str


_CODE_OR_PHONE = re.compile(r"#?[A-Za-z]{1,2} ?[0-9]{1,3}|\+?[0-9][0-9 .\-]{5,}")
_NAMED = re.compile(r"^\s*([^:\t]{1,60}?)\s*(?::|\t)\s*(.+)$")


def read_lines(pasted: str, source: str) -> list[Line]:
    """Lines "Tên: A1 2 0901234567", "Tên<tab>A1", or a sentence alone. The same line twice is two sentences."""
    seen: Counter[str] = Counter()
    lines = []
    for raw in pasted.splitlines()[:MOST_LINES]:
        if not (raw := raw.strip()):
            continue
        named = _NAMED.match(raw)
        name, words = (named[1], named[2]) if named and not _CODE_OR_PHONE.fullmatch(named[1]) else ("", raw)
        seen[raw] += 1
        digest = hashlib.sha256(f"{source}\n{raw}\n{seen[raw]}".encode()).hexdigest()[:32]
        lines.append(Line(name.strip(), words[:LONGEST], f"{source}:{digest}"))
    return lines


def type_in(
    session: Session, live_id: int, lines: Sequence[Line], source: str, hold_for: timedelta, now: datetime
) -> int:
    """Take in sentences said elsewhere, in their order; those taken in before change nothing. Returns how many
    were new. Raises ChatIsClosed when the session is over.
    """
    desk = desk_of(session, live_id, hold_for, now)
    if not desk.live.talks:
        raise ChatIsClosed(title=desk.live.title)
    source = source if source in SOURCES else SOURCES[0]
    known = select(LiveComment.key).where(
        LiveComment.session_id == live_id, col(LiveComment.key).in_([line.key for line in lines])
    )
    there = set(session.exec(known))
    fresh = [(line, read_comment(line.words, desk.codes)) for line in lines if line.key not in there]
    speakers = _speakers(session, live_id, fresh, source, now)
    ids = [speaker.id for speaker in speakers.values()]
    claims.know(desk, ids)
    claims.in_turn(desk, ids)
    for line, reading in fresh:
        _write_read(desk, speakers[_who(line, source)], line.words, source, line.key, reading)
    return len(fresh)


def _who(line: Line, source: str) -> str:
    """The key of somebody elsewhere: the name there, else the phone, else nobody but this line."""
    if line.name:
        return f"{source}:{fold(line.name)}"
    phone = next((p for p in map(read_phone, re.findall(r"\+?[0-9][0-9 .\-]{8,13}[0-9]", line.words)) if p), None)
    return f"tel:{phone}" if phone else line.key


def _speakers(
    session: Session, live_id: int, lines: Sequence[tuple[Line, Reading]], source: str, now: datetime
) -> dict[str, LiveSpeaker]:
    """Who says these lines, by key; who orders something and is new gets a cart at once."""
    names = {_who(line, source): line.name for line, _reading in reversed(lines)}
    order = {_who(line, source) for line, reading in lines if reading.kind in (Kind.ORDER, Kind.CHANGE)}
    mine = (LiveSpeaker.session_id == live_id, col(LiveSpeaker.key).in_(list(names)))
    known = set(session.exec(select(LiveSpeaker.key).where(*mine)))
    new = [key for key in names if key not in known]
    buyers = [key for key in new if key in order]
    carts = dict(zip(buyers, cart.open_carts(session, len(buyers), now), strict=True))
    blank = {"session_id": live_id, "visitor_key": "", "phone": "", "silenced": "", "letters": 0}
    rows = [
        {**blank, "key": key, "name": names[key] or key.removeprefix("tel:").partition(":")[0],
         "pay_secret": secret_token(), "cart_id": carts.get(key)}
        for key in new
    ]  # fmt: skip
    if rows:
        run(session, insert(LiveSpeaker), rows)
    return {speaker.key: speaker for speaker in session.exec(select(LiveSpeaker).where(*mine))}


def by_number(session: Session, live_id: int, number: int) -> LiveComment:
    """A sentence by its place. Raises NoSuchComment."""
    found = session.exec(
        select(LiveComment).where(LiveComment.session_id == live_id, LiveComment.number == number)
    ).first()
    if found is None:
        raise NoSuchComment
    return found


def numbers_of(session: Session, speaker_id: int, most: int = 100) -> list[int]:
    """The places of what somebody said last."""
    theirs = select(LiveComment.number).where(LiveComment.speaker_id == speaker_id)
    return list(session.exec(theirs.order_by(col(LiveComment.number).desc()).limit(most)))


def last_said(session: Session, live_id: int, most: int = SHOWN) -> list[Said]:
    """The last sentences said here that everybody may see, the oldest first; what was typed in stays at the desk."""
    here = col(LiveComment.source).in_((PEOPLE_SAY, HOST_SAYS))
    shown = (col(LiveComment.session_id) == live_id, col(LiveComment.state) == "shown", here)
    return _said(session, shown, most)[::-1]


def at_the_desk(session: Session, live_id: int, only: str = "", most: int = DESK_SHOWN) -> list[Said]:
    """The last sentences for the seller, hidden ones too, the newest first; `only` questions or what is unclear."""
    wanted = [col(LiveComment.session_id) == live_id]
    if only == "question":
        wanted += [col(LiveComment.kind) == "question", col(LiveComment.answered).is_(False)]
    elif only == "unclear":
        wanted += [col(LiveComment.kind) == "unclear", col(LiveComment.decided) == ""]
    return _said(session, tuple(wanted), most)


def _said(session: Session, wanted: tuple[ColumnElement[bool], ...], most: int) -> list[Said]:
    both = select(LiveComment, LiveSpeaker).join(LiveSpeaker, col(LiveSpeaker.id) == LiveComment.speaker_id)
    rows = session.exec(both.where(*wanted).order_by(col(LiveComment.number).desc()).limit(most))
    return [Said(comment, speaker) for comment, speaker in rows]


def unheard(session: Session, live_id: int, visitor_key: str, most: int = 5) -> list[Said]:
    """The last sentences of a visitor whom nobody else hears: to them it looks as if they were shown."""
    theirs = (col(LiveSpeaker.visitor_key) == visitor_key, col(LiveComment.state) == "muted")
    return _said(session, (col(LiveComment.session_id) == live_id, *theirs), most)[::-1]


def as_evidence(session: Session, live_id: int, number: int) -> tuple[int, str]:
    """A sentence for a report: its place, and who said what. (0, "") when there is no such sentence."""
    wanted = (col(LiveComment.session_id) == live_id, col(LiveComment.number) == number)
    said = next(iter(_said(session, wanted, 1)), None) if number else None
    return (number, f"{said.speaker.name}: {said.comment.words}") if said else (0, "")


def chat_of(session: Session, live_id: int) -> LiveChat:
    """The chat's settings, as they are before anybody has spoken, too."""
    return session.get(LiveChat, live_id) or LiveChat(session_id=live_id)


def pinned(session: Session, live_id: int) -> Said | None:
    """The sentence that stands above all others, if it may be seen."""
    number = chat_of(session, live_id).pinned_number
    wanted = (
        col(LiveComment.session_id) == live_id,
        col(LiveComment.number) == number,
        col(LiveComment.state) == "shown",
    )
    return next(iter(_said(session, wanted, 1)), None) if number else None


def by_secret(session: Session, secret: str) -> tuple[LiveSpeaker, LiveSession]:
    """Whose pay link this is. Raises NoSuchSession for one that leads nowhere."""
    found = session.exec(select(LiveSpeaker).where(LiveSpeaker.pay_secret == secret)).first()
    if found is None:
        raise NoSuchSession
    return found, session.get_one(LiveSession, found.session_id)


def prove(session: Session, speaker: LiveSpeaker, hold_for: timedelta, now: datetime) -> str | None:
    """The pay link was opened: what is held so far is held in full from now on. Returns the cart, None without one."""
    if speaker.proved_at is None:
        speaker.proved_at = now
        lines = cart.view(session, speaker.cart_id, now).lines
        cart.keep_live_lines(session, lines, now + hold_for)
        claims.follow(desk_of(session, speaker.session_id, hold_for, now))
    return speaker.cart_id
