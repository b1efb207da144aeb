"""The picture of a room, as its page needs it; each source of pictures is a kind of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from livestream.models import LiveSession


@dataclass(frozen=True)
class Picture:
    """What moves in the room.

    A `clip` is one silent file that everybody plays in a loop, with a picture of the same name beside it as JPEG;
    `since` makes all see the same moment of it by the server's clock. `still` shows the cover only.
    """

    kind: Literal["clip", "still"]
    src: str = ""
    poster: str = ""
    since: datetime | None = None


def picture_of(live: LiveSession) -> Picture:
    """The picture of a session in its present state."""
    if not live.clip_key:
        return Picture("still")
    src = f"/media/{live.clip_key}"
    return Picture("clip", src, f"{src.rpartition('.')[0]}.jpg", live.started_at or live.starts_at)
