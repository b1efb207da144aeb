"""People who speak in a session, made through the real services."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import select

from livestream.chat import talk
from livestream.chat.claims import tend
from livestream.chat.models import Claim, LiveSpeaker
from livestream.models import LiveItem, LiveSession
from shop.core.db import Database
from shop.stock.models import Pool

HALF_AN_HOUR = timedelta(minutes=30)


def say(db: Database, on_air: LiveSession, who: str, words: str, now: datetime, key: str = "") -> talk.Said:
    with db.write() as session:
        return talk.say(session, on_air.id, f"visitor-key-{who}", who, words, HALF_AN_HOUR, now, key=key)


def type_in(db: Database, on_air: LiveSession, pasted: str, now: datetime, source: str = "facebook") -> int:
    with db.write() as session:
        return talk.type_in(session, on_air.id, talk.read_lines(pasted, source), source, HALF_AN_HOUR, now)


def tended(db: Database, now: datetime) -> None:
    tend(db, now, HALF_AN_HOUR)


def claims(db: Database, on_air: LiveSession) -> list[tuple[str, str, int, str]]:
    """(who, code, quantity, state) in the order of the sentences."""
    with db.read() as session:
        rows = session.exec(
            select(LiveSpeaker.name, LiveItem.code, Claim.quantity, Claim.state)
            .join(LiveSpeaker, Claim.speaker_id == LiveSpeaker.id)  # type: ignore[arg-type]  # columns
            .join(LiveItem, Claim.item_id == LiveItem.id)  # type: ignore[arg-type]
            .where(Claim.session_id == on_air.id)
            .order_by(Claim.number, Claim.id)  # type: ignore[arg-type]
        )
        return [(name, code, quantity, str(state)) for name, code, quantity, state in rows]


def speaker(db: Database, name: str) -> LiveSpeaker:
    with db.read() as session:
        return session.exec(select(LiveSpeaker).where(LiveSpeaker.name == name)).one()


def held(db: Database, item: LiveItem) -> int:
    with db.read() as session:
        return session.get_one(Pool, item.pool_id).held
