"""The whole market in one go: two co-ops in one order, paid by transfer, then a box bought live."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.deps import SIGN_IN
from shop.core.money import format_vnd
from shop.orders.models import Order
from tests.factories_accounts import make_person
from tests.factories_live import make_session
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import choose_payment, tell_who_and_where
from tests.rehearsals.stand import Stand

pytestmark = pytest.mark.browser


def signed_in(page: Page, market: Market, person_id: int) -> Page:
    """This phone belongs to that person."""
    with market.db.write() as session:
        token = accounts.start_session(session, person_id, datetime.now(UTC))
    page.context.add_cookies([{"name": SIGN_IN, "value": token, "url": market.address}])
    return page


def desk_of(market: Market, window: Window, number: int) -> Page:
    """The open desk of a co-op."""
    manager = make_person(market.db, Role.MANAGER, coop_id=market.coops[number].id, phone=f"+8490000001{number}")
    desk = signed_in(window(), market, manager.id)
    desk.goto("/ban-hang")
    return desk


def pay(market: Market, db_url: str, code: str) -> None:
    """`chohtx pay CODE`, as the README has it, typed beside the running market."""
    here = {"PORT": str(market.settings.port), "CHOHTX_PUBLIC_URL": market.address}
    told = Stand(market.settings.data_dir, db_url, **here).chohtx("pay", code)
    assert told.returncode == 0, told.stderr
    assert "the market answered 200" in told.stdout


def test_a_newcomer_buys_from_two_co_ops_then_live_and_each_co_op_sees_its_own(
    market: Market, db_url: str, window: Window
) -> None:
    live, _items, host = make_session(market.db, datetime.now(UTC), coop=market.coops[0], items=2)
    near, far = desk_of(market, window, 0), desk_of(market, window, 1)
    page = window()

    for name in ("Thanh long ruột đỏ", "Gạo hữu cơ"):
        page.goto(f"/tim?q={name}")
        page.get_by_role("link", name=re.compile(f"^{name}$")).click()
        with page.expect_response("**/gio-hang"):
            page.locator("#buy").get_by_role("button", name="Thêm vào giỏ").click()
    page.locator(".bottom-bar").get_by_role("link", name="Giỏ").click()
    expect(page.locator(".parcel")).to_have_count(2)
    page.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(page)
    choose_payment(page, "VietQR")
    page.get_by_role("button", name="Đặt hàng").click()
    expect(page.get_by_role("heading", name="Còn một bước: chuyển khoản")).to_be_visible()
    expect(near.get_by_text("Chưa có đơn mới")).to_be_visible()  # nothing to do before the money is there
    with market.db.read() as session:
        bought = session.exec(select(Order)).one()
    pay(market, db_url, bought.code)
    expect(page.get_by_text("Đã nhận tiền.")).to_be_visible()
    expect(near.locator("#tasks .work-list li")).to_have_count(1)
    expect(near.locator("#tasks")).to_contain_text("Thanh long ruột đỏ")
    expect(near.locator("#tasks")).not_to_contain_text("Gạo hữu cơ")
    expect(far.locator("#tasks .work-list li")).to_have_count(1)
    expect(far.locator("#tasks")).to_contain_text("Gạo hữu cơ")

    page.goto("/live")
    page.locator(".live-card.on-air a").first.click()
    studio = signed_in(window(), market, host.id)
    studio.goto(f"/ban-hang/live/{live.id}")
    studio.get_by_role("button", name="Ghim A2").click()
    expect(page.locator("#pinned .code")).to_have_text("A2")
    page.locator("#pinned").get_by_role("link", name="Mua ngay").click()
    page.locator("#sheet").get_by_role("button", name="Giữ hàng giá live").click()
    expect(page.locator("#sheet")).to_contain_text("Đã giữ cho bạn")
    expect(studio.locator(".sales")).to_contain_text("1 × A2")
    page.locator("#sheet").get_by_role("link", name="Đặt mua").click()
    page.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(page)
    choose_payment(page, "Tiền mặt")
    expect(page.locator(".sums").first).to_contain_text(format_vnd(150_000))
    page.get_by_role("button", name="Đặt hàng").click()
    expect(page.get_by_role("heading", name="Cảm ơn bạn, đơn đã đặt xong")).to_be_visible()
    expect(near.locator("#tasks .work-list li")).to_have_count(2)
    expect(far.locator("#tasks .work-list li")).to_have_count(1)
    expect(studio.locator(".sales")).to_contain_text("đã đặt")
