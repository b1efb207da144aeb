"""The link to what is held, sent to the phone of somebody elsewhere: they never saw our room.

One letter while it is good: the link opens whatever is held when it is opened, so what is added meanwhile needs no
letter of its own. Who holds again later is written to again. It does not go out once nothing is held any more, and a
seller cannot have us write to more phones, or more often to one, than the dated rules allow. Where the market has no
way to phones, or wrote enough, the desk copies the link (`live/comments.html`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from livestream.chat.models import HOLDING, Claim, LiveSpeaker
from livestream.models import LiveSession
from shop.coops import service as coops
from shop.core.dated import PAY_LETTERS_A_DAY, PAY_LETTERS_TO_ONE, in_force
from shop.core.db import run
from shop.core.i18n import gettext as _
from shop.core.i18n import hour, local, speaking
from shop.notify.models import Channel, Message, MessageState
from shop.notify.service import Letter, queue_each

KIND = "pay_link"
Holder = tuple[LiveSpeaker, datetime, datetime]
"""Somebody elsewhere, and when the first and the last of their holds lapse."""


def send(session: Session, live: LiveSession, speaker_ids: Collection[int], now: datetime) -> None:
    """Queue the link for those of these speakers who hold something, gave a phone number and have not opened it yet;
    who holds nothing any more is not written to."""
    theirs = select(LiveSpeaker).where(col(LiveSpeaker.id).in_(list(speaker_ids)), LiveSpeaker.visitor_key == "")
    meant = session.exec(theirs.where(LiveSpeaker.phone != "", col(LiveSpeaker.proved_at).is_(None))).all()
    if not meant:
        return
    holders = _holders(session, live, meant, now)
    holding = {speaker.id for speaker, _first, _last in holders}
    for speaker in meant:
        if speaker.id not in holding and _told(speaker, now):
            _good_until(session, speaker, now)
    for speaker, _first, last in holders:
        if speaker.letter_until and now < speaker.letter_until < last:
            _good_until(session, speaker, last)
    _write(session, live, [holder for holder in holders if not _told(holder[0], now)], now)


def _holders(session: Session, live: LiveSession, meant: Sequence[LiveSpeaker], now: datetime) -> list[Holder]:
    """Whose two minutes began first reads first."""
    until = col(Claim.held_until)
    spans = select(Claim.speaker_id, func.min(until), func.max(until)).where(Claim.session_id == live.id, until > now)
    spans = spans.where(col(Claim.state).in_(HOLDING), col(Claim.speaker_id).in_([speaker.id for speaker in meant]))
    known = {speaker.id: speaker for speaker in meant}
    found = session.exec(spans.group_by(col(Claim.speaker_id)).order_by(func.min(Claim.number))).all()
    return [(known[speaker_id], first, last) for speaker_id, first, last in found if first and last]


def _told(speaker: LiveSpeaker, now: datetime) -> bool:
    """Whether a letter went to this speaker, or is about to, that is still good."""
    return speaker.letter_until is not None and speaker.letter_until > now


def _good_until(session: Session, speaker: LiveSpeaker, until: datetime) -> None:
    """A letter that has not gone out yet is of use until then; one that has stays what it said."""
    mine = (col(Message.address) == speaker.phone, col(Message.link) == _link(speaker))
    waits = update(Message).where(*mine, col(Message.state) == MessageState.QUEUED).values(useful_until=until)
    if run(session, waits).rowcount:
        speaker.letter_until = until


def _write(session: Session, live: LiveSession, holders: Sequence[Holder], now: datetime) -> None:
    if not holders:
        return
    sent = _sent_today(session, live.coop_id, now)
    left, most_to_one = in_force(PAY_LETTERS_A_DAY, now).value - sum(sent.values()), in_force(PAY_LETTERS_TO_ONE, now)
    coop, letters = coops.get(session, live.coop_id).name, list[tuple[Letter, str]]()
    for speaker, first, last in holders:
        if len(letters) < left and sent.get(speaker.phone, 0) < most_to_one.value:
            sent[speaker.phone] = sent.get(speaker.phone, 0) + 1
            speaker.letters, speaker.letter_at, speaker.letter_until = speaker.letters + 1, now, last
            letters.append((_letter(speaker, live, coop, first, last), speaker.phone))
    session.flush()
    queue_each(session, letters, Channel.PAGE, now)


def _sent_today(session: Session, coop_id: int, now: datetime) -> dict[str, int]:
    """Letters by phone that this seller's sessions had us write since midnight, by the clock of Vietnam."""
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    letters = select(LiveSpeaker.phone, func.sum(LiveSpeaker.letters)).group_by(LiveSpeaker.phone)
    letters = letters.join(LiveSession, col(LiveSession.id) == LiveSpeaker.session_id)
    today = (LiveSession.coop_id == coop_id, col(LiveSpeaker.letter_at) >= midnight)
    return {phone: int(count) for phone, count in session.exec(letters.where(*today))}


def _letter(speaker: LiveSpeaker, live: LiveSession, coop: str, first: datetime, last: datetime) -> Letter:
    with speaking("vi"):
        title = _("%(coop)s đang giữ hàng cho bạn") % {"coop": coop}
        words = _("Bạn chốt trong buổi live “%(title)s”. Mở đường dẫn này trước %(hour)s để giữ chắc hàng và đặt mua.")
        told = words % {"title": live.title, "hour": hour(first)}
    key = f"live:{live.id}:pay:{speaker.id}:{speaker.letters}"
    return Letter(key, KIND, title, told, _link(speaker), useful_until=last)


def _link(speaker: LiveSpeaker) -> str:
    return f"/giu/{speaker.pay_secret}"
