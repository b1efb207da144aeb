"""What goes up from the phone, with a server that says what it likes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser
SCRIPT = (Path(__file__).parents[2] / "static/js/camera/10-uplink.js").read_text()
FILMS = """async ({ before, lateS, after }) => {
    const told = { lost: 0, closed: null, sent: 0 };
    const say = { sent: () => { told.sent += 1; }, trouble: () => {}, again: () => {},
                  closed: (status, kind) => { told.closed = [status, kind]; }, lost: (ms) => { told.lost = ms; } };
    const until = async (ready) => { while (!ready()) await new Promise((done) => setTimeout(done, 10)); };
    const clock = Date.now;
    const uplink = new Uplink(say);
    const put = (words) => uplink.put(1, "video/mp4", new Blob([words]));
    uplink.open({ ingest: "/hinh/1", token: "t", epoch: 1 });
    for (const words of before) { put(words); await until(() => uplink.empty); }
    for (const words of after) put(words);
    Date.now = () => clock() + lateS * 1000;
    await fetch("/over");
    await until(() => told.closed);
    put("what the recorder still had");
    const all = await uplink.finish(Promise.resolve(), 1000);
    Date.now = clock;
    return { ...told, all };
}"""


@pytest.mark.parametrize(("late_s", "is_whole"), [(0, True), (20, False)])
def test_a_session_that_was_ended_elsewhere_misses_nothing_that_was_filmed_before_its_end(
    chromium: Browser, late_s: int, is_whole: bool
) -> None:
    """What a line that is late had still to send is missing, and said; what was filmed since is nobody's."""
    taken, is_over = list[str](), False

    def answer(route: Route) -> None:
        nonlocal is_over
        path = route.request.url.partition("cho.example")[2]
        if path == "/":
            route.fulfill(content_type="text/html", body="<!doctype html>")
        elif path == "/over":
            is_over = True
            route.fulfill(json={})
        elif is_over:
            route.fulfill(status=410, json={"type": "/loi/picture-over"})
        elif len(taken) == 3:
            route.fulfill(status=503, json={})
        else:
            taken.append(route.request.post_data or "")
            route.fulfill(json={"epoch": 1, "next": len(taken)})

    page = chromium.new_page()
    page.route("**/*", answer)
    page.goto("http://cho.example/")
    page.add_script_tag(content=SCRIPT)
    told = page.evaluate(FILMS, {"before": ["one", "two", "three"], "lateS": late_s, "after": ["four", "five"]})
    page.close()
    assert (taken, told["sent"], told["closed"]) == (["one", "two", "three"], 3, [410, "picture-over"])
    assert (told["all"], told["lost"] == 0) == (is_whole, is_whole)
