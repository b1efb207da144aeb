"""Processes: one that does everything, or several web processes and a worker joined by PostgreSQL and the bus."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shop.core.db import Database
from shop.core.observe import configure_logs
from shop.main import HANDLERS, create_app, jobs
from shop.settings import Settings, load_settings
from shop.worker import Worker


class CannotServe(Exception):
    """The message says what to change."""


def serve(settings: Settings, *, host: str, port: int, processes: int = 1) -> None:
    """Serve until stopped. Raises CannotServe when several processes would not know of each other."""
    configure_logs(settings)
    if processes > 1 and (not settings.bus_url or settings.database.startswith("sqlite")):
        raise CannotServe("several processes need CHOHTX_DATABASE_URL (PostgreSQL) and CHOHTX_BUS_URL (Valkey)")
    options = {
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_level": "warning",
        "backlog": 4096,
        "timeout_graceful_shutdown": 5,
        "proxy_headers": True,
        "forwarded_allow_ips": os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
    }
    if processes > 1:
        uvicorn.run("shop.server:app_from_environment", factory=True, workers=processes, **options)  # type: ignore[arg-type]
        return
    with _alone_on(settings):
        uvicorn.run(create_app(settings), **options)  # type: ignore[arg-type]  # a dict of mixed options


def app_from_environment() -> FastAPI:
    """For uvicorn's worker processes."""
    settings = load_settings()
    configure_logs(settings)
    return create_app(settings)


@contextmanager
def _alone_on(settings: Settings) -> Iterator[None]:
    """One web process per SQLite file: the hub, the page cache and the writers' queue live in it."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    lock = Path(settings.database.removeprefix("sqlite:///")).with_suffix(".lock")
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotServe(f"another process already serves {lock.with_suffix('.sqlite')}") from None
        yield


def work(settings: Settings, db: Database) -> None:
    """Be the worker process until SIGTERM or Ctrl-C."""
    configure_logs(settings)
    worker = Worker(db, HANDLERS, jobs(settings, db))
    done = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.start()
    done.wait()
    worker.stop()
