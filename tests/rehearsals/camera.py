"""A phone's camera and a viewer with a clock in hand: a good line, none for ten seconds, thin ones, a killed server."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from shop.core.db import Database
from tests.browser.filming import CAMERA, Evening, go_live, sees
from tests.factories import make_coop
from tests.factories_live import make_session
from tests.factories_orders import make_table
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand
from tests.servers import find_chromium

HERE = Path(__file__).parent
LIVE_WITHIN_S, SEEN_WITHIN_S = 8.0, 3.0
BEHIND_S, FARTHEST_S, BACK_WITHIN_S, EDGE_S = 5.0, 8.0, 5.0, 8.0
WATCHED_S, BLACK_S, THIN_S = 60, 10, 60
THIN_BITS_S = (200_000, 130_000)


class Seen(NamedTuple):
    """What a viewer saw at a moment: seconds behind the camera, and the player's own place."""

    at: float
    behind_s: float
    place_s: float


def camera(folder: Path) -> list[Figure]:
    """The clocks of a picture (criteria 1, 2, 3, 6, 7, 9, 16): from one press to what a viewer sees on a bad day."""
    stand = Stand(folder / "market", CHOHTX_WORKER="thread")
    if (made := stand.chohtx("migrate")).returncode:
        raise Broke(made.stderr)
    with ExitStack() as open_now:
        db = open_now.enter_context(stand.database())
        player = open_now.enter_context(sync_playwright())
        browser = player.chromium.launch(executable_path=find_chromium(), args=CAMERA)
        open_now.callback(browser.close)
        return _evening(stand, db, browser)


def _evening(stand: Stand, db: Database, browser: Browser) -> list[Figure]:
    coop = make_coop(db, name="HTX Thanh long Hàm Đức")
    make_table(db, coop)
    live, _items, host = make_session(db, datetime.now(UTC), coop=coop, items=3, on_air=False)
    show = Evening(browser, db, stand.settings.base_url, live, host)
    with show.closing:
        with stand.running("serve") as process:
            phone, viewer, figures = _begin(show)
            figures += _good_line(viewer)
            figures += _no_line(phone, viewer)
            for bits_s in THIN_BITS_S:
                figures += _thin_line(phone, viewer, bits_s)
            os.killpg(process.pid, signal.SIGKILL)
        with stand.running("serve"):
            figures += _killed(phone, viewer, show)
    return figures


def _begin(show: Evening) -> tuple[Page, Page, list[Figure]]:
    phone = show.phone()
    phone.add_init_script(path=HERE / "film_clock.js")
    phone.reload()
    began = time.monotonic()
    go_live(phone)
    live_s = _within("from the press to live", LIVE_WITHIN_S, time.monotonic() - began)
    time.sleep(6)
    began = time.monotonic()
    viewer = show.viewer()
    sees(viewer)
    seen_s = _within("a viewer's first picture", SEEN_WITHIN_S, time.monotonic() - began)
    viewer.evaluate("window.kept = true")
    return phone, viewer, [("press to live", live_s), ("opening the room to a moving picture", seen_s)]


def _good_line(viewer: Page) -> list[Figure]:
    time.sleep(5)
    seen = _watch(viewer, WATCHED_S)
    behind = [one.behind_s for one in seen]
    _within("the median glass to glass", BEHIND_S, median(behind))
    _within("the longest glass to glass", FARTHEST_S, max(behind))
    return [(f"glass to glass over {WATCHED_S} s, median and longest", f"{median(behind):.2f} s, {max(behind):.2f} s")]


def _no_line(phone: Page, viewer: Page) -> list[Figure]:
    """Nothing passes for ten seconds; nobody presses anything."""
    phone.context.set_offline(True)
    time.sleep(BLACK_S)
    stood = _look(viewer)
    phone.context.set_offline(False)
    back_s = _within("the picture after the line came back", BACK_WITHIN_S, _until_moving(viewer, stood))
    time.sleep(30)
    behind_s = _within("30 s after the line came back", EDGE_S, _watch(viewer, 3)[-1].behind_s)
    return [
        (f"after {BLACK_S} s without a line the viewer's picture goes on within", back_s),
        ("30 s later it is behind the camera by", behind_s),
    ]


def _thin_line(phone: Page, viewer: Page, bits_s: int) -> list[Figure]:
    line = phone.context.new_cdp_session(phone)
    line.send("Network.enable")
    limits = {"offline": False, "latency": 60, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": bits_s / 8})
    time.sleep(THIN_S)
    notice = phone.locator("#dot-words").inner_text()
    behind = [one.behind_s for one in _watch(viewer, 10)]
    line.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    line.detach()
    if notice != "Mạng yếu, đã giảm chất lượng":
        raise Broke(f"on {bits_s} bit/s the host reads: {notice}")
    _within(f"the picture after {THIN_S} s at {bits_s} bit/s", EDGE_S, median(behind))
    return [(f"after {THIN_S} s at {bits_s // 1000} kbit/s up, behind the camera by", f"{median(behind):.2f} s")]


def _killed(phone: Page, viewer: Page, show: Evening) -> list[Figure]:
    """The server was killed and started again: both go on by themselves."""
    began = time.monotonic()
    stood = _look(viewer)
    _until_moving(viewer, stood)
    back_s = time.monotonic() - began
    if not viewer.evaluate("window.kept === true"):
        raise Broke("the viewer's page was opened again")
    if show.complaints:
        raise Broke(f"pages complained: {show.complaints}")
    phase = phone.locator("#camera").get_attribute("data-phase")
    if phase != "running":
        raise Broke(f"the phone stands at {phase}")
    return [("kill -9 and start again: the picture goes on, with nobody pressing anything, within", f"{back_s:.1f} s")]


def _look(viewer: Page) -> Seen | None:
    found = viewer.evaluate((HERE / "read_clock.js").read_text())
    return Seen(time.monotonic(), *found) if found else None


def _watch(viewer: Page, seconds: float) -> list[Seen]:
    """What a viewer sees, five times a second. Raises Broke when there is nothing to see."""
    until, seen = time.monotonic() + seconds, []
    while time.monotonic() < until:
        seen.append(_look(viewer))
        time.sleep(0.2)
    if not any(seen):
        raise Broke("the viewer saw no picture")
    return [one for one in seen if one]


def _until_moving(viewer: Page, stood: Seen | None, at_most_s: float = 60) -> float:
    """Seconds until the picture shows what was filmed after it stood still. Raises Broke."""
    began = time.monotonic()
    before = stood.at - stood.behind_s if stood else 0.0
    while time.monotonic() < began + at_most_s:
        now = _look(viewer)
        if now and now.at - now.behind_s > before + 1:
            return time.monotonic() - began
        time.sleep(0.1)
    raise Broke(f"the picture did not move within {at_most_s:.0f} s")


def _within(what: str, most_s: float, took_s: float) -> str:
    if took_s > most_s:
        raise Broke(f"{what}: {took_s:.2f} s instead of at most {most_s:.0f} s")
    return f"{took_s:.2f} s"
