"""What happened and must be followed up later: written in the same transaction, delivered by the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from shop.core.db import Database, after_commit, run
from shop.core.outbox import OutboxEvent
from shop.core.prepared import Prepared

log = structlog.get_logger()
MAX_ATTEMPTS = 8
LEASE = timedelta(minutes=2)


@dataclass(frozen=True)
class Event:
    """Something that happened, named in the past tense. Carries ids and plain values, never objects."""


Handler = Callable[[Session, Any, datetime], None]
Handlers = dict[type[Event], Sequence[Handler]]

_wake: list[Callable[[], None]] = []


def on_event_written(wake: Callable[[], None]) -> None:
    """Call `wake` after each commit that wrote an event (the worker of this process listens here)."""
    _wake.append(wake)


def forget(wake: Callable[[], None]) -> None:
    """Stop calling `wake`."""
    if wake in _wake:
        _wake.remove(wake)


def _wake_all() -> None:
    for wake in list(_wake):
        wake()


_INSERT_EVENT = Prepared(insert(OutboxEvent.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it


def publish(session: Session, event: Event, due_at: datetime | None = None) -> None:
    """Record `event` for the worker. It happens if, and only if, this transaction commits."""
    row = {"event": type(event).__name__, "facts": asdict(event), "due_at": due_at or datetime.now(UTC)}
    run(session, _INSERT_EVENT, {**row, "attempts": 0, "error": ""})
    if _wake_all not in session.info.get("after_commit", []):
        after_commit(session, _wake_all)


def deliver_due(db: Database, handlers: Handlers, now: datetime, most: int = 100) -> int:
    """Deliver events that are due, in order of recording; returns how many were done.

    At least once: one transaction holds the handlers' writes and the "done" mark, so a handler that only writes
    to our database acts exactly once. A failed event waits 2, 4, 8 … minutes and after MAX_ATTEMPTS stays for the
    operator to see. Several workers may run: a claim leases a row for two minutes.
    """
    names = {kind.__name__: kind for kind in handlers}
    done = 0
    for row_id in _claim(db, now, most):
        done += _deliver(db, names, handlers, row_id, now)
    return done


def _claim(db: Database, now: datetime, most: int) -> list[int]:
    with db.read() as session:
        if session.exec(select(OutboxEvent.id).where(*_due(now)).limit(1)).first() is None:
            return []
    with db.write() as session:
        rows = select(OutboxEvent.id).where(*_due(now)).order_by(col(OutboxEvent.id)).limit(most)
        if not db.is_sqlite:
            rows = rows.with_for_update(skip_locked=True)
        ids = list(session.exec(rows))
        session.exec(update(OutboxEvent).where(col(OutboxEvent.id).in_(ids)).values(leased_until=now + LEASE))
        return ids


def _due(now: datetime) -> tuple[Any, ...]:
    row = OutboxEvent
    free = col(row.leased_until).is_(None) | (col(row.leased_until) < now)
    return (col(row.done_at).is_(None), col(row.attempts) < MAX_ATTEMPTS, col(row.due_at) <= now, free)


def _deliver(db: Database, names: dict[str, type[Event]], handlers: Handlers, row_id: int, now: datetime) -> bool:
    try:
        with db.write() as session:
            row = session.exec(select(OutboxEvent).where(OutboxEvent.id == row_id).with_for_update()).one()
            if row.done_at is not None:
                return False
            kind = names[row.event]
            for handler in handlers[kind]:
                handler(session, kind(**row.facts), now)
            row.done_at = now
        return True
    except Exception as error:
        log.exception("event failed", event_id=row_id)
        _note_failure(db, row_id, repr(error), now)
        return False


def _note_failure(db: Database, row_id: int, error: str, now: datetime) -> None:
    with db.write() as session:
        row = session.get_one(OutboxEvent, row_id)
        row.attempts += 1
        row.error = error[:2000]
        row.due_at = now + timedelta(minutes=2**row.attempts)
        row.leased_until = None
