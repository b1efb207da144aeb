"""How often somebody may do something. Counts live in this process, or in Valkey when several are joined."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import cast

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from shop.core.errors import TooMany


class TooOften(TooMany):
    """This was tried too often. Facts: retry_after_s."""


class RateLimits:
    """Moving windows by name and key (phone, cart, account; a network address only for sign-in and look-up)."""

    def __init__(self, bus_url: str = "") -> None:
        storage = storage_from_string(bus_url) if bus_url else MemoryStorage()
        self._limiter = MovingWindowRateLimiter(cast("Storage", storage))  # asynchronous only for async+redis://

    def count(self, name: str, key: str, *, times: int, per_s: int) -> None:
        """Count one try. Raises TooOften with the seconds to wait when `times` in `per_s` seconds are used up."""
        item = _item(times, per_s)
        if not self._limiter.hit(item, name, key):
            reset_at = self._limiter.get_window_stats(item, name, key).reset_time
            raise TooOften(retry_after_s=max(1, math.ceil(reset_at - time.time())))

    def forget(self, name: str, key: str, *, times: int, per_s: int) -> None:
        """Start again from nothing, as after a right password."""
        self._limiter.clear(_item(times, per_s), name, key)


@lru_cache
def _item(times: int, per_s: int) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(times, per_s)
