"""One transaction a block: all of it or nothing, durable before it is answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlmodel import select

from shop.core.db import Database, after_commit
from shop.core.slugs import OldSlug, find, remember


class TestWriting:
    def test_a_block_that_fails_changes_nothing_and_tells_nobody(self, db: Database) -> None:
        told: list[str] = []
        with pytest.raises(ZeroDivisionError), db.write() as session:
            remember(session, "product", "cu", 1)
            after_commit(session, lambda: told.append("committed"))
            _ = 1 / 0
        with db.read() as session:
            assert find(session, "product", "cu") is None
        assert told == []

    def test_what_follows_a_commit_sees_it(self, db: Database) -> None:
        seen: list[int | None] = []

        def look() -> None:
            with db.read() as session:
                seen.append(find(session, "product", "cu"))

        with db.write() as session:
            remember(session, "product", "cu", 7)
            after_commit(session, look)
        assert seen == [7]

    def test_a_transaction_inside_another_is_refused(self, db: Database) -> None:
        with db.write(), pytest.raises(RuntimeError, match="already open"), db.write():
            pass
        with db.write() as session:
            remember(session, "product", "sau-do", 1)

    def test_a_commit_may_start_another_write(self, db: Database) -> None:
        def again() -> None:
            with db.write() as session:
                remember(session, "product", "second", 2)

        with db.write() as session:
            after_commit(session, again)
        with db.read() as session:
            assert find(session, "product", "second") == 2

    def test_many_writers_take_turns_without_an_error(self, db: Database) -> None:
        def write(number: int) -> None:
            with db.write() as session:
                remember(session, "product", f"slug-{number}", number)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(100)))
        with db.read() as session:
            assert len(session.exec(select(OldSlug)).all()) == 100

    @pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
    def test_sqlite_waits_for_the_disk_before_a_commit_returns(self, db: Database) -> None:
        with db.write() as session:
            connection = session.connection()
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


class TestTimes:
    def test_a_time_comes_back_as_the_same_instant_in_utc(self, db: Database) -> None:
        from shop.core.outbox import JobRun

        saigon = datetime(2026, 11, 21, 8, 0, tzinfo=timezone(timedelta(hours=7)))
        with db.write() as session:
            session.add(JobRun(name="x", slot=1, started_at=saigon))
        with db.read() as session:
            read = session.get_one(JobRun, ("x", 1)).started_at
        assert read == saigon
        assert read.tzinfo == UTC

    def test_a_naive_time_is_a_bug(self, db: Database) -> None:
        from sqlalchemy.exc import StatementError

        from shop.core.outbox import JobRun

        with pytest.raises(StatementError, match="naive time"), db.write() as session:
            session.add(JobRun(name="x", slot=1, started_at=datetime(2026, 11, 21)))  # noqa: DTZ001  the bug itself
