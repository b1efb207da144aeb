"""The raw ASGI writer of event streams. Stands outside everything: no route, no dependency, no session per viewer.

`/live/{slug}/su-kien` is the public room of a session; `/su-kien/{token}` any other room (an order, a co-op), opened
by a token that only our own pages give out.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import re
import time
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from shop.core.deps import VISITOR, YEAR_S
from shop.core.hub import Hub
from shop.core.ids import secret_token
from shop.core.room import Line, Room, Viewer, frame
from shop.core.wire import take_over

MOST_STREAMS = 20_000
MOST_OF_ONE = 20  # pages of one visitor in one room
LIVE = "live"
IsOpen = Callable[[str], Awaitable[bool]]
"""Whether there is a public room of this slug."""
PUBLIC = re.compile(r"/live/([a-z0-9-]{1,100})/su-kien")
SIGNED = re.compile(r"/su-kien/([A-Za-z0-9_-]{1,200})\.([0-9]{1,12})\.([A-Za-z0-9_-]{22})")
KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


def live_room(slug: str) -> str:
    """The name of a session's public room."""
    return f"{LIVE}:{slug}"


def stream_path(secret_key: str, room: str, until_s: int) -> str:
    """The address at which a page listens to `room` until the Unix time `until_s`. Whoever has it may listen."""
    name = base64.urlsafe_b64encode(room.encode()).decode().rstrip("=")
    return f"/su-kien/{name}.{until_s}.{_sign(secret_key, name, str(until_s))}"


def _sign(secret_key: str, name: str, until: str) -> str:
    digest = hmac.digest(secret_key.encode(), f"stream:{name}:{until}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def room_at(path: str, secret_key: str, now_s: float) -> str | None:
    """The room that `path` may listen to; "" when it is a stream's address that proves nothing; None for any other."""
    if public := PUBLIC.fullmatch(path):
        return live_room(public[1])
    if not path.startswith("/su-kien/"):
        return None
    signed = SIGNED.fullmatch(path)
    if not signed or int(signed[2]) < now_s:
        return ""
    if not hmac.compare_digest(_sign(secret_key, signed[1], signed[2]), signed[3]):
        return ""
    return base64.urlsafe_b64decode(signed[1] + "=" * (-len(signed[1]) % 4)).decode()


class EventStream:
    """ASGI: answers the addresses of streams, passes all else on. `is_open` says which public rooms there are."""

    def __init__(
        self, app: ASGIApp, hub: Hub, secret_key: str, *, secure: bool = False, is_open: IsOpen | None = None
    ) -> None:
        self.app, self.hub, self._secret_key, self._secure = app, hub, secret_key, secure
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or "/su-kien" not in path:
            await self.app(scope, receive, send)
            return
        lang = "en" if path.startswith("/en/") else "vi"
        room = room_at(path.removeprefix("/en"), self._secret_key, time.time())
        if room is None:
            await self.app(scope, receive, send)
        elif status := self._refused(scope["method"], room) or await self._unknown(room):
            await _answer(send, status)
        else:
            await self._stream(self.hub.room(room), lang, scope, receive, send)

    def _refused(self, method: str, room: str) -> int:
        if method != "GET":
            return 405
        if not room:
            return 403
        return 503 if self.hub.closing or self.hub.open_streams >= MOST_STREAMS else 0

    async def _unknown(self, room: str) -> int:
        kind, _, slug = room.partition(":")
        is_there = kind != LIVE or self._is_open is None or await self._is_open(slug)
        return 0 if is_there else 404

    async def _stream(self, room: Room, lang: str, scope: Scope, receive: Receive, send: Send) -> None:
        key, cursor, fresh = _visitor(scope)
        if len(room.viewers.get(key, ())) >= MOST_OF_ONE:
            await _answer(send, 429)
            return
        viewer = Viewer(room, key, lang, room.place_of(cursor))
        headers = [*HEADERS, *([(b"set-cookie", self._cookie(key))] if fresh else [])]
        if line := take_over(scope, viewer, headers):
            self._greet(viewer, line)
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sent = _Sent(viewer)
        self._greet(viewer, sent)
        writer = asyncio.create_task(sent.go_on(send))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            viewer.connection_lost(None)
            writer.cancel()

    def _greet(self, viewer: Viewer, line: Line) -> None:
        viewer.line = line
        self.hub.enter(viewer)
        line.write(_hello(viewer.room, viewer.place, self.hub.viewers(viewer.room.name)))
        viewer.catch_up()

    def _cookie(self, viewer: str) -> bytes:
        secure = "; Secure" if self._secure else ""
        return f"{VISITOR}={viewer}; Max-Age={YEAR_S}; Path=/; HttpOnly; SameSite=lax{secure}".encode()


class _Sent:
    """The line where the server keeps the connection: one write through ASGI's `send`, the next when it has gone."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._waiting = b""
        self._written = asyncio.Event()
        self._over = False

    def write(self, data: bytes) -> None:
        self._waiting += data
        self._viewer.pause_writing()
        self._written.set()

    def close(self) -> None:
        self._over = True
        self._written.set()

    abort = close

    async def go_on(self, send: Send) -> None:
        """Send until closed."""
        while not self._over:
            await self._written.wait()
            self._written.clear()
            body, self._waiting = self._waiting, b""
            await send({"type": "http.response.body", "body": body, "more_body": True})
            self._viewer.resume_writing()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _hello(room: Room, place: int, viewers: int) -> bytes:
    """Where the stream stands, the server's clock, how many look on, and how long to wait before coming back.

    The wait is spread, so that thousands do not come in the same moment after a restart.
    """
    at = f"id: {room.birth}-{place}\n" if place >= 0 else ""
    wait_ms = random.randint(1000, 3000)  # noqa: S311  no secret
    clock = frame("server-time", f"{time.time() * 1000:.0f}")
    return f"retry: {wait_ms}\n{at}".encode() + clock + frame("viewers", str(viewers))


def _visitor(scope: Scope) -> tuple[str, str, bool]:
    """The viewer's key, the place where the page or the lost line stood, and whether the key is new."""
    headers = dict(scope["headers"])
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("tu", [""])
    cursor = headers.get(b"last-event-id", b"").decode("latin-1") or asked[0]
    try:
        cookie = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(VISITOR)
    except CookieError:
        cookie = None
    if cookie is not None and KEY.fullmatch(cookie.value):
        return cookie.value, cursor[:64], False
    return secret_token(), cursor[:64], True


async def _answer(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
