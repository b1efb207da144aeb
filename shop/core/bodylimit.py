"""Bodies that are too large are refused with a sentence before they fill memory; those that never end are given up."""

from __future__ import annotations

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_BYTES = 256 * 1024
UPLOAD_BYTES = 16 * 1024 * 1024
DRAIN_BYTES = 128 * 1024 * 1024
SILENT_S = 30.0
"""A sender whose net is a black hole holds nothing here for longer."""
WORDS = "Nội dung gửi lên quá lớn. Ảnh tối đa 12 MB, sao kê tối đa 8 MB; bạn chọn tệp nhỏ hơn rồi gửi lại."


SLOW_WORDS = "Mạng dừng giữa chừng nên chưa nhận đủ. Bạn gửi lại giúp nhé."


class _TooLarge(Exception):
    pass


class _TooSlow(Exception):
    pass


class BodyLimit:
    """At most 256 KB, or 16 MB where a form carries files (multipart); else 413.

    A too large upload is read to its end and thrown away, since a browser that is still sending shows its own error
    instead of our sentence.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = UPLOAD_BYTES if headers.get(b"content-type", b"").startswith(b"multipart/") else FORM_BYTES
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await _drain(receive)
            await _refuse(scope, send)
            return
        await self._count(most, scope, receive, send)

    async def _count(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        seen = 0
        more = True
        answered = False

        async def counted() -> Message:
            nonlocal seen, more
            try:
                async with asyncio.timeout(SILENT_S if more else None):
                    message = await receive()
            except TimeoutError:
                raise _TooSlow from None
            seen += len(message.get("body", b""))
            more = bool(message.get("more_body"))
            if seen > most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if answered:
                raise
            if more:  # to ask for more after the end would wait for ever
                await _drain(receive)
            await _refuse(scope, send)
        except _TooSlow:
            if answered:
                raise
            await _refuse(scope, send, 408, "too slow", "Chưa nhận đủ", SLOW_WORDS)


async def _drain(receive: Receive) -> None:
    seen = 0
    while seen < DRAIN_BYTES:
        try:
            async with asyncio.timeout(SILENT_S):
                message = await receive()
        except TimeoutError:
            return
        seen += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def _refuse(
    scope: Scope, send: Send, status: int = 413, problem: str = "too large", title: str = "Quá lớn", words: str = WORDS
) -> None:
    if scope["path"].startswith(("/api/", "/payments/")):
        kind = b"application/problem+json"
        told = {"type": f"/problems/{problem.replace(' ', '-')}", "title": problem, "status": status, "detail": words}
        text = json.dumps(told, ensure_ascii=False)
    else:
        kind = b"text/html; charset=utf-8"
        head = f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>{title}</title>'
        text = f'{head}<p role="alert">{words}</p></html>'
    body = text.encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
