"""What the picture, the clock and the host do to a session's state. Told again or told late, nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session, col, select

from livestream import frozen, service
from livestream.gate import service as gate
from livestream.gate.models import HostState, LiveHost
from livestream.models import AHEAD, ON_AIR, LiveSession
from livestream.models import SessionState as S
from livestream.moves import move, settle
from livestream.schedule import session_of
from livestream.service import AlreadyBegun, Short
from livestream.video.models import LivePublisher
from shop.coops import service as coops
from shop.coops.models import SHOWN
from shop.core.audit import SYSTEM, audit
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.pagecache import bump
from shop.settings import Settings

NO_PICTURE = timedelta(seconds=20)
LAST_PIECES_S = 15
"""So long a phone goes on sending what it filmed before the end."""
LAST_PICTURES = timedelta(seconds=LAST_PIECES_S + 5)  # it heard of the end by the same thin line
TOO_LATE = timedelta(minutes=30)
LOBBY_OPENS = timedelta(hours=1)
WARNINGS_MINUTES = (1, 5, 15)


@dataclass(frozen=True)
class Limits:
    """How long a picture may stay away, and how long a session may last, before it ends by itself."""

    grace: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=8)


def open_lobby(session: Session, live_id: int, person: Person, now: datetime) -> None:
    """The host opened the camera page: from an hour before its time a session that waits is in the lobby."""
    live = session_of(session, live_id)
    if live.starts_at - now <= LOBBY_OPENS:
        move(session, live, S.LOBBY, person, now, S.SCHEDULED)


def begin_picture(session: Session, live_id: int, person: Person, now: datetime) -> LiveSession:
    """The host pressed the button: STARTING, or on with what is on air.

    Raises GateClosed, AlreadyBegun, AlreadyOnAir.
    """
    live = session_of(session, live_id)
    if live.state in AHEAD:
        gate.require_ready(session, live, now)
        move(session, live, S.STARTING, person, now)
    elif not live.on_air:
        raise AlreadyBegun(title=live.title)
    return live


def first_picture(session: Session, live_id: int, now: datetime) -> list[Short]:
    """Viewers can see something: a session that was starting is on air, and sells. Returns what ran short."""
    live = session_of(session, live_id)
    if live.state not in (S.STARTING, *ON_AIR):
        return []
    live.has_video = True
    bump(session, "live", f"session:{live_id}")  # one that sold with its cover shows the picture now
    return service.start(session, live_id, None, now, S.STARTING) if live.state == S.STARTING else []


def picture_lost(session: Session, live_id: int, now: datetime, since: datetime | None = None) -> None:
    """No picture for a while, `since` the last piece came: viewers are told, selling goes on, deals wait."""
    move(session, session_of(session, live_id), S.INTERRUPTED, None, now, since=since)


def picture_back(session: Session, live_id: int, now: datetime) -> None:
    """The picture goes on, from the same phone or another."""
    move(session, session_of(session, live_id), S.LIVE, None, now, S.INTERRUPTED)


def processed(session: Session, live_id: int, video_s: float, now: datetime) -> None:
    """The recording is whole, and so many seconds long: a replay, or records only; hidden if it was stopped."""
    settle(session, session_of(session, live_id), video_s, now)


def last_minutes(live: LiveSession, now: datetime, longest: timedelta) -> int:
    """15, 5 or 1 when no more than that is left of the longest time a session may last, else 0."""
    if live.started_at is None or not live.on_air:
        return 0
    left = live.started_at + longest - now
    return next((minutes for minutes in WARNINGS_MINUTES if left <= timedelta(minutes=minutes)), 0)


def clock(settings: Settings) -> Callable[[Database, datetime], None]:
    """The timed job with this market's limits."""
    limits = Limits(timedelta(minutes=settings.live_grace_minutes), timedelta(hours=settings.live_longest_hours))
    return partial(follow_clock, limits=limits)


