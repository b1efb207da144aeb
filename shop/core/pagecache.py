"""Public pages are the same bytes for everyone, so they are made once and served from memory.

An entry names its tags (`product:17`, `lists`) and dies when one of them changes (`bump`, in the transaction that
changes the facts) or when `valid_until` comes, the next moment a shown fact changes by itself. Other processes learn
within a second from the table `page_change`; it is left out where no other process keeps pages (SQLite).
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import insert
from sqlmodel import Field, Session, SQLModel, col, delete, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop.core.bus import Bus
from shop.core.db import Database, UtcDateTime, after_commit, run

MAX_BYTES = 48 * 1024 * 1024
IGNORED = ("utm_", "fbclid", "gclid", "zarsrc", "_branch")
_AT_ONCE = 300  # rows read again at each poll: PostgreSQL may commit a lower id after a higher one


class PageChange(SQLModel, table=True):
    """A tag whose facts changed; short-lived, read by the page caches of all processes."""

    __tablename__ = "page_change"

    id: int = Field(default=None, primary_key=True)
    tag: str
    at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True)
class Shared:
    """Says of an answer: public, the same bytes for everyone, true until one of `tags` changes or `valid_until`."""

    tags: Sequence[str]
    valid_until: datetime | None = None


_listeners: list[Callable[[Iterable[str]], None]] = []


def bump(session: Session, *tags: str) -> None:
    """Make every page that named one of these tags stale once this transaction commits."""
    waiting: dict[str, None] | None = session.info.get("page_tags")
    if waiting is None:
        waiting = session.info["page_tags"] = {}
        after_commit(session, lambda: _tell(list(session.info["page_tags"])))
    fresh = [tag for tag in dict.fromkeys(tags) if tag not in waiting]
    waiting.update(dict.fromkeys(fresh))
    if fresh and not session.info.get("pages_are_ours"):
        now = datetime.now(UTC)
        run(session, insert(PageChange), [{"tag": tag, "at": now} for tag in fresh])


def listen(listener: Callable[[Iterable[str]], None]) -> None:
    """Call `listener` with the tags after each commit of this process that bumped some, once pages are dropped."""
    _listeners.append(listener)


def forget(listener: Callable[[Iterable[str]], None]) -> None:
    """Stop calling `listener`."""
    _listeners.remove(listener)


def _tell(tags: Iterable[str]) -> None:
    for listener in list(_listeners):
        listener(tags)


def forget_old_changes(db: Database, now: datetime) -> None:
    """Timed job: every process has read what is a day old."""
    with db.write() as session:
        session.exec(delete(PageChange).where(col(PageChange.at) < now - timedelta(days=1)))


@dataclass(slots=True)
class _Entry:
    plain: bytes
    packed: bytes
    etag: bytes
    headers_plain: list[tuple[bytes, bytes]]
    headers_packed: list[tuple[bytes, bytes]]
    valid_until: float
    tags: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.packed) + 1500


Key = tuple[bytes, str, bytes, bytes]


class Pages:
    """The pages kept by one process. With a bus, other processes drop theirs before they hear of anything else."""

    def __init__(self, bus: Bus | None = None) -> None:
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._by_tag: dict[str, set[Key]] = {}
        self._changed: dict[str, int] = {}
        self._bytes = 0
        self._guard = threading.Lock()
        self.seq = 0
        self.hits = self.misses = 0
        """Public pages answered from memory; public pages made anew. Both only ever rise."""
        self._bus = bus
        if bus:
            bus.subscribe(self._heard, self.drop_all)
        listen(self._changed_here)

    def get(self, key: Key) -> _Entry | None:
        """The page as it is true now, None when it must be made."""
        entry = self._entries.get(key)
        if entry is None or entry.valid_until <= time.time():
            return None
        self.hits += 1
        return entry

    def keep(self, key: Key, entry: _Entry, since: int) -> None:
        """Keep a page, unless one of its tags changed after `since`, the state of things it was made from."""
        with self._guard:
            if any(self._changed.get(tag, 0) > since for tag in entry.tags):
                return  # made from facts that have changed meanwhile
            self._remove(key)
            self._entries[key] = entry
            self._bytes += entry.size
            for tag in entry.tags:
                self._by_tag.setdefault(tag, set()).add(key)
            while self._bytes > MAX_BYTES:
                self._remove(next(iter(self._entries)))

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        for tag in entry.tags:
            keys = self._by_tag.get(tag, set())
            keys.discard(key)
            if not keys:
                self._by_tag.pop(tag, None)

    def drop(self, tags: Iterable[str]) -> None:
        """Forget every page that named one of these tags. Safe from any thread."""
        with self._guard:
            self.seq += 1
            for tag in tags:
                self._changed[tag] = self.seq
                for key in list(self._by_tag.get(tag, ())):
                    self._remove(key)

    def drop_all(self) -> None:
        """Forget every page: something may have been missed."""
        with self._guard:
            known = list(self._by_tag)
        self.drop(known)

    def _changed_here(self, tags: Iterable[str]) -> None:
        self.drop(tags)
        if self._bus:
            self._bus.publish("pages", "\n".join(tags).encode())

    def _heard(self, channel: str, body: bytes) -> None:
        if channel == "pages":
            self.drop(body.decode().split("\n"))

    def close(self) -> None:
        """Stop listening to changes."""
        forget(self._changed_here)


class PageCache:
    """ASGI middleware: serves public pages from memory, remembers those the app marked with `Shared`."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _is_moving(path):
            await self.app(scope, receive, send)
            return
        host = encoding = known = fragment = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"accept-encoding":
                encoding = value
            elif name == b"if-none-match":
                known = value
            elif name == b"hx-request-type" and value == b"partial":
                fragment = value
        key = (host, path, _same_query(scope["query_string"]), fragment)
        entry = self.pages.get(key)
        if entry is not None:
            await _serve(entry, encoding, known, scope["method"], send)
            return
        await self._make(key, scope, receive, send, encoding, known)

    async def _make(self, key: Key, scope: Scope, receive: Receive, send: Send, encoding: bytes, known: bytes) -> None:
        state = scope.setdefault("state", {})
        since = self.pages.seq
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if "shared" not in state:
                await send(message)
            else:
                held.append(message)

        await self.app(scope, receive, hold)
        if not held:
            return
        self.pages.misses += 1
        body = b"".join(message.get("body", b"") for message in held)
        entry = _entry(held[0]["headers"], body, state["shared"])
        if held[0]["status"] != 200:
            await _serve(entry, encoding, b"", scope["method"], send, held[0]["status"])
            return
        self.pages.keep(key, entry, since)
        await _serve(entry, encoding, known, scope["method"], send)


