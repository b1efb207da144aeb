"""A page is light enough for a phone at the edge of a field: what is promised to shoppers, in bytes on the wire."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request

from shop.core.static import Static
from tests.browser.test_accessibility import put_something_in_the_cart

STATIC = Static(Path(__file__).parents[2] / "static")
HTML_MOST = 30 * 1024
CODE_MOST = 60 * 1024
FIRST_VISIT_MOST = 150 * 1024

pytestmark = pytest.mark.browser


def html_size(page: Page, address: str) -> int:
    return len(gzip.compress(page.request.get(address).body(), 6))


def test_styles_and_scripts_of_every_page_are_small() -> None:
    names = ("app.css", "app.js", "htmx.js", "workspace.css", "live.css")
    present = [name for name in names if STATIC.asset(name)]
    assert {"app.css", "app.js"} <= set(present)
    assert sum(STATIC.packed_size(name) for name in present) <= CODE_MOST


@pytest.mark.parametrize("address", ["/", "/danh-muc", "/tim?q=thanh+long", "/htx"])
def test_html_of_lists_is_small(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    assert html_size(page, address) <= HTML_MOST


def test_html_of_product_cart_and_checkout_is_small(browse: Callable[..., Page]) -> None:
    page = browse()
    put_something_in_the_cart(page)
    product = page.url if "/san-pham/" in page.url else "/"
    sizes = {address: html_size(page, address) for address in (product, "/gio-hang", "/thanh-toan")}
    assert max(sizes.values()) <= HTML_MOST, sizes


@pytest.mark.parametrize("address", ["/", "/danh-muc", "/gio-hang"])
def test_a_first_visit_brings_little_besides_pictures(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    done: list[Request] = []
    page.on("requestfinished", lambda request: done.append(request))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    counted = {request.url: request.sizes()["responseBodySize"] for request in done if request.resource_type != "image"}
    assert any(url.endswith(".css") for url in counted)
    assert sum(counted.values()) <= FIRST_VISIT_MOST, counted
