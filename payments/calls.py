"""Calls to gateways over the network: short, never in a transaction, and without an answer nothing is concluded."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import anyio
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
    answer = ask("POST", url, content=body, headers=dict(headers))
    if answer.status >= 500:
        raise GatewaySilent(f"status {answer.status}")
    return answer.headers, answer.body


@dataclass(frozen=True)
class Told:
    """Whatever came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(method: str, url: str, largest: int = _LARGEST_ANSWER, **how: Any) -> Told:
    """One call that ends after TIMEOUT_S, however slowly the answer drips. Raises GatewaySilent.

    An event loop of its own, because only there can a whole call be given up: a socket's time-out begins anew with
    every byte that arrives.
    """
    try:
        return anyio.run(_ask, method, url, largest, how)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise GatewaySilent(type(error).__name__) from error


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Read once: the certificates of all authorities cost each call as much as the rest of it."""
    return httpx2.create_ssl_context()


async def _ask(method: str, url: str, largest: int, how: Mapping[str, Any]) -> Told:
    with anyio.fail_after(TIMEOUT_S):
        async with (
            httpx2.AsyncClient(timeout=None, verify=_trusted()) as line,
            line.stream(method, url, **how) as answer,
        ):
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > largest:
                    raise GatewaySilent("more than any answer")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Told(answer.status_code, headers, bytes(body))


def _read(method: str, url: str, largest: int = _LARGEST_ANSWER, **how: Any) -> dict[str, Any]:
    answer = ask(method, url, largest, **how)
    if answer.status == 429:
        raise AskedTooOften(_wait_s(answer.headers))
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise GatewaySilent(type(error).__name__) from error
    if answer.status >= 500 or not isinstance(told, dict):
        raise GatewaySilent(f"status {answer.status}")
    return told


def _wait_s(headers: Mapping[str, str]) -> float:
    """How long to leave the gateway alone: what it asks for (SePay has a name of its own), between 1 s and 10 min."""
    asked = headers.get("x-sepay-userapi-retry-after") or headers.get("retry-after") or ""
    return min(max(float(asked), 1.0), 600.0) if asked.isascii() and asked.isdigit() else 5.0