def follow_clock(db: Database, now: datetime, limits: Limits) -> None:
    """Timed job: what waited too long moves on, each session in a transaction of its own."""
    with db.read() as session:
        late = [live.id for live in session.exec(select(LiveSession).where(col(LiveSession.state).in_(_CLOCKED)))]
    for live_id in late:
        with db.read() as session:
            is_due = _step(session, session_of(session, live_id), now, limits) is not None
        if is_due:
            with db.write() as session:
                _follow(session, session_of(session, live_id), now, limits)


_CLOCKED = (*AHEAD, *ON_AIR, S.ENDING, S.FAILED)


def _step(session: Session, live: LiveSession, now: datetime, limits: Limits) -> S | None:
    """The state to which the clock moves this session now, if any."""
    here = now - live.state_at
    if live.state in (S.STARTING, *ON_AIR) and _is_barred(session, live):
        return S.TERMINATED
    match live.state:
        case S.STARTING if here > NO_PICTURE:
            return S.FAILED
        case S.FAILED:
            return S.LOBBY
        case S.SCHEDULED if now - live.starts_at > TOO_LATE:
            return S.MISSED
        case S.LOBBY if min(now - live.starts_at, here) > TOO_LATE and not live.is_practice:
            return S.MISSED
        case S.INTERRUPTED if here > limits.grace:
            return S.ENDING
        case S.LIVE | S.INTERRUPTED if live.started_at and now - live.started_at >= limits.longest:
            return S.ENDING
        case S.LIVE if live.has_video and _is_silent(session, live, now):
            return S.INTERRUPTED
        case S.ENDING if here > LAST_PICTURES:
            return S.PROCESSING
    return None


def _is_barred(session: Session, live: LiveSession) -> bool:
    """The co-op was suspended, or what the alliance knew of the host was taken back."""
    host = session.get(LiveHost, live.host_id)
    taken_back = host is not None and host.state == HostState.WITHDRAWN
    return taken_back or coops.get(session, live.coop_id).state not in SHOWN


def _is_silent(session: Session, live: LiveSession, now: datetime) -> bool:
    """Nothing came from the phone for a while and nobody said so: the server that took its picture is gone."""
    heard_at = _heard_at(session, live)
    return heard_at is not None and now - max(heard_at, live.state_at) > NO_PICTURE


def _heard_at(session: Session, live: LiveSession) -> datetime | None:
    publisher = session.get(LivePublisher, live.id)
    return max(filter(None, (publisher.seen_at, publisher.taken_at)), default=None) if publisher else None


def _follow(session: Session, live: LiveSession, now: datetime, limits: Limits) -> None:
    while (to := _step(session, live, now, limits)) is not None:
        if to == S.TERMINATED:
            stop(session, live.id, "co-op suspended or host no longer verified", SYSTEM, now)
        elif to == S.ENDING:
            service.end(session, live.id, None, now)
        else:
            move(session, live, to, None, now, since=_heard_at(session, live) if to == S.INTERRUPTED else None)


def stop(session: Session, live_id: int, reason: str, person: Person, now: datetime) -> None:
    """The alliance or the operator takes a session down at once, on air or as a replay; the reason is kept.

    The recording is kept and hidden; what buyers hold is frozen until somebody has looked (`thaw`). Raises NotOnAir
    when there is nothing to take down. Source: law on e-commerce 122/2025/QH15, Art. 22 to 24.
    """
    live = session_of(session, live_id)
    before = move(session, live, S.TERMINATED, person, now, pinned_item_id=None, ended_at=live.ended_at or now)
    if before is None and not move(session, live, S.HIDDEN, person, now, S.REPLAY, S.ARCHIVED):
        raise service.NotOnAir(title=live.title)
    audit(session, person, "stopped", f"live:{live_id}", None, reason, now, live.coop_id)
    if before in ON_AIR:
        frozen.freeze(session, live_id, now)  # holds before pools, as everybody takes them
        service.close_sale(session, live_id, person, now)
        frozen.freeze(session, live_id, now)  # what was about to be held in that moment
    if before is not None and not live.has_video:
        settle(session, live, 0, now)
