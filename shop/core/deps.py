"""What a route may ask for. Nothing here does I/O while it is made, so no request waits for what it does not use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from shop.core.db import Database
from shop.core.errors import NotAllowed, NotSignedIn
from shop.core.ids import secret_token
from shop.core.ratelimit import RateLimits
from shop.core.web import Page

if TYPE_CHECKING:
    from shop.core.hub import Hub
    from shop.settings import Settings

VISITOR = "cho_khach"
SIGN_IN = "cho_phien"
CART = "cho_gio"
DESKS = {"operator": "/quan-tri", "officer": "/lien-minh"}
DESKS |= dict.fromkeys(("manager", "seller", "packer", "accountant", "helper"), "/ban-hang")
DESKS |= {"host": "/ban-hang/live", "member": "/ban-hang"}
YEAR_S = 365 * 24 * 3600

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The number of a row in an address. One that no column can hold is refused here, before a database chokes on it."""


@dataclass(frozen=True)
class Grant:
    """A role somebody holds; `coop_id` for those of a co-op's people, `ends_at` for a helper's."""

    role: str
    coop_id: int | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Person:
    """Who is signed in: plain values, not a row."""

    id: int
    name: str
    phone: str
    roles: tuple[Grant, ...] = ()

    def has(self, role: str, coop_id: int | None = None) -> bool:
        """Whether this person holds the role, for that co-op if one is named."""
        return any(g.role == role and (coop_id is None or g.coop_id == coop_id) for g in self.roles)

    def coop_ids(self, *roles: str) -> tuple[int, ...]:
        """The co-ops for which this person holds one of the roles."""
        wanted = [g.coop_id for g in self.roles if g.role in roles and g.coop_id is not None]
        return tuple(dict.fromkeys(wanted))

    def helps_until(self, coop_id: int) -> datetime | None:
        """Until when they only help this co-op, in place of its people; None for its own people and for strangers."""
        here = [grant.ends_at for grant in self.roles if grant.coop_id == coop_id]
        ends = [ends_at for ends_at in here if ends_at]
        return max(ends) if ends and len(ends) == len(here) else None

    @property
    def desk(self) -> str:
        """Where this person's work begins: the home page for those who only buy."""
        held = {grant.role for grant in self.roles}
        return next((path for role, path in DESKS.items() if role in held), "/")

    @property
    def is_operator(self) -> bool:
        return self.has("operator")

    @property
    def is_officer(self) -> bool:
        return self.has("officer") or self.is_operator


WhoIs = Callable[[Database, str, datetime], Person | None]


class Visit:
    """Who is here: a visitor's key at least, a person when signed in."""

    def __init__(self, request: Request, page: Page) -> None:
        self.request, self._page = request, page

    @cached_property
    def person(self) -> Person | None:
        """The person of the sign-in cookie, read once in a short transaction of its own; None for guests."""
        token = self.request.cookies.get(SIGN_IN)
        who_is: WhoIs = self.request.app.state.who_is
        return who_is(self.request.app.state.db, token, datetime.now(UTC)) if token else None

    @cached_property
    def visitor_key(self) -> str:
        """This browser's unguessable key; the cookie is set on the answer when it is first needed."""
        known = self.request.cookies.get(VISITOR, "")
        if 16 <= len(known) <= 64 and known.isascii() and known.replace("-", "").replace("_", "").isalnum():
            return known
        fresh = secret_token()
        self.set_cookie(VISITOR, fresh, YEAR_S)
        return fresh

    @property
    def ip(self) -> str:
        return self.request.client.host if self.request.client else ""

    def cookie(self, name: str) -> str | None:
        return self.request.cookies.get(name)

    def set_cookie(self, name: str, value: str, max_age_s: int = YEAR_S) -> None:
        """Put a cookie on the answer (pages and redirects made by `page` carry it)."""
        self._page.set_cookie(name, value, max_age_s)

    def require_person(self) -> Person:
        """The person signed in. Raises NotSignedIn."""
        if self.person is None:
            raise NotSignedIn
        return self.person

    def require(self, *roles: str, coop_id: int | None = None) -> Person:
        """The person, if one of the roles is theirs (for that co-op). Raises NotSignedIn, NotAllowed."""
        person = self.require_person()
        if not any(person.has(role, coop_id) for role in roles):
            raise NotAllowed
        return person


async def _database(request: Request) -> Database:
    db: Database = request.app.state.db
    return db


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


async def _page(request: Request) -> Page:
    page: Any = getattr(request.state, "page", None)
    if page is None:
        page = request.state.page = Page(request)
    assert isinstance(page, Page)  # noqa: S101  for the type checker
    return page


PageDep = Annotated[Page, Depends(_page)]


async def _visit(request: Request, page: PageDep) -> Visit:
    return Visit(request, page)


async def _now() -> datetime:
    return datetime.now(UTC)


DatabaseDep = Annotated[Database, Depends(_database)]
SettingsDep = Annotated["Settings", Depends(_settings)]
HubDep = Annotated["Hub", Depends(_hub)]
VisitDep = Annotated[Visit, Depends(_visit)]
NowDep = Annotated[datetime, Depends(_now)]


async def _limits(request: Request) -> RateLimits:
    limits: RateLimits = request.app.state.limits
    return limits


LimitsDep = Annotated[RateLimits, Depends(_limits)]
