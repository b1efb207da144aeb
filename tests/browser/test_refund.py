"""A buyer pays by wallet, the co-op cannot send the parcel: the money goes back by itself and her open page says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.test_accessibility import sign_in

pytestmark = pytest.mark.browser
BUYER, SOON_MS = "Lê Thị Hoàn", 30_000


def order_by_momo(window: Page, coop: str) -> None:
    """One thing of this co-op, paid at MoMo's page."""
    window.goto(coop)
    window.locator(".product-card:not(:has(.band.out)) .card-name a").first.click()
    window.locator("#buy").get_by_role("button", name="Thêm vào giỏ").click()
    expect(window.locator("#notices")).to_contain_text("Đã thêm vào giỏ")
    window.goto("/gio-hang")
    window.locator("form[action$='/thanh-toan/bat-dau'] button").click()
    window.wait_for_url("**/thanh-toan**")
    window.select_option("#province_code", "01")
    expect(window.locator("#ward_code option").nth(1)).to_be_attached()
    window.fill("#name", BUYER)
    window.fill("#phone", "0912 345 679")
    window.select_option("#ward_code", index=1)
    window.fill("#line", "12 đường Trần Phú")
    window.locator(".sum-bar button").click()
    window.check("input[name=payment_method][value=momo]", force=True)
    window.locator(".sum-bar button").click()
    window.locator("form[action$='/thanh-toan/dat-hang'] button").first.click()
    window.wait_for_url("**/don-hang/**")
    window.get_by_role("button", name="Trả ngay").click()
    window.get_by_role("button", name="Đồng ý trả").click()
    window.wait_for_url("**/don-hang/**")
    expect(window.locator("#order")).to_contain_text("Đã nhận tiền.", timeout=SOON_MS)


def test_what_the_coop_cannot_send_is_paid_back_and_the_open_page_says_so(browse: Callable[..., Page]) -> None:
    buyer, desk = browse(), browse(DESKTOP)
    sign_in(desk, "0900000002")
    desk.goto("/ban-hang")
    at_work = desk.locator(".work-place").text_content() or ""
    desk.goto("/htx")
    coops = desk.locator(".card-name a").all()
    mine = next(coop for coop in coops if (coop.text_content() or "?").strip() in at_work)
    order_by_momo(buyer, mine.get_attribute("href") or "")
    buyer.evaluate("window.notReloaded = true")
    code = re.search(r"/don-hang/([0-9A-Z]+)", buyer.url)
    desk.goto(f"/ban-hang/don?ma={code and code[1]}")
    desk.get_by_text(BUYER).first.click()
    desk.get_by_text("Có trục trặc?").click()
    desk.get_by_role("button", name="Hủy gói hàng này").click()
    back = buyer.locator("section:has(#back)")
    expect(back).to_contain_text("Đã trả lại", timeout=SOON_MS)
    expect(back).to_contain_text("Ví MoMo")
    expect(buyer.locator("#order")).to_contain_text(re.compile("Đã hủy"))
    assert buyer.evaluate("window.notReloaded") is True
