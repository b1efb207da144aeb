"""What the simulated Stripe says to machines: its refusals and its events."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse

Thing = dict[str, Any]


class Refuses(Exception):
    """Stripe says no: HTTP status, its code and its kind of error."""

    def __init__(self, status: int, code: str, kind: str = "invalid_request_error") -> None:
        super().__init__(code)
        self.answer = JSONResponse({"error": {"type": kind, "code": code, "message": code}}, status)


def event(event_type: str, thing: Thing) -> bytes:
    """An event as it is sent; what only our page needs is left out."""
    told = {"id": new("evt"), "object": "event", "api_version": "2026-10-28.endive", "created": at_now()}
    shown = {name: value for name, value in thing.items() if name != "words"}
    return json.dumps(told | {"type": event_type, "data": {"object": shown}, "livemode": False}, indent=2).encode()


def new(kind: str) -> str:
    """A name as Stripe makes them."""
    return f"{kind}_{secrets.token_hex(12)}"


def at_now() -> int:
    """The second it is."""
    return int(datetime.now(UTC).timestamp())
