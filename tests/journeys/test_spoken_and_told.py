"""What a phone may do beside showing pages: read a new order aloud, listen instead of being typed at, be told.

Chromium without a screen has neither a voice nor ears nor a service that pushes: what stands in for them writes down
what the pages ask of it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.deps import SIGN_IN
from shop.notify.models import Follow
from tests.factories_accounts import make_person
from tests.factories_orders import make_order
from tests.journeys.conftest import Market, Window
from tests.journeys.test_desk_offline import until

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)]

A_VOICE = "window.spoken = []; speechSynthesis.speak = (sentence) => spoken.push([sentence.text, sentence.lang]);"
EARS = """
globalThis.webkitSpeechRecognition = globalThis.SpeechRecognition = class {
    start() { this.onresult({ results: [[{ transcript: window.said }]] }); this.onend(); }
};
"""
NO_EARS = "delete globalThis.webkitSpeechRecognition; delete globalThis.SpeechRecognition;"
A_SERVICE_THAT_PUSHES = """
const told = { endpoint: "https://fcm.googleapis.com/fcm/send/of-this-phone", keys: {
    p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth: "BTBZMqHH6r4Tts7J_aSIgg",
} };
PushManager.prototype.subscribe = async () => ({ toJSON: () => told });
"""


def at_the_desk(window: Window, market: Market, script: str) -> Page:
    manager = make_person(market.db, Role.MANAGER, coop_id=market.coops[0].id)
    with market.db.write() as session:
        token = accounts.start_session(session, manager.id, datetime.now(UTC))
    page = window()
    page.context.add_cookies([{"name": SIGN_IN, "value": token, "url": market.address}])
    page.add_init_script(script)
    return page


def place_one(market: Market, name: str) -> None:
    make_order(market.db, {market.boxes[0].id: 2}, market.settings, datetime.now(UTC), visitor=name)


def test_a_new_order_is_read_aloud_once_when_asked_for(market: Market, window: Window) -> None:
    place_one(market, "truoc")
    page = at_the_desk(window, market, A_VOICE)
    page.goto("/ban-hang")
    page.get_by_role("button", name="Đọc to khi có đơn mới").click()
    expect(page.get_by_role("button", name="Đang đọc to đơn mới")).to_have_attribute("aria-pressed", "true")
    assert len(page.evaluate("spoken")) == 1, "the phone shows that it has a voice"

    place_one(market, "sau")
    until(page, "spoken.length > 1")
    words, language = page.evaluate("spoken[1]")
    assert words.startswith("Có đơn mới: 2 Thanh long ruột đỏ")
    assert language == "vi-VN"

    page.get_by_role("button", name="Đang đọc to đơn mới").click()
    place_one(market, "nua")
    expect(page.locator("[data-say-of='3']")).to_be_attached()
    assert len(page.evaluate("spoken")) == 2, "once an order, and none after it was turned off"


def test_what_is_said_stands_in_the_field_and_can_be_changed(market: Market, window: Window) -> None:
    page = at_the_desk(window, market, EARS)
    page.goto("/ban-hang/hang/moi")
    page.get_by_role("button", name="Chưa có ảnh, làm tiếp").click()
    page.evaluate("window.said = 'Bưởi da xanh'")
    page.get_by_role("button", name="Nói thay vì gõ").click()
    expect(page.locator("#name")).to_have_value("Bưởi da xanh")
    page.locator(".choice-chip", has_text="Thùng").click()
    page.fill("#step_g", "5 ký")
    page.fill("#on_hand", "12")
    page.get_by_role("button", name="Tiếp tục").click()
    page.evaluate("window.said = '350 nghìn'")
    page.get_by_role("button", name="Nói thay vì gõ").click()
    expect(page.locator("#price_words")).to_contain_text("Ba trăm năm mươi nghìn")
    page.fill("#price_vnd", "360k")
    expect(page.locator("#price_words")).to_contain_text("Ba trăm sáu mươi nghìn")


def test_a_browser_that_cannot_listen_shows_no_button_for_it(market: Market, window: Window) -> None:
    page = at_the_desk(window, market, NO_EARS)
    page.goto("/ban-hang/hang/moi")
    page.get_by_role("button", name="Chưa có ảnh, làm tiếp").click()
    expect(page.locator("#name")).to_be_visible()
    expect(page.get_by_role("button", name="Nói thay vì gõ")).to_have_count(0)


def test_one_tap_and_this_browser_is_told_and_one_more_and_it_is_not(market: Market, window: Window) -> None:
    page = window(permissions=["notifications"])
    page.add_init_script(A_SERVICE_THAT_PUSHES)
    page.goto(f"/htx/{market.coops[0].slug}")
    page.locator("details.follow summary").click()
    page.get_by_role("button", name="Báo trên trình duyệt này").click()
    expect(page.get_by_text("Được rồi, trình duyệt sẽ báo.")).to_be_visible()
    assert [(row.subject, row.channel) for row in follows(market)] == [(f"coop:{market.coops[0].id}", "push")]

    page.reload()
    page.locator("details.follow summary").click()
    page.get_by_role("button", name="Thôi báo trên trình duyệt này").click()
    expect(page.get_by_text("Đã thôi báo.")).to_be_visible()
    assert follows(market) == []


def follows(market: Market) -> list[Follow]:
    with market.db.read() as session:
        return list(session.exec(select(Follow)))
