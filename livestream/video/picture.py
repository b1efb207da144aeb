"""The picture of a room, as its page needs it; each source of pictures is a kind of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from livestream.models import LiveSession, SessionState
from livestream.video import embeds

MOVING = (SessionState.LIVE, SessionState.INTERRUPTED, SessionState.ENDING)
AGAIN = (SessionState.PROCESSING, SessionState.REPLAY)


@dataclass(frozen=True)
class Picture:
    """What moves in the room. Addresses that begin with `/hinh/` stand behind the media server's, where there is one.

    `hls` is a camera's picture now, `replay` all of it again. A `clip` is one silent file that everybody plays in a
    loop, with a picture of the same name beside it as JPEG; `since` makes all see the same moment of it by the server's
    clock. `still` shows the cover only. `embed` is another site's player and its `page` there; `src` is empty where
    that site has none for others.
    What is `plain` comes from MediaMTX: it has no sound alone and no fast way.
    """

    kind: Literal["hls", "replay", "clip", "embed", "still"]
    src: str = ""
    poster: str = ""
    since: datetime | None = None
    plain: bool = False
    site: str = ""
    page: str = ""


def picture_of(live: LiveSession, *, by_mtx: bool = False) -> Picture:
    """The picture of a session in its present state; none for its last seconds where nobody may see it again."""
    if live.keeps_picture_back and live.state == SessionState.ENDING:
        return Picture("still")
    if by_mtx and live.has_video and live.state in MOVING:
        return Picture("hls", f"/mtx/live/{live.id}/index.m3u8", "", live.started_at, plain=True)
    if by_mtx and live.has_video and live.state in AGAIN:
        return Picture("replay", f"/hinh/{live.id}/video.mp4", "", live.started_at, plain=True)
    if live.has_video and live.state in MOVING:
        return Picture("hls", f"/hinh/{live.id}/index.m3u8", f"/hinh/{live.id}/poster.jpg", live.started_at)
    if live.has_video and live.state in AGAIN:
        return Picture("replay", f"/hinh/{live.id}/vod.m3u8", f"/hinh/{live.id}/poster.jpg", live.started_at)
    if live.embed and not live.is_stopped:
        other = embeds.of(live.embed)
        return Picture("embed", other.src, site=other.site, page=other.page)
    if not live.clip_key or live.is_stopped:
        return Picture("still")
    src = f"/media/{live.clip_key}"
    return Picture("clip", src, f"{src.rpartition('.')[0]}.jpg", live.started_at or live.starts_at)
