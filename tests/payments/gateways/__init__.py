"""One module a gateway, `<name>_vectors.py`: `KINDS` says how each kind of its vectors is put to the adapter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from payments.gateway import RawRequest

Vector = dict[str, Any]
Kinds = dict[str, Callable[[Vector], None]]
NOW = datetime(2025, 6, 14, 3, 20, tzinfo=UTC)


def raw_of(told: Vector) -> RawRequest:
    """The request of a vector's input: headers, raw body, and when it came."""
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    at = datetime.fromtimestamp(told["now"], UTC) if "now" in told else NOW
    return RawRequest(headers, told.get("raw_body", "").encode(), at)
