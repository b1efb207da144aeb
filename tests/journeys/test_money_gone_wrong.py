"""Money that comes wrong, by every way to pay: the buyer reads the truth, the operator finds the sum and places it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from payments import ledger, verify
from payments.service import state_of
from payments.simulators.sepay import simulate_transfer
from shop.accounts.models import Role
from shop.orders.models import Order
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE, choose_payment, put_in_cart, tell_who_and_where
from tests.journeys.test_paying import WAYS, order_by, press
from tests.journeys.test_payouts import as_person

pytestmark = pytest.mark.browser
INBOX = "/quan-tri/tien-chua-khop"
SHORT_VND = 1_000  # by so much every simulated gateway is wrong


@pytest.fixture
def desk(market: Market, window: Window) -> Page:
    """The operator's phone."""
    return as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


def transfer(market: Market, **how: object) -> None:
    code = the_order(market).code
    simulate_transfer(market.db, market.settings, code, datetime.now(UTC), **how)  # type: ignore[arg-type]  # passed on


def the_order(market: Market) -> Order:
    with market.db.read() as session:
        return session.exec(select(Order)).one()


def received_vnd(market: Market) -> int:
    with market.db.read() as session:
        assert verify.check(session) == []
        return state_of(session, f"order:{the_order(market).id}").received_vnd


def order_by_transfer(page: Page, market: Market) -> None:
    put_in_cart(page, market, (market.boxes[0].id, 1))
    page.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(page)
    choose_payment(page, "VietQR")
    page.get_by_role("button", name="Đặt hàng").click()
    expect(page.get_by_role("heading", name="Còn một bước: chuyển khoản")).to_be_visible()


def only_sum(desk: Page, sum_words: str, why: str) -> None:
    """The inbox shows exactly one sum, with the reason."""
    desk.goto(INBOX)
    expect(desk.locator(".work-card .price-large")).to_have_text([sum_words])
    expect(desk.locator(".work-card .chip").first).to_have_text(why)


@ONLY_SQLITE
@pytest.mark.parametrize("way", WAYS)
def test_too_little_at_a_gateway_then_too_much_by_transfer(
    market: Market, window: Window, desk: Page, way: str
) -> None:
    page = window()
    order_by(page, market, way)
    press(page, "Trả sai số tiền")
    page.wait_for_url("**/don-hang/**")
    expect(page.get_by_text("còn thiếu 1.000 ₫")).to_be_visible(timeout=15_000)
    total_vnd = the_order(market).total_vnd
    assert received_vnd(market) == total_vnd - SHORT_VND

    desk.goto("/quan-tri")
    desk.locator(f'a[href="{INBOX}"]').first.click()
    expect(desk.locator("#short tbody tr")).to_contain_text("1.000 ₫")

    transfers = page.locator("label.choice-chip", has_text="VietQR")
    if not transfers.is_visible():  # open already where the gateway takes no sum as small as the rest
        page.get_by_text("Đổi cách trả tiền").click()
    transfers.click()
    page.get_by_role("button", name="Đổi sang cách này").click()
    expect(page.locator(".qr svg")).to_be_visible()
    transfer(market, amount_vnd=3_000)
    expect(page.get_by_text("Đã nhận tiền.")).to_be_visible(timeout=10_000)
    only_sum(desk, "2.000 ₫", "Chuyển thừa")
    desk.locator("summary", has_text="Trả lại người gửi").click()
    desk.get_by_role("button", name="Xác nhận trả lại").click()
    desk.goto("/quan-tri/hoan-tien")
    expect(desk.get_by_text("2.000 ₫").first).to_be_visible()
    assert received_vnd(market) == total_vnd
    with market.db.read() as session:
        assert ledger.balance_vnd(session, ledger.account("1120", way)) == total_vnd - SHORT_VND


@ONLY_SQLITE
def test_a_transfer_told_twice_counts_once_and_one_without_a_code_is_placed_by_hand(
    market: Market, window: Window, desk: Page
) -> None:
    page = window()
    order_by_transfer(page, market)
    total_vnd = the_order(market).total_vnd
    transfer(market, amount_vnd=total_vnd - 20_000, times=2)
    expect(page.get_by_text("còn thiếu 20.000 ₫")).to_be_visible(timeout=10_000)
    assert received_vnd(market) == total_vnd - 20_000
    transfer(market, amount_vnd=20_000, content="chuyen tien mua trai cay")
    only_sum(desk, "20.000 ₫", "Không có mã đơn trong nội dung")
    desk.locator("summary", has_text="Ghép vào đơn").click()
    desk.get_by_label("Mã đơn").fill(the_order(market).code)
    desk.get_by_role("button", name="Ghép", exact=True).click()
    expect(page.get_by_text("Đã nhận tiền.")).to_be_visible(timeout=10_000)
    expect(desk.get_by_text("Không có khoản nào chờ")).to_be_visible()
    assert received_vnd(market) == total_vnd
