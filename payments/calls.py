"""Calls to gateways over the network: short, never in a transaction, and without an answer nothing is concluded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from payments.gateway import GatewaySilent

TIMEOUT_S = 8.0
_LARGEST_ANSWER = 256 * 1024


def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send JSON and read the JSON object that comes back, whatever its status. Raises GatewaySilent."""
    return _read("POST", url, json=dict(body), headers=dict(headers or {}))


def post_form(url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send a form and read the JSON object that comes back. Raises GatewaySilent."""
    return _read("POST", url, data=dict(fields), headers=dict(headers or {}))


def get_json(
    url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Ask and read the JSON object that comes back. Raises GatewaySilent."""
    return _read("GET", url, params=dict(query or {}), headers=dict(headers or {}))


def _read(method: str, url: str, **how: Any) -> dict[str, Any]:
    try:
        answer = httpx2.request(method, url, timeout=TIMEOUT_S, follow_redirects=False, **how)
        told = answer.json() if len(answer.content) <= _LARGEST_ANSWER else None
    except (httpx2.HTTPError, ValueError) as error:
        raise GatewaySilent(type(error).__name__) from error
    if answer.status_code >= 500 or not isinstance(told, dict):
        raise GatewaySilent(f"status {answer.status_code}")
    return told
