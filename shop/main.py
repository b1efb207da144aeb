"""The one place that joins everything: rooms, events and who reacts to them, timed jobs, the life of the process."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import func, text
from sqlmodel import col, select
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from admin import routes as admin_pages
from livestream import events as live_events
from livestream import routers as live_routers
from livestream.chat.claims import tend
from livestream.deals.service import close_over
from livestream.figures.audience import Audience
from livestream.keeping import keeper
from livestream.mtx import hooks as live_mtx
from livestream.open_rooms import OpenRooms
from livestream.reminders import service as reminders
from livestream.screen import Screen
from livestream.states import clock
from livestream.video.doors import Pictures
from livestream.video.obs import pictures_on
from livestream.video.stage import Stage
from payments import events as money
from payments import routes as payment_routes
from payments import service as payments
from payments.checkpoints import service as checkpoints
from payments.comparison.compare import compare_daily
from payments.earnings import service as earnings
from payments.statements import booking
from shop import migrations
from shop.accounts import routes as sign_in
from shop.accounts.codes import code_sender
from shop.accounts.service import who_is
from shop.addresses import routes as address_parts
from shop.addresses import service as addresses
from shop.api import addresses as addresses_api
from shop.api import carts as carts_api
from shop.api import docs as api_docs
from shop.api import goods as goods_api
from shop.api import live as live_api
from shop.api import once
from shop.api import orders as orders_api
from shop.asker import asking_jobs
from shop.cart import routes as cart_pages
from shop.cart import service as cart
from shop.catalog import back_in_stock, low_stock
from shop.catalog.drafts import service as drafts
from shop.catalog.plans import service as price_plans
from shop.checkout import routes as checkout_pages
from shop.checkout import service as checkout
from shop.complaints import photos as parcel_photos
from shop.complaints import service as complaints
from shop.coops import messages as coop_messages
from shop.coops import service as coops
from shop.coops.domains import OwnDomain
from shop.core import pagecache
from shop.core.backroom import Backroom
from shop.core.bodylimit import BodyLimit
from shop.core.bus import open_bus
from shop.core.csrf import SameOriginWrites
from shop.core.db import Database
from shop.core.deps import DatabaseDep, SettingsDep
from shop.core.events import MAX_ATTEMPTS, Handlers
from shop.core.hub import Hub
from shop.core.i18n import LanguageFromPath
from shop.core.observe import Numbers, Observed
from shop.core.outbox import OutboxEvent
from shop.core.pagecache import ChangeReader, PageCache, Pages
from shop.core.plainaddress import PlainAddress
from shop.core.ratelimit import RateLimits
from shop.core.static import PREFIX as STATIC_PREFIX
from shop.core.static import Static
from shop.core.streams import EventStream
from shop.core.web import install_errors, join, make_templates
from shop.notify import following
from shop.notify import service as notify
from shop.notify.senders import texts_go_out, ways_out
from shop.notify.webpush import vapid_public
from shop.orders import events as order_events
from shop.orders import handlers as order_handlers
from shop.orders import messages
from shop.orders import paying as order_paying
from shop.orders import receipt as order_receipt
from shop.orders import routes as order_pages
from shop.orders import service as orders
from shop.pages import routes as shop_pages
from shop.settings import Settings
from shop.sheets import service as sheets
from shop.worker import Job, Worker
from shop.workspace import routers as desk_routers

STATIC = Path(__file__).parents[1] / "static"
WARM_AFTER_S = 5.0
LEAST_FREE_BYTES = 200 * 1024 * 1024

# What is asked for most often stands first: each is tried in turn, and a hundred patterns take half a millisecond.
ROUTERS: Sequence[APIRouter] = (
    orders_api.router,
    carts_api.router,
    payment_routes.router,
    cart_pages.router,
    *live_routers.BUSY,
    checkout_pages.router,
    order_pages.router,
    order_paying.router,
    order_receipt.router,
    shop_pages.router,
    sign_in.router,
    address_parts.router,
    addresses_api.router,
    goods_api.router,
    live_api.router,
    api_docs.router,
    *desk_routers.ROUTERS,
    *live_routers.OTHERS,
    admin_pages.router,
)

HANDLERS: Handlers = {
    money.MoneyArrived: [order_handlers.money_arrived],
    money.MoneyHeld: [order_handlers.money_held],
    money.HoldLost: [order_handlers.hold_lost],
    money.PayoutSent: [coop_messages.tell_paid_out],
    money.RefundSent: [order_handlers.refund_sent, messages.tell_refunded],
    order_events.OrderPlaced: [messages.tell_placed],
    order_events.OrderPaid: [messages.tell_paid],
    order_events.OrderClosed: [messages.tell_closed],
    order_events.OrderReopened: [messages.tell_reopened],
    order_events.OrderCancelled: [messages.tell_cancelled],
    order_events.ParcelChanged: [messages.tell_parcel],
    order_events.ParcelSettled: [messages.tell_settled],
    order_events.ShipByMoved: [messages.tell_ship_by],
    live_events.SessionMoved: [reminders.tell_moved],
}

JOBS: Sequence[Job] = (
    Job("forget-page-changes", 3600, pagecache.forget_old_changes),
    Job("forget-payment-requests", 24 * 3600, payments.forget_requests),
    Job("forget-statement-files", 24 * 3600, booking.forget_files),
    Job("close-unpaid-orders", 20, orders.close_unpaid),
    Job("return-lapsed-holds", 20, checkout.return_lapsed_holds),
    Job("lapse-checkouts", 60, checkout.lapse),
    Job("checkpoint-balances", 600, checkpoints.checkpoint_balances),
    Job("release-earnings", 300, earnings.release_due),
    Job("compare-with-gateways", 24 * 3600, compare_daily),
    Job("forget-old-carts", 24 * 3600, cart.forget_old_carts),
    Job("forget-old-keys", 24 * 3600, once.forget_old_keys),
    Job("remind-followers", 20, reminders.remind),
    Job("settle-sessions-of-mediamtx", 5, live_mtx.settle_due),
    Job("end-holidays", 600, coops.end_holidays),
    Job("raise-silent-claims", 60, complaints.raise_silent),
    Job("forget-old-sheets", 24 * 3600, sheets.forget_old),
    Job("forget-old-follows", 24 * 3600, following.forget_old_follows),
    Job("tell-what-runs-out", 120, low_stock.tell_what_runs_out),
    Job("set-planned-prices", 20, price_plans.set_due),
    Job("forget-old-drafts", 24 * 3600, drafts.forget_old),
    Job("tell-who-waits-for-goods", 60, back_in_stock.tell_who_waits),
)


def jobs(settings: Settings, db: Database, backroom: Backroom | None = None) -> Sequence[Job]:
    """All timed jobs: those above, those that need to know the settings, and what works in the back room."""
    senders, absolute = ways_out(settings, db), messages.absolute(settings)

    def send_messages(db: Database, now: datetime) -> None:
        notify.send_due(db, senders, absolute, now)

    def serve_who_waits(db: Database, now: datetime) -> None:
        close_over(db, now)
        tend(db, now, timedelta(minutes=settings.live_hold_minutes))

    more = [Job("send-messages", 5, send_messages), Job("serve-live-claims", 3, serve_who_waits)]
    more += [Job("follow-live-clock", 3, clock(settings)), Job("forget-old-sessions", 24 * 3600, keeper(settings))]
    more.append(Job("forget-parcel-photos", 24 * 3600, parcel_photos.keeper(settings)))
    more.append(Job("read-sheets", 2, sheets.worker(backroom or Backroom())))
    if settings.demo:
        from shop.demo.live import keep_going  # the demo's own hand; production never loads it

        more.append(Job("demo-live", 40, keep_going))
    return (*JOBS, *more)


class Market(FastAPI):
    """FastAPI with the page cache in front of everything: what is in memory passes no other layer."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)


