"""What a manager was typing is there again after a lost net, a wrong turn and a lost answer, and counts once."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_accessibility import shuts_nobody_out, sign_in

pytestmark = pytest.mark.browser
CALL, AGAIN = "/ban-hang/ghi-don", "Đã điền lại những gì bạn gõ dở lúc nãy."


def type_in(page: Page, name: str, phone: str) -> None:
    page.goto(CALL)
    page.locator(".how-many input:visible").first.fill("2")
    page.fill("#phone", phone)
    page.fill("#name", name)
    page.locator(".choice-chip", has_text="Khách đến lấy").click()
    page.fill("#note", "Gọi trước khi tới")


def is_as_typed(page: Page, name: str, phone: str) -> None:
    expect(page.locator(".typed-before")).to_contain_text(AGAIN)
    expect(page.locator(".how-many input:visible").first).to_have_value("2")
    expect(page.locator("#phone")).to_have_value(phone)
    expect(page.locator("#name")).to_have_value(name)
    expect(page.locator("input[name=way][value=pickup]")).to_be_checked()
    expect(page.locator("#note")).to_have_value("Gọi trước khi tới")


def orders_of(page: Page, name: str) -> int:
    page.goto("/ban-hang/don")
    return page.locator("a.work-card", has_text=name).count()


def test_an_order_typed_in_without_a_net_is_there_again_and_sent_once(browse: Callable[..., Page]) -> None:
    page = browse(bypass_csp=True)
    sign_in(page, "0900000002")
    told = ("Bác Ba Đồng", "0912000111")
    type_in(page, *told)
    page.reload()
    is_as_typed(page, *told)
    shuts_nobody_out(page)

    page.route("**" + CALL, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="Ghi đơn").last.click()
    page.unroute("**" + CALL)
    page.goto("/ban-hang")
    page.goto(CALL)
    is_as_typed(page, *told)

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            asked = route.request  # the market answers somebody else
            httpx2.post(asked.url, content=asked.post_data_buffer or b"", headers=asked.all_headers())
            route.abort()
        else:
            route.continue_()

    page.route("**" + CALL, lose_the_answer)
    page.get_by_role("button", name="Ghi đơn").last.click()
    page.unroute("**" + CALL)
    page.goto(CALL)
    is_as_typed(page, *told)
    page.get_by_role("button", name="Ghi đơn").last.click()
    expect(page.locator("#notices")).to_contain_text("Đã ghi đơn")
    assert orders_of(page, told[0]) == 1, "the order that was sent twice is one"
    page.goto(CALL)
    expect(page.locator("#name")).to_have_value("")
    expect(page.locator(".typed-before")).to_have_count(0)


def test_what_was_changed_after_a_lost_answer_is_another_order(browse: Callable[..., Page]) -> None:
    page = browse()
    sign_in(page, "0900000002")
    type_in(page, "Cô Tư Lượm", "0912000222")
    sent = page.locator("input[name=key]").input_value()
    page.route("**" + CALL, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="Ghi đơn").last.click()
    page.unroute("**" + CALL)
    page.goto(CALL)
    expect(page.locator("input[name=key]")).to_have_value(sent)
    page.locator(".how-many input:visible").first.fill("3")
    assert page.locator("input[name=key]").input_value() not in ("", sent)
    page.get_by_role("button", name="Ghi đơn").last.click()
    expect(page.locator("#notices")).to_contain_text("Đã ghi đơn")


def test_who_wants_to_begin_anew_does_and_who_signs_out_leaves_nothing(browse: Callable[..., Page]) -> None:
    page = browse()
    sign_in(page, "0900000002")
    type_in(page, "Ông Bảy", "0912000333")
    page.fill("#said", "0912000333")
    page.get_by_role("button", name="Điền giúp").click()
    expect(page.locator(".how-many input:visible").first).to_have_value("2")
    expect(page.locator("#name")).to_have_value("Ông Bảy")
    page.get_by_role("button", name="Xóa chữ gõ dở").click()
    expect(page.locator("#name")).to_have_value("")
    page.reload()
    expect(page.locator("#name")).to_have_value("")

    page.fill("#name", "Ông Bảy")
    page.goto("/tai-khoan")
    page.locator("form[action$='/dang-xuat'] button").first.click()
    page.wait_for_load_state()
    assert page.evaluate("Object.keys(sessionStorage).filter((one) => one.startsWith('kept:'))") == []


def test_a_ward_that_was_chosen_from_the_lists_is_chosen_again(browse: Callable[..., Page]) -> None:
    page = browse()
    sign_in(page, "0900000002")
    page.goto(CALL)
    page.select_option("#province_code", index=3)
    expect(page.locator("#ward_code option")).not_to_have_count(1)
    page.select_option("#ward_code", index=2)
    page.fill("#line", "Ấp 3")
    province, ward = (page.locator(field).input_value() for field in ("#province_code", "#ward_code"))
    page.reload()
    expect(page.locator("#line")).to_have_value("Ấp 3")
    expect(page.locator("#province_code")).to_have_value(province)
    expect(page.locator("#ward_code")).to_have_value(ward)


def test_a_price_that_was_taken_back_does_not_come_again_as_a_draft(browse: Callable[..., Page]) -> None:
    page = browse()
    sign_in(page, "0900000002")
    page.goto("/ban-hang/hang")
    product = page.locator("a[href*='/ban-hang/hang/']:not([href$='/moi'])").first.get_attribute("href") or ""
    page.goto(product)
    before = page.locator("#price_vnd").input_value()
    page.fill("#price_vnd", "99k")
    page.reload()
    expect(page.locator("#price_vnd")).to_have_value("99k")
    expect(page.locator("#price_words")).to_contain_text("Chín mươi chín nghìn")
    page.locator("form[data-keep] button:not([type=button])").last.click()
    page.locator("#undo").get_by_role("button", name="Lấy lại").click()
    expect(page.locator("#notices")).to_contain_text("như cũ")
    page.goto(product)
    expect(page.locator("#price_vnd")).to_have_value(before)
    expect(page.locator(".typed-before")).to_have_count(0)
