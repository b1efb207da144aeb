"""Reading the fields that sources of bank lines send: whole đồng, plain text, Vietnam's clock. All raise Malformed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from payments.gateway import Malformed

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
HIGHEST_VND = 10**15
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def text(value: Any) -> str:
    """A text or a number as text, at most 500 characters, nothing for null."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise Malformed("text")
    return str(value or "").replace("\x00", "")[:500]


def whole(value: Any) -> int:
    """An int, or a string of digits as some banks' rows have it; never a float, never true."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("number")
    return value


def amount_vnd(value: Any) -> int:
    """A sum that can have moved: whole đồng, above nothing, below a million billion."""
    return _possible(whole(value))


def decimal_vnd(value: Any) -> int:
    """As lists have it: a number or a text such as "18067000.00"; nothing moved is 0."""
    try:
        exact = Decimal(value if isinstance(value, int) and not isinstance(value, bool) else str(value or 0))
        if not exact.is_finite() or exact != int(exact):
            raise Malformed("amount")
    except InvalidOperation as error:
        raise Malformed("amount") from error
    return _possible(int(exact)) if exact else 0


def vietnam_time(value: Any) -> datetime:
    """A moment of Vietnam's clock, with or without its hour, as UTC."""
    for form in _TIMES:
        try:
            return datetime.strptime(str(value)[:19], form).replace(tzinfo=VIETNAM).astimezone(UTC)
        except ValueError:
            continue
    raise Malformed("time")


def _possible(vnd: int) -> int:
    if not 0 < vnd < HIGHEST_VND:
        raise Malformed("amount")
    return vnd
