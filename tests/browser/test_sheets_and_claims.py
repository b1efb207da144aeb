"""Two afternoons at a phone: last season's sheet comes in; what arrived spoilt is claimed, reviewed and paid back."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.test_accessibility import shuts_nobody_out, sign_in
from tests.shop.sheets.sheet_files import as_xlsx

pytestmark = pytest.mark.browser
BUYER, SOON_MS = "Lê Thị Mùa", 30_000
SEASON = [
    ["Mận hậu vụ cũ", "Thùng 4 kg", "", "", "1.250.000", "12", ""],
    ["Mận hậu vụ cũ", "", "kg", "", "32k", "40", ""],
    ["Ổi lê vụ cũ", "Thùng 5 kg", "", "", "rẻ thôi", "3", ""],
]


def file_of(content: bytes, name: str, kind: str) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def send_the_sheet(desk: Page) -> None:
    desk.goto("/ban-hang/bang-tinh")
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    desk.set_input_files("#sheet", file_of(as_xlsx(SEASON), "vu-cu.xlsx", xlsx))
    desk.get_by_role("button", name="Gửi tệp để xem trước").click()
    desk.wait_for_url(re.compile(r"/ban-hang/bang-tinh/\d+"))


def test_last_seasons_sheet_comes_in(browse: Callable[..., Page]) -> None:
    desk = browse(bypass_csp=True, reduced_motion="reduce")
    sign_in(desk, "0900000002")
    send_the_sheet(desk)
    sheet = desk.locator("div#sheet")
    expect(sheet.get_by_role("button", name="Ghi 2 dòng vào gian hàng")).to_be_visible(timeout=SOON_MS)
    shuts_nobody_out(desk)
    expect(sheet).to_contain_text("chưa đúng. Ghi như 185.000")
    with desk.expect_download() as saved:
        sheet.get_by_role("link", name="Tải các dòng chưa nhận về sửa").click()
    assert saved.value.suggested_filename == "dong-chua-nhan.xlsx"
    sheet.get_by_role("button", name="Ghi 2 dòng vào gian hàng").click()
    expect(sheet).to_contain_text("Đã ghi xong 2 dòng", timeout=SOON_MS)
    desk.goto("/ban-hang/hang")
    expect(desk.locator("#goods")).to_contain_text("Mận hậu vụ cũ")
    expect(desk.locator("#goods")).to_contain_text(re.compile(r"1\.250\.000"))
    send_the_sheet(desk)
    expect(desk.locator("div#sheet")).to_contain_text("Không có gì mới để ghi", timeout=SOON_MS)


def order_in_cash(window: Page, coop: str) -> str:
    """One thing of this co-op, to be paid at the door; returns the order's address."""
    window.goto(coop)
    window.locator(".product-card:not(:has(.band.out)) .card-name a").first.click()
    window.locator("#buy").get_by_role("button", name="Thêm vào giỏ").click()
    expect(window.locator("#notices")).to_contain_text("Đã thêm vào giỏ")
    window.goto("/gio-hang")
    window.locator("form[action$='/thanh-toan/bat-dau'] button").click()
    window.wait_for_url("**/thanh-toan**")
    window.select_option("#province_code", "01")
    expect(window.locator("#ward_code option").nth(1)).to_be_attached()
    window.fill("#name", BUYER)
    window.fill("#phone", "0912 345 681")
    window.select_option("#ward_code", index=1)
    window.fill("#line", "12 đường Trần Phú")
    window.locator(".sum-bar button").click()
    window.locator("label", has=window.locator("input[name=payment_method][value=cod]")).click()
    window.locator(".sum-bar button").click()
    window.locator("form[action$='/thanh-toan/dat-hang'] button").first.click()
    window.wait_for_url("**/don-hang/**")
    return window.url.partition("?")[0]


def bring_it(desk: Page, order: str) -> None:
    desk.goto(f"/ban-hang/don?ma={order.rpartition('/')[2]}")
    desk.get_by_text(BUYER).first.click()
    for press in ("Nhận đơn", "Đã đóng gói xong", "Hàng đã lên đường", "Khách đã nhận, đã thu tiền"):
        desk.get_by_role("button", name=press).click()
    expect(desk.locator("#parcel")).to_contain_text("Đã thu tiền mặt của khách khi giao.")


def test_what_arrived_spoilt_is_reviewed_claimed_and_paid_back(browse: Callable[..., Page]) -> None:
    buyer, desk = browse(), browse(bypass_csp=True, reduced_motion="reduce")
    sign_in(desk, "0900000002")
    desk.goto("/ban-hang")
    at_work = desk.locator(".work-place").text_content() or ""
    desk.goto("/htx")
    coops = desk.locator(".card-name a").all()
    mine = next(coop for coop in coops if (coop.text_content() or "?").strip() in at_work)
    order = order_in_cash(buyer, mine.get_attribute("href") or "")
    bring_it(desk, order)
    picture = BytesIO()
    Image.new("RGB", (640, 480), "#7a4").save(picture, "JPEG")
    photo = file_of(picture.getvalue(), "hu.jpg", "image/jpeg")
    buyer.goto(f"{order}/sau-khi-nhan")
    buyer.get_by_text("Hàng bị hư?").click()
    buyer.locator("select[name=lines]").first.select_option(index=1)
    buyer.get_by_label("Hư thế nào?").fill("Mở thùng ra trái bị dập, chảy nước.")
    buyer.locator("input[id^=claim-photo]").set_input_files(photo)
    buyer.get_by_role("button", name="Gửi khiếu nại").click()
    expect(buyer.locator("main")).to_contain_text("Đã gửi khiếu nại.")
    buyer.locator("summary", has_text="Đánh giá").first.click()
    buyer.locator("label", has=buyer.locator("input[name=stars][value='2']")).click()
    buyer.get_by_label("Bạn thấy sao?").fill("Trái ngon nhưng dập mất mấy trái.")
    buyer.get_by_role("button", name="Gửi đánh giá").click()
    expect(buyer.locator("#notices")).to_contain_text("Cảm ơn bạn")
    desk.goto("/ban-hang/khieu-nai")
    desk.locator("a.work-card", has_text=BUYER).click()
    expect(desk.locator("main")).to_contain_text("Quá giờ, liên minh quyết định thay.")
    shuts_nobody_out(desk)
    desk.get_by_role("button", name="Nhận lỗi, trả lại tiền").click()
    expect(desk.locator("main")).to_contain_text("Đã trả lại khách")
    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("Bạn không phải gửi hàng về.")
