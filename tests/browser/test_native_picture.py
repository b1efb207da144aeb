"""A browser that plays HLS by itself, without a player of ours, shows a live session (criterion 15)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from shop.core.db import Database
from tests.factories_live import make_session
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, listed
from tests.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)]
PLAYS = """(src) => new Promise((tell) => {
    const video = document.createElement('video');
    Object.assign(video, { src, muted: true });
    document.body.append(video);
    let from = null;
    video.onerror = () => tell(video.error.message);
    video.ontimeupdate = () => {
        from ??= video.currentTime;
        if (video.currentTime > from + 0.3) tell('plays');
    };
    setTimeout(() => tell(`stands at ${video.currentTime} from ${from}, ready ${video.readyState}`), 20000);
    video.play().catch((error) => tell(error.message));
})"""


def test_a_plain_video_element_plays_it(chromium: Browser, app: FastAPI, db: Database) -> None:
    live, _items, host = make_session(db, datetime.now(UTC), on_air=False)
    with serving(app) as port:
        base = f"http://127.0.0.1:{port}"
        phone = Phone(base, db, host, live.id)
        phone.take()
        phone.send(pieces(film(12)))
        listed(base, live.id, 4, ll="0")
        page = chromium.new_page()
        page.goto(f"{base}/healthz")
        if not page.evaluate("document.createElement('video').canPlayType('application/vnd.apple.mpegurl')"):
            pytest.skip("this browser plays HLS only with a player")
        assert page.evaluate(PLAYS, f"/hinh/{live.id}/index.m3u8?ll=0") == "plays"
        page.close()
        phone.line.close()
