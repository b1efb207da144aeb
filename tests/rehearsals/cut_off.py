"""A phone behind a line that swallows everything, a reload, an end and a phone that never returns; then the replay."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, expect, sync_playwright

from livestream.models import SessionState
from shop.core.db import Database
from tests.browser.filming import CAMERA, STARTS_WITHIN_MS, Evening, go_live, sees
from tests.factories import make_coop
from tests.factories_live import make_session
from tests.factories_orders import make_table
from tests.rehearsals.black_hole import wire
from tests.rehearsals.camera import BACK_WITHIN_S, BLACK_S, EDGE_S, _look, _until_moving, _watch, _within
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand
from tests.servers import find_chromium

HERE = Path(__file__).parent
TOLD_WITHIN_S, REPLAY_WITHIN_S, GRACE_S, CLOCK_TURNS_S = 8.0, 10.0, 60.0, 30.0
LENGTH_S, CHAPTER_S, LOST_S = 2.0, 3.0, 1.0
FILMED_FIRST_S, FILMED_AFTER_S = 12, 12


class Filmed(NamedTuple):
    """From when to when a take was filmed, in seconds of the machine's clock."""

    since: float
    until: float


def cut_off(folder: Path) -> list[Figure]:
    """Ten seconds in which requests hang, a reload, the end, and a phone that is gone (criteria 6, 7, 8, 10 and 28)."""
    stand = Stand(folder / "market", CHOHTX_WORKER="thread", CHOHTX_LIVE_GRACE_MINUTES="1")
    if (made := stand.chohtx("migrate")).returncode:
        raise Broke(made.stderr)
    with ExitStack() as open_now:
        db = open_now.enter_context(stand.database())
        browser = open_now.enter_context(sync_playwright()).chromium.launch(
            executable_path=find_chromium(), args=CAMERA
        )
        open_now.callback(browser.close)
        open_now.enter_context(stand.running("serve"))
        with _evening(stand, db, browser, "HTX Thanh long Hàm Đức") as show:
            figures = _swallowed(show, stand.port)
        with _evening(stand, db, browser, "HTX Bưởi Tân Triều") as show:
            figures += _gone(show)
        return figures


@contextmanager
def _evening(stand: Stand, db: Database, browser: Browser, name: str) -> Iterator[Evening]:
    coop = make_coop(db, name=name)
    make_table(db, coop)
    live, _items, host = make_session(db, datetime.now(UTC), coop=coop, items=3, on_air=False)
    show = Evening(browser, db, stand.settings.base_url, live, host)
    with show.closing:
        yield show
    if show.complaints:
        raise Broke(f"pages complained: {show.complaints}")


def _films(show: Evening, address: str) -> Page:
    phone = show.phone(base_url=address)
    for script in ("film_clock.js", "film_times.js"):
        phone.add_init_script(path=HERE / script)
    phone.reload()
    go_live(phone)
    return phone


def _swallowed(show: Evening, port: int) -> list[Figure]:
    with wire(port) as line:
        phone, viewer = _films(show, line.address), show.viewer()
        sees(viewer)
        viewer.evaluate("window.kept = true")
        time.sleep(FILMED_FIRST_S)
        phone.locator(".pin-next").click()
        expect(viewer.locator("#pinned .code")).to_have_text("A2")
        time.sleep(3)
        with line.swallowing():
            told_s = _told(viewer, time.monotonic())
            time.sleep(max(0.0, BLACK_S - told_s))
            stood = _look(viewer)
        back_s = _within("the picture after requests hung", BACK_WITHIN_S, _until_moving(viewer, stood))
        time.sleep(30)
        behind_s = _within("30 s after requests hung", EDGE_S, _watch(viewer, 3)[-1].behind_s)
        phone.locator(".pin-next").click()
        expect(viewer.locator("#pinned .code")).to_have_text("A3")
        time.sleep(5)
        phone.reload()
        phone.get_by_role("button", name="Tiếp tục").click()
        expect(phone.locator("#camera")).to_have_attribute("data-phase", "running", timeout=STARTS_WITHIN_MS)
        time.sleep(FILMED_AFTER_S)
        figures = [
            (f"requests hang for {BLACK_S} s: viewers are told after", f"{told_s:.1f} s"),
            ("then the viewer's picture goes on within", back_s),
            ("30 s later it is behind the camera by", behind_s),
        ]
        return figures + _ended(phone, viewer)


def _told(viewer: Page, began: float) -> float:
    """Seconds until this viewer reads that the picture is away (criterion 10)."""
    expect(viewer.locator(".reconnecting")).to_be_visible(timeout=STARTS_WITHIN_MS)
    took_s = time.monotonic() - began
    _within("the word that the picture is away", TOLD_WITHIN_S, took_s)
    return took_s


