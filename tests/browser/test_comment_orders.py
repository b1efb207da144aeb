"""Two viewers and a pasted list want the same few boxes: who comes first holds, the next is served in turn."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_live_room import open_room, pin_another
from tests.journeys.test_buying import choose_payment, tell_who_and_where

pytestmark = pytest.mark.browser
Browse = Callable[..., Page]


def say(window: Page, words: str, name: str = "") -> None:
    window.locator(".composer input[name=words]").fill(words)
    window.get_by_role("button", name="Gửi bình luận").click()
    if name:
        window.get_by_label("Mọi người gọi bạn là gì?").fill(name)
        window.locator("#answer").get_by_role("button", name="Gửi").click()


def test_from_a_comment_to_an_order(browse: Browse) -> None:
    lan, host, buyer = browse(), browse(), browse()
    pin_another(host)  # what is sold out below is not what the next test finds pinned
    open_room(lan)
    code = lan.locator(".room-item").first.get_attribute("data-code") or ""
    say(lan, f"{code} x2", "Chị Lan")
    expect(lan.locator("#answer")).to_contain_text(f"đã giữ 2 × {code}")
    expect(lan.locator("#held")).to_contain_text("Đang giữ cho bạn")
    expect(lan.locator("#chat-lines li").last).to_contain_text("Chị Lan")
    assert lan.evaluate("document.documentElement.scrollWidth") <= 360

    host.get_by_role("link", name="Bình luận và chốt đơn").click()
    expect(host.locator("#comments")).to_contain_text("Chị Lan")
    assert host.evaluate("document.documentElement.scrollWidth") <= 360
    left = int(lan.locator(f".room-item[data-code={code}] [data-left={code}]").text_content() or "0")
    host.get_by_label("Các bình luận").fill("\n".join(f"Khách {at}: {code}" for at in range(left + 1)))
    host.get_by_role("button", name="Nhận các bình luận").click()
    last = host.locator("#comments .comment").first
    expect(last).to_contain_text("đang chờ, thứ 1")
    expect(lan.locator(f".room-item[data-code={code}]")).to_have_class(re.compile("gone"))

    tu = browse()
    open_room(tu)
    say(tu, code, "Anh Tư")
    expect(tu.locator("#answer")).to_contain_text("đã xếp hàng chờ 1")
    say(lan, f"bỏ {code}")
    expect(tu.locator("#held")).to_contain_text("Đang giữ cho bạn")  # by itself: two fell free, two waited

    host.reload()
    waited = host.locator(".comment", has_text=f"Khách {left}").first
    expect(waited).to_contain_text("đang giữ,")
    link = waited.locator("[data-copy]").get_attribute("data-copy") or ""
    buyer.goto(re.sub(r"^https?://[^/]+", "", link))
    expect(buyer.locator("main")).to_contain_text(f"Hàng giữ cho Khách {left}")
    buyer.get_by_role("button", name="Mở giỏ và đặt mua").click()
    tell_who_and_where(buyer)
    choose_payment(buyer, "VietQR")
    buyer.get_by_role("button", name="Đặt hàng").click()
    expect(buyer.get_by_role("heading", name="Còn một bước: chuyển khoản")).to_be_visible()
