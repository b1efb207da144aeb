"""A market with one co-op that goes live from a Chromium whose camera is a test picture, and viewers beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from livestream.models import LiveSession
from shop.accounts import service as accounts
from shop.core.db import Database
from shop.core.deps import SIGN_IN, Person
from shop.main import create_app
from shop.settings import Settings
from tests.factories import make_coop
from tests.factories_live import make_session
from tests.factories_orders import make_table
from tests.served import serving
from tests.servers import free_port

PHONE = {"width": 360, "height": 800}
CAMERA = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
STARTS_WITHIN_MS = 30_000  # on a machine on which other tests run, too

MOVES = """() => new Promise((tell) => {
    const video = document.getElementById('picture');
    const from = video.currentTime;
    const look = () => (video.currentTime > from + 0.5 ? tell(video.dataset.seen ?? '') : setTimeout(look, 50));
    look();
})"""
"""Resolves when the picture has moved on; tells what was written on it, so that one knows it is the same."""


@dataclass
class Evening:
    """One co-op's market and session; windows open on it."""

    browser: Browser
    db: Database
    address: str
    live: LiveSession
    host: Person
    complaints: list[str] = field(default_factory=list)
    closing: ExitStack = field(default_factory=ExitStack)

    def context(self, **options: object) -> BrowserContext:
        usual = {"viewport": PHONE, "base_url": self.address, "locale": "vi-VN"}
        context = self.browser.new_context(**usual | options)  # type: ignore[arg-type]  # playwright's options, by name
        self.closing.callback(context.close)
        return context

    def page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def viewer(self) -> Page:
        page = self.page(self.context())
        page.goto(f"/live/{self.live.slug}")
        return page

    def phone(self, **options: object) -> Page:
        """A browser of the host's own, signed in, on the camera page."""
        context = self.context(permissions=["camera", "microphone"], **options)
        with self.db.write() as session:
            token = accounts.start_session(session, self.host.id, datetime.now(UTC))
        context.add_cookies([{"name": SIGN_IN, "value": token, "url": self.address}])
        page = self.page(context)
        page.goto(f"/ban-hang/live/{self.live.id}/quay")
        return page

    def state(self) -> str:
        with self.db.read() as session:
            return session.get_one(LiveSession, self.live.id).state


@contextmanager
def evening(browser: Browser, template: Path, folder: Path) -> Iterator[Evening]:
    """A planned session of three items in a market of its own. What a page complains of fails the test."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, folder / "market.sqlite")
    port = free_port()
    settings = Settings(
        _env_file=None,
        env="demo",
        data_dir=folder,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        rtmp_port=free_port(),
        worker="none",
    )
    db = Database(f"sqlite:///{folder / 'market.sqlite'}")
    coop = make_coop(db, name="HTX Thanh long Hàm Đức")
    make_table(db, coop)
    live, _items, host = make_session(db, datetime.now(UTC), coop=coop, items=3, on_air=False)
    with serving(create_app(settings, db), port):
        play = Evening(browser, db, settings.base_url, live, host)
        with play.closing:
            yield play
    db.close()
    assert play.complaints == []


def go_live(phone: Page) -> None:
    """One press, nothing else."""
    phone.locator("#go").click()
    expect(phone.locator("#camera")).to_have_attribute("data-phase", "running", timeout=STARTS_WITHIN_MS)


def sees(viewer: Page) -> None:
    """The picture moves before this viewer."""
    viewer.wait_for_selector("#picture")
    viewer.evaluate(MOVES)
