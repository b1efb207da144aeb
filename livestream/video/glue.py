"""Between pictures and the states of a session: what the picture's coming and going means, told in short transactions.

`due` decides and is pure; the rest reads and writes the database, called by the stage's own thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import col, select

from livestream import states
from livestream.models import OVER, LivePin, LiveSession, SessionState
from livestream.video import lease
from livestream.video.models import LivePublisher
from shop.core.db import Database

S = SessionState
TAKES = (S.STARTING, S.LIVE, S.INTERRUPTED, S.ENDING)
"""A phone may send its picture."""
SHOWN_LIVE = (S.STARTING, S.LIVE, S.INTERRUPTED, S.ENDING, S.PROCESSING)
"""Viewers may ask for the live playlist, as soon as there is one."""
SHOWN_WHOLE = (S.PROCESSING, S.REPLAY)
"""Viewers may see all of it again."""
LOST_AFTER_S, BACK_WITHIN_S = 5.0, 2.0
LAST_AFTER_S = float(states.LAST_PIECES_S)
"""A phone that ends takes so long to send what it still has, and says then which piece was the last."""

Step = Literal["first_picture", "picture_lost", "picture_back", "processed", "end", "cut"]


@dataclass(frozen=True)
class Standing:
    """How a session stands in the database. `number` is the lease that counts; 0 when its picture is none of ours.

    On air without a picture (`has_video` is False) it sells with its cover, and its first one can still come.
    `is_kept_back` is one that is over and whose seller shows it to nobody.
    """

    state: str
    number: int
    has_video: bool = True
    is_kept_back: bool = False


@dataclass(frozen=True)
class Facts:
    """What this process knows of its picture: since when no piece came, since when no part was shown."""

    has_segment: bool
    silent_s: float
    dark_s: float
    is_last: bool
    is_ended: bool
    is_full: bool


def due(standing: Standing, facts: Facts) -> Step | None:
    """The one thing to tell or do next, None when all is as it should be."""
    if not standing.number:
        return None
    match standing.state:
        case S.STARTING:
            return _first(facts)
        case S.LIVE if not standing.has_video:
            return _first(facts)
        case S.LIVE:
            return "picture_lost" if facts.silent_s > LOST_AFTER_S else None
        case S.INTERRUPTED:
            return "picture_back" if facts.dark_s < BACK_WITHIN_S else None
        case S.ENDING if not facts.is_ended:
            return "end" if facts.is_last or facts.silent_s > LAST_AFTER_S else None
        case S.ENDING | S.PROCESSING:
            return "processed" if facts.is_ended else "end"
        case S.TERMINATED:
            return "processed" if facts.is_ended else "cut"
        case S.HIDDEN:
            return None if facts.is_ended else "cut"
    return "end" if standing.state in OVER and not facts.is_ended else None


def _first(facts: Facts) -> Step | None:
    return "first_picture" if facts.has_segment and facts.dark_s < BACK_WITHIN_S else None


def standings(db: Database, ids: Sequence[int]) -> dict[int, Standing]:
    """How these sessions stand now; those that do not exist are left out."""
    wanted = (
        select(LiveSession, LivePublisher.number, LivePublisher.device)
        .join(LivePublisher, col(LivePublisher.session_id) == LiveSession.id, isouter=True)
        .where(col(LiveSession.id).in_(ids))
    )
    with db.read() as session:
        found = session.exec(wanted).all()
    elsewhere = (None, lease.MTX)
    return {
        one.id: Standing(one.state, 0 if device in elsewhere else number, one.has_video, one.keeps_picture_back)
        for one, number, device in found
    }


def going_on(db: Database) -> list[int]:
    """Sessions that had a phone's picture and are not over."""
    wanted = (
        select(LiveSession.id)
        .join(LivePublisher, col(LivePublisher.session_id) == LiveSession.id)
        .where(col(LiveSession.state).in_((*TAKES, S.PROCESSING)), LivePublisher.device != lease.MTX)
    )
    with db.read() as session:
        return list(session.exec(wanted))


def shown_from_to(db: Database, live_id: int, item_id: int) -> tuple[float, float] | None:
    """From when to when an item was shown large the longest, as Unix times; None when it never was."""
    with db.read() as session:
        live = session.get(LiveSession, live_id)
        pins = session.exec(select(LivePin).where(LivePin.session_id == live_id, LivePin.item_id == item_id)).all()
    over = live.ended_at if live else None
    spans = [(pin.pinned_at.timestamp(), (pin.unpinned_at or over or pin.pinned_at).timestamp()) for pin in pins]
    return max(spans, key=lambda span: span[1] - span[0], default=None)


def note_seen(db: Database, seen: Sequence[tuple[int, int, int]], now: datetime) -> None:
    """Pieces arrive of these sessions, each by the lease of a number and of a recording: one write for all of them."""
    with db.write() as session:
        for live_id, number, epoch in seen:
            lease.seen(session, live_id, number, epoch, now)


def tell(db: Database, step: Step, live_id: int, video_s: float, silent_s: float, now: datetime) -> None:
    """Say what became of the picture, of which no piece came for so long; the state follows if it still may."""
    with db.write() as session:
        match step:
            case "first_picture":
                states.first_picture(session, live_id, now)
            case "picture_lost":
                states.picture_lost(session, live_id, now, now - timedelta(seconds=silent_s))
            case "picture_back":
                states.picture_back(session, live_id, now)
            case "processed":
                states.processed(session, live_id, video_s, now)
