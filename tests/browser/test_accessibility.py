"""Everybody can use every page: axe finds nothing serious, and nothing sticks out of a phone.

At the desks also: 48 px to press with 8 px between, letters of 18 px, all of it by keyboard, enlarged twice, and
without JavaScript. The suite looks at the pages most used, the long run at all that can be reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings
from tests.browser.comfort import hindrances, lost_to_the_keyboard
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.walk import reachable
from tests.routes import doors

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


def shuts_nobody_out(page: Page) -> None:
    """For pages that are made on the way of a journey, whose window was opened with `bypass_csp`; axe needs scripts."""
    scripts = page.evaluate("document.documentElement.classList.contains('js')")
    found = hindrances(page) + (on_any_screen(page) if AXE.exists() and scripts else [])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # width and height
    assert found == []


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


MOST_USED = {
    "guest": ("/", "/danh-muc", "/live"),
    "shopper": ("/tai-khoan",),
    "manager": ("/ban-hang", "/ban-hang/don", "/ban-hang/hang", "/ban-hang/tien", "/ban-hang/nguoi", "/ban-hang/lo"),
    "host": ("/ban-hang/live", "/ban-hang/live/moi"),
    "officer": ("/lien-minh",),
    "operator": ("/quan-tri", "/quan-tri/tien-chua-khop"),
}
DESKS = ("manager", "host", "officer", "operator")
# Opened by a form and not by a link, all the same pages.
BY_FORM = ("/ban-hang/dong-goi", "/ban-hang/soan-hang", "/ban-hang/chuyen-giao")
NO_PAGES = re.compile(r".*(\.(csv|xlsx|zip|pdf|json|\{kind\})|/phieu-chi|/doc-gia)$")
MADE_ON_THE_WAY = {  # the demo has none of these: whoever makes one looks at it
    "/ban-hang/bang-tinh/{sheet_id}": "tests/browser/test_sheets_and_claims.py",
    "/ban-hang/khieu-nai/{complaint_id}": "tests/browser/test_sheets_and_claims.py",
    "/ban-hang/hang/moi/{draft_id}": "tests/browser/test_list_a_product.py",
    "/ban-hang/nguoi/loi-moi/{invitation_id}": "tests/journeys/test_open_a_shop.py",
    "/ban-hang/live/{live_id}/sua": "tests/browser/test_accessibility_of_moments.py",
    "/quan-tri/doi-soat/muc/{item_id}": "tests/journeys/test_comparison.py",
    "/quan-tri/doi-soat/tep/{file_id}": "tests/journeys/test_comparison.py",
    "/quan-tri/sao-ke/{file_id}": "tests/journeys/test_statement.py",
}


def enter(browse: Callable[..., Page], visitor: str, **options: object) -> Page:
    phone, _start = VISITORS[visitor]
    page = browse(bypass_csp=True, reduced_motion="reduce", **options)
    if phone:
        sign_in(page, phone)
    return page


@needs_axe
@pytest.mark.parametrize("visitor", VISITORS)
def test_no_page_that_is_used_most_shuts_anybody_out(browse: Callable[..., Page], visitor: str) -> None:
    page, found = enter(browse, visitor), {}
    for address in MOST_USED[visitor]:
        page.goto(address)
        told = lost_to_the_keyboard(page) + hindrances(page) if visitor in DESKS else []
        if what := told + on_any_screen(page):
            found[address] = what
    assert found == {}


@needs_axe
@pytest.mark.long
@pytest.mark.parametrize("visitor", VISITORS)
def test_no_page_shuts_anybody_out(browse: Callable[..., Page], visitor: str) -> None:
    page, start = enter(browse, visitor), VISITORS[visitor][1]
    if visitor == "guest":
        put_something_in_the_cart(page)
    found = {address: what for address in reachable(page, start, start) if (what := on_any_screen(page))}
    assert found == {}


@pytest.mark.long
@pytest.mark.parametrize("visitor", DESKS)
def test_every_page_of_a_desk_is_for_thumbs_and_keys(browse: Callable[..., Page], visitor: str) -> None:
    page, start = enter(browse, visitor), VISITORS[visitor][1]
    found = {}
    for address in desk_pages(page, start):
        if what := lost_to_the_keyboard(page) + hindrances(page):
            found[address] = what
    assert found == {}


def desk_pages(page: Page, start: str) -> Iterator[str]:
    yield from reachable(page, start, start)
    for address in BY_FORM if start == "/ban-hang" else ():
        page.goto(address)
        yield address


@pytest.mark.long
def test_every_page_of_a_desk_does_without_javascript(browse: Callable[..., Page]) -> None:
    page = enter(browse, "manager", java_script_enabled=False)
    found = {address: what for address in desk_pages(page, "/ban-hang") if (what := hindrances(page))}
    assert found == {}


@pytest.mark.long
def test_no_page_of_a_desk_is_forgotten(browse: Callable[..., Page], settings: Settings, tmp_path: Path) -> None:
    """Whoever adds a page links it from another, or says above where it is looked at."""
    seen = set()
    for visitor in DESKS:
        page = enter(browse, visitor)
        seen |= {address.partition("?")[0] for address in desk_pages(page, VISITORS[visitor][1])}
    app = create_app(settings, Database(f"sqlite:///{tmp_path / 'none.sqlite'}"))
    desks = tuple(VISITORS[visitor][1] for visitor in DESKS)
    wanted = {door.path for door in doors(app) if door.method == "GET" and door.path.startswith(desks)}
    patterns = {path: re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)) for path in wanted}
    reached = {path for path, pattern in patterns.items() if any(map(pattern.fullmatch, seen))}
    assert {path for path in wanted - reached - set(MADE_ON_THE_WAY) if not NO_PAGES.match(path)} == set()
    assert {path for path in MADE_ON_THE_WAY if path not in wanted} == set(), "these are gone"
