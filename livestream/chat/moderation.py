"""What the seller does with the chat: hide, mute, block, pin, rules, and set right what a sentence claims."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from livestream.chat import claims
from livestream.chat.claims import desk_of
from livestream.chat.models import LiveComment, LiveSpeaker
from livestream.chat.talk import MODERATION, by_number
from livestream.forbidden import refuse_claims
from livestream.models import LiveSession
from livestream.schedule import NoSuchItem
from livestream.service import NotOnAir
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.pagecache import bump


def show(session: Session, live_id: int, number: int, *, shown: bool, person: Person, now: datetime) -> None:
    """Hide a sentence from everybody, or show it again. Audited."""
    comment, state = by_number(session, live_id, number), "shown" if shown else "hidden"
    _audit(session, live_id, person, "comment", f"comment:{number}", comment.state, state, now)
    comment.state = state
    bump(session, f"chat:{live_id}")


def silence(session: Session, live_id: int, number: int, how: str, person: Person, now: datetime) -> None:
    """Mute or block whoever said this, or let them speak again; what they said before is no longer shown. Audited."""
    comment = by_number(session, live_id, number)
    speaker = session.get_one(LiveSpeaker, comment.speaker_id)
    _audit(session, live_id, person, "silenced", f"speaker:{speaker.id}", speaker.silenced, how, now)
    speaker.silenced = how if how in MODERATION else ""
    before, after = ("shown", "muted") if speaker.silenced else ("muted", "shown")
    theirs = (col(LiveComment.speaker_id) == speaker.id, col(LiveComment.state) == before)
    run(session, update(LiveComment).where(*theirs).values(state=after))
    bump(session, f"chat:{live_id}")


def pin_words(session: Session, live_id: int, number: int, person: Person, now: datetime) -> None:
    """Set a sentence above all others; 0 takes it down. Raises ForbiddenClaim: to praise a claim is to make it."""
    if number:
        refuse_claims(by_number(session, live_id, number).words)
    chat = desk_of(session, live_id, timedelta(0), now).chat
    _audit(session, live_id, person, "pinned_comment", "chat", chat.pinned_number, number or None, now)
    chat.pinned_number = number or None
    bump(session, f"chat:{live_id}")


def set_rules(session: Session, live_id: int, slow_s: int, words: str, person: Person, now: datetime) -> None:
    """Slow mode, and the words that keep a sentence from others."""
    chat = desk_of(session, live_id, timedelta(0), now).chat
    before, after = f"{chat.slow_s} s, {chat.words}", f"{slow_s} s, {words}"
    _audit(session, live_id, person, "chat_rules", "chat", before, after, now)
    chat.slow_s, chat.words = slow_s, words
    bump(session, f"chat:{live_id}")


def warn(session: Session, live_id: int, words: str, person: Person, now: datetime) -> None:
    """The operator warns viewers and seller of goods or claims at risk; "" takes the warning back. Audited.

    Source: law on e-commerce 122/2025/QH15, Art. 22 to 24 (warning tool during the session).
    """
    chat = desk_of(session, live_id, timedelta(0), now).chat
    _audit(session, live_id, person, "warning", "chat", chat.warning, words, now)
    chat.warning = words
    bump(session, f"chat:{live_id}", f"session:{live_id}")


def correct(
    session: Session,
    live_id: int,
    number: int,
    code: str,
    quantity: int,
    person: Person,
    hold_for: timedelta,
    now: datetime,
) -> str:
    """The seller sets right what a sentence claims: exactly `quantity` steps of an item, 0 to cancel. Audited.

    Returns what became of it, as `claims.want`. Raises NoSuchComment, NoSuchItem, NotOnAir.
    """
    desk, comment = desk_of(session, live_id, hold_for, now), by_number(session, live_id, number)
    item = desk.items.get(code)
    if item is None:
        raise NoSuchItem(code=code)
    if not desk.live.on_air:
        raise NotOnAir(title=desk.live.title)
    speaker = session.get_one(LiveSpeaker, comment.speaker_id)
    mine = claims.open_claim(desk, speaker.id, item.id)
    desk.speaking = number  # who is set right did not wait
    if quantity:
        became = claims.want(desk, speaker, comment.number, item, quantity, mine)
    else:
        became = "cancelled" if mine and claims.give_back(desk, mine) else "nothing-held"
    touched = claims.open_claim(desk, speaker.id, item.id) or mine
    if touched is not None:
        touched.corrected_by_id = person.id
    before, comment.decided = comment.decided, f"{code} {became} {quantity}"
    _audit(session, live_id, person, "claim", f"comment:{number}", before, comment.decided, now)
    return became


def _audit(
    session: Session,
    live_id: int,
    person: Person,
    what: str,
    subject: str,
    before: object,
    after: object,
    now: datetime,
) -> None:
    coop_id = session.get_one(LiveSession, live_id).coop_id
    audit(session, person, what, f"live:{live_id}:{subject}", before, after, now, coop_id)
