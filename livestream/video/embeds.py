"""Another site's player as the picture of a room: read from a pasted address, never fetched by us.

What is kept is a site and a number or name of that site, not an address: so nothing but the players of three sites can
stand in a frame, and a link leads nowhere but to them. What has no player for other sites (a live of TikTok, the live
page of somebody) is a link beside our room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from shop.core.errors import Invalid

FRAMES = ("https://www.youtube-nocookie.com", "https://www.facebook.com", "https://www.tiktok.com")
"""The only origins that a room's page may put in a frame."""
PAGES = ("https://www.youtube.com", "https://www.facebook.com", "https://www.tiktok.com")
_YOUTUBE = re.compile(r"[A-Za-z0-9_-]{11}")
_CHANNEL = re.compile(r"channel/(UC[A-Za-z0-9_-]{22})")
_NUMBER = re.compile(r"[0-9]{5,25}")
_SHARED = re.compile(r"[A-Za-z0-9]{5,40}")
_FACEBOOK_PAGE = re.compile(r"[A-Za-z0-9.]{1,60}")
_NAME = re.compile(r"@(?!\.+$)[A-Za-z0-9._-]{2,60}")
_NOT_PAGES = frozenset(
    ("watch", "reel", "reels", "share", "story.php", "video.php", "groups", "plugins", "l.php", "live")
)


class NotAPlayer(Invalid):
    """The address is not one of a video on YouTube, Facebook or TikTok that may stand on other pages."""


class ShortAddress(Invalid):
    """A shortened address hides where it leads; the whole one is needed. Facts: site (facebook, tiktok)."""


@dataclass(frozen=True)
class Embed:
    """`kept` is what the session remembers, `site` how people call it.

    `src` stands in the frame, "" where the site has no player for other pages; `page` is where people see it there.
    """

    kept: str
    site: str
    src: str
    page: str


def read(address: str) -> Embed:
    """The player behind a pasted address. Raises NotAPlayer, ShortAddress."""
    parts = _parts(address.strip())
    host = re.sub(r"^(www|m|web|mbasic|vi-vn)\.", "", parts.hostname or "")
    steps = [unquote(step) for step in parts.path.split("/") if step]
    asked = {name: given[0] for name, given in parse_qs(parts.query).items()}
    if host == "fb.watch" or host in ("vt.tiktok.com", "vm.tiktok.com") or (host, steps[:1]) == ("tiktok.com", ["t"]):
        raise ShortAddress(site="facebook" if host == "fb.watch" else "tiktok")
    if host in ("youtube.com", "music.youtube.com", "youtu.be", "youtube-nocookie.com"):
        return of("youtube:" + _youtube(host, steps, asked))
    if host in ("facebook.com", "fb.com"):
        return of("facebook:" + _facebook(steps, asked))
    if host == "tiktok.com":
        return of("tiktok:" + _tiktok(steps))
    raise NotAPlayer


def _parts(address: str) -> SplitResult:
    """An address as it is copied, also without its beginning. Raises NotAPlayer."""
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        if parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port is None:
            return parts
    except ValueError as broken:
        raise NotAPlayer from broken
    raise NotAPlayer


def _youtube(host: str, steps: list[str], asked: dict[str, str]) -> str:
    if host == "youtu.be":
        return steps[0] if len(steps) == 1 else ""
    match steps:
        case ["watch"]:
            return asked.get("v", "")
        case ["live" | "embed" | "shorts" | "v", number]:
            return number
        case ["channel", number] | ["channel", number, "live"]:
            return f"channel/{number}"
        case [name] | [name, "live" | "streams"] if name.startswith("@"):
            return name
    return ""


def _facebook(steps: list[str], asked: dict[str, str]) -> str:
    """`page/number`; a video of nobody's page is `watch/number`. What a link only shares is `share/v/letters`."""
    match steps:
        case ["watch"] | ["watch", "live"] | ["video.php"] | [_, "videos"] if "v" in asked:
            return "watch/" + asked["v"]
        case ["story.php"]:
            return f"{asked.get('id', '')}/{asked.get('story_fbid', '')}"
        case ["reel" | "reels", number]:
            return f"reel/{number}"
        case ["share", "v" | "r" as kind, letters]:
            return f"share/{kind}/{letters}"
        case [page, "videos", number] | [page, "videos", _, number] if page not in _NOT_PAGES:
            return f"{page}/{number}"
        case [page, "live" | "live_videos"] if page not in _NOT_PAGES:
            return f"{page}/live"
    return ""


def _tiktok(steps: list[str]) -> str:
    match steps:
        case [name, "video", number] if _NAME.fullmatch(name):
            return number
        case ["embed" | "player" | "v", *_, number]:
            return number.removesuffix(".html")
        case [name, "live"]:
            return name
    return ""


def of(kept: str) -> Embed:
    """The player that a session remembers. Raises NotAPlayer when what is kept is none of ours."""
    site, _colon, number = kept.partition(":")
    if site == "youtube":
        return _of_youtube(kept, number)
    if site == "tiktok":
        return _of_tiktok(kept, number)
    if site == "facebook":
        return _of_facebook(kept, number)
    raise NotAPlayer


def _of_youtube(kept: str, number: str) -> Embed:
    if _YOUTUBE.fullmatch(number):
        src = f"{FRAMES[0]}/embed/{number}?autoplay=1&mute=1&playsinline=1&rel=0"
        return Embed(kept, "YouTube", src, f"{PAGES[0]}/watch?v={number}")
    if channel := _CHANNEL.fullmatch(number):
        src = f"{FRAMES[0]}/embed/live_stream?channel={channel[1]}&autoplay=1&mute=1&playsinline=1"
        return Embed(kept, "YouTube", src, f"{PAGES[0]}/{number}/live")
    if _NAME.fullmatch(number):  # its player asks for the channel's number, which a name does not tell
        return Embed(kept, "YouTube", "", f"{PAGES[0]}/{number}/live")
    raise NotAPlayer


def _of_tiktok(kept: str, number: str) -> Embed:
    if _NUMBER.fullmatch(number):
        src = f"{FRAMES[2]}/player/v1/{number}?autoplay=1&muted=1"
        return Embed(kept, "TikTok", src, f"{PAGES[2]}/@/video/{number}")
    if _NAME.fullmatch(number):
        return Embed(kept, "TikTok", "", f"{PAGES[2]}/{number}/live")
    raise NotAPlayer


def _of_facebook(kept: str, number: str) -> Embed:
    page, _slash, video = number.partition("/")
    if re.fullmatch(r"[vr]/" + _SHARED.pattern, video) and page == "share":  # no player knows what it leads to
        return Embed(kept, "Facebook", "", f"{PAGES[1]}/share/{video}/")
    if not _FACEBOOK_PAGE.fullmatch(page) or not page.strip("."):
        raise NotAPlayer
    if video == "live" and page not in _NOT_PAGES:
        return Embed(kept, "Facebook", "", f"{PAGES[1]}/{page}/live")
    if not _NUMBER.fullmatch(video):
        raise NotAPlayer
    where = {"watch": f"watch/?v={video}", "reel": f"reel/{video}/"}.get(page, f"{page}/videos/{video}/")
    asked = quote(f"{PAGES[1]}/{where}", safe="")
    src = f"{FRAMES[1]}/plugins/video.php?href={asked}&autoplay=1&mute=1&show_text=0"
    return Embed(kept, "Facebook", src, f"{PAGES[1]}/{where}")
