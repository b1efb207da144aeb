"""Answers about pictures: small, plain, and open to any page (nothing here is anybody's own)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Send

Header = tuple[bytes, bytes]
OPEN: tuple[Header, ...] = ((b"access-control-allow-origin", b"*"),)
PREFLIGHT: tuple[Header, ...] = (
    *OPEN,
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"86400"),
)
NEVER: Header = (b"cache-control", b"no-store")
A_SECOND: Header = (b"cache-control", b"max-age=1")
SHOWN_FOR_S = 2
"""So long a cache in front may show a picture without asking. A stop must be everywhere within five seconds, and the
media server may hear of it a second late; a crowd asks for the same part within this time, and later askers cost the
front a 304."""
A_MOMENT: Header = (b"cache-control", b"public, max-age=%d, must-revalidate" % SHOWN_FOR_S)
PRIVATELY: Header = (b"cache-control", b"private, no-store")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it goes out."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


def playlist(body: bytes) -> Reply:
    """A playlist: fresh for a second, so that a cache in front carries the crowd."""
    return Reply(200, ((b"content-type", b"application/vnd.apple.mpegurl"), A_SECOND, *OPEN), body)


def media(body: bytes, name: str, kind: bytes = b"video/mp4") -> Reply:
    """Part of a picture: its bytes never change under its name, but whether it may be seen does."""
    tag = (b"etag", b'"%s-%d"' % (name.encode(), len(body)))
    return Reply(200, ((b"content-type", kind), A_MOMENT, tag, *OPEN), body)


def unless_known(reply: Reply, known: bytes) -> Reply:
    """The same, without its bytes for a cache that has them: `known` is its If-None-Match."""
    tag = next((value for name, value in reply.headers if name == b"etag"), b"") if known else b""
    if not tag or tag not in known:
        return reply
    return Reply(304, tuple(header for header in reply.headers if header[0] != b"content-type"))


def privately(reply: Reply) -> Reply:
    """For this one browser: nobody keeps it, and no other site may read it."""
    kept = [header for header in reply.headers if header not in OPEN and header[0] not in (b"cache-control", b"etag")]
    return Reply(reply.status, (*kept, PRIVATELY), reply.body)


def told(status: int, body: bytes, kind: bytes = b"application/json", *more: Header) -> Reply:
    """Something about now."""
    return Reply(status, ((b"content-type", kind), NEVER, *OPEN, *more), body)


async def answer(send: Send, reply: Reply, *, head: bool = False) -> None:
    """Send it whole."""
    length = [] if reply.status == 304 else [(b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, *length]})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})
