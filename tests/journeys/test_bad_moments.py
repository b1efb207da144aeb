"""What goes wrong on a phone in a field: no accents, an impatient thumb, no network; and a co-op that waits."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import func, select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.deps import SIGN_IN
from shop.orders.models import Order
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE, choose_payment, put_in_cart, tell_who_and_where

pytestmark = pytest.mark.browser


def go_to_summary(page: Page, market: Market) -> None:
    """A cart of one box, every question answered, cash on delivery."""
    put_in_cart(page, market, (market.boxes[0].id, 1))
    page.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(page)
    choose_payment(page, "Tiền mặt")
    expect(page).to_have_url(re.compile("/kiem-tra"))


def open_desk(page: Page, market: Market) -> None:
    """The desk of the first co-op, signed in as its manager."""
    manager = make_person(market.db, Role.MANAGER, coop_id=market.coops[0].id)
    with market.db.write() as session:
        token = accounts.start_session(session, manager.id, datetime.now(UTC))
    page.context.add_cookies([{"name": SIGN_IN, "value": token, "url": market.address}])
    page.goto("/ban-hang")


class TestBadMoments:
    def test_a_double_press_on_order_is_one_order_and_the_open_desk_shows_it(
        self, market: Market, window: Window
    ) -> None:
        desk, page = window(), window()
        open_desk(desk, market)
        expect(desk.get_by_text("Chưa có đơn mới")).to_be_visible()
        desk.evaluate("window.notReloaded = true")
        go_to_summary(page, market)

        page.get_by_role("button", name="Đặt hàng").dblclick()

        expect(page.get_by_role("heading", name="Cảm ơn bạn, đơn đã đặt xong")).to_be_visible()
        expect(desk.locator("#tasks .work-list li")).to_have_count(1)
        expect(desk.locator("#tasks")).to_contain_text("Nguyễn Thị Hoa")
        with market.db.read() as session:
            assert session.exec(select(func.count()).select_from(Order)).one() == 1
        assert desk.evaluate("window.notReloaded")

    @ONLY_SQLITE
    def test_without_network_nothing_typed_is_lost(self, market: Market, window: Window) -> None:
        page = window()
        put_in_cart(page, market, (market.boxes[0].id, 1))
        page.get_by_role("button", name="Đặt mua").click()
        page.get_by_label("Họ và tên người nhận").fill("Nguyễn Thị Hoa")
        page.get_by_label("Số điện thoại").fill("0912 345 678")
        page.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible()
        page.get_by_role("button", name="Tiếp tục", exact=True).last.click()
        page.context.set_offline(False)

        page.goto("/thanh-toan")

        expect(page.get_by_label("Họ và tên người nhận")).to_have_value("Nguyễn Thị Hoa")
        expect(page.get_by_label("Số điện thoại")).to_have_value("0912 345 678")

    @ONLY_SQLITE
    def test_words_without_accents_find_the_fruit_and_a_double_press_puts_one_in_the_cart(
        self, market: Market, window: Window
    ) -> None:
        page = window()
        page.goto("/")
        search = page.locator("input[name=q]:visible").first
        search.fill("thanh long ruot do")
        search.press("Enter")
        page.get_by_role("link", name=re.compile("Thanh long ruột đỏ")).first.click()
        with page.expect_response("**/gio-hang"):
            page.locator("#buy").get_by_role("button", name="Thêm vào giỏ").dblclick()
        page.wait_for_timeout(500)  # a second request would have gone by now
        page.goto("/gio-hang")
        expect(page.locator("main")).to_contain_text("Thanh long ruột đỏ")
        expect(page.get_by_role("spinbutton")).to_have_value("1")
