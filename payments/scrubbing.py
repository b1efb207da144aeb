"""What of a notification may be stored: all that says what happened to money, without proofs and account numbers.

Nothing is read from it again but by people: facts, sums and ids were taken out of the bytes as they came.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

COVERED = "•••"
PROOF = re.compile(r"sign|checksum|check_sum|hash|\bmac\b|secret|token|apikey|api_key|accesskey|otp|password", re.I)
NUMBER = re.compile(r"acc(?!umul|ess|ept)|card|phone|msisdn|virtual", re.I)
LONG = re.compile(r"(?<![0-9A-Za-z])[0-9]{8,19}(?![0-9A-Za-z])")
_WORDS = re.compile(r"content|desc|message|info|remark|memo|note|words|body|text", re.I)
_ONLY_NUMBER = re.compile(r"[+0-9 .()-]{5,}")
_AT_HOME = re.compile(r"e-?mail|address", re.I)


def stored(said: bytes) -> bytes:
    """A body, or the query of a request, as it is kept: of each account, card and phone number the last four digits."""
    text = said.decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return _form(text).encode()
    if not isinstance(told, dict | list):
        return LONG.sub(cover, text).encode()
    try:
        return json.dumps(_scrub(told, ""), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    except RecursionError:
        return b""


def cover(number: re.Match[str]) -> str:
    """The last four digits of what was found."""
    return COVERED + number[0][-4:]


def _form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True) if "=" in text else []
    return urlencode([(name, _scrub(value, name)) for name, value in pairs]) if pairs else LONG.sub(cover, text)


def _scrub(told: Any, name: str) -> Any:
    if told and _AT_HOME.search(name):
        return COVERED
    if isinstance(told, dict):
        return {key: _scrub(value, key) for key, value in told.items()}
    if isinstance(told, list):
        return [_scrub(value, name) for value in told]
    if isinstance(told, bool) or told is None or told == "":
        return told
    if PROOF.search(name):
        return COVERED
    if NUMBER.search(name) and _ONLY_NUMBER.fullmatch(str(told)):
        return COVERED + str(told)[-4:]
    if isinstance(told, str):
        return _text(told, name)
    return told


def _text(told: str, name: str) -> str:
    """Words that people wrote, and a message within a message; names and ids stay as they are."""
    if told[:1] in ("{", "["):
        return stored(told.encode("utf-8", "replace")).decode()
    return LONG.sub(cover, told) if _WORDS.search(name) or " " in told else told
