"""How many histories the property tests of money play: a few in the suite, many in `run.py rehearse histories`."""

from __future__ import annotations

import os

REHEARSING = "CHOHTX_REHEARSING"


def many(histories: int, rehearsed: int) -> int:
    """The first in the suite, the second where the rehearsal has set its sign."""
    return rehearsed if os.environ.get(REHEARSING) else histories
