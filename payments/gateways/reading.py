"""What wallets write in JSON, read strictly: whole đồng, whole numbers, milliseconds. All else is Malformed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from payments.gateway import GatewaySilent, Malformed

_HIGHEST_VND = 10**15
_LATEST_MS = 4_102_444_800_000  # the year 2100


@contextmanager
def of_an_answer() -> Iterator[None]:
    """What is Malformed in an answer to our own question is no answer: raises GatewaySilent instead."""
    try:
        yield
    except Malformed as error:
        raise GatewaySilent(f"answered nonsense: {error}") from error


def json_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in `text`. Raises Malformed."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(type(error).__name__) from error
    if not isinstance(told, dict):
        raise Malformed("shape")
    return told


def whole(value: Any) -> int:
    """A whole number, or its digits in a text as queries have them; never a float, never true. Raises Malformed."""
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,19}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("number")
    return value


def dong(value: Any) -> int:
    """A sum of money that moved: more than nothing, and less than the whole country has. Raises Malformed."""
    amount_vnd = whole(value)
    if not 0 < amount_vnd < _HIGHEST_VND:
        raise Malformed("amount")
    return amount_vnd


def number_of(value: Any) -> str:
    """A wallet's own number of a movement, as text. Raises Malformed for none."""
    number = whole(value)
    if not 0 < number < 10**19:
        raise Malformed("number of a movement")
    return str(number)


def name_of(value: Any) -> str:
    """A reference as we make them. Raises Malformed for anything that we never made."""
    if not isinstance(value, str) or not re.fullmatch("[0-9A-Za-z][0-9A-Za-z._-]{0,63}", value):
        raise Malformed("reference")
    return value


def moment(value: Any) -> datetime:
    """Milliseconds since 1970 as a time. Raises Malformed."""
    at_ms = whole(value)
    if not 0 < at_ms < _LATEST_MS:
        raise Malformed("time")
    return datetime.fromtimestamp(at_ms / 1000, UTC)
