"""Another site's player as the picture of a room: read from a pasted address, never fetched by us.

What is kept is a site and a number of that site, not an address: so nothing but the three players can stand in a frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from shop.core.errors import Invalid

FRAMES = ("https://www.youtube-nocookie.com", "https://www.facebook.com", "https://www.tiktok.com")
"""The only origins that a room's page may put in a frame."""
_YOUTUBE = re.compile(r"[A-Za-z0-9_-]{11}")
_NUMBER = re.compile(r"[0-9]{5,25}")
_FACEBOOK_PAGE = re.compile(r"[A-Za-z0-9.]{1,60}")


class NotAPlayer(Invalid):
    """The address is not one of a video on YouTube, Facebook or TikTok that may stand on other pages."""


class ShortAddress(Invalid):
    """A shortened address hides where it leads; the whole one is needed."""


@dataclass(frozen=True)
class Embed:
    """`kept` is what the session remembers, `src` what stands in the frame, `site` how people call it."""

    kept: str
    site: str
    src: str


def read(address: str) -> Embed:
    """The player behind a pasted address. Raises NotAPlayer, ShortAddress."""
    parts = urlsplit(address.strip())
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    if parts.scheme not in ("http", "https") or parts.username or parts.port:
        raise NotAPlayer
    if host in ("fb.watch", "vt.tiktok.com", "vm.tiktok.com"):
        raise ShortAddress
    steps = [step for step in parts.path.split("/") if step]
    if host in ("youtube.com", "youtu.be", "youtube-nocookie.com"):
        return of("youtube:" + _youtube(host, steps, parse_qs(parts.query)))
    if host == "facebook.com":
        return of("facebook:" + _facebook(steps, parse_qs(parts.query)))
    if host == "tiktok.com":
        return of("tiktok:" + (steps[2] if len(steps) == 3 and steps[1] == "video" else ""))
    raise NotAPlayer


def _youtube(host: str, steps: list[str], asked: dict[str, list[str]]) -> str:
    if host == "youtu.be":
        return steps[0] if steps else ""
    if steps[:1] == ["watch"]:
        return asked.get("v", [""])[0]
    return steps[1] if len(steps) == 2 and steps[0] in ("live", "embed", "shorts") else ""


def _facebook(steps: list[str], asked: dict[str, list[str]]) -> str:
    """`page/number`; a video of nobody's page is `watch/number`."""
    if steps[:1] == ["watch"]:
        return "watch/" + asked.get("v", [""])[0]
    if len(steps) >= 3 and steps[1] == "videos":
        return f"{unquote(steps[0])}/{steps[-1]}"
    return ""


def of(kept: str) -> Embed:
    """The player that a session remembers. Raises NotAPlayer when what is kept is none of ours."""
    site, _colon, number = kept.partition(":")
    if site == "youtube" and _YOUTUBE.fullmatch(number):
        src = f"{FRAMES[0]}/embed/{number}?autoplay=1&mute=1&playsinline=1&rel=0"
        return Embed(kept, "YouTube", src)
    if site == "tiktok" and _NUMBER.fullmatch(number):
        return Embed(kept, "TikTok", f"{FRAMES[2]}/player/v1/{number}?autoplay=1&muted=1")
    page, _slash, video = number.partition("/")
    if site == "facebook" and _FACEBOOK_PAGE.fullmatch(page) and _NUMBER.fullmatch(video):
        where = f"watch/?v={video}" if page == "watch" else f"{page}/videos/{video}/"
        asked = quote(f"{FRAMES[1]}/{where}", safe="")
        return Embed(kept, "Facebook", f"{FRAMES[1]}/plugins/video.php?href={asked}&autoplay=1&mute=1&show_text=0")
    raise NotAPlayer
