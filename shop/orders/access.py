"""Who may see an order: whoever has its secret link, and, with less shown, whoever knows its code and phone."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from shop.core.ids import derived_token, read_crockford, same
from shop.orders.models import Order

COOKIE = "cho_don"
MOST_KEPT = 12
_PURPOSE = {"full": "order", "masked": "order-look-up"}


class Sight(StrEnum):
    """How much of an order is shown: all of it, or name and street masked."""

    FULL = "full"
    MASKED = "masked"


def token(secret_key: str, code: str, sight: Sight = Sight.FULL) -> str:
    """The secret that opens an order; derived, so that nothing secret is stored."""
    return derived_token(secret_key, _PURPOSE[sight], code)


def secret_link(secret_key: str, code: str) -> str:
    """The address that proves the order to whoever has it."""
    return f"/don-hang/{code}?k={token(secret_key, code)}"


def opens(secret_key: str, code: str, typed: str | None) -> Sight | None:
    """What this token shows of the order, None if nothing."""
    if not typed or not typed.isascii():
        return None
    return next((sight for sight in Sight if same(token(secret_key, code, sight), typed)), None)


def remember(cookie: str | None, code: str, key: str) -> str:
    """The cookie that lets this browser open the order again without its secret in the address; newest first."""
    others = [pair for pair in (cookie or "").split("~") if pair and not pair.startswith(f"{code}.")]
    return "~".join([f"{code}.{key}", *others][:MOST_KEPT])


def remembered(cookie: str | None, code: str) -> str | None:
    """The token that this browser kept for the order."""
    pairs = (pair.partition(".") for pair in (cookie or "").split("~"))
    return next((key for known, _dot, key in pairs if known == code), None)


def look_up(session: Session, phone: str, typed_code: str) -> str | None:
    """The code of the order with this code and this phone, however the code was typed; None if there is none."""
    code = read_crockford(typed_code)
    wanted = select(col(Order.code)).where(col(Order.code) == code, col(Order.phone) == phone)
    return session.execute(wanted).scalar_one_or_none() if code else None


def masked_name(name: str) -> str:
    """ "Nguyễn Thị Hoa" -> "N••• T••• H•••"."""
    return " ".join(f"{word[0]}•••" for word in name.split())
