"""From a phone's camera to a viewer's picture in real browsers: one press, a cut, another phone, the replay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from livestream import moves
from livestream.states import Limits, follow_clock
from tests.browser.filming import CAMERA, STARTS_WITHIN_MS, Evening, evening, go_live, sees
from tests.servers import NotAvailable, find_chromium

pytestmark = pytest.mark.browser
A_SCREEN_THAT_SLEEPS = """
window.kept_awake = [];
Object.defineProperty(navigator, "wakeLock", {
    value: { request: async (what) => { kept_awake.push(what); return { release: async () => {} }; } },
});
"""


@pytest.fixture(scope="module")
def filming() -> Iterator[Browser]:
    """A browser whose camera shows a test picture."""
    try:
        program = find_chromium()
    except NotAvailable as reason:
        pytest.skip(str(reason))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CAMERA)
        yield browser
        browser.close()


@pytest.fixture
def tonight(filming: Browser, sqlite_template: Path, tmp_path: Path) -> Iterator[Evening]:
    with evening(filming, sqlite_template, tmp_path / "market") as play:
        yield play


def keep(viewer: Page) -> None:
    """Remember this page and its picture: `same` says whether they are still the same."""
    viewer.evaluate("document.getElementById('picture').dataset.seen = window.kept = 'the same'")


def same(viewer: Page) -> bool:
    return bool(
        viewer.evaluate("window.kept === 'the same' && document.getElementById('picture').dataset.seen === window.kept")
    )


def test_one_press_sells_live_until_the_second_tap_and_the_replay_goes_on_selling(
    tonight: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Criteria 1, 2, 8, 19 and 28: also through a flip of the camera and a reload of the host's page."""
    monkeypatch.setattr(moves, "LONG_ENOUGH_S", 3)
    phone, viewer = tonight.phone(), tonight.viewer()
    phone.evaluate(A_SCREEN_THAT_SLEEPS)
    go_live(phone)
    assert phone.evaluate("window.kept_awake") == ["screen"], "the phone would go to sleep with the host before it"
    expect(phone.locator("#dot-words")).to_have_text("Hình đang lên tốt")
    sees(viewer)  # the page waited for this and opened by itself
    keep(viewer)

    phone.locator(".pin-next").click()
    expect(viewer.locator("#pinned .code")).to_have_text("A2")
    viewer.locator("#pinned .button").click()
    viewer.locator("#sheet").get_by_role("button", name="Giữ hàng giá live").click()
    expect(viewer.locator("#sheet")).to_contain_text("Đã giữ cho bạn")
    expect(phone.locator("#strip .chip.leaf")).to_contain_text("1 × A2")
    sees(viewer)
    assert same(viewer), "buying touched the picture"
    viewer.locator("#sheet").get_by_role("button", name="Đóng").click()

    phone.locator("[data-act=flip]").click()
    expect(phone.locator("#camera")).to_have_attribute("data-take", "2")
    sees(viewer)
    phone.reload()
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.locator("#camera")).to_have_attribute("data-phase", "running", timeout=STARTS_WITHIN_MS)
    sees(viewer)
    assert same(viewer), "the viewer had to open the page again"

    phone.locator(".stop").click()
    phone.get_by_role("button", name="Bấm lần nữa để kết thúc").click()
    phone.wait_for_url(f"**/ban-hang/live/{tonight.live.id}")
    expect(viewer.locator("#now")).to_have_attribute("data-state", "replay", timeout=STARTS_WITHIN_MS)
    viewer.get_by_role("link", name="Xem lại buổi live").click()
    sees(viewer)
    viewer.locator("[popovertarget=items]").first.click()
    chapter = viewer.locator(".chapter[data-code=A2]")
    chapter.click()
    expect(chapter).to_have_attribute("aria-current", "true")
    with viewer.expect_response("**/gio-hang") as added:
        viewer.locator("#replay-now").get_by_role("button").click()
    assert added.value.ok
    sees(viewer)


