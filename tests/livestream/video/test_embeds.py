"""Only the players of three sites, and only by their numbers: whatever else is pasted is refused."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from livestream.video import embeds
from shop.core.db import Database
from tests.factories_accounts import sign_in
from tests.factories_live import make_session


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=12s", "youtube:dQw4w9WgXcQ"),
        ("http://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ"),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc", "youtube:dQw4w9WgXcQ"),
        ("https://youtube.com/live/dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ"),
        (" https://www.youtube.com/shorts/dQw4w9WgXcQ \n", "youtube:dQw4w9WgXcQ"),
        ("https://www.facebook.com/htxhoale/videos/1234567890123456/", "facebook:htxhoale/1234567890123456"),
        (
            "https://www.facebook.com/htx.hoa.le/videos/ten-buoi/1234567890123456",
            "facebook:htx.hoa.le/1234567890123456",
        ),
        ("https://m.facebook.com/watch/?v=1234567890123456", "facebook:watch/1234567890123456"),
        ("https://www.tiktok.com/@htxhoale/video/7123456789012345678", "tiktok:7123456789012345678"),
    ],
)
def test_what_people_paste_is_understood(address: str, kept: str) -> None:
    found = embeds.read(address)
    assert found.kept == kept
    assert found == embeds.of(kept)
    assert found.src.startswith(embeds.FRAMES)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "abc",
        "javascript:alert(1)",
        "https://evil.example/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
        "https://user@www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com:8443/watch?v=dQw4w9WgXcQ",
        "https://127.0.0.1/htx/videos/1234567890",
        "http://169.254.169.254/latest/meta-data",
        "https://www.youtube.com/watch?v=../../evil",
        "https://www.youtube.com/watch",
        'https://youtu.be/"onload="a',
        "https://www.facebook.com/htxhoale",
        "https://www.facebook.com/htx%2F..%2F/videos/1234567890",
        "https://www.tiktok.com/@htxhoale/live",
        "file:///etc/passwd",
    ],
)
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(embeds.NotAPlayer):
        embeds.read(address)


@pytest.mark.parametrize("address", ["https://fb.watch/abc/", "https://vt.tiktok.com/ZSabc/"])
def test_a_short_address_is_asked_for_in_whole(address: str) -> None:
    with pytest.raises(embeds.ShortAddress):
        embeds.read(address)


@given(st.text(max_size=60), st.sampled_from(["youtube:", "facebook:", "tiktok:", "", "facebook:watch/"]))
def test_whatever_is_kept_the_frame_stays_with_the_three(words: str, site: str) -> None:
    try:
        src = embeds.of(site + words).src
    except embeds.NotAPlayer:
        return
    assert src.startswith(tuple(f"{frame}/" for frame in embeds.FRAMES))
    assert not set(src) & set("\"'<> \n")


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
    assert (
        "frame-src https://www.youtube-nocookie.com https://www.facebook.com" in room.headers["Content-Security-Policy"]
    )
    refused = client.post(at, data={"address": "https://evil.example/"})
    assert (refused.status_code, "YouTube, Facebook" in refused.text) == (422, True)
    client.post(at, data={"address": ""})
    assert "data-embed" not in client.get(f"/live/{live.slug}").text
