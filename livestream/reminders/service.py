"""Who follows a session or its co-op is told a day before, ten minutes before, when it begins, and when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from livestream import room as rooms
from livestream.events import SessionMoved
from livestream.models import ON_AIR, LiveSession, SessionState
from livestream.reminders.models import LiveTold
from livestream.room import Room
from shop.core.db import Database, insert_once
from shop.core.i18n import gettext as _
from shop.core.i18n import moment
from shop.notify.following import by_day, tell_followers
from shop.notify.service import Letter

DAY, SOON = timedelta(hours=24), timedelta(minutes=10)
DAY_UNTIL = timedelta(hours=12)
"""Half a day before, "tomorrow" is no news any more: whoever was planned later gets the ten minutes only."""
NEWS = timedelta(minutes=30)
"""So long after its beginning a session is news."""
FRESH = timedelta(minutes=10)
"""What happened longer ago is not told: a worker that was down does not wake people for a session that is over."""


def remind(db: Database, now: datetime) -> None:
    """Timed job: tell what is due, each thing once however often the job runs."""
    with db.read() as session:
        due = [(live.id, what) for live, what in _due(session, now) if not _told(session, live, what)]
    for live_id, what in due:
        with db.write() as session:
            tell(session, session.get_one(LiveSession, live_id), what, now)


def _due(session: Session, now: datetime) -> Iterator[tuple[LiveSession, str]]:
    ahead = select(LiveSession).where(
        col(LiveSession.state).in_([SessionState.SCHEDULED, SessionState.LOBBY]),
        col(LiveSession.starts_at) > now,
        col(LiveSession.starts_at) <= now + DAY,
    )
    for live in session.exec(ahead):
        if live.starts_at - now <= SOON:
            yield live, "soon"
        elif live.starts_at - now > DAY_UNTIL:
            yield live, "day"
    begun = (col(LiveSession.state).in_(ON_AIR), col(LiveSession.started_at) > now - FRESH)
    for live in session.exec(select(LiveSession).where(*begun)):
        yield live, "on"
    off = (LiveSession.state == SessionState.CANCELLED, col(LiveSession.ended_at) > now - FRESH)
    for live in session.exec(select(LiveSession).where(*off)):
        yield live, "cancelled"


def _key(live: LiveSession, what: str) -> str:
    return f"live:{live.id}:{what}:{live.starts_at.isoformat()}"


def _told(session: Session, live: LiveSession, what: str) -> bool:
    return session.get(LiveTold, _key(live, what)) is not None


def tell(session: Session, live: LiveSession, what: str, now: datetime) -> int:
    """Queue one letter for each follower; 0 when this was told before. Who follows the co-op is not told of the ten
    minutes: the day before and the beginning are enough for those who asked for no session of their own. Phones are
    told at night only of a session that begins in that night: in the morning it would be too late.
    """
    if live.is_demo or not insert_once(session, LiveTold, {"key": _key(live, what), "at": now}, ["key"]):
        return 0
    subjects = [f"live:{live.id}"] + ([] if what == "soon" else [f"coop:{live.coop_id}"])
    room = rooms.read(session, live)
    asked_before = live.starts_at - DAY if what == "day" else None
    tonight = what in ("soon", "on") or live.starts_at <= by_day(now)
    return tell_followers(session, subjects, lambda: _letter(room, what), now, asked_before, by_night=tonight)


def _letter(room: Room, what: str) -> Letter:
    live, facts = room.live, {"title": room.live.title, "coop": room.coop.name, "when": moment(room.live.starts_at)}
    kind, title = {
        "day": ("live_soon", _("%(coop)s bán live lúc %(when)s") % facts),
        "soon": ("live_soon", _("Còn 10 phút: %(title)s") % facts),
        "on": ("live_on", _("%(coop)s đang live: %(title)s") % facts),
        "moved": ("live_changed", _("Buổi live đổi giờ sang %(when)s: %(title)s") % facts),
        "cancelled": ("live_changed", _("Buổi live lúc %(when)s đã hủy: %(title)s") % facts),
    }[what]
    goods = ", ".join(dict.fromkeys(item.variant.shown_name for item in room.items[:4]))
    words = {
        "cancelled": _("Xin lỗi bà con. Theo dõi hợp tác xã để biết buổi sau."),
        "moved": _("Bạn không phải làm gì, chợ sẽ nhắc theo giờ mới."),
    }.get(what, goods or live.summary)
    until = {"on": (live.started_at or live.starts_at) + NEWS, "cancelled": None}.get(what, live.starts_at)
    return Letter(_key(live, what), kind, title, words, f"/live/{live.slug}", useful_until=until)


def tell_moved(session: Session, event: SessionMoved, now: datetime) -> None:
    """The host chose another time."""
    live = session.get(LiveSession, event.session_id)
    if live is not None and live.state == SessionState.SCHEDULED:
        tell(session, live, "moved", now)
