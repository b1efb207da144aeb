"""RTMP as OBS and other encoders speak it to publish: bytes in, answers and FLV out. No socket, no clock.

Source: Adobe's "Real-Time Messaging Protocol specification" 1.0, 5.2 (handshake), 5.3 (chunks), 7.2 (commands).
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from livestream.video.amf import NotAmf, decode, encode

HELLO = 1536
MOST_MESSAGE_BYTES = 4 * 1024 * 1024
MOST_CHUNK_BYTES = 1024 * 1024
MOST_STREAMS = 16
TELL_EVERY_BYTES = 500_000
OUR_CHUNK_BYTES = 4096
SET_CHUNK, ACKNOWLEDGE, WINDOW, BANDWIDTH, SOUND, PICTURE, FACTS, COMMAND = 1, 3, 5, 6, 8, 9, 18, 20
FLV_HEAD = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
SET_DATA_FRAME = encode("@setDataFrame")


class Broken(Exception):
    """What came is no RTMP, or more than we take."""


@dataclass
class _Stream:
    """One chunk stream: what its short headers leave out is as it was before."""

    stamp_ms: int = 0
    step_ms: int = 0
    length: int = 0
    kind: int = 0
    extended: bool = False
    body: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Message:
    kind: int
    stamp_ms: int
    body: bytes


class _NotYet(Exception):
    """The rest of a chunk has not come."""


class Chunks:
    """Puts messages together from the chunks that carry them."""

    def __init__(self) -> None:
        self._buffer, self._at = bytearray(), 0
        self._streams: dict[int, _Stream] = {}
        self._size = 128

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now. Raises Broken."""
        self._buffer += data
        whole = 0
        with contextlib.suppress(_NotYet):
            while True:
                message = self._chunk()
                whole = self._at
                if message and message.kind == SET_CHUNK:
                    self._set_size(message.body)
                elif message:
                    yield message
        del self._buffer[:whole]
        self._at = 0

    def _take(self, count: int) -> bytes:
        if self._at + count > len(self._buffer):
            raise _NotYet
        self._at += count
        return bytes(self._buffer[self._at - count : self._at])

    def _set_size(self, body: bytes) -> None:
        self._size = int.from_bytes(body[:4]) & 0x7FFFFFFF
        if not 1 <= self._size <= MOST_CHUNK_BYTES:
            raise Broken("chunks of that size")

    def _chunk(self) -> Message | None:
        """The next chunk; the message if this one ends it. Nothing has changed when it is not all there."""
        form, number = divmod(self._take(1)[0], 64)
        if number < 2:
            number = 64 + int.from_bytes(self._take(number + 1), "little")
        known = self._streams.get(number)
        if known is None and (form == 3 or len(self._streams) >= MOST_STREAMS):
            raise Broken("a stream that was never opened")
        stream = self._header(form, known or _Stream())
        body = self._take(min(self._size, stream.length - len(stream.body)))
        if not stream.body:
            stream.stamp_ms = (stream.stamp_ms + stream.step_ms) & 0xFFFFFFFF
        stream.body += body
        self._streams[number] = stream
        if len(stream.body) < stream.length:
            return None
        whole, stream.body = bytes(stream.body), bytearray()
        return Message(stream.kind, stream.stamp_ms, whole)

    def _header(self, form: int, stream: _Stream) -> _Stream:
        """How the stream stands after this header; what it leaves out is as before."""
        head = self._take((11, 7, 3, 0)[form])
        if form == 3:
            if stream.extended:
                self._take(4)
            return stream
        if stream.body:
            raise Broken("a message inside a message")
        stamp = int.from_bytes(head[:3])
        extended = stamp == 0xFFFFFF
        stamp = int.from_bytes(self._take(4)) if extended else stamp
        length, kind = (int.from_bytes(head[3:6]), head[6]) if form < 2 else (stream.length, stream.kind)
        if length > MOST_MESSAGE_BYTES:
            raise Broken("a message too large")
        if form == 0:  # a stamp of its own; those that follow without one have the same
            return _Stream(stamp, 0, length, kind, extended)
        return _Stream(stream.stamp_ms, stamp, length, kind, extended)


@dataclass(frozen=True)
class Publish:
    """The encoder wants to send under this key: answer with `accept` or `refuse`."""

    key: str


@dataclass(frozen=True)
class Media:
    """Bytes of an FLV file, in order."""

    flv: bytes


@dataclass(frozen=True)
class Bye:
    """The encoder has ended."""


Said = Publish | Media | Bye


