"""python -m tests.browser.look ADDRESS FOLDER: pictures of the main pages of a running demo market, to be looked at.

Each page at the size of a cheap phone and of a desk: `<page>-360.png`, `<page>-1280.png`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import find_chromium

SIZES = ((360, 800), (1280, 800))
PASSWORD = "chohtx-demo"
PUBLIC = {
    "home": "/",
    "categories": "/danh-muc",
    "search": "/tim?q=thanh+long+ruot+do",
    "coops": "/htx",
    "live": "/live",
}
STAFF = {
    "desk": ("0900000002", "/ban-hang"),
    "studio": ("0900000003", "/ban-hang/live"),
    "alliance": ("0900000004", "/lien-minh"),
    "operator": ("0900000005", "/quan-tri"),
}


def look(address: str, folder: Path) -> None:
    """Walk as a shopper and as each of the staff, taking pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for width, height in SIZES:
            _shop(_window(browser, address, width, height), folder, width)
            for name, (phone, path) in STAFF.items():
                page = _window(browser, address, width, height)
                page.goto("/dang-nhap")
                page.locator("input[name=phone]").first.fill(phone)
                page.locator("input[name=password]").first.fill(PASSWORD)
                page.locator("input[name=password]").first.press("Enter")
                page.wait_for_url(lambda url: "/dang-nhap" not in url)
                _take(page, folder, name, width, path)
        browser.close()


def _window(browser: Browser, address: str, width: int, height: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=address, locale="vi-VN")
    return context.new_page()


def _shop(page: Page, folder: Path, width: int) -> None:
    for name, path in PUBLIC.items():
        _take(page, folder, name, width, path)
    page.goto("/htx")
    page.locator(".card-name a").first.click()
    _take(page, folder, "coop", width)
    page.goto(PUBLIC["search"])
    page.locator(".card-name a").first.click()
    _take(page, folder, "product", width)
    with page.expect_response("**/gio-hang"):
        page.locator("#buy").get_by_role("button", name="Thêm vào giỏ").click()
    _take(page, folder, "cart", width, "/gio-hang")
    page.get_by_role("button", name="Đặt mua").click()
    page.wait_for_url("**/thanh-toan**")
    _take(page, folder, "checkout", width)
    page.goto("/live")
    page.locator(".live-card.on-air a").first.click()
    page.wait_for_timeout(1500)  # until the picture moves
    _take(page, folder, "room", width)


def _take(page: Page, folder: Path, name: str, width: int, path: str = "") -> None:
    if path:
        page.goto(path)
    page.wait_for_load_state("load")
    page.screenshot(path=folder / f"{name}-{width}.png")


if __name__ == "__main__":
    look(sys.argv[1], Path(sys.argv[2]))
