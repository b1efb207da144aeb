"""Many callers in one event loop: bare HTTP/1.1 over kept connections, so that the client costs little."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    body: bytes


class Line:
    """One kept connection. Raises OSError when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Got:
        """One request and its whole answer."""
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port, limit=4 * 1024 * 1024)
        reader, writer = self._open
        told = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{told}{length}\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return Got(int(head.split(b" ", 2)[1]), await reader.readexactly(size))

    async def get(self, path: str) -> Got:
        return await self.ask("GET", path)

    def close(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None
