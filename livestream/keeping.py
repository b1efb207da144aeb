"""How long a session's pictures and words are kept, and what nobody may delete.

Source: law on e-commerce 122/2025/QH15, Art. 22 to 24; the years are settings until a decree names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.chat.models import LiveComment, LiveSpeaker
from livestream.models import OVER, LiveSession
from livestream.models import SessionState as S
from livestream.moves import move
from livestream.schedule import session_of
from livestream.video.shelf import shelf_of
from shop.core.audit import SYSTEM, audit
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump
from shop.settings import Settings

YEAR = timedelta(days=366)
"""Kept a day too long rather than one too short."""


class UnderLegalHold(Refusal):
    """Somebody has asked for this session as evidence: nothing of it is deleted. Facts: title."""


class KeptByLaw(Refusal):
    """The pictures of this session must be kept until that day. Facts: title, until."""


@dataclass(frozen=True)
class Years:
    """So long pictures, and words and claims, are kept after the end of a session."""

    pictures: int = 1
    records: int = 3


Forget = Callable[[int], None]
"""Deletes the pictures of a session for good; again does nothing."""


def hold_as_evidence(session: Session, live_id: int, reason: str, person: Person, now: datetime, *, held: bool) -> None:
    """Keep everything of a session until this is taken back. Audited with the reason."""
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)
    before, live.legal_hold = live.legal_hold, held
    audit(session, person, "legal hold", f"live:{live_id}", before, [held, reason], now, live.coop_id)
    bump(session, f"session:{live_id}")


def forget_pictures(
    session: Session, live_id: int, forget: Forget, years: Years, now: datetime, person: Person | None = None
) -> None:
    """Delete what was filmed; plan, prices, chat, claims and orders stay. Raises UnderLegalHold, KeptByLaw."""
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)  # nobody asks for it as evidence in the meantime
    if live.legal_hold:
        raise UnderLegalHold(title=live.title)
    until = (live.ended_at or now) + years.pictures * YEAR
    if now < until:
        raise KeptByLaw(title=live.title, until=until)
    forget(live_id)
    live.has_video = False
    move(session, live, S.ARCHIVED, person, now, S.REPLAY)
    audit(session, person or SYSTEM, "pictures", f"live:{live_id}", "kept", "deleted", now, live.coop_id)


def forget_words(session: Session, live_id: int, years: Years, now: datetime) -> None:
    """Blank what people said and who they were; how many spoke, claimed and bought stays."""
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)
    if live.legal_hold or live.ended_at is None or now < live.ended_at + years.records * YEAR:
        return
    run(session, update(LiveComment).where(col(LiveComment.session_id) == live_id).values(words=""))
    whose = col(LiveSpeaker.session_id) == live_id
    run(session, update(LiveSpeaker).where(whose).values(name="", phone="", visitor_key=""))
    audit(session, SYSTEM, "words", f"live:{live_id}", "kept", "deleted", now, live.coop_id)


def keeper(settings: Settings) -> Callable[[Database, datetime], None]:
    """The timed job with this market's years."""
    years = Years(settings.live_pictures_years, settings.live_records_years)
    return partial(forget_due, years=years, data_dir=settings.data_dir)


def forget_due(db: Database, now: datetime, years: Years, data_dir: Path) -> None:
    """Timed job: what has been kept long enough goes, session by session; what is held as evidence stays."""
    with db.read() as session:
        free = (col(LiveSession.state).in_(OVER), col(LiveSession.legal_hold).is_(False))
        old = select(LiveSession.id).where(*free, col(LiveSession.has_video))
        films = list(session.exec(old.where(col(LiveSession.ended_at) <= now - years.pictures * YEAR)))
        named = select(LiveSpeaker.session_id).where(LiveSpeaker.name != "").distinct()
        past = (*free, col(LiveSession.id).in_(named), col(LiveSession.ended_at) <= now - years.records * YEAR)
        words = list(session.exec(select(LiveSession.id).where(*past)))
    for live_id in films:
        with db.write() as session:
            forget_pictures(session, live_id, lambda it: shelf_of(data_dir, it).clear(), years, now)
    for live_id in words:
        with db.write() as session:
            forget_words(session, live_id, years, now)


def sweep(db: Database, now: datetime, years: Years, data_dir: Path) -> None:
    """On the disk of a media server of its own: delete what the market has let go of, by what stands in the database.

    Only pictures that are past their years, that nobody holds as evidence, and whose session has forgotten them
    (`forget_pictures` there found no folder to delete).
    """
    here = [int(folder.name) for folder in (data_dir / "live").glob("*") if folder.name.isdecimal()]
    gone = select(LiveSession.id).where(
        col(LiveSession.id).in_(here),
        col(LiveSession.state).in_(OVER),
        col(LiveSession.has_video).is_(False),
        col(LiveSession.legal_hold).is_(False),
        col(LiveSession.ended_at) <= now - years.pictures * YEAR,
    )
    with db.read() as session:
        found = list(session.exec(gone))
    for live_id in found:
        shelf_of(data_dir, live_id).clear()
