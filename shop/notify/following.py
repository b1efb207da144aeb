"""Following: a mail address, a browser or a proved phone asks to be told about a subject, and stops with one tap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, delete, select

from shop.core.dated import REMINDERS_TO_ONE, TEXTS_FROM_HOUR, TEXTS_UNTIL_HOUR, in_force
from shop.core.db import Database, insert_once, run
from shop.core.errors import NotFound
from shop.core.i18n import gettext as _
from shop.core.i18n import local, speaking
from shop.core.ids import derived_token, same
from shop.notify.models import Channel, Follow, Message, MessageState, PushSubscription
from shop.notify.service import Browser, Letter, queue, subscribe

PAGE = "/theo-doi/so/"
BROWSER = "browser"
DAY = timedelta(days=1)
LIMITED = ("live_soon", "live_on", "back_in_stock")
"""Of these a phone is told so many a day. Who waits for a session that is called off is told in any case."""
UNCONFIRMED_KEPT, KEPT = timedelta(days=2), timedelta(days=400)


class NoSuchFollow(NotFound):
    """The link to a thing that somebody follows is not whole, or it is not followed any more."""


def path_for(secret_key: str, follow_id: str) -> str:
    """The page where a mail address confirms or stops; the link carries the proof that we wrote it."""
    return f"{PAGE}{follow_id}.{derived_token(secret_key, 'follow', follow_id)}"


def read_proved(secret_key: str, token: str) -> int:
    """The number of the follow. Raises NoSuchFollow when we did not write the token."""
    number, _dot, proof = token.partition(".")
    if not (number.isdecimal() and number.isascii() and proof.isascii() and len(number) < 10):
        raise NoSuchFollow
    if not same(derived_token(secret_key, "follow", number), proof):
        raise NoSuchFollow
    return int(number)


def ask_by_mail(session: Session, subject: str, email: str, lang: str, what: str, now: datetime) -> bool:
    """A mail address asks; it gets one letter a day with the link that confirms. True when it is confirmed already.

    `what` says in plain words what is followed.
    """
    follow = _asked(session, subject, Channel.MAIL, email, lang, now)
    if follow.confirmed_at:
        return True
    with speaking("en" if lang == "en" else "vi"):
        words = _("Bạn mở đường dẫn này và bấm xác nhận thì chợ mới gửi. Không phải bạn nhập? Cứ bỏ qua thư này.")
        title = _("Xác nhận: báo tin về %(what)s") % {"what": what}
    letter = Letter(f"follow:{follow.id}:{now.date()}", "confirm_follow", title, words, f"{PAGE}{follow.id}", lang)
    queue(session, letter, Channel.MAIL, email, now)
    return False


def ask_by_browser(session: Session, subject: str, browser: Browser, lang: str, now: datetime) -> None:
    """A browser asks; its own question to its person was the consent."""
    subscribe(session, BROWSER, browser, lang=lang, now=now, most=None)
    push_id = _browsers(session, browser.endpoint)[0]
    follow = _asked(session, subject, Channel.PUSH, push_id, lang, now)
    confirm(session, follow.id, now)


def ask_by_text(session: Session, subject: str, phone: str, lang: str, now: datetime) -> None:
    """A phone asks that its person has proved to be theirs: being signed in and pressing the button was the consent."""
    follow = _asked(session, subject, Channel.PAGE, phone, lang, now)
    confirm(session, follow.id, now)


def _browsers(session: Session, endpoint: str) -> list[str]:
    known = (PushSubscription.subject == BROWSER, PushSubscription.endpoint == endpoint)
    return [str(push_id) for push_id in session.exec(select(PushSubscription.id).where(*known))]


def _asked(session: Session, subject: str, channel: Channel, address: str, lang: str, now: datetime) -> Follow:
    """The row of this wish; what was told before is waited for again."""
    facts = {"subject": subject, "channel": channel, "address": address, "lang": lang, "asked_at": now}
    mine = (col(Follow.subject) == subject, col(Follow.channel) == channel, col(Follow.address) == address)
    if not insert_once(session, Follow, facts, ["subject", "channel", "address"]):
        run(session, update(Follow).where(*mine).values(told_at=None, asked_at=now, lang=lang))
    return session.exec(select(Follow).where(*mine).execution_options(populate_existing=True)).one()


def get(session: Session, follow_id: int) -> Follow:
    """Raises NoSuchFollow."""
    follow = session.get(Follow, follow_id)
    if follow is None:
        raise NoSuchFollow
    return follow


def confirm(session: Session, follow_id: int, now: datetime) -> None:
    """From now on letters come. A second press changes nothing."""
    waiting = (col(Follow.id) == follow_id, col(Follow.confirmed_at).is_(None))
    run(session, update(Follow).where(*waiting).values(confirmed_at=now))


def stop(session: Session, follow_id: int) -> None:
    """No more letters about this, and nothing is kept of it."""
    run(session, delete(Follow).where(col(Follow.id) == follow_id))


def stop_browser(session: Session, subject: str, endpoint: str) -> None:
    """This browser does not want to be told about `subject` any more."""
    addresses = _browsers(session, endpoint)
    theirs = (col(Follow.subject) == subject, col(Follow.channel) == Channel.PUSH, col(Follow.address).in_(addresses))
    run(session, delete(Follow).where(*theirs))


def stop_phone(session: Session, subject: str, phone: str) -> None:
    """This phone does not want to be told about `subject` any more."""
    theirs = (col(Follow.subject) == subject, col(Follow.channel) == Channel.PAGE, col(Follow.address) == phone)
    run(session, delete(Follow).where(*theirs))


def forget_phone(session: Session, phone: str) -> None:
    """The phone has passed to somebody else, who asked for nothing."""
    run(session, delete(Follow).where(col(Follow.channel) == Channel.PAGE, col(Follow.address) == phone))


def of_address(session: Session, address: str) -> list[Follow]:
    """All that a mail address or a phone follows, the newest first."""
    mine = select(Follow).where(Follow.address == address, col(Follow.channel).in_((Channel.MAIL, Channel.PAGE)))
    confirmed = mine.where(col(Follow.confirmed_at).is_not(None), col(Follow.told_at).is_(None))
    return list(session.exec(confirmed.order_by(col(Follow.id).desc())))


def tell_followers(
    session: Session,
    subjects: Sequence[str],
    letter: Callable[[], Letter],
    now: datetime,
    asked_before: datetime | None = None,
    *,
    by_night: bool = False,
) -> int:
    """Queue one letter for each address that follows any of `subjects`, in its language; the letter's key lets it out
    once. `letter` is called once per language. Returns how many addresses were meant.

    Phones have a limit a day, and unless it is told `by_night` they are left alone until the morning.
    """
    wanted = select(Follow.channel, Follow.address, Follow.lang).where(
        col(Follow.subject).in_(subjects), col(Follow.confirmed_at).is_not(None), col(Follow.told_at).is_(None)
    )
    if asked_before is not None:
        wanted = wanted.where(col(Follow.confirmed_at) < asked_before)
    meant = {(channel, address): lang for channel, address, lang in session.exec(wanted)}
    told = {lang: _spoken(letter, lang) for lang in set(meant.values())}
    full = _told_enough(session, subjects, now)
    texts_at = None if by_night else by_day(now)
    for (channel, address), lang in sorted(meant.items()):
        if channel != Channel.PAGE:
            queue(session, told[lang], Channel(channel), address, now)
        elif address not in full or told[lang].kind not in LIMITED:
            queue(session, replace(told[lang], due_at=texts_at), Channel.PAGE, address, now)
    return len(meant)


def _told_enough(session: Session, subjects: Sequence[str], now: datetime) -> set[str]:
    """Phones among these followers that had their share of such letters within a day."""
    theirs = select(Follow.address).where(col(Follow.subject).in_(subjects), Follow.channel == Channel.PAGE)
    lately = (Message.channel == Channel.PAGE, col(Message.kind).in_(LIMITED), col(Message.created_at) > now - DAY)
    went = col(Message.state).in_((MessageState.QUEUED, MessageState.SENT))
    counted = select(Message.address).where(*lately, went, col(Message.address).in_(theirs)).group_by(Message.address)
    return set(session.exec(counted.having(func.count() >= in_force(REMINDERS_TO_ONE, now).value)))


def by_day(now: datetime) -> datetime:
    """Now, or the morning if it is night in Vietnam."""
    here = local(now)
    begins = here.replace(hour=in_force(TEXTS_FROM_HOUR, now).value, minute=0, second=0, microsecond=0)
    if here < begins:
        return begins.astimezone(UTC)
    late = here.hour >= in_force(TEXTS_UNTIL_HOUR, now).value
    return (begins + timedelta(days=1)).astimezone(UTC) if late else now


def _spoken(letter: Callable[[], Letter], lang: str) -> Letter:
    with speaking("en" if lang == "en" else "vi"):
        return letter()


def waited_for(session: Session, kind: str) -> list[str]:
    """All subjects of a kind ("variant") that somebody waits for now."""
    waiting = select(Follow.subject).where(
        col(Follow.subject).startswith(f"{kind}:"), col(Follow.confirmed_at).is_not(None), col(Follow.told_at).is_(None)
    )
    return list(session.exec(waiting.distinct()))


def has_come(session: Session, subject: str, now: datetime) -> None:
    """What was waited for has happened: nobody waits for it any more."""
    waiting = (col(Follow.subject) == subject, col(Follow.confirmed_at).is_not(None), col(Follow.told_at).is_(None))
    run(session, update(Follow).where(*waiting).values(told_at=now))


def forget_old_follows(db: Database, now: datetime) -> None:
    """Timed job: what nobody confirmed, what was told, and what is older than a year or so is deleted."""
    with db.write() as session:
        unconfirmed = (col(Follow.confirmed_at).is_(None), col(Follow.asked_at) < now - UNCONFIRMED_KEPT)
        run(session, delete(Follow).where(*unconfirmed))
        run(session, delete(Follow).where(col(Follow.told_at) < now - UNCONFIRMED_KEPT))
        run(session, delete(Follow).where(col(Follow.asked_at) < now - KEPT))
