"""The room in a real browser: the picture moves on while people buy, and what the host does appears by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.test_accessibility import sign_in

pytestmark = pytest.mark.browser
Browse = Callable[..., Page]


def open_room(window: Page) -> None:
    window.goto("/live")
    window.locator(".live-card.on-air a").first.click()
    expect(window.locator("#pinned .pinned")).to_be_visible()


NEXT_MOMENT = """() => new Promise(tell => {
    const video = document.getElementById('picture');
    video.addEventListener('timeupdate', () => tell([video.currentTime, video.dataset.seen ?? '']), {once: true});
})"""

PRESS = "button => { button.click(); return button.querySelector('.code').textContent.trim(); }"
"""Reads and presses one button in one moment: the demo's own hand may move the pin, and the list, at any other."""


def pin_another(studio: Page) -> str:
    """The host pins the last item that is not pinned, and for minutes nobody else moves the pin. Its code."""
    sign_in(studio, "0900000003")
    studio.goto("/ban-hang/live")
    studio.locator(".session-card:has(.chip.live) a").first.click()
    studio.wait_for_url(re.compile(r"/ban-hang/live/\d+$"))  # the whole page: the last item so far is not the last
    code: str = studio.get_by_role("button", name="Ghim").last.evaluate(PRESS)
    return code


def test_buying_never_touches_the_picture(browse: Browse) -> None:
    window = browse()
    open_room(window)
    before, _ = window.evaluate(NEXT_MOMENT)
    window.evaluate("document.getElementById('picture').dataset.seen = 'the same one'")
    window.locator("#pinned .button").click()
    sheet = window.locator("#sheet")
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Giữ hàng giá live").click()
    expect(sheet.get_by_text("Đã giữ cho bạn")).to_be_visible()
    after, seen = window.evaluate(NEXT_MOMENT)
    assert (after != before, seen) == (True, "the same one")
    sheet.get_by_role("button", name="Đóng").click()
    expect(window.locator("#held")).to_contain_text("Đang giữ cho bạn")
    window.locator("#held a").click()
    expect(window.locator("main")).to_contain_text("live")


def test_a_pin_appears_on_an_open_page_by_itself(browse: Browse) -> None:
    viewer, studio = browse(), browse(DESKTOP)
    open_room(viewer)
    viewer.evaluate("window.notReloaded = true")
    code = pin_another(studio)
    expect(viewer.locator("#pinned .code")).to_have_text(code)
    expect(viewer.locator(f".room-item[data-code={code}]")).to_have_attribute("aria-current", "true")
    assert viewer.evaluate("window.notReloaded") is True


def test_what_a_buyer_without_scripts_takes_another_sees_missing(browse: Browse) -> None:
    buyer, other = browse(java_script_enabled=False), browse(DESKTOP)
    open_room(buyer)
    open_room(other)
    code = buyer.locator(".room-item").last.get_attribute("data-code")
    left = other.locator(f".room-item [data-left={code}]")
    before = int(left.text_content() or 0)
    buyer.goto(f"{buyer.url}/mua/{code}")
    buyer.get_by_role("button", name="Giữ hàng giá live").click()
    expect(buyer).to_have_url(re.compile("/gio-hang$"))
    expect(left).to_have_text(str(before - 1))
