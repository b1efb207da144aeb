"""AMF0, the values in the commands of RTMP. Source: Adobe's "Action Message Format -- AMF 0"."""

from __future__ import annotations

import struct
from typing import Any

MOST_VALUES = 200


class NotAmf(ValueError):
    """The bytes are no values, or more of them than any command has."""


def encode(*values: Any) -> bytes:
    """Numbers, booleans, strings, None and dicts of them, one after the other."""
    return b"".join(_encoded(value) for value in values)


def _encoded(value: Any) -> bytes:
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, int | float):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, dict):
        return b"\x03" + b"".join(_text(name) + _encoded(one) for name, one in value.items()) + b"\x00\x00\x09"
    return b"\x02" + _text(str(value))


def _text(text: str) -> bytes:
    body = text.encode()
    return struct.pack(">H", len(body)) + body


def decode(data: bytes) -> list[Any]:
    """All values. Raises NotAmf."""
    reader = _Reader(data)
    values: list[Any] = []
    while reader.at < len(data):
        values.append(reader.value())
    return values


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.seen = data, 0, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise NotAmf("it ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def text(self) -> str:
        return self.take(int.from_bytes(self.take(2))).decode("utf-8", "replace")

    def value(self, depth: int = 0) -> Any:
        self.seen += 1
        if self.seen > MOST_VALUES or depth > 4:
            raise NotAmf("too many values")
        match self.take(1)[0]:
            case 0:
                return struct.unpack(">d", self.take(8))[0]
            case 1:
                return bool(self.take(1)[0])
            case 2:
                return self.text()
            case 3:
                return self.fields(depth)
            case 5 | 6:
                return None
            case 8:
                self.take(4)
                return self.fields(depth)
            case 10:
                return [self.value(depth + 1) for _ in range(min(int.from_bytes(self.take(4)), MOST_VALUES))]
        raise NotAmf("a kind of value that commands do not have")

    def fields(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while name := self.text():
            found[name] = self.value(depth + 1)
        self.take(1)  # 9: the end of an object, after an empty name
        return found
