"""How many histories the property tests of money play: with `HISTORIES=10` ten times as many, as in the rehearsal."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HISTORIES", "1"))


def many(histories: int) -> int:
    """So many in the suite, more in a rehearsal."""
    return histories * TIMES
