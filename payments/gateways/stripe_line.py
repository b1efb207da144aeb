"""Stripe's package over our own calls: those it brings along wait for an answer as long as that drips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe

from payments import calls

_LARGEST_ANSWER = 2 * 1024 * 1024  # a list of a hundred refunds


class Line(stripe.HTTPClient):
    """One call at a time, without memory. Raises GatewaySilent."""

    name = "chohtx"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Body, status and headers of the answer, as the package wants them."""
        told = calls.ask(method.upper(), url, _LARGEST_ANSWER, content=post_data, headers=dict(headers or {}))
        return told.body.decode("utf-8", "replace"), told.status, told.headers
