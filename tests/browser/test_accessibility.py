"""Everybody can use every page: axe finds nothing serious, and nothing sticks out of a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.walk import reachable

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "chohtx-demo"
VISITORS = {
    "guest": ("", "/"),
    "shopper": ("0900000001", "/tai-khoan"),
    "manager": ("0900000002", "/ban-hang"),
    "host": ("0900000003", "/ban-hang/live"),
    "officer": ("0900000004", "/lien-minh"),
    "operator": ("0900000005", "/quan-tri"),
}
FIND = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(found => ['serious', 'critical'].includes(found.impact))
    .map(found => `${found.id}: ${found.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | ')}`)"""

needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not in node_modules")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def sign_in(page: Page, phone: str) -> None:
    page.goto("/dang-nhap")
    page.fill("#phone", phone)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda address: "/dang-nhap" not in address)


def put_something_in_the_cart(page: Page) -> None:
    page.goto("/danh-muc")
    page.click(".product-card:not(:has(.band.out)) .card-name a")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.click("form[action$='/gio-hang'] button:not([type=button])")


def on_any_screen(page: Page) -> list[str]:
    """The same page on a desk and on a phone: looked at twice, fetched once."""
    found = []
    for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
        found += [f"{name}: {what}" for what in complaints(page)]
    return found


def complaints(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(FIND)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"sticks out by {width} px"] if width > 0 else [])


def from_cart_to_order(page: Page) -> Iterator[str]:
    """The questions of the checkout, answered as a shopper would; hands out each page as it stands."""
    page.goto("/gio-hang")
    page.click("form[action$='/thanh-toan/bat-dau'] button")
    yield "recipient and address"
    page.fill("#name", "Trần Thị Lan")
    page.fill("#phone", "0912 345 678")
    page.fill("#address_q", "Hàm Liêm")
    page.check("#address_ward input[name=ward_code]", force=True)
    page.fill("#line", "12 đường Trần Phú")
    yield "address found"
    page.click(".sum-bar button")
    page.wait_for_url("**/thanh-toan/nhan-hang")
    yield "delivery and payment"
    page.check("input[name=payment_method][value=vietqr]", force=True)
    page.click(".sum-bar button")
    page.wait_for_url("**/thanh-toan/kiem-tra*")
    yield "summary"
    page.click(".sum-bar button")
    page.wait_for_url("**/don-hang/**")
    yield "order"


@needs_axe
def test_buying_shuts_nobody_out(browse: Callable[..., Page]) -> None:
    page = browse(bypass_csp=True, reduced_motion="reduce")
    put_something_in_the_cart(page)
    found = {step: what for step in from_cart_to_order(page) if (what := on_any_screen(page))}
    assert found == {}


@needs_axe
@pytest.mark.parametrize("visitor", VISITORS)
def test_no_page_shuts_anybody_out(browse: Callable[..., Page], visitor: str) -> None:
    phone, start = VISITORS[visitor]
    page = browse(bypass_csp=True, reduced_motion="reduce")
    if phone:
        sign_in(page, phone)
    if visitor == "guest":
        put_something_in_the_cart(page)
    found = {address: what for address in reachable(page, start, start) if (what := on_any_screen(page))}
    assert found == {}
