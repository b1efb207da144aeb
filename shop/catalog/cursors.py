"""Where a list goes on: an opaque word made of the last row shown, so that pages stay right while rows come and go."""

from __future__ import annotations

import base64
import binascii
import json

from shop.core.errors import Invalid

_LONGEST = 200
_LARGEST = 2**62


class BadCursor(Invalid):
    """The word that says where to go on was not made by us."""


def write(*key: int) -> str:
    """The cursor of a row by its sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def read(cursor: str, length: int) -> tuple[int, ...] | None:
    """The sort key of the last row shown, None for the first page. Raises BadCursor."""
    if not cursor:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as broken:
        raise BadCursor from broken
    if len(cursor) > _LONGEST or not isinstance(key, list) or len(key) != length:
        raise BadCursor
    if not all(type(part) is int and abs(part) < _LARGEST for part in key):
        raise BadCursor
    return tuple(key)
