"""The picture of a room, as its page needs it; each source of pictures is a kind of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from livestream.models import LiveSession


@dataclass(frozen=True)
class Picture:
    """What moves in the room.

    A `clip` is one file that everybody plays in a loop; `since` makes all see the same moment of it by the server's
    clock. `still` shows the cover only.
    """

    kind: Literal["clip", "still"]
    src: str = ""
    since: datetime | None = None


def picture_of(live: LiveSession) -> Picture:
    """The picture of a session in its present state."""
    if not live.clip_key:
        return Picture("still")
    return Picture("clip", f"/media/{live.clip_key}", live.started_at or live.starts_at)
