"""Whole pages for browsers, one block of the same file for htmx. The only module that knows htmx's headers."""

from __future__ import annotations

import html as html_text
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from shop.core import i18n
from shop.core.dated import WEIGHT_TOLERANCE_PERCENT, in_force
from shop.core.errors import NotSignedIn, Refusal
from shop.core.observe import shown_path
from shop.core.pagecache import Shared

if TYPE_CHECKING:
    from shop.settings import Settings

log = structlog.get_logger()
TEMPLATES = Path(__file__).parents[2] / "storefront_templates"
NOTICES = "cho_bao"
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'; frame-src 'none'"
)
# A form that leads to a gateway is followed there by browsers only if its redirect may go there, too.
CSP_PAY = CSP.replace("form-action 'self'", "form-action 'self' https:")
FRAMES = "https://www.youtube-nocookie.com https://www.facebook.com https://www.tiktok.com"  # whose players rooms show
CSP_ROOM = CSP.replace("frame-src 'none'", f"frame-src {FRAMES}; media-src 'self' blob:; worker-src 'self' blob:")


@lru_cache
def with_pictures_of(csp: str, media_base: str) -> str:
    """Where moving pictures may be shown, those of the media server may come, too, and a camera may send there."""
    if not media_base or "media-src" not in csp:
        return csp
    moving = csp.replace("media-src 'self'", f"connect-src 'self' {media_base}; media-src 'self' {media_base}")
    return moving.replace("img-src 'self'", f"img-src 'self' {media_base}")


def join(router: APIRouter, rooms: Iterable[APIRouter]) -> None:
    """Hand the rooms' routes on as they are: `include_router` would take each apart anew for every app that is made.

    Of `router` only `include_in_schema` counts: a prefix or dependencies belong to the room.
    """
    for room in rooms:
        for route in room.routes:
            if isinstance(route, APIRoute):
                route.include_in_schema = route.include_in_schema and router.include_in_schema
            router.routes.append(route)


def make_templates(settings: Settings, asset: Callable[[str], str]) -> Environment:
    """The one template environment. Missing facts raise; macros of `ui.html` are the global `ui`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=settings.demo,
        bytecode_cache=FileSystemBytecodeCache(),  # in this user's temporary folder: the next start compiles nothing
    )
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # from the i18n extension
    environment.globals.update(gettext=_gettext, _=_gettext)
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(i18n.FILTERS)
    environment.filters["jsonld"] = _jsonld
    environment.globals.update(
        url=i18n.url,
        either=i18n.either,
        asset=asset,
        lang=i18n.current_lang,
        shop=settings,
        now=lambda: datetime.now(UTC),
        weight_tolerance_percent=lambda: in_force(WEIGHT_TOLERANCE_PERCENT, datetime.now(UTC)).value,
    )
    ui: Any = environment.get_template("ui.html").module
    ui.icon = lru_cache(maxsize=500)(ui.icon)  # the same few stand two dozen times on every page
    environment.globals["ui"] = ui
    environment.globals["still"] = _still(environment)
    return environment


def _still(environment: Environment) -> Callable[[str], Markup]:
    """Parts that are the same on every page of a language (the footer) are rendered once."""

    @lru_cache(maxsize=50)
    def rendered(name: str, _lang: i18n.Lang) -> Markup:
        return Markup(environment.get_template(name).render())  # noqa: S704  a template of ours

    return lambda name: rendered(name, i18n.current_lang())


def _gettext(text: str, **facts: Any) -> Markup:
    """As Jinja's own, but what holds nothing to fill in is not formatted: nine texts of ten on a page."""
    words = Markup(i18n.gettext(text))  # noqa: S704  our own texts; facts are escaped as they are filled in
    return words % facts if facts or "%" in words else words


def _jsonld(value: Any) -> Markup:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026").replace(">", "\\u003e"))  # noqa: S704  escaped above


def sentence(templates: Environment, refusal: Refusal) -> str:
    """What a person reads when the rule says no: the macro of the rule's name in `refusals/<room>.html`."""
    macro = getattr(templates.get_template(f"refusals/{refusal.room}.html").module, type(refusal).__name__)
    return " ".join(html_text.unescape(str(macro(refusal.facts))).split())