def create_app(settings: Settings, db: Database | None = None) -> FastAPI:
    """The whole market as one ASGI application. `db` is given by tests; otherwise it is opened from the settings."""
    app = Market(
        title="Chợ HTX",
        version="1",
        docs_url=None,  # our own page: the usual one loads its scripts from another host
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_life,
    )
    state = app.state
    state.settings = settings
    state.db = db or Database(settings.database)
    state.owns_db = db is None
    state.db.pages_are_ours = state.db.is_sqlite  # `server.serve` lets one web process on a SQLite file
    state.static = Static(STATIC)
    state.templates = make_templates(settings, state.static.asset)
    state.templates.globals["push_key"] = vapid_public(settings.secret_key)
    state.templates.globals["texts_go_out"] = texts_go_out(settings)
    state.who_is = who_is
    state.code_sender = code_sender(settings)
    state.limits = RateLimits(settings.bus_url)
    state.bus = open_bus(settings.bus_url)
    state.hub = Hub(state.bus)
    state.backroom = Backroom()
    state.worker = Worker(state.db, HANDLERS, jobs(settings, state.db, state.backroom))
    state.asker = Worker(state.db, {}, asking_jobs(settings))
    state.pages = Pages(state.bus)
    state.numbers = _numbers(state)
    state.screen = Screen(state.db, state.hub, state.templates)
    state.audience = Audience(state.db, state.hub)
    state.stage = Stage(state.db, settings) if settings.pictures_here else None
    app.front = PageCache(partial(FastAPI.__call__, app), state.pages)
    app.user_middleware += _layers(settings, state)
    install_errors(app)
    join(app.router, (*ROUTERS, machine))
    if settings.demo:
        from shop.demo.gateways import mount  # never loaded where money is real

        mount(app, settings)
    settings.media_dir.mkdir(parents=True, exist_ok=True)
    app.mount("/media", Media(directory=settings.media_dir))
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    anyio.to_thread.current_default_thread_limiter().total_tokens = 4 if state.db.is_sqlite else 10
    changes = ChangeReader(state.db, state.pages.drop)
    changes.start()
    state.screen.start()
    state.audience.start()
    if state.settings.worker == "thread":
        state.worker.start()
        state.asker.start()
    index = threading.Timer(WARM_AFTER_S, addresses.search, ("",))  # or the first search for an address waits for it
    index.daemon = True
    index.start()
    async with pictures_on(state.stage, state.settings) if state.stage else nullcontext():
        yield
        index.cancel()
    state.worker.stop()
    state.asker.stop()
    state.screen.stop()
    state.audience.stop()
    changes.stop()
    state.backroom.close()
    state.hub.close()
    state.pages.close()
    state.bus.close()
    if state.owns_db:
        state.db.close()


