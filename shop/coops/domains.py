"""A co-op's own host name leads to its page here. The name is set on the desk, its DNS points at this market."""

from __future__ import annotations

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shop.coops import shopfront
from shop.core.db import Database


class OwnDomain:
    """ASGI middleware: whatever is asked of a host name of a co-op's own is sent to its page on the market."""

    def __init__(self, app: ASGIApp, db: Database, base_url: str) -> None:
        self.app, self.db, self.base_url = app, db, base_url
        self.ours = base_url.split("://")[-1].split("/")[0].split(":")[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "").split(":")[0].lower() if scope["type"] == "http" else ""
        slug = ""
        if host != self.ours and shopfront.own_domain(host) == host != "":
            slug = await anyio.to_thread.run_sync(self._slug, host)
        answer: ASGIApp = RedirectResponse(f"{self.base_url}/htx/{slug}", 301) if slug else self.app
        await answer(scope, receive, send)

    def _slug(self, host: str) -> str:
        with self.db.read() as session:
            return shopfront.of_domain(session, host)