def _ended(phone: Page, viewer: Page) -> list[Figure]:
    """Criteria 8 and 28: both parts are in the replay, as long as what was filmed; chapters lead where they say."""
    phone.locator(".stop").click()
    began = time.monotonic()
    phone.get_by_role("button", name="Bấm lần nữa để kết thúc").click()
    expect(viewer.locator("#now")).to_have_attribute("data-state", "replay", timeout=STARTS_WITHIN_MS)
    if not viewer.evaluate("window.kept === true"):
        raise Broke("the viewer's page was opened again")
    viewer.get_by_role("link", name="Xem lại buổi live").click()
    sees(viewer)
    ready_s = _within("from the end to a playing replay", REPLAY_WITHIN_S, time.monotonic() - began)
    takes = _takes(phone)
    filmed_s, shown_s = sum(one.until - one.since for one in takes), float(viewer.evaluate("picture.video.duration"))
    if abs(shown_s - filmed_s) > LENGTH_S:
        raise Broke(f"the replay is {shown_s:.1f} s long, filmed were {filmed_s:.1f} s: {takes}")
    off_s = max(_chapter(viewer, code) for code in ("A2", "A3"))
    return [
        ("from the second tap to a playing replay", ready_s),
        ("the replay, held against what was filmed", f"{shown_s:.1f} s, {filmed_s:.1f} s"),
        ("of that, film missing between its first and last picture", _whole(viewer, shown_s, takes)),
        ("chapters, at most off by", f"{off_s:.1f} s"),
    ]


def _takes(phone: Page) -> list[Filmed]:
    """What the phone filmed; a take that was cut short ends where the page did."""
    takes, since = [], 0.0
    for what, at_ms in json.loads(phone.evaluate("sessionStorage.filmed")):
        if what == "start":
            since = at_ms / 1000
        elif since:
            takes.append(Filmed(since, at_ms / 1000))
            since = 0.0
    return takes


def _moment(viewer: Page, place_s: float | None = None) -> float:
    """When the picture was filmed that stands at this place of the film, by the clock that is in it."""
    if place_s is not None:
        viewer.evaluate("(at) => { picture.video.pause(); picture.video.currentTime = at; }", place_s)
    viewer.wait_for_function("() => !picture.video.seeking && picture.video.readyState >= 2")
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if seen := _look(viewer):
            return time.time() - seen.behind_s
    raise Broke(f"no clock in the picture at {place_s} s")


def _chapter(viewer: Page, code: str) -> float:
    """Seconds between the pin and what its chapter shows."""
    chapter = viewer.locator(f".chapter[data-code={code}]")
    pinned_at = int(chapter.get_attribute("data-chapter") or 0) / 1000
    viewer.evaluate("picture.video.pause()")
    chapter.dispatch_event("click")
    off_s = abs(_moment(viewer) - pinned_at)
    if off_s > CHAPTER_S:
        raise Broke(f"the chapter of {code} is {off_s:.1f} s off")
    return off_s


def _whole(viewer: Page, shown_s: float, takes: list[Filmed]) -> str:
    """Second by second: nothing the phone held is missing, and each take is there. Raises Broke."""
    moments = [_moment(viewer, place) for place in range(1, int(shown_s))]
    for take in takes:
        if take.until - take.since > LENGTH_S and not any(take.since < at < take.until for at in moments):
            raise Broke(f"{take} is not in the replay")
    away_s = sum(later.since - one.until for one, later in pairwise(takes))
    lost_s = (moments[-1] - moments[0]) - (len(moments) - 1) - away_s
    if lost_s > LOST_S * len(takes):
        raise Broke(f"{lost_s:.1f} s of film are missing: {moments}")
    return f"{max(0.0, lost_s):.1f} s"


def _gone(show: Evening) -> list[Figure]:
    """Criterion 10: the phone never comes back; after the grace time the page of the session offers the replay."""
    phone, viewer = _films(show, show.address), show.viewer()
    sees(viewer)
    time.sleep(35)
    phone.context.close()
    began = time.monotonic()
    told_s = _told(viewer, began)
    most_ms = (GRACE_S + CLOCK_TURNS_S) * 1000
    expect(viewer.get_by_role("link", name="Xem lại buổi live")).to_be_visible(timeout=most_ms)
    over_s = time.monotonic() - began
    if show.state() != SessionState.REPLAY:
        raise Broke(f"the session is {show.state()}")
    viewer.get_by_role("link", name="Xem lại buổi live").click()
    sees(viewer)
    return [
        ("a phone that is gone: viewers are told after", f"{told_s:.1f} s"),
        (f"with {GRACE_S:.0f} s of grace its page offers the replay after", f"{over_s:.0f} s"),
    ]
