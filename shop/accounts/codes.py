"""How a one-time code reaches a phone: on the page in demo, by the operator's way of texting if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from shop.accounts import service as accounts
from shop.core.db import Database
from shop.core.deps import DatabaseDep, LimitsDep, NowDep, SettingsDep
from shop.core.errors import Refusal
from shop.core.i18n import gettext as _
from shop.core.ratelimit import RateLimits
from shop.notify.service import Undeliverable
from shop.notify.texts import Texts
from shop.settings import Settings


class NoCodes(Refusal):
    """The operator has no way to send a code to a phone."""


class CodeNotSent(Refusal):
    """The code could not be handed over just now."""


class CodeSender(Protocol):
    """Brings a one-time code to a phone."""

    def send(self, phone: str, code: str) -> None:
        """Raises OSError when the code could not be handed over."""


class ShownOnPage:
    """Demo: the sign-in page itself shows the code, and says that this is a demo."""

    def send(self, phone: str, code: str) -> None:
        """Nothing to do: the page knows the code."""


class Texted:
    """By the operator's way of texting."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def send(self, phone: str, code: str) -> None:
        """Raises OSError when it was not taken."""
        words = _("%(code)s là mã vào Chợ HTX, dùng trong vài phút. Không đưa mã cho người lạ.")
        try:
            self._texts.post(phone, words % {"code": code}, kind="code")
        except Undeliverable as refused:
            raise OSError(str(refused)) from refused


def code_sender(settings: Settings) -> CodeSender | None:
    """What this operator has; without it pages offer no codes."""
    if settings.demo:
        return ShownOnPage()
    return Texted(Texts(settings)) if settings.text_url else None


@dataclass(frozen=True)
class Codes:
    """The one way a code is made and leaves. `offered` says whether there is a way at all."""

    sender: CodeSender | None
    shown: bool
    db: Database
    limits: RateLimits
    now: datetime

    @property
    def offered(self) -> bool:
        return self.sender is not None

    def send(self, phone: str, about: str = "") -> str | None:
        """A new code to this phone, three in ten minutes; it opens what it is `about`, a sign-in if nothing is said.

        Returns the code where the page itself shows it. Raises NoCodes, TooMany, CodeNotSent.
        """
        if self.sender is None:
            raise NoCodes
        self.limits.count("code", phone, times=3, per_s=600)
        with self.db.write() as session:
            code = accounts.make_code(session, about or phone, self.now)
        try:
            self.sender.send(phone, code)
        except OSError as failed:
            raise CodeNotSent from failed
        return code if self.shown else None


def _codes(request: Request, db: DatabaseDep, limits: LimitsDep, settings: SettingsDep, now: NowDep) -> Codes:
    return Codes(request.app.state.code_sender, settings.demo, db, limits, now)


CodesDep = Annotated[Codes, Depends(_codes)]