def test_who_watches_is_told_when_the_phone_is_gone_and_is_led_on(tonight: Evening) -> None:
    """Criterion 10; the desk and the chat go on without a picture."""
    phone, viewer = tonight.phone(), tonight.viewer()
    go_live(phone)
    sees(viewer)
    keep(viewer)
    phone.context.close()
    expect(viewer.locator(".reconnecting")).to_be_visible(timeout=STARTS_WITHIN_MS)
    viewer.locator(".composer input[name=words]").fill("Còn hàng không anh?")
    viewer.locator(".composer button").click()
    viewer.get_by_label("Mọi người gọi bạn là gì?").fill("Lan")
    viewer.locator("#answer").get_by_role("button", name="Gửi").click()
    expect(viewer.locator("#chat-lines")).to_contain_text("Còn hàng không anh?")
    assert same(viewer)

    desk = tonight.phone()
    desk.locator(".pin-next").click()
    expect(viewer.locator("#pinned .code")).to_have_text("A2")
    expect(desk.get_by_role("button", name="Tiếp tục")).to_be_visible()
    follow_clock(tonight.db, datetime.now(UTC) + timedelta(minutes=6), Limits())
    expect(viewer.locator("#pinned")).to_contain_text("kết thúc")


def test_another_phone_takes_over_only_when_asked_to(tonight: Evening) -> None:
    """And what a dead line keeps from going up at the end is said, not lost in silence."""
    first, second, viewer = tonight.phone(), tonight.phone(), tonight.viewer()
    told: list[str] = []
    for page in (first, second, viewer):
        page.on("console", lambda line: told.append(line.text))
    go_live(first)
    sees(viewer)
    keep(viewer)
    second.reload()
    second.get_by_role("button", name="Tiếp tục").click()
    second.get_by_role("button", name="Quay bằng máy này").click()
    expect(second.locator("#camera")).to_have_attribute("data-phase", "running", timeout=STARTS_WITHIN_MS)
    expect(first.get_by_text("Máy khác đã tiếp nhận buổi live")).to_be_visible()
    sees(viewer)
    assert same(viewer)
    second.route("**/hinh/**", lambda route: route.abort())
    second.evaluate("document.getElementById('camera').dataset.lastS = 1")
    second.locator(".stop").click()
    second.get_by_role("button", name="Bấm lần nữa để kết thúc").click()
    expect(second.get_by_text("đoạn cuối không gửi kịp")).to_be_visible()
    expect(second.locator("#unsent")).to_contain_text("giây hình không lên được")
    expect(second.locator("#dot-words")).to_have_text("Đã kết thúc")
    assert not [line for line in told if "Content Security Policy" in line or "poster.jpg" in line]


def test_a_viewer_chooses_sound_only_or_almost_at_once_and_reads_the_price_over_the_picture(tonight: Evening) -> None:
    phone, viewer = tonight.phone(), tonight.viewer()
    go_live(phone)
    sees(viewer)
    keep(viewer)
    for way in ("fast", "sound"):
        viewer.locator(".room-tools [popovertarget=watching]").click()
        viewer.locator("[name=captions]").check()
        viewer.locator(f"[name=way][value={way}]").check()
        expect(viewer.locator(".stage")).to_have_attribute("data-way", way)
        sees(viewer)
    expect(viewer.locator("#caption")).to_contain_text("150.000")
    viewer.locator("[data-see-again]").click()
    sees(viewer)
    assert same(viewer)


NO_CAMERA = {
    "missing": "Object.defineProperty(navigator, 'mediaDevices', { value: undefined })",
    "denied": "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
    "none": "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'))",
}
ZALO = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 Zalo android/24"


def test_without_a_camera_the_page_says_what_to_do_next(tonight: Evening) -> None:
    """Criterion 30."""
    for trouble, script in NO_CAMERA.items():
        phone = tonight.phone()
        phone.add_init_script(script)
        phone.reload()
        if trouble != "missing":
            go = phone.locator("#go")
            assert (go.bounding_box() or {"height": 0})["height"] >= 64
            go.click()
        expect(phone.locator(f"[data-trouble={trouble}]")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        phone.context.close()
    inside_zalo = tonight.phone(user_agent=ZALO)
    inside_zalo.add_init_script(NO_CAMERA["missing"])
    inside_zalo.reload()
    expect(inside_zalo.locator("[data-trouble=in-app]")).to_contain_text("Mở bằng trình duyệt")
    assert tonight.state() in ("scheduled", "lobby")


def test_a_try_is_seen_by_nobody_but_the_host(tonight: Evening) -> None:
    phone, viewer = tonight.phone(), tonight.viewer()
    phone.evaluate("document.getElementById('camera').dataset.practiceMs = 1500")
    phone.get_by_role("button", name="Quay thử").click()
    film = phone.locator("#practice-film")
    expect(film).to_be_visible()
    phone.wait_for_function("() => document.getElementById('practice-film').videoWidth > 0")
    phone.get_by_role("button", name="Xong").click()
    expect(film).to_be_hidden()
    assert tonight.state() in ("scheduled", "lobby")
    viewer.reload()
    expect(viewer.locator("#picture")).to_have_count(0)