class Page:
    """Answers with a whole page to a browser, and with one block of the same file to htmx."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.templates: Environment = request.app.state.templates
        self.settings: Settings = request.app.state.settings
        self.cookies: list[tuple[str, str, int]] = []
        self.known: dict[str, Any] = {}
        """What every page of this request knows beside its own facts."""
        self._said: list[str] = []

    @property
    def wants_fragment(self) -> bool:
        return self.request.headers.get("hx-request-type") == "partial" and "hx-boosted" not in self.request.headers

    @property
    def lang(self) -> i18n.Lang:
        return i18n.current_lang()

    def __call__(
        self,
        name: str,
        *,
        block: str = "main",
        status: int = 200,
        cache: Shared | None = None,
        csp: str = CSP,
        **facts: Any,
    ) -> Response:
        """Render `name`, or only its block for htmx. With `cache` the answer is public; without, private."""
        notices = [] if cache else self._take_notices()
        facts = {"request": self.request, "path": self.request.url.path, "notices": notices, **self.known, **facts}
        template = self.templates.get_template(name)
        html = self._fragment(template, block, facts) if self.wants_fragment else template.render(facts)
        allowed = with_pictures_of(csp, self.settings.media_base)
        response = HTMLResponse(html, status, headers={"Content-Security-Policy": allowed, "Vary": "HX-Request-Type"})
        if cache and status == 200:
            self.request.scope["state"]["shared"] = cache
            return response
        response.headers["Cache-Control"] = "no-store"
        self._put_cookies(response, keep_notices=False)
        return response

    def _fragment(self, template: Template, block: str, facts: dict[str, Any]) -> str:
        html = "".join(template.blocks[block](template.new_context(facts)))
        if facts["notices"]:
            html += self.templates.get_template("parts/notices.html").render({**facts, "fragment": True})
        return html

    def say(self, notice: str) -> None:
        """Show a notice once, here or on the next page; its words stand in `parts/notices.html` under this key."""
        self._said.append(notice)

    def _take_notices(self) -> list[str]:
        waiting = self.request.cookies.get(NOTICES, "")
        return [key for key in waiting.split(".") if key] + self._said

    def go(self, url: str, notice: str | None = None) -> Response:
        """Move the visitor to another page: 303 for a browser, HX-Redirect for htmx. `url` may carry no language."""
        if notice:
            self.say(notice)
        target = i18n.url(url)
        if "hx-request" in self.request.headers and "hx-boosted" not in self.request.headers:
            response = Response(headers={"HX-Redirect": target})
        else:
            response = RedirectResponse(target, status_code=303)
        response.headers["Cache-Control"] = "no-store"
        self._put_cookies(response, keep_notices=True)
        return response

    def set_cookie(self, name: str, value: str, max_age_s: int) -> None:
        """Put a cookie on whatever this request answers (never on a public page)."""
        self.cookies.append((name, value, max_age_s))

    def _put_cookies(self, response: Response, *, keep_notices: bool) -> None:
        if keep_notices and self._said:
            self.set_cookie(NOTICES, ".".join(self._said), 60)
        elif not keep_notices and NOTICES in self.request.cookies:
            self.set_cookie(NOTICES, "", 0)
        put_cookies(self, response)


def put_cookies(page: Page, response: Response) -> None:
    """Write the cookies collected during a request on its answer."""
    secure = page.settings.base_url.startswith("https://")
    for name, value, max_age_s in page.cookies:
        response.set_cookie(name, value, max_age_s, httponly=True, secure=secure, samesite="lax", path="/")
    page.cookies.clear()


def is_api(request: Request) -> bool:
    """Machines get problem+json, people get pages."""
    return request.url.path.startswith(("/api/", "/payments/"))


def problem(status: int, kind: str, detail: str, **more: Any) -> JSONResponse:
    """An error as RFC 9457 `application/problem+json` with a stable `type`."""
    body = {"type": f"/problems/{kind}", "title": kind.replace("-", " "), "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def install_errors(app: FastAPI) -> None:
    """One place turns refusals and errors into pages or problem+json."""

    @app.exception_handler(Refusal)
    def refuse(request: Request, refusal: Refusal) -> Response:
        if isinstance(refusal, NotSignedIn) and not is_api(request):
            back = request.headers.get("hx-current-url") or str(request.url.path)
            return Page(request).go(f"/dang-nhap?tiep={quote(_path_of(back))}")
        words = sentence(app.state.templates, refusal)
        retry_s = refusal.facts.get("retry_after_s")
        if is_api(request):
            response: Response = problem(refusal.status, refusal.kind, words, **_plain(refusal.facts))
        else:
            response = _refused_page(request, refusal.status, words)
        if retry_s:
            response.headers["Retry-After"] = str(retry_s)
        return response

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [{"field": ".".join(map(str, e["loc"])), "code": e["type"]} for e in error.errors()]
        words = i18n.gettext("Yêu cầu chưa đúng, vui lòng kiểm tra lại.")
        if is_api(request):
            return problem(422, "invalid-request", words, errors=errors)
        return _refused_page(request, 422, words)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if is_api(request):
            return problem(error.status_code, _HTTP.get(error.status_code, "http-error"), str(error.detail))
        return _error_page(request, error.status_code)

    @app.exception_handler(Exception)
    def crash(request: Request, error: Exception) -> Response:
        log.error("request failed", path=shown_path(request.url.path), exc_info=error)
        if is_api(request):
            return problem(500, "our-failure", "Chợ gặp trục trặc, vui lòng thử lại sau ít phút.")
        return _error_page(request, 500)


_HTTP = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if isinstance(value, str | int | list | dict | None)}


def _path_of(address: str) -> str:
    without_host = address.split("://", 1)[-1]
    return "/" + without_host.split("/", 1)[1] if "://" in address and "/" in without_host else address


def _refused_page(request: Request, status: int, words: str) -> Response:
    page = Page(request)
    response = page("refused.html", block="refusal", status=status, words=words)
    if page.wants_fragment:
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _error_page(request: Request, status: int) -> Response:
    page = Page(request)
    response = page("error.html", block="refusal", status=status, code=status)
    if page.wants_fragment:
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
