"""What should have happened and has not yet: events whose handlers failed."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select, update

from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound
from shop.core.events import MAX_ATTEMPTS
from shop.core.outbox import OutboxEvent

_FAILED = (col(OutboxEvent.done_at).is_(None), col(OutboxEvent.attempts) > 0)


def failed(session: Session, most: int = 100) -> list[OutboxEvent]:
    """Events that failed at least once, those that nobody tries any more first."""
    given_up = (col(OutboxEvent.attempts) >= MAX_ATTEMPTS).desc()
    return list(session.exec(select(OutboxEvent).where(*_FAILED).order_by(given_up, col(OutboxEvent.id)).limit(most)))


def count_failed(session: Session) -> int:
    """How many there are."""
    return session.exec(select(func.count()).select_from(OutboxEvent).where(*_FAILED)).one()


def try_again(session: Session, event_id: int, person: Person, now: datetime) -> None:
    """Let the worker take it up at once, as if for the first time. Raises NotFound when it is done or never failed."""
    again = {"attempts": 0, "due_at": now, "leased_until": None}
    changed = session.exec(update(OutboxEvent).where(*_FAILED, col(OutboxEvent.id) == event_id).values(**again))
    if changed.rowcount == 0:
        raise NotFound(event_id=event_id)
    audit(session, person, "event", f"event:{event_id}", "failed", "tried again", now)
