"""Delivers events and runs timed jobs. A thread of the one process by default, a process of its own at scale."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import col, delete

from shop.core import events
from shop.core.db import Database, insert_once
from shop.core.outbox import JobRun

log = structlog.get_logger()
PAUSE_S = 1.0


@dataclass(frozen=True)
class Job:
    """A plain function `(db, now)` that runs once per slot of `every_s` seconds, whichever worker comes first."""

    name: str
    every_s: int
    run: Callable[[Database, datetime], None]


def run_once(db: Database, handlers: events.Handlers, jobs: Sequence[Job], now: datetime) -> int:
    """Deliver what is due and run the jobs whose slot has come. Returns how many events were delivered."""
    for job in jobs:
        if _is_ours(db, job, now):
            try:
                job.run(db, now)
            except Exception:
                log.exception("job failed", job=job.name)
    return events.deliver_due(db, handlers, now) if handlers else 0  # one without handlers only has jobs


def _is_ours(db: Database, job: Job, now: datetime) -> bool:
    slot = int(now.timestamp()) // job.every_s
    with db.read() as session:
        if session.get(JobRun, (job.name, slot)) is not None:
            return False
    with db.write() as session:
        session.exec(delete(JobRun).where(col(JobRun.name) == job.name, col(JobRun.slot) < slot))
        return insert_once(session, JobRun, {"name": job.name, "slot": slot, "started_at": now}, ["name", "slot"])


class Worker:
    """The loop around `run_once`: woken by a commit that wrote an event, else every second."""

    def __init__(self, db: Database, handlers: events.Handlers, jobs: Sequence[Job]) -> None:
        self.db, self.handlers, self.jobs = db, handlers, jobs
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a thread of this process until `stop()`."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Run here until `stop()`."""
        events.on_event_written(self._wake.set)
        try:
            while not self._stop.is_set():
                self._turn()
                self._wake.wait(PAUSE_S)
                self._wake.clear()
        finally:
            events.forget(self._wake.set)

    def _turn(self) -> None:
        try:
            while run_once(self.db, self.handlers, self.jobs, datetime.now(UTC)) and not self._stop.is_set():
                pass
        except Exception:
            log.exception("worker turn failed")
            self._stop.wait(timedelta(seconds=PAUSE_S).total_seconds())

    def stop(self) -> None:
        """Finish the event at hand and return."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=10)
