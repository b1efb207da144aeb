"""What happens to live sessions, for those who must be told."""

from __future__ import annotations

from dataclasses import dataclass

from shop.core.events import Event


@dataclass(frozen=True)
class SessionMoved(Event):
    """A planned session begins at another time."""

    session_id: int
