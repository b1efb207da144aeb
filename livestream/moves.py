"""Which change of a session's state may follow which, and the one guarded statement that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from livestream.deals import pauses
from livestream.models import LiveSession
from livestream.models import SessionState as S
from shop.core.audit import SYSTEM, audit
from shop.core.db import AGAINST_CHANGE, run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump
from shop.notify.choices import GROUPS
from shop.notify.service import drop

FROM: Mapping[S, tuple[S, ...]] = {
    S.SCHEDULED: (S.DRAFT, S.MISSED),
    S.LOBBY: (S.SCHEDULED, S.FAILED),
    S.STARTING: (S.SCHEDULED, S.LOBBY),
    S.LIVE: (S.SCHEDULED, S.LOBBY, S.STARTING, S.INTERRUPTED),
    S.INTERRUPTED: (S.LIVE,),
    S.ENDING: (S.LIVE, S.INTERRUPTED),
    S.PROCESSING: (S.ENDING,),
    S.REPLAY: (S.PROCESSING,),
    S.ARCHIVED: (S.PROCESSING, S.REPLAY),
    S.CANCELLED: (S.DRAFT, S.SCHEDULED, S.LOBBY, S.MISSED),
    S.MISSED: (S.SCHEDULED, S.LOBBY),
    S.FAILED: (S.STARTING,),
    S.TERMINATED: (S.LOBBY, S.STARTING, S.LIVE, S.INTERRUPTED, S.ENDING, S.PROCESSING),
    S.HIDDEN: (S.TERMINATED, S.REPLAY, S.ARCHIVED),
}
"""State -> the states it may follow."""
STALE: Mapping[S, Sequence[str]] = {
    S.LIVE: ("live_soon", "live_changed"),
    **dict.fromkeys((S.ENDING, S.TERMINATED, S.CANCELLED, S.MISSED), GROUPS["live"]),
}
"""State -> the kinds of letters about the time before it, which nobody is sent any more."""
IN_ONE_PLACE = (S.STARTING, S.LIVE, S.INTERRUPTED)
"""One host and one co-op are in one place at a time; the table's indexes say the same."""
LONG_ENOUGH_S = 30
"""Less of a picture is no replay."""


class AlreadyOnAir(Refusal):
    """The host or the co-op is on air in another session. Facts: title."""


def move(
    session: Session,
    live: LiveSession,
    to: S,
    person: Person | None,
    now: datetime,
    *only: S,
    since: datetime | None = None,
    **also: Any,
) -> S | None:
    """Change the state if it stands where `to` may follow (or in one of `only`); returns the state before. `since` is
    when it really happened, if it was noticed later.

    None when it stood elsewhere: then nothing has changed. One guarded statement decides among many at once. Audited
    in the person's name, or the system's. Raises AlreadyOnAir when the host or the co-op is on air elsewhere.
    """
    session.flush()
    if to in (S.INTERRUPTED, S.LIVE):
        pauses.hold_still(session, live.id)
    session.refresh(live, with_for_update=AGAINST_CHANGE)
    before, allowed, here_since = S(live.state), only or FROM[to], live.state_at
    here = (col(LiveSession.id) == live.id, col(LiveSession.state) == before, col(LiveSession.state).in_(allowed))
    if to in IN_ONE_PLACE and (title := _elsewhere(session, live)) is not None:
        raise AlreadyOnAir(title=title)
    changed = update(LiveSession).where(*here).values(state=to, state_at=now, **also)
    try:
        with session.begin_nested():
            if not run(session, changed).rowcount:
                return None
    except IntegrityError as error:  # the indexes that know one session on air per host and per co-op
        raise AlreadyOnAir(title=live.title) from error
    session.refresh(live)
    pauses.follow(session, live, before, max(since or now, here_since), now)
    audit(session, person or SYSTEM, "state", f"live:{live.id}", before, to, now, live.coop_id)
    bump(session, "live", f"session:{live.id}")
    if to in STALE:
        drop(session, f"live:{live.id}:", STALE[to])
    return before


def settle(session: Session, live: LiveSession, video_s: float, now: datetime) -> None:
    """What becomes of a session whose last picture is on disk: a replay if there is enough of it, else its records."""
    move(session, live, S.PROCESSING, None, now)
    enough = video_s >= LONG_ENOUGH_S or bool(live.clip_key)
    if not move(session, live, S.REPLAY if enough else S.ARCHIVED, None, now, S.PROCESSING):
        move(session, live, S.HIDDEN, None, now, S.TERMINATED)


def _elsewhere(session: Session, live: LiveSession) -> str | None:
    other = select(LiveSession.title).where(
        col(LiveSession.state).in_(IN_ONE_PLACE),
        (LiveSession.host_id == live.host_id) | (LiveSession.coop_id == live.coop_id),
        LiveSession.id != live.id,
    )
    return session.exec(other).first()
