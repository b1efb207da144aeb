"""What viewers fetch: the live window from memory, what is older from the shelf."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from livestream.video import glue, replies
from livestream.video.boxes import read_init
from livestream.video.channel import Channel, wants
from livestream.video.own_people import may_look
from livestream.video.packager import FARTHEST, Packager, of_sound, whole_playlist
from livestream.video.refusals import NoPicture, NotReady, PictureGone
from livestream.video.replies import Reply
from livestream.video.sound import sound_init, sound_of, sound_track
from livestream.video.stage import Act, Stage

HOLD_S = 8.0
FIRST_S = 6.0
SHOWN = (*glue.SHOWN_LIVE, *glue.SHOWN_WHOLE)


@dataclass(frozen=True)
class View:
    """What somebody looks at, and whether as one of the session's own people: they see what it keeps back."""

    act: Act
    is_own: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it may be seen at this moment; a stop is known here a second after it at most."""
        standing = self.act.standing
        return standing.state in SHOWN and (self.is_own or not standing.is_kept_back)

    def require(self) -> None:
        """To be asked again after each wait. Raises NoPicture, also where a stranger learns nothing, PictureGone."""
        if self.is_open:
            return
        is_secret = self.act.standing.is_kept_back and not self.is_own
        raise NoPicture if is_secret or not self.act.channel.packager.rows else PictureGone


async def shown(stage: Stage, live_id: int, sign_in: str) -> View:
    """What the browser with this sign-in cookie ("" for none) may look at. Raises NoPicture, PictureGone."""
    act = await stage.act_shown(live_id)
    if act is None:
        raise NoPicture
    is_own = bool(sign_in) and act.standing.is_kept_back and await _is_own(stage, live_id, sign_in)
    view = View(act, is_own)
    view.require()
    act.channel.asked_at = time.monotonic()
    return view


async def _is_own(stage: Stage, live_id: int, sign_in: str) -> bool:
    return await stage.beside(may_look, live_id, sign_in, datetime.now(UTC))


async def live_playlist(act: Act, query: Mapping[str, str]) -> Reply:
    """`index.m3u8`: at once, or when the part exists that the player asks for. Raises NoPicture, NotReady."""
    channel, low_latency = act.channel, query.get("ll") != "0"
    made = channel.packager
    if made.ended:
        return replies.playlist(whole_playlist(made.rows)) if made.rows else _none()
    if (msn := _number(query.get("_HLS_msn"))) is not None:
        if msn > made.next_msn + FARTHEST:
            raise NoPicture
        await channel.wait_for(wants(msn, _number(query.get("_HLS_part"))), HOLD_S)
    if not made.is_ready(low_latency=low_latency):
        raise NotReady(retry_after_s=1)
    return replies.playlist(made.playlist(low_latency=low_latency))


def _none() -> Reply:
    raise NoPicture


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def whole(act: Act) -> Reply:
    """`vod.m3u8`: all of it, once it is over. Raises NoPicture, NotReady."""
    made = act.channel.packager
    if act.standing.state not in glue.SHOWN_WHOLE:
        raise NotReady(retry_after_s=5)
    return replies.playlist(whole_playlist(made.rows)) if made.rows else _none()


async def part(channel: Channel, msn: int, place: int) -> Reply:
    """One part; a player that was told its name before it exists waits for it. Raises NoPicture."""
    segment = channel.packager.segment(msn)
    if segment is None or place >= len(segment.parts):
        if channel.packager.ended or not _is_near(channel.packager, msn, place):
            raise NoPicture
        await channel.wait_for(wants(msn, place), HOLD_S)
        segment = channel.packager.segment(msn)
    if segment is None or place >= len(segment.parts):
        raise NoPicture
    return replies.media(segment.parts[place].body, f"{msn}.{place}")


def _is_near(made: Packager, msn: int, place: int) -> bool:
    """Whether a part may come soon: players ask for the next one, and for the first of the next segment."""
    here = len(made.growing.parts) if made.growing else 0
    return place <= here + 1 if msn == made.next_msn else msn == made.next_msn + 1 and place == 0


async def segment(stage: Stage, channel: Channel, msn: int) -> Reply:
    """A whole segment, from memory or the shelf. Raises NoPicture."""
    kept = channel.packager.segment(msn)
    if kept is not None and kept.whole:
        return replies.media(kept.whole, f"{msn}")
    if msn >= channel.packager.next_msn:
        raise NoPicture
    return replies.media(await _from_shelf(stage, channel.shelf.path(f"{msn}.m4s")), f"{msn}")


async def init(stage: Stage, channel: Channel, epoch: int) -> Reply:
    """What comes before the segments of an epoch. Raises NoPicture."""
    body = channel.inits.get(epoch)
    if body is None:
        body = channel.inits[epoch] = await _from_shelf(stage, channel.shelf.path(f"init-{epoch}.mp4"))
    return replies.media(body, f"init-{epoch}")


async def _from_shelf(stage: Stage, file: Path) -> bytes:
    try:
        return await stage.on_disk(file.read_bytes)
    except FileNotFoundError as missing:
        raise NoPicture from missing


async def sound_playlist(act: Act) -> Reply:
    """`audio.m3u8`: the sound alone, for lines too weak for any picture. Raises NoPicture, NotReady."""
    made = act.channel.packager
    if made.ended:
        return replies.playlist(of_sound(whole_playlist(made.rows))) if made.rows else _none()
    if not made.is_ready(low_latency=False):
        raise NotReady(retry_after_s=1)
    return replies.playlist(of_sound(made.playlist(low_latency=False)))


async def sound_segment(stage: Stage, channel: Channel, msn: int) -> Reply:
    """The sound of a whole segment. Raises NoPicture when there is none."""
    row = channel.packager.row(msn)
    if row is None:
        raise NoPicture
    track = sound_track(read_init((await init(stage, channel, row.epoch)).body))
    if track is None:
        raise NoPicture
    return replies.media(sound_of((await segment(stage, channel, msn)).body, track), f"{msn}.a")


async def sound_head(stage: Stage, channel: Channel, epoch: int) -> Reply:
    """The init of the sound. Raises NoPicture when there is none."""
    head = sound_init((await init(stage, channel, epoch)).body)
    return replies.media(head, f"init-{epoch}.a") if head else _none()


async def poster(stage: Stage, act: Act) -> Reply:
    """The first picture, as it stood when the session began. Raises NoPicture."""
    if act.poster:
        await asyncio.wait({act.poster}, timeout=HOLD_S)
    body = await _from_shelf(stage, act.channel.shelf.path("poster.jpg"))
    return replies.media(body, "poster", b"image/jpeg")


async def film(stage: Stage, act: Act, name: str) -> Path:
    """`video.mp4`, or `clip-7.mp4` of item 7, made when it is first asked for. Raises NoPicture, NotReady."""
    made = act.channel.packager  # it has nothing where MediaMTX had the picture
    if act.standing.state not in glue.SHOWN_WHOLE or (made.rows and not made.ended):
        raise NotReady(retry_after_s=5)
    return await stage.film(act, name)


async def first_key(channel: Channel) -> tuple[int, int]:
    """Where an endless answer begins: the newest part with a key frame. Raises NotReady."""
    if not await channel.wait_for(lambda made: _newest_key(made) is not None, FIRST_S):
        raise NotReady(retry_after_s=1)
    found = _newest_key(channel.packager)
    assert found is not None  # noqa: S101  nothing happened in between
    return found


def _newest_key(made: Packager) -> tuple[int, int] | None:
    growing = made.growing
    if growing is None:
        return None
    return next((
        (growing.msn, place) for place in reversed(range(len(growing.parts))) if growing.parts[place].is_key
    ), None)  # fmt: skip
