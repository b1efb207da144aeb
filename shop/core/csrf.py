"""Cross-site writes are refused by what the browser itself says; no token, so pages stay cacheable."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = {"GET", "HEAD", "OPTIONS"}


class SameOriginWrites:
    """Refuses a write that another site made this browser send.

    `Sec-Fetch-Site` decides; older browsers are judged by `Origin`. A write that carries neither must carry no cookie
    (gateways' notifications and API clients prove themselves otherwise).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE and _is_cross_site(Headers(scope=scope)):
            refused = PlainTextResponse("Yêu cầu đến từ một trang khác nên không được nhận.", 403)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_cross_site(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    if origin := headers.get("origin"):
        return urlsplit(origin).netloc != headers.get("host")
    return "cookie" in headers
