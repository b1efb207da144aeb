"""Nobody is shut out at the odd moments either: mistakes, refusals, English, rooms before, during and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.comfort import LYING, covered
from tests.browser.test_accessibility import needs_axe, on_any_screen, put_something_in_the_cart, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_axe]
SHOPPER, MANAGER, HOST = "0900000001", "0900000002", "0900000003"
STATES = ("confirmed", "packed", "handed_over", "problem", "delivered", "cancelled")


def seen(page: Page, moments: Iterator[str]) -> dict[str, list[str]]:
    """What axe finds at each moment, on a phone and on a desktop."""
    return {moment: what for moment in moments if (what := on_any_screen(page))}


def send(page: Page, form: str, status: int, **typed: str) -> None:
    """Send a form of the page past what the browser itself would check."""
    for name, value in typed.items():
        page.locator(f"{form} [name={name}]").first.evaluate("(field, value) => { field.value = value }", value)
    with page.expect_response(lambda answer: answer.request.method == "POST") as came:
        page.locator(form).first.evaluate(
            "form => { window.before = true; HTMLFormElement.prototype.submit.call(form) }"
        )
    page.wait_for_function("() => !window.before && document.readyState === 'complete'")
    assert came.value.status == status, came.value.url


def in_english(page: Page) -> Iterator[str]:
    put_something_in_the_cart(page)
    page.goto("/en")
    yield "home"
    page.goto("/en/danh-muc/thanh-long-tuoi")
    page.locator(".product-card .card-name a").first.click()
    page.wait_for_url("**/en/san-pham/**")
    yield "product"
    page.goto("/en/gio-hang")
    yield "cart"
    page.click("form[action$='/thanh-toan/bat-dau'] button")
    page.wait_for_url("**/en/thanh-toan")
    yield "checkout"


def of_a_mistaken_guest(page: Page) -> Iterator[str]:
    assert page.goto("/khong-co-trang-nay").status == 404  # type: ignore[union-attr]  # it answers
    yield "no such page"
    page.goto("/dang-ky")
    send(page, "main form", 422)
    yield "sign up with nothing"
    page.goto("/dang-nhap")
    send(page, "main form", 422, phone=SHOPPER, password="sai-mat-khau")
    yield "sign in with a wrong password"
    page.goto("/tra-cuu")
    send(page, "main form", 404, phone="0912345679", code="0000000000")
    yield "look up what is not there"
    put_something_in_the_cart(page)
    page.goto("/gio-hang")
    page.click("form[action$='/thanh-toan/bat-dau'] button")
    page.wait_for_url("**/thanh-toan")
    send(page, "main form", 422, phone="12", email="x")
    yield "checkout with mistakes"
    page.goto("/gio-hang?noi=ham+liem")
    send(page, "form[action$='/gio-hang/noi-nhan']", 422, ward_code="99999")
    yield "refused"


def of_rooms(page: Page) -> Iterator[str]:
    page.goto("/live")
    rooms = page.eval_on_selector_all(".live-card a", "links => links.map(link => link.getAttribute('href'))")
    stands = set()
    for address in dict.fromkeys(rooms):
        page.goto(address)
        state = page.get_attribute("#now", "data-state") or ""
        if state not in stands:
            stands.add(state)
            yield f"room {state}"
        if state == "live":
            page.locator("#pinned .button").click()
            expect(page.locator("#sheet").get_by_role("button", name="Giữ hàng giá live")).to_be_visible()
            yield "the open sheet"
            page.locator("#sheet").get_by_role("button", name="Giữ hàng giá live").click()
            expect(page.locator("#sheet")).to_contain_text("Đã giữ cho bạn")
            yield "the sheet once it holds"
    assert stands in ({"live", "scheduled", over} for over in ("replay", "archived"))


def of_a_host(page: Page) -> Iterator[str]:
    sign_in(page, HOST)
    page.goto("/ban-hang/live")
    state_and_address = "all => all.map(one => [one.querySelector('.chip').innerText, one.querySelector('a').href])"
    studios = page.locator(".session-card").evaluate_all(state_and_address)
    assert len(studios) == 3
    yield "the host's sessions"
    for state, address in studios:
        page.goto(address)
        yield f"studio {state}"
    page.goto("/ban-hang/live/moi")
    yield "a new session"
    send(page, "main form", 422, title="", starts_at="2020-01-01T20:00")
    yield "a new session with mistakes"


def of_parcels(page: Page) -> Iterator[str]:
    sign_in(page, MANAGER)
    reached = []
    for state in STATES:
        page.goto(f"/ban-hang/don?trang_thai={state}")
        link = page.locator("#parcels .work-list a[href*='/ban-hang/don/']").first
        if link.count():
            page.goto(link.get_attribute("href") or "")
            reached.append(state)
            yield f"parcel {state}"
    assert len(reached) >= 4, reached


RARER = (in_english, of_a_host, of_parcels)
MOMENTS = (of_a_mistaken_guest, of_rooms, *(pytest.param(moments, marks=pytest.mark.long) for moments in RARER))


@pytest.mark.parametrize("moments", MOMENTS, ids=lambda moments: moments.__name__)
def test_axe_finds_nothing_serious(browse: Callable[..., Page], moments: Callable[[Page], Iterator[str]]) -> None:
    page = browse(bypass_csp=True, reduced_motion="reduce")
    assert seen(page, moments(page)) == {}


def test_a_phone_that_lies_hides_no_button_of_the_room_or_of_the_camera(browse: Callable[..., Page]) -> None:
    page = browse()
    page.set_viewport_size(LYING)  # type: ignore[arg-type]  # width and height
    sign_in(page, HOST)
    page.goto("/ban-hang/live")
    on_air = page.locator(".session-card h2 a").first.get_attribute("href")
    page.goto(f"{on_air}/quay")
    on_camera, room = covered(page), page.locator("[data-share]").first.get_attribute("data-share") or ""
    page.goto(room)
    expect(page.locator("#pinned .button")).to_be_visible()
    assert (on_camera, covered(page)) == ([], [])