def _layers(settings: Settings, state: State) -> list[Middleware]:
    """Outermost first: what is answered from memory never reaches the app, and thousands of streams pass no layer."""
    secure, is_open = _is_https(settings), OpenRooms(state.db).knows
    pictures = [Middleware(Pictures, stage=state.stage, templates=state.templates)] if state.stage else []
    return [
        Middleware(EventStream, hub=state.hub, secret_key=settings.secret_key, secure=secure, is_open=is_open),
        *pictures,
        Middleware(Observed, numbers=state.numbers, every=not settings.demo),
        Middleware(FromMemory, static=state.static),
        Middleware(OwnDomain, db=state.db, base_url=settings.base_url),
        Middleware(LanguageFromPath),
        Middleware(BodyLimit),
        Middleware(SameOriginWrites),
        Middleware(PlainAddress),
    ]


def _numbers(state: State) -> Numbers:
    """With what the layers before `Observed` count themselves."""
    numbers, pages, hub = Numbers(), state.pages, state.hub
    numbers.count("chohtx_page_cache_hits", "Public pages answered from memory", lambda: pages.hits)
    numbers.count("chohtx_page_cache_misses", "Public pages made anew", lambda: pages.misses)
    numbers.measure("chohtx_event_streams", "Event streams open now", lambda: hub.open_streams)
    return numbers


def _is_https(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


class Media(StaticFiles):
    """Pictures and clips: their names are made of their content, so they never change."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class FromMemory:
    """ASGI middleware: `/static/…` from memory."""

    def __init__(self, app: ASGIApp, static: Static) -> None:
        self.app, self.static = app, static

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith(STATIC_PREFIX)
        await (self.static if ours else self.app)(scope, receive, send)


machine = APIRouter(include_in_schema=False)


@machine.get("/healthz")
async def healthz(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"ok": True})


@machine.get("/readyz")
def readyz(db: DatabaseDep, settings: SettingsDep) -> Response:
    """Whether this process can serve shoppers: database, migrations, disk."""
    reads = _can_read(db)
    checks = {"database": reads, "migrations": reads and migrations.is_current(db), "disk": _has_room(settings)}
    return JSONResponse(checks, 200 if all(checks.values()) else 503)


@machine.get("/metrics")
def metrics(request: Request, db: DatabaseDep) -> Response:
    """Numbers for Prometheus."""
    numbers: Numbers = request.app.state.numbers
    with db.read() as session:
        waiting = select(func.count()).where(col(OutboxEvent.done_at).is_(None))
        numbers.waiting.set(session.exec(waiting).one())
        numbers.failed.set(session.exec(waiting.where(OutboxEvent.attempts >= MAX_ATTEMPTS)).one())
    return numbers.response()


def _can_read(db: Database) -> bool:
    try:
        with db.read() as session:
            session.connection().execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001  whatever is wrong with the database, the answer is no
        return False
    return True


def _has_room(settings: Settings) -> bool:
    return shutil.disk_usage(settings.data_dir).free > LEAST_FREE_BYTES
