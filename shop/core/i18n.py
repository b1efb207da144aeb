"""Vietnamese is the source text; English is the one catalogue, under the same addresses with `/en` in front."""

from __future__ import annotations

import gettext as gnu
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp, Receive, Scope, Send

from shop.core.money import NBSP, format_number, format_vnd, per_kg_vnd
from shop.core.spoken import vnd_in_words

Lang = Literal["vi", "en"]
HERE = ZoneInfo("Asia/Ho_Chi_Minh")
CATALOGUE = Path(__file__).parents[1] / "locales" / "en" / "LC_MESSAGES" / "messages.po"

_lang: ContextVar[Lang] = ContextVar("lang", default="vi")


class LanguageFromPath:
    """`/en/gio-hang` is `/gio-hang` in English: routes match as ever and `url()` keeps the prefix."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        english = path == "/en" or path.startswith("/en/")
        if english:
            scope = {**scope, "path": path[3:] or "/", "raw_path": None}
        scope.setdefault("state", {})["lang"] = "en" if english else "vi"
        token = _lang.set("en" if english else "vi")
        try:
            await self.app(scope, receive, send)
        finally:
            _lang.reset(token)


def current_lang() -> Lang:
    """The language of the request at hand."""
    return _lang.get()


class speaking:  # noqa: N801  reads as a sentence: with speaking("en")
    """Within the block, texts come out in this language (messages, share pictures, room frames)."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __enter__(self) -> None:
        self._token = _lang.set(self.lang)

    def __exit__(self, *_exc: object) -> None:
        _lang.reset(self._token)


@lru_cache(maxsize=1)
def _english() -> gnu.NullTranslations:
    from babel.messages import mofile, pofile  # only English needs it

    if not CATALOGUE.exists():
        return gnu.NullTranslations()
    import io

    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source))
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def gettext(text: str) -> str:
    """The text in the language of the request; a missing English line stays Vietnamese."""
    return text if _lang.get() == "vi" else _english().gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """As `gettext`; Vietnamese does not change by number."""
    if _lang.get() == "vi":
        return one if count == 1 else many
    return _english().ngettext(one, many, count)


def either(vietnamese: str, english: str) -> str:
    """A name that was written in both languages, in that of the request; Vietnamese where there is no English."""
    return english if english and _lang.get() == "en" else vietnamese


def url(path: str) -> str:
    """An internal address in the language of the request."""
    if _lang.get() == "vi" or not path.startswith("/") or path.startswith(("/static/", "/media/")):
        return path
    return "/en" if path == "/" else f"/en{path}"


def kg(weight_g: int) -> str:
    """500 -> '0,5 kg'; 3000 -> '3 kg'; 250 -> '250 g'."""
    if weight_g < 500:
        return f"{weight_g}{NBSP}g"
    whole, rest = divmod(weight_g, 1000)
    digits = f",{rest:03d}".rstrip("0") if rest else ""
    if _lang.get() == "en":
        digits = digits.replace(",", ".")
    return f"{format_number(whole)}{digits}{NBSP}kg"


def local(moment: datetime) -> datetime:
    """The instant on the clock of Vietnam."""
    return moment.astimezone(HERE)


def day(when: date | datetime) -> str:
    """21/11/2026."""
    return (local(when) if isinstance(when, datetime) else when).strftime("%d/%m/%Y")


def hour(when: datetime) -> str:
    """14:30."""
    return local(when).strftime("%H:%M")


def moment(when: datetime) -> str:
    """14:30 21/11/2026."""
    return local(when).strftime("%H:%M %d/%m/%Y")


def phone(number: str) -> str:
    """+84912345678 -> '0912 345 678'."""
    digits = "0" + number[3:] if number.startswith("+84") else number
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}".strip() if digits.isdigit() else number


FILTERS = {
    "vnd": format_vnd,
    "vnd_in_words": vnd_in_words,
    "per_kg": per_kg_vnd,
    "number": format_number,
    "kg": kg,
    "day": day,
    "hour": hour,
    "moment": moment,
    "phone": phone,
}
