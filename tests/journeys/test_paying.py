"""Every way to pay, tried and failed, at the simulators that the demo plays: the order's page tells the truth."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from payments import ledger, verify
from shop.orders.models import Order
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE, choose_payment, put_in_cart, tell_who_and_where

pytestmark = pytest.mark.browser
WAYS = {
    "momo": "Ví MoMo",
    "zalopay": "Ví ZaloPay",
    "vnpay": "VNPAY",
    "stripe": "Thẻ Visa",
    "payos": "Chuyển khoản qua payOS",
}
SAY_NO = ("momo", "vnpay")  # these tell the shop when a buyer declines; at the others the page only stays open


def order_by(page: Page, market: Market, way: str) -> None:
    """An order of one box that waits to be paid by this way."""
    put_in_cart(page, market, (market.boxes[0].id, 1))
    page.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(page)
    choose_payment(page, WAYS[way])
    page.get_by_role("button", name="Đặt hàng").click()
    expect(page.get_by_role("heading", name="Còn một bước: trả tiền")).to_be_visible()


def press(page: Page, choice: str) -> None:
    """Go to the gateway's page and press one of its buttons."""
    page.get_by_role("button", name=re.compile("^Trả (ngay|tiếp)$")).click()
    expect(page.locator("h1")).to_contain_text("giả lập")
    page.get_by_role("button", name=choice, exact=True).click()


def money_is_right(market: Market, way: str) -> None:
    with market.db.read() as session:
        order = session.exec(select(Order)).one()
        assert verify.check(session) == []
        assert ledger.balance_vnd(session, ledger.account("1120", way)) == order.total_vnd


@ONLY_SQLITE
class TestPayingAtAGateway:
    @pytest.mark.parametrize("way", WAYS)
    def test_agreed_at_once(self, market: Market, window: Window, way: str) -> None:
        page = window()
        order_by(page, market, way)
        press(page, "Đồng ý trả")
        page.wait_for_url("**/don-hang/**")
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()
        money_is_right(market, way)

    @pytest.mark.parametrize("way", SAY_NO)
    def test_declined_then_tried_again(self, market: Market, window: Window, way: str) -> None:
        page = window()
        order_by(page, market, way)
        press(page, "Từ chối")
        page.wait_for_url("**/don-hang/**")
        expect(page.get_by_text("Lần trước chưa trả được")).to_be_visible(timeout=15_000)
        press(page, "Báo hai lần")
        page.wait_for_url("**/don-hang/**")
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()
        money_is_right(market, way)

    @pytest.mark.parametrize("way", WAYS)
    def test_a_lost_notification_is_found_by_asking(self, market: Market, window: Window, way: str) -> None:
        page = window()
        order_by(page, market, way)
        press(page, "Không báo")
        page.wait_for_url("**/don-hang/**")
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible(timeout=20_000)
        money_is_right(market, way)

    def test_given_up_there_and_paid_by_another_way(self, market: Market, window: Window) -> None:
        page = window()
        order_by(page, market, "momo")
        press(page, "Bỏ đi")
        page.get_by_role("link", name="Quay lại cửa hàng").click()
        page.wait_for_url("**/don-hang/**")
        page.get_by_text("Đổi cách trả tiền").click()
        page.locator("label.choice-chip", has_text=WAYS["vnpay"]).click()
        page.get_by_role("button", name="Đổi sang cách này").click()
        press(page, "Đồng ý trả")
        page.wait_for_url("**/don-hang/**")
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()
        money_is_right(market, "vnpay")
