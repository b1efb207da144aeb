"""Codes that people type and tokens that nobody guesses."""

from __future__ import annotations

import hashlib
import hmac
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U


def crockford(length: int) -> str:
    """`length` random symbols (5 bits each) and a check symbol that catches one wrong or two swapped symbols."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return body + check_symbol(body)


def check_symbol(body: str) -> str:
    """Weighted sum modulo 31 (prime), so single errors and transpositions of symbols are caught, 0 and Z apart."""
    return ALPHABET[sum(weight * ALPHABET.index(symbol) for weight, symbol in enumerate(body, start=1)) % 31]


def read_crockford(typed: str) -> str | None:
    """The code as stored, from what a person typed (case, spaces, dashes, O for 0, I or L for 1); None if no code."""
    code = "".join(typed.upper().split()).replace("-", "").translate(str.maketrans("OIL", "011"))
    known = len(code) > 1 and all(symbol in ALPHABET for symbol in code)
    return code if known and check_symbol(code[:-1]) == code[-1] else None


def order_code() -> str:
    """45 random bits and a check symbol: 10 symbols."""
    return crockford(9)


def secret_token() -> str:
    """192 random bits, safe in an address."""
    return secrets.token_urlsafe(24)


def derived_token(secret_key: str, purpose: str, subject: str) -> str:
    """A token that proves `subject` for `purpose` without being stored: 160 bits of an HMAC."""
    digest = hmac.new(secret_key.encode(), f"{purpose}:{subject}".encode(), hashlib.sha256).hexdigest()
    return digest[:40]


def same(one: str, other: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
