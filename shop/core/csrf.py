"""Cross-site writes are refused by what the browser itself says; no token, so pages stay cacheable."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shop.core.web import is_api, problem

SAFE = {"GET", "HEAD", "OPTIONS"}
WORDS = "Yêu cầu đến từ một trang khác nên không được nhận. Bạn mở chợ trong cửa sổ này rồi làm lại."


class SameOriginWrites:
    """Refuses a write that another site made this browser send.

    `Sec-Fetch-Site` decides; older browsers are judged by `Origin`. A write that carries neither must carry no cookie
    (gateways' notifications and API clients prove themselves otherwise).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE and _is_cross_site(Headers(scope=scope)):
            await _refusal(Request(scope))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_cross_site(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    if origin := headers.get("origin"):
        return urlsplit(origin).netloc != headers.get("host")
    return "cookie" in headers


def _refusal(request: Request) -> Response:
    if is_api(request):
        return problem(403, "cross-site", WORDS)
    head = '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Không nhận</title>'
    return HTMLResponse(f'{head}<p role="alert">{WORDS}</p></html>', 403)
