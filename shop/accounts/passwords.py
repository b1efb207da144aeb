"""Passwords: argon2id, slow on purpose, so hashing has its own small limiter and never holds a transaction."""

from __future__ import annotations

from functools import lru_cache

import anyio
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

LIMITER_SIZE = 2


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    # 19 MiB, 2 passes, 1 lane: the OWASP password storage cheat sheet's second choice; 28 ms on the small machine
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher().hash("nobody has this password")


def hashed(password: str) -> str:
    """The hash to store."""
    return _hasher().hash(password)


def fits(password: str, password_hash: str) -> bool:
    """Whether the password is the one; takes as long when there is no such account."""
    return _hasher().verify(password, password_hash or _nobody()) and bool(password_hash)


@lru_cache(maxsize=1)
def limiter() -> anyio.CapacityLimiter:
    """Two at a time: shoppers' pages keep the other threads."""
    return anyio.CapacityLimiter(LIMITER_SIZE)
