"""Only the players of three sites, and only by their numbers: whatever else is pasted is refused."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from livestream.video import embeds
from shop.core.db import Database
from tests.factories_accounts import sign_in
from tests.factories_live import make_session

N, V = "1234567890123456", "dQw4w9WgXcQ"
CHANNEL = "UC1234567890abcdefghijkl"
PLAYED = {
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ": f"youtube:{V}",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=12s": f"youtube:{V}",
    "http://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ": f"youtube:{V}",
    "https://youtu.be/dQw4w9WgXcQ?si=abc": f"youtube:{V}",
    "youtu.be/dQw4w9WgXcQ": f"youtube:{V}",
    "https://youtube.com/live/dQw4w9WgXcQ?feature=share": f"youtube:{V}",
    " https://www.youtube.com/shorts/dQw4w9WgXcQ \n": f"youtube:{V}",
    "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ": f"youtube:{V}",
    f"https://www.youtube.com/channel/{CHANNEL}/live": f"youtube:channel/{CHANNEL}",
    f"https://www.facebook.com/htxhoale/videos/{N}/": f"facebook:htxhoale/{N}",
    f"https://www.facebook.com/htx.hoa.le/videos/ten-buoi/{N}": f"facebook:htx.hoa.le/{N}",
    f"https://web.facebook.com/100064512345678/videos/{N}/?mibextid=abc": f"facebook:100064512345678/{N}",
    f"https://m.facebook.com/watch/?v={N}": f"facebook:watch/{N}",
    f"https://www.facebook.com/watch/live/?ref=watch_permalink&v={N}": f"facebook:watch/{N}",
    f"https://www.facebook.com/video.php?v={N}": f"facebook:watch/{N}",
    f"https://www.facebook.com/htxhoale/videos/?v={N}": f"facebook:watch/{N}",
    f"https://www.facebook.com/reel/{N}?s=1": f"facebook:reel/{N}",
    f"facebook.com/reel/{N}": f"facebook:reel/{N}",
    f"https://m.facebook.com/story.php?story_fbid={N}&id=100064512345678": f"facebook:100064512345678/{N}",
    "https://www.tiktok.com/@htxhoale/video/7123456789012345678": "tiktok:7123456789012345678",
    "https://m.tiktok.com/v/7123456789012345678.html": "tiktok:7123456789012345678",
    "https://www.tiktok.com/embed/v2/7123456789012345678": "tiktok:7123456789012345678",
    "https://www.tiktok.com/@htx.hoa_le/video/7123456789012345678?is_from_webapp=1": "tiktok:7123456789012345678",
}
ELSEWHERE = {
    "https://www.tiktok.com/@htxhoale/live": "https://www.tiktok.com/@htxhoale/live",
    "tiktok.com/@htx.hoa_le/live?enter_from=share": "https://www.tiktok.com/@htx.hoa_le/live",
    "https://www.youtube.com/@htxhoale/live": "https://www.youtube.com/@htxhoale/live",
    "https://www.youtube.com/@htxhoale/streams": "https://www.youtube.com/@htxhoale/live",
    "https://youtube.com/@htxhoale": "https://www.youtube.com/@htxhoale/live",
    "https://www.facebook.com/htxhoale/live": "https://www.facebook.com/htxhoale/live",
    "https://www.facebook.com/htxhoale/live_videos/?ref=page_internal": "https://www.facebook.com/htxhoale/live",
    "https://www.facebook.com/share/v/1AbCdEfGhI/?mibextid=abc": "https://www.facebook.com/share/v/1AbCdEfGhI/",
    "https://www.facebook.com/share/r/1AbCdEfGhI/": "https://www.facebook.com/share/r/1AbCdEfGhI/",
}
REFUSED = [
    "",
    "abc",
    "javascript:alert(1)",
    "javascript://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/watch?v=dQw4w9WgXcQ",
    "https://www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
    "https://evilyoutube.com/watch?v=dQw4w9WgXcQ",
    "https://user@www.youtube.com/watch?v=dQw4w9WgXcQ",
    "https://www.youtube.com@evil.example/watch?v=dQw4w9WgXcQ",
    "https://www.youtube.com:8443/watch?v=dQw4w9WgXcQ",
    "https://www.youtube.com:99999/watch?v=dQw4w9WgXcQ",
    "https://[::1/watch?v=dQw4w9WgXcQ",
    "https://[::ffff:127.0.0.1]/watch?v=dQw4w9WgXcQ",
    "https://127.0.0.1/htx/videos/1234567890",
    "https://localhost/@htxhoale/live",
    "http://169.254.169.254/latest/meta-data",
    "https://www.youtube.com/watch?v=../../evil",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ%26autoplay",
    "https://www.youtube.com/watch",
    "https://www.youtube.com/channel/UC../live",
    'https://youtu.be/"onload="a',
    "https://www.facebook.com/htxhoale",
    "https://www.facebook.com/groups/htxhoale",
    "https://www.facebook.com/htx%2F..%2F/videos/1234567890",
    "https://www.facebook.com/../live",
    "https://www.facebook.com/share/v/..%2F..%2Fl.php",
    "https://www.facebook.com/l.php?u=https://evil.example",
    "https://www.facebook.com/plugins/live",
    "https://www.facebook.com/plugins/video.php?href=https://evil.example",
    "https://www.tiktok.com/@htxhoale",
    "https://www.tiktok.com/@../live",
    "https://www.tiktok.com/@htx%22onclick=/live",
    "https://www.tiktok.com/htxhoale/live",
    "file:///etc/passwd",
]


@pytest.mark.parametrize(("address", "kept"), PLAYED.items())
def test_what_people_paste_is_understood(address: str, kept: str) -> None:
    found = embeds.read(address)
    assert found.kept == kept
    assert found == embeds.of(kept)
    assert found.src.startswith(tuple(f"{frame}/" for frame in embeds.FRAMES))
    assert found.page.startswith(tuple(f"{page}/" for page in embeds.PAGES))


@pytest.mark.parametrize(("address", "page"), ELSEWHERE.items())
def test_what_no_player_shows_is_a_link_to_its_site(address: str, page: str) -> None:
    found = embeds.read(address)
    assert (found.src, found.page) == ("", page)
    assert found == embeds.of(found.kept)


@pytest.mark.parametrize("address", REFUSED)
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(embeds.NotAPlayer):
        embeds.read(address)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://fb.watch/abc/", "facebook"),
        ("https://vt.tiktok.com/ZSabc/", "tiktok"),
        ("vm.tiktok.com/ZSabc", "tiktok"),
        ("https://www.tiktok.com/t/ZSabc/", "tiktok"),
    ],
)
def test_a_short_address_is_asked_for_in_whole(address: str, site: str) -> None:
    with pytest.raises(embeds.ShortAddress) as refused:
        embeds.read(address)
    assert refused.value.facts == {"site": site}


@given(st.text(max_size=60), st.sampled_from(["youtube:", "facebook:", "tiktok:", "", "facebook:watch/", "tiktok:@"]))
def test_whatever_is_kept_frame_and_link_stay_with_the_three(words: str, site: str) -> None:
    try:
        found = embeds.of(site + words)
    except embeds.NotAPlayer:
        return
    assert not found.src or found.src.startswith(tuple(f"{frame}/" for frame in embeds.FRAMES))
    assert found.page.startswith(tuple(f"{page}/" for page in embeds.PAGES))
    assert not set(found.src + found.page) & set("\"'<> \n\\")
    assert "/../" not in found.page


def test_the_seller_pastes_it_and_the_room_shows_it_after_a_tap(
    db: Database, now: datetime, client: TestClient
) -> None:
    live, _items, host = make_session(db, now)
    sign_in(client, db, host)
    at = f"/ban-hang/live/{live.id}/hinh-tu"
    client.post(at, data={"address": "https://youtu.be/dQw4w9WgXcQ"})
    room = client.get(f"/live/{live.slug}")
    assert 'data-embed="https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ' in room.text
    assert "<iframe" not in room.text, "another site learns of a viewer who did not ask for it"
    frames = re.search(r"frame-src ([^;]*)", room.headers["Content-Security-Policy"])
    assert frames
    assert tuple(frames[1].split()) == embeds.FRAMES
    refused = client.post(at, data={"address": "https://evil.example/"})
    assert (refused.status_code, "YouTube, Facebook" in refused.text) == (422, True)
    short = client.post(at, data={"address": "https://vt.tiktok.com/ZSabc/"})
    assert (short.status_code, "tiktok.com/@" in short.text) == (422, True)
    client.post(at, data={"address": "https://www.tiktok.com/@htxhoale/live"})
    beside = client.get(f"/live/{live.slug}").text
    assert 'href="https://www.tiktok.com/@htxhoale/live"' in beside
    assert ("Xem trên TikTok" in beside, "play-embed" in beside) == (True, False)
    client.post(at, data={"address": ""})
    assert "data-embed" not in client.get(f"/live/{live.slug}").text
