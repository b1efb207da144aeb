"""A row that must stand once: the database says who was first."""

from __future__ import annotations

from datetime import UTC, datetime

from shop.core.db import Database, insert_once, key_of_new
from shop.core.outbox import JobRun, OutboxEvent


def test_only_the_first_insert_of_a_row_is_told_that_it_inserted(db: Database) -> None:
    row = {"name": "close-unpaid", "slot": 7, "started_at": datetime(2026, 11, 21, tzinfo=UTC)}
    told = []
    for _ in range(2):
        with db.write() as session:
            told.append(insert_once(session, JobRun, row, ["name", "slot"]))
    assert told == [True, False]


def test_the_first_insert_is_told_the_number_of_its_row(db: Database) -> None:
    row = {
        "id": 41,
        "event": "Told",
        "facts": {},
        "due_at": datetime(2026, 11, 21, tzinfo=UTC),
        "attempts": 0,
        "error": "",
    }
    with db.write() as session:
        first, again = (key_of_new(session, OutboxEvent, row, ["id"]) for _ in range(2))
    assert first is not None
    assert (tuple(first), again) == ((41,), None)
