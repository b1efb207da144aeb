"""Processes: one that does everything, or several web processes and a worker joined by PostgreSQL and the bus."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.routing import Route

from livestream.screen import Screen
from livestream.video.doors import Pictures
from livestream.video.obs import pictures_on
from livestream.video.stage import Stage
from shop.asker import asking_jobs
from shop.core.bus import open_bus
from shop.core.db import Database
from shop.core.hub import Hub
from shop.core.observe import configure_logs
from shop.core.pagecache import Pages
from shop.core.static import Static
from shop.core.web import make_templates
from shop.core.wire import Wire
from shop.main import HANDLERS, STATIC, create_app, healthz, jobs
from shop.settings import Settings, load_settings
from shop.worker import Worker


class CannotServe(Exception):
    """The message says what to change."""


def serve(settings: Settings, *, host: str, port: int, processes: int = 1) -> None:
    """Serve until stopped. Raises CannotServe when several processes would not know of each other."""
    configure_logs(settings)
    if processes > 1 and (not settings.bus_url or settings.database.startswith("sqlite")):
        raise CannotServe("several processes need CHOHTX_DATABASE_URL (PostgreSQL) and CHOHTX_BUS_URL (Valkey)")
    options = served_as(host, port)
    if processes > 1:
        uvicorn.run("shop.server:app_from_environment", factory=True, workers=processes, **options)
        return
    with _alone_on(settings):
        app = _made_once(settings)
        _Server(uvicorn.Config(app, **options), app.state).run()


def served_as(host: str, port: int) -> dict[str, Any]:
    """How uvicorn serves the market."""
    return {
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": Wire,
        "access_log": False,
        "log_config": None,  # what uvicorn says goes the way of our own lines
        "server_header": False,
        "log_level": "warning",
        "backlog": 4096,
        "timeout_graceful_shutdown": 5,
        "timeout_worker_healthcheck": 60,  # a busy small machine may need many seconds to start a process
        "proxy_headers": True,
        "forwarded_allow_ips": os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
    }


def take_pictures(settings: Settings, db: Database, *, host: str, port: int) -> None:
    """Be the media server until stopped: cameras send here, viewers fetch here. Raises CannotServe without a bus."""
    configure_logs(settings)
    if not settings.bus_url or db.is_sqlite:
        raise CannotServe("chohtx media is for several processes: one process takes cameras itself")
    app = media_app(settings, db)
    _Server(uvicorn.Config(app, **served_as(host, port)), app.state).run()


def media_app(settings: Settings, db: Database) -> Starlette:
    """Pictures and nothing else. What they change of a session, the viewers of the web processes see by the bus."""
    bus = open_bus(settings.bus_url)
    hub, pages, stage = Hub(bus), Pages(bus), Stage(db, settings)
    templates = make_templates(settings, Static(STATIC).asset)
    screen = Screen(db, hub, templates)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        screen.start()
        async with pictures_on(stage, settings):
            yield
        screen.stop()
        hub.close()
        pages.close()
        bus.close()
        db.close()

    layers = [Middleware(Pictures, stage=stage, templates=templates)]
    app = Starlette(routes=[Route("/healthz", healthz)], middleware=layers, lifespan=life)
    app.state.hub, app.state.stage = hub, stage
    return app


class _Server(uvicorn.Server):
    """Ends the open streams as soon as it is told to stop: uvicorn itself would wait for their viewers."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._state.hub.close()
        if self._state.stage:
            self._state.stage.close()
        super().handle_exit(sig, frame)


def app_from_environment() -> FastAPI:
    """For uvicorn's worker processes."""
    settings = load_settings()
    configure_logs(settings)
    return _made_once(settings)


def _made_once(settings: Settings) -> FastAPI:
    """The market for the life of this process."""
    gc.disable()
    app = create_app(settings)
    settle()
    return app


def settle() -> None:
    """What stands now stands until the end: Python's collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


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
    asker = Worker(db, {}, asking_jobs(settings))
    bus = open_bus(settings.bus_url)  # what the worker changes, the viewers of the web processes see
    hub, pages = Hub(bus), Pages(bus)
    screen = Screen(db, hub, make_templates(settings, Static(STATIC).asset))
    screen.start()
    done = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.start()
    asker.start()
    done.wait()
    worker.stop()
    asker.stop()
    screen.stop()
    hub.close()
    pages.close()
    bus.close()