class Conversation:
    """One encoder. `feed` gives what it said; `take_answer` what to send back."""

    def __init__(self) -> None:
        self._chunks, self._hello, self._stage = Chunks(), bytearray(), 0
        self._answer = bytearray()
        self._got = self._told = 0
        self._publishing = False

    def take_answer(self) -> bytes:
        """What is to be sent now."""
        answer = bytes(self._answer)
        self._answer.clear()
        return answer

    def feed(self, data: bytes) -> Iterator[Said]:
        """What the encoder said. Raises Broken."""
        if self._stage < 2:
            data = self._greet(data)
        self._got += len(data)
        if self._got - self._told > TELL_EVERY_BYTES:
            self._told = self._got
            self._send(2, ACKNOWLEDGE, struct.pack(">I", self._got & 0xFFFFFFFF))
        for message in self._chunks.feed(data) if data else ():
            yield from self._heard(message)

    def _greet(self, data: bytes) -> bytes:
        """The three steps of the handshake; returns what comes after them."""
        self._hello += data
        if self._stage == 0 and len(self._hello) >= 1 + HELLO:
            if self._hello[0] != 3:
                raise Broken("no RTMP")
            theirs = bytes(self._hello[1 : 1 + HELLO])
            self._answer += b"\x03" + bytes(8) + os.urandom(HELLO - 8) + theirs
            del self._hello[: 1 + HELLO]
            self._stage = 1
        if self._stage == 1 and len(self._hello) >= HELLO:
            rest = bytes(self._hello[HELLO:])
            self._hello.clear()
            self._stage = 2
            return rest
        if self._stage == 0 and self._hello and self._hello[0] != 3:
            raise Broken("no RTMP")
        return b""

    def _heard(self, message: Message) -> Iterator[Said]:
        if message.kind == COMMAND:
            yield from self._ordered(message.body)
        elif message.kind in (SOUND, PICTURE, FACTS) and self._publishing:
            yield Media(_tag(message))

    def _ordered(self, body: bytes) -> Iterator[Said]:
        try:
            name, number, *rest = decode(body)
        except (NotAmf, ValueError) as wrong:
            raise Broken(str(wrong)) from wrong
        if name == "connect":
            self._connected(number)
        elif name == "createStream":
            self._send(3, COMMAND, encode("_result", number, None, 1))
        elif name == "publish":
            yield Publish(rest[1] if len(rest) > 1 and isinstance(rest[1], str) else "")
        elif name in ("deleteStream", "FCUnpublish", "closeStream"):
            yield Bye()
        elif number:
            self._send(3, COMMAND, encode("_result", number, None, None))

    def _connected(self, number: Any) -> None:
        self._send(2, WINDOW, struct.pack(">I", 2_500_000))
        self._send(2, BANDWIDTH, struct.pack(">IB", 2_500_000, 2))
        self._send(2, SET_CHUNK, struct.pack(">I", OUR_CHUNK_BYTES))
        facts = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31}
        told = {"level": "status", "code": "NetConnection.Connect.Success", "description": "ok", "objectEncoding": 0}
        self._send(3, COMMAND, encode("_result", number, facts, told))

    def accept(self) -> bytes:
        """The key is good. Returns how the FLV begins."""
        told = {"level": "status", "code": "NetStream.Publish.Start", "description": "ok"}
        self._send(3, COMMAND, encode("onStatus", 0, None, told), stream=1)
        self._publishing = True
        return FLV_HEAD

    def refuse(self) -> None:
        """The key is not good now."""
        told = {"level": "error", "code": "NetStream.Publish.BadName", "description": "denied"}
        self._send(3, COMMAND, encode("onStatus", 0, None, told), stream=1)

    def _send(self, chunk: int, kind: int, body: bytes, stream: int = 0) -> None:
        self._answer += chunked(chunk, kind, body, stream=stream)


def chunked(chunk: int, kind: int, body: bytes, stamp_ms: int = 0, stream: int = 0) -> bytes:
    """One message in chunks of OUR_CHUNK_BYTES, on a chunk stream below 64."""
    late = struct.pack(">I", stamp_ms) if stamp_ms >= 0xFFFFFF else b""
    head = bytes([chunk]) + min(stamp_ms, 0xFFFFFF).to_bytes(3) + len(body).to_bytes(3) + bytes([kind])
    pieces = [body[at : at + OUR_CHUNK_BYTES] for at in range(0, len(body), OUR_CHUNK_BYTES)]
    return head + struct.pack("<I", stream) + late + (bytes([0xC0 | chunk]) + late).join(pieces)


def _tag(message: Message) -> bytes:
    """One tag of an FLV file with the length that follows it."""
    body = message.body.removeprefix(SET_DATA_FRAME) if message.kind == FACTS else message.body
    stamp = message.stamp_ms
    times = (stamp & 0xFFFFFF).to_bytes(3) + bytes([stamp >> 24 & 255])
    tag = bytes([message.kind]) + len(body).to_bytes(3) + times + bytes(3) + body
    return tag + len(tag).to_bytes(4)
