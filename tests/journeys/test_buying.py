"""A shopper on a phone buys, pays and follows the order, as a person would."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from payments.simulators.sepay import simulate_transfer
from shop.orders import access
from shop.orders.models import Order, Parcel
from tests.factories_orders import make_order
from tests.journeys.conftest import Market, Window

pytestmark = pytest.mark.browser
ONLY_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


def choose(page: Page, words: str) -> None:
    """Tap the chip with these words."""
    page.locator("label.choice-chip", has_text=words).click()


def put_in_cart(page: Page, market: Market, *goods: tuple[int, int]) -> None:
    """Put (variant, steps) in the cart by the form that product pages send."""
    page.goto("/gio-hang")
    for variant_id, quantity in goods:
        page.evaluate(
            """([variant, steps]) => fetch('/gio-hang', {method: 'POST',
                 body: new URLSearchParams({variant_id: variant, quantity: steps})})""",
            [str(variant_id), str(quantity)],
        )
    page.goto("/gio-hang")


def tell_who_and_where(page: Page, old_name: str = "Hàm Đức, Hàm Thuận Bắc") -> None:
    """Answer the first step, the address by its old name."""
    page.get_by_label("Họ và tên người nhận").fill("Nguyễn Thị Hoa")
    page.get_by_label("Số điện thoại").fill("0912 345 678")
    page.locator("#address_q").press_sequentially(old_name)
    choose(page, "Xã Hàm Thuận")
    page.get_by_label("Số nhà, đường, thôn, ấp").fill("12 đường Trần Phú")
    page.get_by_role("button", name="Tiếp tục", exact=True).last.click()


def choose_payment(page: Page, name: str) -> None:
    choose(page, name)
    page.get_by_role("button", name="Xem lại đơn").click()


class TestBuyingOnAPhone:
    def test_from_two_coops_by_transfer_and_the_open_page_turns_when_the_bank_tells(
        self, market: Market, window: Window
    ) -> None:
        page = window()
        put_in_cart(page, market, (market.boxes[0].id, 2), (market.boxes[1].id, 1), (market.loose.id, 3))
        expect(page.locator(".parcel")).to_have_count(2)
        expect(page.get_by_text("1,5 kg")).to_be_visible()
        page.get_by_role("button", name="Đặt mua").click()
        tell_who_and_where(page)
        expect(page.get_by_text("Dự kiến đến").first).to_be_visible()
        choose_payment(page, "VietQR")
        total = page.locator(".sums .total dd").inner_text()
        page.get_by_role("button", name="Đặt hàng").click()
        expect(page.get_by_role("heading", name="Còn một bước: chuyển khoản")).to_be_visible()
        expect(page.locator(".qr svg")).to_be_visible()
        expect(page.locator("h2", has_text=total)).to_be_visible()

        with market.db.read() as session:
            order = session.exec(select(Order)).one()
            coop_ids = set(session.exec(select(Parcel.coop_id)))
        assert coop_ids == {coop.id for coop in market.coops}
        page.wait_for_timeout(300)  # the stream has opened: nothing on the page tells when
        simulate_transfer(market.db, market.settings, order.code, datetime.now(UTC))
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()  # how soon is measured by `rehearse live`

        page.reload()
        expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()

    def test_without_javascript_with_cash_and_picked_up_at_the_coop(self, market: Market, window: Window) -> None:
        page = window(java_script_enabled=False)
        page.goto("/tim?q=thanh+long")
        page.get_by_role("link", name=re.compile("^Thanh long ruột đỏ$")).click()
        page.locator("#buy").get_by_role("spinbutton").fill("2")
        page.locator("#buy").get_by_role("button", name="Thêm vào giỏ").click()
        expect(page).to_have_url(re.compile("/gio-hang$"))
        expect(page.locator(".line-sum")).to_have_text(re.compile("400.000"))
        page.get_by_role("button", name="Thêm").first.click()
        expect(page.locator(".line-sum")).to_have_text(re.compile("600.000"))
        page.get_by_role("button", name="Đặt mua").click()
        page.get_by_label("Họ và tên người nhận").fill("Nguyễn Thị Hoa")
        page.get_by_label("Số điện thoại").fill("0912345678")
        page.locator("#address_q").fill("ham duc")
        page.get_by_role("button", name="Tìm", exact=True).click()
        choose(page, "Xã Hàm Thuận")
        page.get_by_label("Số nhà, đường, thôn, ấp").fill("12 Trần Phú")
        page.get_by_role("button", name="Tiếp tục", exact=True).last.click()
        choose(page, "Tự đến lấy")
        choose_payment(page, "Tiền mặt")
        page.get_by_role("button", name="Đặt hàng").click()

        expect(page.get_by_role("heading", name="Cảm ơn bạn, đơn đã đặt xong")).to_be_visible()
        expect(page.get_by_text("Tự đến lấy, có hàng từ")).to_be_visible()
        page.locator("summary", has_text="Hủy đơn").click()
        page.get_by_role("button", name="Hủy đơn này").click()
        expect(page.get_by_text("Đơn này đã hủy.")).to_be_visible()

    @ONLY_SQLITE
    def test_the_cart_changes_without_a_new_page_and_says_when_there_is_not_enough(
        self, market: Market, window: Window
    ) -> None:
        page = window()
        put_in_cart(page, market, (market.loose.id, 1))
        page.evaluate("window.stillHere = true")
        page.get_by_role("button", name=re.compile("^Thêm")).click()
        expect(page.get_by_text("1 kg", exact=True)).to_be_visible()
        page.get_by_role("spinbutton").fill("40")
        page.get_by_role("spinbutton").blur()
        expect(page.get_by_role("alert")).to_contain_text("chỉ còn 10 kg")
        page.get_by_role("button", name=re.compile("^Bỏ")).click()
        expect(page.get_by_text("Giỏ của bạn đang trống")).to_be_visible()
        assert page.evaluate("window.stillHere")

    @ONLY_SQLITE
    def test_the_whole_purchase_goes_by_keyboard_in_english(self, market: Market, window: Window) -> None:
        page = window()
        put_in_cart(page, market, (market.boxes[0].id, 1))
        page.goto("/en/gio-hang")
        page.locator(".cart-total .button.primary").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/en/thanh-toan$"))
        page.locator("#name").fill("Nguyễn Thị Hoa")
        page.locator("#phone").fill("0912345678")
        page.locator("#line").fill("12 Trần Phú")
        page.locator("#province_code").select_option("68")
        expect(page.locator('#ward_code option[value="23095"]')).to_be_attached()
        page.locator("#ward_code").select_option("23095")
        page.locator("#line").press("Enter")
        expect(page).to_have_url(re.compile("/en/thanh-toan/nhan-hang$"))
        page.locator("input[value=cod]").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/en/thanh-toan/kiem-tra$"))
        page.locator(".sum-bar button").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/en/don-hang/"))

    @ONLY_SQLITE
    def test_a_tap_puts_the_account_number_in_the_clipboard_and_the_clock_runs(
        self, market: Market, window: Window
    ) -> None:
        page = window(permissions=["clipboard-read", "clipboard-write"])
        placed = make_order(market.db, {market.boxes[0].id: 1}, market.settings, datetime.now(UTC), pay="vietqr")
        page.goto(access.secret_link(market.settings.secret_key, placed.code))
        row = page.locator(".pay-rows > div", has_text="Số tài khoản")
        row.get_by_role("button", name="Chép").click()
        expect(row.get_by_role("button", name="Đã chép")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == market.settings.vietqr_account_no
        expect(page.locator("time.countdown")).to_have_text(re.compile(r"^1:5\d:\d\d$"))
