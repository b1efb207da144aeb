"""What MediaMTX recorded of a session: its files and when each begins, for the films that are made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from livestream.mtx.models import LiveMtxFile
from livestream.video.films import Filmed
from shop.core.db import Database

_NAMED = "mtx-%Y-%m-%d_%H-%M-%S-%f.mp4"
_ZONES = timedelta(minutes=15)


def filmed(db: Database, live_id: int) -> list[Filmed]:
    """The files of a session's recording, in the order in which they were filmed."""
    with db.read() as session:
        return _filmed(session, live_id)


def _filmed(session: Session, live_id: int) -> list[Filmed]:
    mine = select(LiveMtxFile).where(LiveMtxFile.session_id == live_id).order_by(col(LiveMtxFile.name))
    return [Filmed(file.name, _begins_at(file), file.duration_s) for file in session.exec(mine)]


def _begins_at(file: LiveMtxFile) -> float:
    """As a Unix time. A name tells the moment by the clock on MediaMTX's wall, whose zone we do not know; that the file
    was finished when it was told of tells the moment roughly, and so the zone, for every zone is a quarter of an hour.
    """
    roughly = file.told_at - timedelta(seconds=file.duration_s)
    try:
        on_the_wall = datetime.strptime(file.name, _NAMED).replace(tzinfo=UTC)
    except ValueError:
        return roughly.timestamp()
    return (on_the_wall + round((roughly - on_the_wall) / _ZONES) * _ZONES).timestamp()
