"""Calls to gateways over the network: short, never in a transaction, and without an answer nothing is concluded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from payments.gateway import AskedTooOften, GatewaySilent

TIMEOUT_S = 8.0
_LARGEST_ANSWER = 256 * 1024


def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send JSON and read the JSON object that comes back, whatever its status. Raises GatewaySilent."""
    return _read("POST", url, json=dict(body), headers=dict(headers or {}))


def post_form(url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send a form and read the JSON object that comes back. Raises GatewaySilent."""
    return _read("POST", url, data=dict(fields), headers=dict(headers or {}))


def get_json(
    url: str,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    largest: int = _LARGEST_ANSWER,
) -> dict[str, Any]:
    """Ask and read the JSON object that comes back, of at most `largest` bytes. Raises GatewaySilent."""
    return _read("GET", url, largest, params=dict(query or {}), headers=dict(headers or {}))


def post_bytes(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Send exactly `body`; the answer's headers, names in lower case, and its bytes. Raises GatewaySilent.

    For a gateway that signs bytes and not fields, so that both sides prove the very text that travelled.
    """
    try:
        answer = httpx2.request(
            "POST", url, timeout=TIMEOUT_S, follow_redirects=False, content=body, headers=dict(headers)
        )
    except httpx2.HTTPError as error:
        raise GatewaySilent(type(error).__name__) from error
    if answer.status_code >= 500 or len(answer.content) > _LARGEST_ANSWER:
        raise GatewaySilent(f"status {answer.status_code}")
    return {name.lower(): value for name, value in answer.headers.items()}, answer.content


def _read(method: str, url: str, largest: int = _LARGEST_ANSWER, **how: Any) -> dict[str, Any]:
    try:
        answer = httpx2.request(method, url, timeout=TIMEOUT_S, follow_redirects=False, **how)
        if answer.status_code == 429:
            raise AskedTooOften(_wait_s(answer.headers))
        told = answer.json() if len(answer.content) <= largest else None
    except (httpx2.HTTPError, ValueError) as error:
        raise GatewaySilent(type(error).__name__) from error
    if answer.status_code >= 500 or not isinstance(told, dict):
        raise GatewaySilent(f"status {answer.status_code}")
    return told


def _wait_s(headers: Mapping[str, str]) -> float:
    """How long to leave the gateway alone: what it asks for (SePay has a name of its own), between 1 s and 10 min."""
    asked = headers.get("x-sepay-userapi-retry-after") or headers.get("retry-after") or ""
    return min(max(float(asked), 1.0), 600.0) if asked.isascii() and asked.isdigit() else 5.0
