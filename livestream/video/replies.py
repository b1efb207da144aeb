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
FOR_EVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it goes out."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


def playlist(body: bytes) -> Reply:
    """A playlist: fresh for a second, so that a cache in front carries the crowd."""
    return Reply(200, ((b"content-type", b"application/vnd.apple.mpegurl"), A_SECOND, *OPEN), body)


def media(body: bytes, kind: bytes = b"video/mp4") -> Reply:
    """Bytes that never change under their name."""
    return Reply(200, ((b"content-type", kind), FOR_EVER, *OPEN), body)


def told(status: int, body: bytes, kind: bytes = b"application/json", *more: Header) -> Reply:
    """Something about now."""
    return Reply(status, ((b"content-type", kind), NEVER, *OPEN, *more), body)


async def answer(send: Send, reply: Reply, *, head: bool = False) -> None:
    """Send it whole."""
    length = (b"content-length", str(len(reply.body)).encode())
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})