def _is_moving(path: str) -> bool:
    """Event streams and pictures are never pages, and thousands of them pass no layer."""
    return "/su-kien" in path or path.startswith("/hinh/")


class ChangeReader:
    """Learns within a second what other processes changed: reads `page_change` and drops those tags here."""

    def __init__(self, db: Database, drop: Callable[[Iterable[str]], None]) -> None:
        self._db, self._drop = db, drop
        self._stop = threading.Event()
        self._seen: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="page-changes", daemon=True)

    def start(self) -> None:
        self.read()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self.read()
            except Exception:  # noqa: BLE001, S112  the database may be away for a moment; the next second tries again
                continue

    def read(self) -> None:
        """Read the newest changes once."""
        with self._db.read() as session:
            newest = select(PageChange.id, PageChange.tag).order_by(col(PageChange.id).desc()).limit(_AT_ONCE)
            rows = list(session.exec(newest))
        tags = [tag for row_id, tag in rows if row_id not in self._seen]
        self._seen = {row_id for row_id, _tag in rows}
        if tags:
            self._drop(tags)


def _same_query(query: bytes) -> bytes:
    if not query:
        return b""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode(sorted(pair for pair in pairs if not pair[0].startswith(IGNORED))).encode()


def _entry(headers: Iterable[tuple[bytes, bytes]], body: bytes, shared: Shared) -> _Entry:
    packed = gzip.compress(body, 6, mtime=0)
    etag = b'"' + hashlib.sha256(body).hexdigest()[:24].encode() + b'"'
    dropped = (b"content-length", b"content-encoding", b"set-cookie", b"cache-control", b"etag", b"vary")
    common = [pair for pair in headers if pair[0].lower() not in dropped]
    common += [(b"cache-control", b"no-cache"), (b"etag", etag), (b"vary", b"Accept-Encoding, HX-Request-Type")]
    plain = [*common, (b"content-length", str(len(body)).encode())]
    small = [*common, (b"content-length", str(len(packed)).encode()), (b"content-encoding", b"gzip")]
    until = shared.valid_until.timestamp() if shared.valid_until else float("inf")
    return _Entry(body, packed, etag, plain, small, until, tuple(shared.tags))


async def _serve(entry: _Entry, encoding: bytes, known: bytes, method: str, send: Send, status: int = 200) -> None:
    if known and entry.etag in known:
        await send({"type": "http.response.start", "status": 304, "headers": entry.headers_plain[:-1]})
        await send({"type": "http.response.body", "body": b""})
        return
    small = b"gzip" in encoding
    headers = entry.headers_packed if small else entry.headers_plain
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = b"" if method == "HEAD" else entry.packed if small else entry.plain
    await send({"type": "http.response.body", "body": body})
