"""An order from a call or from Zalo is in the book in less than half a minute of one thumb's work.

The work is counted, not timed: a press takes a second and a half, a character half a second, which is slow.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_accessibility import sign_in

pytestmark = pytest.mark.browser
CALL = "/ban-hang/ghi-don"
PRESS_S, CHARACTER_S, MOST_S = 1.5, 0.5, 30
PHONE, NAME, STREET, WARD = "0938111222", "Bà Sáu", "12 Trần Phú", "ham duc"


class Thumb:
    """One thumb on the page, and how long it has worked."""

    def __init__(self, page: Page) -> None:
        self.page, self.worked_s = page, 0.0
        page.goto(CALL)

    def press(self, what: Locator) -> None:
        what.click()
        self.worked_s += PRESS_S

    def type(self, into: str | Locator, text: str) -> None:
        field = self.page.locator(into) if isinstance(into, str) else into
        self.press(field)
        field.press_sequentially(text)
        self.worked_s += CHARACTER_S * len(text)

    def paste(self, into: str, text: str) -> None:
        self.page.locator(into).fill(text)
        self.worked_s += 2 * PRESS_S  # held down, then "Paste"

    def take_two(self) -> None:
        self.type(self.page.locator(".how-many input:visible").last, "2")

    def write_down(self) -> None:
        self.press(self.page.get_by_role("button", name="Ghi đơn").last)
        expect(self.page.locator("#notices")).to_contain_text("Đã ghi đơn")
        assert self.worked_s < MOST_S


def test_an_order_is_written_down_while_the_customer_is_on_the_line(browse: Callable[..., Page]) -> None:
    page = browse()
    sign_in(page, "0900000002")

    new = Thumb(page)
    new.take_two()
    new.type("#phone", PHONE)
    new.type("#name", NAME)
    new.type("#address_q", WARD)
    new.press(page.locator(".address-found .choice-chip").first)
    new.type("#line", STREET)
    new.write_down()

    known = Thumb(page)
    known.type("#said", PHONE)
    known.press(page.get_by_role("button", name="Điền giúp"))
    expect(page.locator("#name")).to_have_value(NAME)
    known.take_two()
    known.write_down()

    comes = Thumb(page)
    comes.take_two()
    comes.type("#phone", "0938111333")
    comes.type("#name", "Chú Út")
    comes.press(page.locator(".choice-chip", has_text="Khách đến lấy"))
    comes.write_down()

    wrote = Thumb(page)
    wrote.paste("#said", "Chị Lan 0938111444, giao 12 Trần Phú, xã Hàm Đức, huyện Hàm Thuận Bắc, Bình Thuận")
    wrote.press(page.get_by_role("button", name="Điền giúp"))
    expect(page.locator("#name")).to_have_value("Chị Lan")
    expect(page.locator("input[name=ward_code]:checked")).to_have_count(1)
    wrote.take_two()
    wrote.write_down()
