"""Glass to glass: a clock filmed by a browser's camera page and read from another browser's decoded picture."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.stand import CannotMeasure, Line
from tests.browser.filming import CAMERA, Evening, go_live, sees
from tests.factories import make_coop
from tests.factories_live import make_session
from tests.rehearsals import camera
from tests.rehearsals.stand import Stand
from tests.servers import NotAvailable, find_chromium

CLOCKS = Path(camera.__file__).parent
GOOD_S, FAST_S, THIN_S = 4.3, 1.8, 4.8
WATCHED_S, SETTLES_S = 60.0, 60.0  # a viewer who fell behind catches up a second in ten
THIN_BITS_S = (200_000, 130_000)


def bench_glass(watched_s: float = WATCHED_S, settles_s: float = SETTLES_S) -> list[Line]:
    """The seller's and the viewer's own pages, on a good line and on thin ones. Raises CannotMeasure."""
    with tempfile.TemporaryDirectory() as name, _evening(Path(name)) as show:
        phone = show.phone()
        phone.add_init_script(path=CLOCKS / "film_clock.js")
        phone.reload()
        go_live(phone)
        time.sleep(6)
        viewer = show.viewer()
        sees(viewer)
        time.sleep(5)
        lines = _good_line(viewer, watched_s)
        for bits_s in THIN_BITS_S:
            lines.append(_thin_line(phone, viewer, bits_s, settles_s))
        return lines


@contextmanager
def _evening(folder: Path) -> Iterator[Evening]:
    """A market with one session that is about to begin."""
    stand = Stand(folder / "market", CHOHTX_WORKER="thread")
    stand.chohtx("migrate")
    with ExitStack() as stack:
        db = stack.enter_context(stand.database())
        browser = _chromium(stack)
        live, _items, host = make_session(db, datetime.now(UTC), coop=make_coop(db), items=2, on_air=False)
        show = Evening(browser, db, stand.settings.base_url, live, host)
        stack.enter_context(show.closing)
        stack.enter_context(stand.running("serve"))
        yield show


def _chromium(stack: ExitStack) -> Browser:
    try:
        program = find_chromium()
    except NotAvailable as reason:
        raise CannotMeasure(str(reason)) from reason
    browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=program, args=CAMERA)
    stack.callback(browser.close)
    return browser


def _good_line(viewer: Page, watched_s: float) -> list[Line]:
    stalls = "window.stalls = 0; document.getElementById('picture').addEventListener('waiting', () => { stalls += 1; })"
    viewer.evaluate(stalls)
    usual_s, stood = _median_s(viewer, watched_s), viewer.evaluate("window.stalls")
    viewer.evaluate("globalThis.picture.watch('fast')")
    time.sleep(8)
    fast_s = _median_s(viewer, watched_s / 2)
    viewer.evaluate("globalThis.picture.watch('usual')")
    return [
        Line(f"live: glass to glass, good line: {usual_s:.2f} s p50 (limit {GOOD_S})", usual_s <= GOOD_S),
        Line(f"live: stalls in {watched_s:.0f} s: {stood} (limit 0)", stood == 0),
        Line(f"live: glass to glass, fast: {fast_s:.2f} s p50 (limit {FAST_S})", fast_s <= FAST_S),
    ]


def _thin_line(phone: Page, viewer: Page, bits_s: int, settles_s: float) -> Line:
    """Once the camera has found what the line carries."""
    wire = phone.context.new_cdp_session(phone)
    wire.send("Network.enable")
    limits = {"offline": False, "latency": 60, "downloadThroughput": -1, "uploadThroughput": bits_s / 8}
    wire.send("Network.emulateNetworkConditions", limits)
    time.sleep(settles_s)
    behind_s = _median_s(viewer, 15)
    wire.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    wire.detach()
    words = f"live: glass to glass, {bits_s // 1000} kbit/s up: {behind_s:.2f} s p50 (limit {THIN_S})"
    return Line(words, behind_s <= THIN_S)


def _median_s(viewer: Page, seconds: float) -> float:
    """How far the picture is behind the camera, looked at five times a second. Raises CannotMeasure."""
    until, seen = time.monotonic() + seconds, []
    while time.monotonic() < until:
        if found := viewer.evaluate((CLOCKS / "read_clock.js").read_text()):
            seen.append(float(found[0]))
        time.sleep(0.2)
    if not seen:
        raise CannotMeasure("the viewer saw no picture")
    return median(seen)


if __name__ == "__main__":
    for line in bench_glass():
        print(line)  # noqa: T201  what the command is for
