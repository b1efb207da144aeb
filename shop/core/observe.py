"""One line of facts per request and per event, numbers at `/metrics`. Never a name, a phone number or an address."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from shop.settings import Settings

log = structlog.get_logger()


def configure_logs(settings: Settings) -> None:
    """Structured lines on standard error: coloured text in demo, JSON when the setting says so."""
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    as_text = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info, render] if settings.log_format == "json" else [as_text]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class Numbers:
    """What `/metrics` shows; one set per app, so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kinds = ["method", "status"]
        self.requests = Counter("chohtx_requests", "Requests answered", kinds, registry=self.registry)
        self.seconds = Histogram("chohtx_request_seconds", "Time to answer", registry=self.registry)
        self.page_hits = Gauge("chohtx_page_cache_hits", "Pages served from memory", registry=self.registry)
        self.page_misses = Gauge("chohtx_page_cache_misses", "Pages made anew", registry=self.registry)
        self.waiting = Gauge("chohtx_outbox_waiting", "Events not yet delivered", registry=self.registry)
        self.failed = Gauge("chohtx_outbox_failed", "Events given up", registry=self.registry)

    def response(self) -> Response:
        return Response(generate_latest(self.registry), media_type="text/plain; version=0.0.4")


class Observed:
    """ASGI middleware: counts requests, logs slow and failed ones."""

    def __init__(self, app: ASGIApp, numbers: Numbers) -> None:
        self.app, self.numbers = app, numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            took_s = time.perf_counter() - started
            self.numbers.requests.labels(scope["method"], f"{status // 100}xx").inc()
            self.numbers.seconds.observe(took_s)
            if status >= 500 or took_s > 1:
                log.info("request", method=scope["method"], path=scope["path"], status=status, took_s=round(took_s, 3))
