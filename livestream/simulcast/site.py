"""RTMP as an encoder speaks it to another site. We speak it ourselves: a program that did would need the key in its
command, which anybody on the machine can read, and would not ask a site for its certificate.

Source: Adobe's "Real-Time Messaging Protocol specification" 1.0, 5.2 (handshake) and 7.2 (commands).
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from livestream.simulcast.lookup import reach
from livestream.video.amf import NotAmf, decode, encode
from livestream.video.rtmp import (
    COMMAND,
    FACTS,
    FLV_HEAD,
    HELLO,
    OUR_CHUNK_BYTES,
    SET_CHUNK,
    SET_DATA_FRAME,
    Broken,
    Chunks,
    Message,
    chunked,
)

MEET_WITHIN_S, WRITE_WITHIN_S = 10.0, 10.0
READ_BYTES = 64 * 1024
CONTROL, PING, PONG = 4, b"\x00\x06", b"\x00\x07"
TAG_HEAD, TAG_END = 11, 4
PORTS = {"rtmp": 1935, "rtmps": 443}


class NotTaken(Exception):
    """The site does not want the picture, or is no such site."""


class NotTrusted(NotTaken):
    """Somebody answers in the site's place: the certificate is not its own."""


class Site:
    """One connection on which a picture goes out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._chunks, self._stream = Chunks(), 0
        self._unread: list[Message] = []

    @classmethod
    async def meet(cls, server: str, key: str, allowed: Collection[str] = (), **way: Any) -> Site:
        """A site that has said it takes the picture; only those that the operator `allowed` may stand beside us.

        `way` are the other means of `lookup.reach`. Raises NotTaken, NotTrusted.
        """
        parts = urlsplit(server)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        try:
            async with asyncio.timeout(MEET_WITHIN_S):
                tls, inside = parts.scheme == "rtmps", host in allowed
                site = cls(*await reach(host, port, tls=tls, may_be_inside=inside, **way))
                try:
                    await site._greet()
                    await site._publish(server.rstrip("/"), parts.path.strip("/"), key)
                except BaseException:
                    site.leave()
                    raise
        except ssl.SSLCertVerificationError as why:
            raise NotTrusted(why.verify_message) from why
        except (OSError, EOFError, ValueError, Broken) as why:  # late is an OSError, no such name may be a ValueError
            raise NotTaken(repr(why)) from why
        except NotTaken as why:  # in the site's own words, which may say the key after us
            raise NotTaken(str(why).replace(key, "(key)")) from None
        return site

    def leave(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def _greet(self) -> None:
        self._writer.write(b"\x03" + bytes(8) + os.urandom(HELLO - 8))
        theirs = await self._reader.readexactly(1 + 2 * HELLO)
        self._writer.write(theirs[1 : 1 + HELLO])

    async def _publish(self, address: str, app: str, key: str) -> None:
        """Raises NotTaken."""
        about = {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible; chohtx)", "tcUrl": address}
        self._writer.write(chunked(2, SET_CHUNK, OUR_CHUNK_BYTES.to_bytes(4)))
        self._order("connect", 1, about)
        await self._answer_to(1)
        self._order("releaseStream", 2, None, key)
        self._order("FCPublish", 3, None, key)
        self._order("createStream", 4, None)
        told = await self._answer_to(4)
        if not told or not isinstance(told[-1], float):
            raise NotTaken("no stream")
        self._stream = int(told[-1])
        self._order("publish", 5, None, key, "live")
        while (status := await self._status()) != "NetStream.Publish.Start":
            if not status.startswith("NetConnection"):
                raise NotTaken(status)

    def _order(self, *words: Any) -> None:
        self._writer.write(chunked(3, COMMAND, encode(*words), stream=self._stream))

    async def _answer_to(self, number: int) -> list[Any]:
        while True:
            name, *rest = await self._command()
            if rest[:1] == [number] and name == "_result":
                return rest
            if rest[:1] == [number] and name == "_error":
                raise NotTaken("refused")

    async def _status(self) -> str:
        while True:
            name, *rest = await self._command()
            if name == "onStatus" and rest and isinstance(rest[-1], dict):
                return str(rest[-1].get("code"))

    async def _command(self) -> list[Any]:
        """The next command that can be read."""
        while True:
            while not self._unread:
                await self._hear()
            message = self._unread.pop(0)
            if message.kind == COMMAND:
                try:
                    return decode(message.body) or [""]
                except NotAmf:
                    continue

    async def _hear(self) -> None:
        """Raises EOFError when the site has hung up."""
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise EOFError
        for message in self._chunks.feed(data):
            if message.kind == CONTROL and message.body[:2] == PING:
                self._writer.write(chunked(2, CONTROL, PONG + message.body[2:]))
            else:
                self._unread.append(message)

    async def listen(self) -> None:
        """Until the site hangs up; what it says is of no interest any more."""
        try:
            while True:
                await self._hear()
                self._unread.clear()
        except (OSError, EOFError, Broken):
            return

    async def send(self, flv: asyncio.StreamReader) -> None:
        """All of a film, as it comes. Ends with it, or when the site takes nothing any more."""
        tags = Tags()
        try:
            while data := await flv.read(READ_BYTES):
                for tag in tags.feed(data):
                    body = SET_DATA_FRAME + tag.body if tag.kind == FACTS else tag.body
                    self._writer.write(chunked(4, tag.kind, body, tag.stamp_ms, self._stream))
                await asyncio.wait_for(self._writer.drain(), WRITE_WITHIN_S)
        except OSError:
            return


class Tags:
    """The tags of an FLV file. Source: Adobe's "Video File Format Specification" 10.1, annex E."""

    def __init__(self) -> None:
        self._buffer, self._at = bytearray(), len(FLV_HEAD)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Those that are whole now."""
        self._buffer += data
        while len(self._buffer) >= self._at + TAG_HEAD:
            head = self._buffer[self._at : self._at + TAG_HEAD]
            begin = self._at + TAG_HEAD
            end = begin + int.from_bytes(head[1:4])
            if len(self._buffer) < end + TAG_END:
                break
            yield Message(head[0], head[7] << 24 | int.from_bytes(head[4:7]), bytes(self._buffer[begin:end]))
            self._at = end + TAG_END
        if self._at <= len(self._buffer):
            del self._buffer[: self._at]
            self._at = 0
