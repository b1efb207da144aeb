"""What the operator sees of the running market: one line of facts per event, numbers at `/metrics`.

Never a name, a phone number, an address, a query or a secret of a path. In production each request that reaches the
app is a line, too; pages answered from memory and event streams pass no layer, they are only counted.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from shop.settings import Settings

log = structlog.get_logger()
SLOW_S = 1.0
_SECRET = re.compile(r"/[^/]*(?:[0-9a-f]{40}|(?=[\w-]*[A-Z])[\w-]{32})[^/]*")  # `ids.derived_token`, `ids.secret_token`


def configure_logs(settings: Settings) -> None:
    """Structured lines on standard error, the server's own among them: text for people, or one JSON object a line."""
    facts: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    as_json = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback  # the other formatters show what variables hold: people and passwords
    as_text = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    render: list[Any] = as_json if settings.log_format == "json" else as_text
    structlog.configure(
        processors=[*facts, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    drop_own = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=facts, processors=[drop_own, *render]))
    logging.basicConfig(handlers=[others], level=logging.WARNING, force=True)
    logging.captureWarnings(True)


def shown_path(path: str) -> str:
    """The path as it may stand in a log: parts that open something by themselves are left out."""
    return _SECRET.sub("/…", path)


class Numbers:
    """What `/metrics` shows; one set per app, so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kinds = ["method", "status"]
        reached = "Requests answered by the app (pages from memory: chohtx_page_cache_hits)"
        self.requests = Counter("chohtx_requests", reached, kinds, registry=self.registry)
        self.seconds = Histogram("chohtx_request_seconds", "Time in which the app answered", registry=self.registry)
        self.waiting = Gauge("chohtx_outbox_waiting", "Events not yet delivered", registry=self.registry)
        self.failed = Gauge("chohtx_outbox_failed", "Events given up", registry=self.registry)

    def count(self, name: str, words: str, read: Callable[[], int]) -> None:
        """Show a count that somebody keeps already; it is read only when the numbers are asked for."""
        self.registry.register(_Counted(name, words, read))

    def measure(self, name: str, words: str, read: Callable[[], int]) -> None:
        """As `count`, for what also falls."""
        Gauge(name, words, registry=self.registry).set_function(read)

    def response(self) -> Response:
        return Response(generate_latest(self.registry), media_type="text/plain; version=0.0.4")


class _Counted(Collector):
    def __init__(self, name: str, words: str, read: Callable[[], int]) -> None:
        self._name, self._words, self._read = name, words, read

    def collect(self) -> Iterable[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._words, value=self._read())


class Observed:
    """ASGI middleware: counts the requests that reach it and logs slow and failed ones; with `every`, each."""

    def __init__(self, app: ASGIApp, numbers: Numbers, *, every: bool = False) -> None:
        self.app, self.numbers, self.every = app, numbers, every

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
            self._write_down(scope, status, time.perf_counter() - started)

    def _write_down(self, scope: Scope, status: int, took_s: float) -> None:
        self.numbers.requests.labels(scope["method"], f"{status // 100}xx").inc()
        self.numbers.seconds.observe(took_s)
        if self.every or status >= 500 or took_s > SLOW_S:
            path = shown_path(scope["path"])
            log.info("request", method=scope["method"], path=path, status=status, took_s=round(took_s, 4))
