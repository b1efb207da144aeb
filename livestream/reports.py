"""What viewers report, with the sentence it is about, and that an operator has looked at it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.models import LiveReport, LiveSession
from shop.core.audit import audit
from shop.core.db import insert_once, run
from shop.core.deps import Person

REASONS = ("wrong-price", "fake", "forbidden", "rude", "other")


def report(
    session: Session,
    live: LiveSession,
    visitor_key: str,
    reason: str,
    words: str,
    now: datetime,
    sentence: tuple[int, str] = (0, ""),
) -> bool:
    """A viewer reports the session or a `sentence` (number and words); once per reason. True the first time."""
    facts = {"session_id": live.id, "visitor_key": visitor_key, "reason": reason if reason in REASONS else "other"}
    facts |= {"comment_number": sentence[0]}
    seen = {"words": words[:500], "said": sentence[1], "item_id": live.pinned_item_id, "at": now}
    return insert_once(
        session, LiveReport, {**facts, **seen}, ["session_id", "visitor_key", "reason", "comment_number"]
    )


def open_reports(session: Session) -> list[tuple[LiveReport, LiveSession]]:
    """Reports that no operator has looked at, the newest first, each with its session."""
    unseen = select(LiveReport, LiveSession).join(LiveSession, col(LiveSession.id) == LiveReport.session_id)
    waiting = unseen.where(col(LiveReport.seen_at).is_(None)).order_by(col(LiveReport.id).desc())
    return list(session.exec(waiting.limit(200)))


def see_report(session: Session, report_id: int, person: Person, now: datetime) -> None:
    """An operator has looked at a report; a second look changes nothing."""
    unseen = (col(LiveReport.id) == report_id, col(LiveReport.seen_at).is_(None))
    if run(session, update(LiveReport).where(*unseen).values(seen_at=now, seen_by_id=person.id)).rowcount:
        audit(session, person, "report", f"report:{report_id}", "open", "seen", now)
