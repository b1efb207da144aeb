"""Events happen if, and only if, the transaction that wrote them commits; handlers get them at least once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from shop.core import events
from shop.core.db import Database
from shop.core.events import Event, publish
from shop.core.outbox import OutboxEvent
from shop.core.slugs import OldSlug, remember
from shop.worker import Job, Worker, run_once


@dataclass(frozen=True)
class FruitPicked(Event):
    kilos: int


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


class TestDelivery:
    def test_an_event_reaches_its_handlers_once(self, db: Database) -> None:
        heard: list[int] = []

        def hear(_session: Session, event: FruitPicked, _now: datetime) -> None:
            heard.append(event.kilos)

        with db.write() as session:
            publish(session, FruitPicked(5))
            publish(session, FruitPicked(9))
        for _ in range(3):
            events.deliver_due(db, {FruitPicked: [hear]}, soon())
        assert heard == [5, 9]

    def test_an_event_of_a_failed_transaction_never_happened(self, db: Database) -> None:
        with pytest.raises(ZeroDivisionError), db.write() as session:
            publish(session, FruitPicked(5))
            _ = 1 / 0
        assert events.deliver_due(db, {FruitPicked: []}, soon()) == 0

    def test_a_handler_that_fails_leaves_nothing_and_is_tried_later(self, db: Database) -> None:
        fails = [True]

        def write_then_fail(session: Session, event: FruitPicked, _now: datetime) -> None:
            remember(session, "picked", str(event.kilos), event.kilos)
            if fails:
                fails.pop()
                raise OSError("line down")

        with db.write() as session:
            publish(session, FruitPicked(5))
        at = soon()
        assert events.deliver_due(db, {FruitPicked: [write_then_fail]}, at) == 0
        with db.read() as session:
            assert session.exec(select(OldSlug)).all() == []
            row = session.exec(select(OutboxEvent)).one()
            assert (row.attempts, "line down" in row.error) == (1, True)
        assert events.deliver_due(db, {FruitPicked: [write_then_fail]}, at + timedelta(minutes=1)) == 0
        assert events.deliver_due(db, {FruitPicked: [write_then_fail]}, at + timedelta(minutes=2)) == 1

    def test_one_bad_event_does_not_stop_the_others(self, db: Database) -> None:
        heard: list[int] = []

        def hear(_session: Session, event: FruitPicked, _now: datetime) -> None:
            if event.kilos == 13:
                raise ValueError(event.kilos)
            heard.append(event.kilos)

        with db.write() as session:
            for kilos in (1, 13, 2):
                publish(session, FruitPicked(kilos))
        events.deliver_due(db, {FruitPicked: [hear]}, soon())
        assert heard == [1, 2]

    def test_what_another_worker_holds_is_left_to_it_until_its_lease_ends(self, db: Database) -> None:
        with db.write() as session:
            publish(session, FruitPicked(5))
        at = soon()
        assert len(events._claim(db, at, 10)) == 1
        assert events.deliver_due(db, {FruitPicked: []}, at) == 0
        assert events.deliver_due(db, {FruitPicked: []}, at + timedelta(minutes=3)) == 1


class TestJobs:
    def test_a_slot_runs_once_however_many_workers_there_are(self, db: Database, now: datetime) -> None:
        ran: list[datetime] = []
        job = Job("count", 60, lambda _db, at: ran.append(at))
        for seconds in (0, 1, 59, 60, 61):
            run_once(db, {}, [job], now + timedelta(seconds=seconds))
        assert ran == [now, now + timedelta(seconds=60)]

    def test_a_job_that_fails_does_not_stop_the_worker(self, db: Database, now: datetime) -> None:
        ran: list[str] = []

        def fail(_db: Database, _now: datetime) -> None:
            raise OSError

        jobs = [Job("fails", 60, fail), Job("works", 60, lambda _db, _at: ran.append("works"))]
        run_once(db, {}, jobs, now)
        assert ran == ["works"]

    def test_the_running_worker_is_woken_by_a_commit(self, db: Database) -> None:
        import threading

        heard = threading.Event()
        worker = Worker(db, {FruitPicked: [lambda _session, _event, _now: heard.set()]}, [])
        worker.start()
        try:
            with db.write() as session:
                publish(session, FruitPicked(5))
            assert heard.wait(5)
        finally:
            worker.stop()
