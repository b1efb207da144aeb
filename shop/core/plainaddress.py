"""Addresses with a NUL in them name nothing, and PostgreSQL cannot even be asked about them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

NOWHERE = "/khong-co"


class PlainAddress:
    """ASGI middleware: what holds a NUL goes where no page is, so the usual page says that nothing was found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\x00" in scope["path"] or b"%00" in scope["query_string"]):
            prefix = "/api" if scope["path"].startswith("/api/") else ""
            scope = {**scope, "path": prefix + NOWHERE, "raw_path": None, "query_string": b""}
        await self.app(scope, receive, send)
