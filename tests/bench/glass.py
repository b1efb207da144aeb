"""Glass to glass: a clock filmed by a browser's camera page and read from another browser's decoded picture."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression, median
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.stand import CannotMeasure, Line
from tests.bench.talk import Scales, talking
from tests.browser.filming import CAMERA, Evening, go_live, sees
from tests.factories import make_coop
from tests.factories_live import make_session
from tests.rehearsals import camera
from tests.rehearsals.stand import Stand
from tests.servers import NotAvailable, find_chromium

CLOCKS = Path(camera.__file__).parent
GOOD_S, FAST_S, THIN_S = 4.3, 1.8, 4.8
FLAT_S_A_MINUTE = 1.0  # without thinner pictures it is nineteen at 200 kbit/s
WATCHED_S, SETTLES_S = 60.0, 45.0  # a viewer who fell behind catches up a second in ten
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
        lines += _under_talk(viewer, f"/live/{show.live.slug}", watched_s / 3)
        lines.append(_fast(viewer, watched_s / 3))
        for bits_s in THIN_BITS_S:
            lines += _thin_line(phone, viewer, bits_s, settles_s, settles_s * 0.6)
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
    usual_s, stood = _with_stalls(viewer, watched_s)
    return [
        Line(f"live: glass to glass, good line: {usual_s:.2f} s p50 (limit {GOOD_S})", usual_s <= GOOD_S, usual_s),
        Line(f"live: stalls in {watched_s:.0f} s: {stood} (limit 0)", stood == 0, stood),
    ]


def _under_talk(viewer: Page, room: str, watched_s: float) -> list[Line]:
    """What a busy chat does to the picture beside it."""
    scales, port = Scales(viewer), int(urlsplit(viewer.url).port or 80)
    with talking(port, room) as talk:
        behind_s, stood = _with_stalls(viewer, watched_s)
    scales.close()
    if talk.refused:
        raise CannotMeasure(f"the room would not hear: {talk.refused[0]}")
    said, kb_s = talk.said / watched_s, scales.bytes / 1024 / watched_s
    words = f"live: while {said:.0f} sentences/s are said: {stood} stalls in {watched_s:.0f} s (limit 0)"
    return [
        Line(f"{words}, {behind_s:.2f} s p50", stood == 0, stood),
        Line(f"live: all that talk weighs {kb_s:.1f} kB/s at a viewer, without the picture", None, kb_s),
    ]


def _fast(viewer: Page, watched_s: float) -> Line:
    viewer.evaluate("globalThis.picture.watch('fast')")
    time.sleep(8)
    fast_s = _median_s(_watch(viewer, watched_s))
    viewer.evaluate("globalThis.picture.watch('usual')")
    return Line(f"live: glass to glass, fast: {fast_s:.2f} s p50 (limit {FAST_S})", fast_s <= FAST_S, fast_s)


def _thin_line(phone: Page, viewer: Page, bits_s: int, settles_s: float, watched_s: float) -> list[Line]:
    """Once the camera has found what the line carries; flat is a line laid through all that was seen."""
    wire = phone.context.new_cdp_session(phone)
    wire.send("Network.enable")
    limits = {"offline": False, "latency": 60, "downloadThroughput": -1, "uploadThroughput": bits_s / 8}
    wire.send("Network.emulateNetworkConditions", limits)
    time.sleep(settles_s)
    seen = _watch(viewer, watched_s)
    tier = int(phone.locator("#camera").get_attribute("data-tier") or 0)
    filmed = phone.evaluate("(tier) => Camera.TIERS[tier].slice(0, 2).map((bits) => bits / 1000).join(' + ')", tier)
    wire.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    wire.detach()
    behind_s, line = _median_s(seen), f"live: glass to glass, {bits_s // 1000} kbit/s up"
    slope = linear_regression([one.at for one in seen], [one.behind_s for one in seen]).slope * 60
    return [
        Line(f"{line}: {behind_s:.2f} s p50 (limit {THIN_S}), filmed at {filmed} kbit/s", behind_s <= THIN_S, behind_s),
        Line(
            f"{line}: {slope:+.2f} s later a minute over {watched_s:.0f} s (limit {FLAT_S_A_MINUTE:+.1f}: flat)",
            slope <= FLAT_S_A_MINUTE,
            slope,
        ),
    ]


def _with_stalls(viewer: Page, watched_s: float) -> tuple[float, int]:
    """How far behind the picture is, and how often it waited."""
    viewer.evaluate("""() => {
        globalThis.stalls = 0;
        if (!globalThis.counts) globalThis.picture.video.addEventListener('waiting', () => { globalThis.stalls += 1; });
        globalThis.counts = true;
    }""")
    return _median_s(_watch(viewer, watched_s)), int(viewer.evaluate("globalThis.stalls"))


class Seen(NamedTuple):
    """Seconds behind the camera, at a moment."""

    at: float
    behind_s: float


def _watch(viewer: Page, seconds: float) -> list[Seen]:
    """How far the picture is behind the camera, looked at five times a second. Raises CannotMeasure."""
    until, seen = time.monotonic() + seconds, list[Seen]()
    while time.monotonic() < until:
        if found := viewer.evaluate((CLOCKS / "read_clock.js").read_text()):
            seen.append(Seen(time.monotonic(), float(found[0])))
        time.sleep(0.2)
    if len(seen) < 2:
        raise CannotMeasure("the viewer saw no picture")
    return seen


def _median_s(seen: Sequence[Seen]) -> float:
    return median(one.behind_s for one in seen)


if __name__ == "__main__":
    for line in bench_glass():
        print(line)  # noqa: T201  what the command is for
