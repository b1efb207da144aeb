"""Joins several processes: what one of them says, the others hear within milliseconds. It carries no state.

With one process (SQLite) there is nobody else to tell; with many, Valkey's publish/subscribe carries each message
once per process. A message may be lost while the line is down: whoever listens is told so (`missed`) and starts
from the database again. Losing an update is allowed, showing a wrong price is not.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import structlog

if TYPE_CHECKING:
    import redis

log = structlog.get_logger()

Heard = Callable[[str, bytes], None]
Missed = Callable[[], None]

CHANNEL = "chohtx"
MOST_WAITING = 10_000


class Bus(Protocol):
    """The line between the processes of one market."""

    def publish(self, channel: str, body: bytes) -> None:
        """Tell all other processes. Returns at once, from any thread; never raises because the line is down."""

    def subscribe(self, heard: Heard, missed: Missed) -> None:
        """Call `heard(channel, body)` for what others publish, `missed()` when something may have been lost.

        Both are called from another thread and must return at once.
        """

    def close(self) -> None:
        """Leave the line."""


class _Listeners:
    def __init__(self) -> None:
        self._heard: list[Heard] = []
        self._missed: list[Missed] = []

    def subscribe(self, heard: Heard, missed: Missed) -> None:
        self._heard.append(heard)
        self._missed.append(missed)

    def _hear(self, channel: str, body: bytes) -> None:
        for heard in self._heard:
            heard(channel, body)

    def _miss(self) -> None:
        for missed in self._missed:
            missed()


class MemoryBus(_Listeners):
    """The line inside one process. Buses built with the same `line` hear each other."""

    def __init__(self, line: list[MemoryBus] | None = None) -> None:
        super().__init__()
        self._line = [] if line is None else line
        self._line.append(self)

    def publish(self, channel: str, body: bytes) -> None:
        for bus in list(self._line):
            if bus is not self:
                bus._hear(channel, body)

    def close(self) -> None:
        self._line.remove(self)


class ValkeyBus(_Listeners):
    """The line over Valkey or Redis: one thread sends, one listens, both come back by themselves."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._me = secrets.token_bytes(8)
        self._waiting: queue.Queue[bytes] = queue.Queue(MOST_WAITING)
        self._overflowed = False
        self._closed = threading.Event()
        self.connected = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(work,), name=f"bus-{work.__name__.strip('_')}", daemon=True)
            for work in (self._send, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    def publish(self, channel: str, body: bytes) -> None:
        try:
            self._waiting.put_nowait(self._me + channel.encode() + b"\n" + body)
        except queue.Full:
            self._overflowed = True

    def close(self) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join(timeout=3)

    def _keep(self, work: Callable[[redis.Redis], None]) -> None:
        """Work on a fresh connection until closed, waiting a little longer after each failure."""
        import redis  # at scale only: one process needs no bus and should not pay for the import

        wait_s = 0.1
        while not self._closed.is_set():
            client = redis.from_url(self._url, socket_connect_timeout=2, socket_timeout=5, health_check_interval=10)
            with contextlib.closing(client):
                try:
                    client.ping()
                    wait_s = 0.1
                    work(client)
                except (redis.RedisError, OSError) as error:
                    log.warning("bus down", work=work.__name__, error=str(error), again_in_s=wait_s)
                    self._closed.wait(wait_s)
                    wait_s = min(wait_s * 2, 5.0)

    def _send(self, client: redis.Redis) -> None:
        while not self._closed.is_set():
            try:
                message = self._waiting.get(timeout=0.5)
            except queue.Empty:
                continue
            self._waiting.task_done()
            lost, self._overflowed = self._overflowed, True  # stays so if the line breaks now
            client.publish(CHANNEL, message)
            if lost:
                client.publish(CHANNEL, self._me)
            self._overflowed = False

    def _listen(self, client: redis.Redis) -> None:
        listening = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py has no type here
        with contextlib.closing(listening) as line:
            line.subscribe(CHANNEL)
            line.get_message(timeout=2)
            self.connected.set()
            self._miss()  # whatever was said before we stood on the line
            try:
                while not self._closed.is_set():
                    self._take(line.get_message(timeout=0.5))
            finally:
                self.connected.clear()

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None or message["type"] != "message":
            return
        sender, rest = message["data"][:8], message["data"][8:]
        if sender == self._me:
            return
        if not rest:
            self._miss()
            return
        channel, _, body = rest.partition(b"\n")
        self._hear(channel.decode(), body)


def open_bus(url: str) -> Bus:
    """The line for `CHOHTX_BUS_URL`: empty means one process on its own."""
    return ValkeyBus(url) if url else MemoryBus()
