"""A page is light enough for a phone at the edge of a field: what is promised to shoppers, in bytes on the wire."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from shop.core.static import Static
from tests.browser.conftest import FULL_SHELF, ON_A_PAGE
from tests.browser.test_accessibility import put_something_in_the_cart

FOLDER = Path(__file__).parents[2] / "static"
STATIC = Static(FOLDER)
VIDEO_PLAYER = "hls.js"
HTML_MOST = 30 * 1024
CODE_MOST = 60 * 1024
FIRST_VISIT_MOST = 150 * 1024
SHELF = f"/danh-muc/{FULL_SHELF}"
REAL_GOODS = "/danh-muc/thanh-long-tuoi"
MANY_WARDS = "79"

Browse = Callable[..., Page]
pytestmark = pytest.mark.browser


def html_size(page: Page, address: str) -> int:
    return len(gzip.compress(page.request.get(address).body(), 6))


def test_styles_and_scripts_of_every_page_are_small() -> None:
    """All that there is, of shop, rooms and workspace together; only the video player is loaded apart."""
    own = [f"{bundle.stem}.{kind}" for kind in ("css", "js") for bundle in (FOLDER / kind).iterdir()]
    others = [name for name in json.loads((FOLDER / "vendor" / "manifest.json").read_text()) if name.endswith(".js")]
    assert {"app.css", "live.css", "app.js", "live.js", "htmx.js", VIDEO_PLAYER} <= {*own, *others}
    sizes = {name: STATIC.packed_size(name) for name in {*own, *others} - {VIDEO_PLAYER}}
    assert sum(sizes.values()) <= CODE_MOST, sizes


@pytest.mark.parametrize("address", ["/", SHELF, "/danh-muc", "/tim?q=thanh+long", "/htx", "/live"])
def test_html_of_lists_is_small(browse: Browse, address: str) -> None:
    page = browse()
    page.goto(address)
    if address == SHELF:
        assert page.locator(".product-card").count() == ON_A_PAGE
    assert html_size(page, address) <= HTML_MOST


def answered(page: Page, button: Locator) -> tuple[str, int]:
    """Press; the path of the page that came, and its weight."""
    with page.expect_navigation() as came:
        button.click()
    answer = came.value
    assert answer.ok, f"{answer.status} {answer.url}"
    return urlsplit(answer.url).path, len(gzip.compress(answer.body(), 6))


def buying(page: Page) -> Iterator[tuple[str, int]]:
    """From two products to the order, without scripts: every page as it comes over the wire."""
    for shelf in (REAL_GOODS, SHELF):
        page.goto(shelf)
        yield answered(page, page.locator(".product-card:not(:has(.band.out)) .card-name a").first)
        yield answered(page, page.locator("#buy").get_by_role("button", name="Thêm vào giỏ"))
    yield answered(page, page.locator("form[action$='/thanh-toan/bat-dau'] button"))
    page.select_option("#province_code", MANY_WARDS)
    yield answered(page, page.get_by_role("button", name="Xem các xã, phường của tỉnh này"))
    assert page.locator("#ward_code option").count() > 150
    page.fill("#name", "Trần Thị Lan")
    page.fill("#phone", "0912 345 678")
    page.select_option("#ward_code", index=1)
    page.fill("#line", "12 đường Trần Phú")
    yield answered(page, page.locator(".sum-bar button"))
    page.check("input[name=payment_method][value=vietqr]", force=True)
    yield answered(page, page.locator(".sum-bar button"))


def test_html_of_product_cart_and_every_step_of_the_checkout_is_small(browse: Browse) -> None:
    page = browse(java_script_enabled=False)
    came = list(buying(page))
    product, cart, *_again, contact, wards, delivery, summary = [path for path, _size in came]
    assert product.startswith("/san-pham/")
    assert (cart, contact, wards) == ("/gio-hang", "/thanh-toan", "/thanh-toan")
    assert (delivery, summary) == ("/thanh-toan/nhan-hang", "/thanh-toan/kiem-tra")
    assert max(size for _path, size in came) <= HTML_MOST, came


def first_visit(page: Page, address: str) -> dict[str, int]:
    """Bytes on the wire by address, of all that an empty browser loads but pictures."""
    done: list[Request] = []
    page.on("requestfinished", lambda request: done.append(request))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return {request.url: request.sizes()["responseBodySize"] for request in done if request.resource_type != "image"}


def a_product(page: Page) -> str:
    page.goto(REAL_GOODS)
    page.locator(".product-card:not(:has(.band.out)) .card-name a").first.click()
    expect(page.locator("#buy")).to_be_visible()
    return page.url


def a_cart(page: Page) -> str:
    put_something_in_the_cart(page)
    return "/gio-hang"


WAYS = {"home": lambda page: "/", "category": lambda page: SHELF, "product": a_product, "cart": a_cart}


@pytest.mark.parametrize("find", WAYS.values(), ids=WAYS.keys())
def test_a_first_visit_brings_little_besides_pictures(browse: Browse, find: Callable[[Page], str]) -> None:
    before = browse()
    address = find(before)
    page = browse(storage_state={"cookies": before.context.cookies(), "origins": []})
    counted = first_visit(page, address)
    assert any(url.endswith(".css") for url in counted)
    assert any(url.endswith(".woff2") for url in counted)
    assert not any("hls" in url for url in counted)
    assert sum(counted.values()) <= FIRST_VISIT_MOST, counted
    if find is a_cart:
        assert page.locator(".parcel").count() == 1
