"""Secrets of other people that we must be able to read again: kept sealed, opened where they are used."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class CannotOpen(Exception):
    """Sealed with another secret key, or not by us."""


def seal(secret_key: str, purpose: str, text: str) -> str:
    """`text` so that only this market, for this purpose, reads it again."""
    return _lock(secret_key, purpose).encrypt(text.encode()).decode()


def unseal(secret_key: str, purpose: str, sealed: str) -> str:
    """What was sealed. Raises CannotOpen."""
    try:
        return _lock(secret_key, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as wrong:
        raise CannotOpen from wrong


def _lock(secret_key: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}\x00{secret_key}".encode()).digest()))
