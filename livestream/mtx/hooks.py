"""What MediaMTX tells of a session's picture: there, gone, a file finished. Told twice or late, nothing happens twice.

Source: MediaMTX documentation, Hooks (v1.20). While a picture is there it is told again every two seconds
(deploy/mtx-tell.sh): so the market knows that MediaMTX itself lives, and can say that a session is over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from livestream import states
from livestream.models import ON_AIR, LiveSession
from livestream.models import SessionState as S
from livestream.mtx.models import LiveMtxFile, LiveMtxTake
from livestream.video import lease
from livestream.video.models import LivePublisher
from shop.core.db import Database, insert_once, run

SILENT = timedelta(seconds=15)
SEEN_EVERY = timedelta(seconds=5)
LAST_FILE = timedelta(seconds=10)
FILE = re.compile(r"mtx-[0-9_-]{1,60}\.mp4")
LONGEST_FILE_S = 24 * 3600.0
Told = Literal["noted", "over"]
"""`over`: this picture is wanted no longer; whoever told us cuts the connection."""


@dataclass(frozen=True)
class Source:
    """A connection of an encoder, as MediaMTX names it."""

    id: str
    type: str


def came(session: Session, live_id: int, source: Source, now: datetime) -> Told:
    """Viewers can see a picture from this source, for the first time or still."""
    live = session.get(LiveSession, live_id)
    if live is None or live.state not in (S.STARTING, *ON_AIR) or not lease.is_by_mtx(session, live_id):
        return "over"
    take = _take(session, live_id, source, now)
    if take.session_id != live_id or take.ended_at is not None:
        return "noted"  # its end was told before its beginning
    _seen(session, take, now)
    if live.state == S.STARTING or not live.has_video:
        states.first_picture(session, live_id, now)
    elif live.state == S.INTERRUPTED:
        states.picture_back(session, live_id, now)
    return "noted"


def went(session: Session, live_id: int, source: Source, now: datetime) -> None:
    """No picture comes from this source any more."""
    if session.get(LiveSession, live_id) is None:
        return
    take = _take(session, live_id, source, now)
    mine = (col(LiveMtxTake.source_id) == source.id, col(LiveMtxTake.session_id) == live_id)
    run(session, update(LiveMtxTake).where(*mine, col(LiveMtxTake.ended_at).is_(None)).values(ended_at=now))
    ours = take.session_id == live_id and lease.is_by_mtx(session, live_id)
    if ours and not _is_sending(session, live_id, now):
        states.picture_lost(session, live_id, now)


def recorded(session: Session, live_id: int, path: str, duration_s: float, now: datetime) -> bool:
    """A file of the recording is whole: it is named in the session's record. False for a file that is not its own."""
    file = PurePosixPath(path)
    ours = file.parts[-3:-1] == ("live", str(live_id)) and FILE.fullmatch(file.name)
    if not ours or not 0 <= duration_s <= LONGEST_FILE_S or session.get(LiveSession, live_id) is None:
        return False
    facts = {"session_id": live_id, "name": file.name, "duration_s": duration_s, "told_at": now}
    insert_once(session, LiveMtxFile, facts, ["session_id", "name"])
    return True


def settle_due(db: Database, now: datetime) -> None:
    """Timed job: sessions that are over, whose last file has had time to be told of, become replay or records."""
    with db.read() as session:
        over = (S.ENDING, S.PROCESSING, S.TERMINATED)
        mine = select(LiveSession.id).join(LivePublisher, col(LivePublisher.session_id) == LiveSession.id)
        due = mine.where(LivePublisher.device == lease.MTX, col(LiveSession.state).in_(over))
        ids = list(session.exec(due.where(LiveSession.state_at <= now - LAST_FILE)))
    for live_id in ids:
        with db.write() as session:
            if not _is_sending(session, live_id, now):
                states.processed(session, live_id, _recorded_s(session, live_id), now)


def _recorded_s(session: Session, live_id: int) -> float:
    total = func.coalesce(func.sum(LiveMtxFile.duration_s), 0.0)
    return float(session.exec(select(total).where(LiveMtxFile.session_id == live_id)).one())


def _take(session: Session, live_id: int, source: Source, now: datetime) -> LiveMtxTake:
    told = {"source_id": source.id, "session_id": live_id, "source_type": source.type}
    insert_once(session, LiveMtxTake, {**told, "began_at": now, "seen_at": now}, ["source_id"])
    return session.get_one(LiveMtxTake, source.id, populate_existing=True)


def _seen(session: Session, take: LiveMtxTake, now: datetime) -> None:
    """Noted every few seconds: the clock of states calls a session silent of which nothing is heard."""
    publisher = session.get_one(LivePublisher, take.session_id)
    if publisher.seen_at is None or now - publisher.seen_at >= SEEN_EVERY:
        take.seen_at = now
        lease.seen(session, take.session_id, publisher.number, publisher.epoch, now)


def _is_sending(session: Session, live_id: int, now: datetime) -> bool:
    """Whether a source of this session is there; one that was not heard of for a while is gone with its server."""
    mine = select(LiveMtxTake.source_id).where(LiveMtxTake.session_id == live_id, col(LiveMtxTake.ended_at).is_(None))
    return session.exec(mine.where(LiveMtxTake.seen_at > now - SILENT)).first() is not None
