"""Thirty orders on a phone of 360 px: taken, weighed, packed, printed, handed over; one refused, one claimed."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect
from sqlmodel import Session, col, select

from payments.verify import check
from shop.accounts.models import Role
from shop.orders.access import secret_link
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.verify import broken_rules
from shop.stock import service as stock
from shop.stock.models import Pool
from tests.factories_accounts import make_person
from tests.factories_orders import make_order
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE
from tests.journeys.test_payouts import as_person

pytestmark = pytest.mark.browser
ORDERS = 30


def thirty_orders(market: Market) -> list[int]:
    """Of the near co-op's box and its loose fruit, by thirty buyers; the parcels' numbers."""
    box, loose = market.boxes[0].id, market.loose.id
    with market.db.write() as session:
        for pool in session.exec(select(Pool).where(col(Pool.variant_id).in_((box, loose)))):
            stock.receive(session, pool, 500, datetime.now(UTC))
    for n in range(ORDERS):
        who = {"phone": f"+84911000{n:03d}", "name": f"Khách số {n + 1}", "visitor": f"v{n}"}
        make_order(market.db, {box: 1, loose: 4}, market.settings, datetime.now(UTC), **who)
    with market.db.read() as session:
        return list(session.exec(select(Parcel.id).order_by(col(Parcel.id))))


def look(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=False)


def books(session: Session) -> list[str]:
    return [*check(session), *stock.broken_rules(session), *broken_rules(session)]


def weigh(phone: Page, market: Market, parcel_id: int, folder: Path) -> None:
    """The loose fruit weighs less than was ordered."""
    with market.db.read() as session:
        mine = (OrderLine.parcel_id == parcel_id, OrderLine.variant_id == market.loose.id)
        line = session.exec(select(OrderLine).where(*mine)).one()
    phone.goto(f"/ban-hang/don/{parcel_id}")
    phone.get_by_role("link", name="Cân hàng, bớt món không có").click()
    phone.fill(f"#weight-{line.id}", "1,9 ký")
    look(phone, folder, "weigh")
    phone.get_by_role("button", name="Tính tiền").click()
    expect(phone.locator("main")).to_contain_text("bớt cho khách 3.200")
    look(phone, folder, "weighed")
    phone.get_by_role("button", name="Đúng, lưu lại").click()
    expect(phone.locator("#parcel")).to_contain_text("cân được 1,9")


def pack_and_print(phone: Page, market: Market, parcels: list[int], folder: Path) -> None:
    phone.goto("/ban-hang/don?trang_thai=confirmed")
    look(phone, folder, "to-pack")
    label = phone.request.get(f"{market.address}/ban-hang/phieu.pdf")
    assert label.body().startswith(b"%PDF")
    phone.goto("/ban-hang/soan-hang")
    expect(phone.locator("main")).to_contain_text("30")
    look(phone, folder, "pick-list")
    phone.goto("/ban-hang/dong-goi")
    for parcel_id in parcels:
        phone.locator(f"input[name=ids][value='{parcel_id}']").check()
    look(phone, folder, "pack-list")
    phone.get_by_role("button", name="Các kiện đánh dấu đã đóng xong").click()
    expect(phone.locator("main")).to_contain_text("Chưa có kiện nào để đóng")


def height_on_the_way_to(button: Locator) -> int:
    """Of the whole page, as it is told first; then the button is in sight and has been painted there."""
    frame = "await new Promise(requestAnimationFrame)"
    before = "const height = document.documentElement.scrollHeight"
    height: int = button.evaluate(
        f"async (it) => {{ {before}; it.scrollIntoView(); {frame}; {frame}; return height; }}"
    )
    return height


def hand_over(phone: Page, folder: Path) -> None:
    phone.goto("/ban-hang/chuyen-giao")
    look(phone, folder, "route")
    go = phone.get_by_role("button", name="Lên đường với các kiện đã chọn")
    assert height_on_the_way_to(go) == height_on_the_way_to(go), "the button slips away from under the thumb"
    go.click()
    expect(phone.locator("input[name=ids]")).to_have_count(0)


def claim(phone: Page, buyer: Page, market: Market, parcel_id: int, folder: Path) -> None:
    """A box of the parcel arrived spoilt: its buyer sends a photo, the co-op gives the money back."""
    with market.db.read() as session:
        parcel = session.get_one(Parcel, parcel_id)
        order = session.get_one(Order, parcel.order_id)
        mine = (OrderLine.parcel_id == parcel_id, OrderLine.variant_id == market.boxes[0].id)
        line = session.exec(select(OrderLine).where(*mine)).one()
    buyer.goto(secret_link(market.settings.secret_key, order.code))
    buyer.goto(f"/don-hang/{order.code}/sau-khi-nhan")
    buyer.get_by_text("Hàng bị hư?").click()
    buyer.locator(f"#line-{line.id}").select_option(f"{line.id}:1")
    buyer.fill(f"#claim-words-{parcel_id}", "Thùng bị dập, trái chảy nước.")
    spoilt: FilePayload = {"name": "hu.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    buyer.set_input_files(f"#claim-photo-{parcel_id}", spoilt)
    look(buyer, folder, "claim-made")
    buyer.get_by_role("button", name="Gửi khiếu nại").click()
    expect(buyer.locator("main")).to_contain_text("Đã gửi khiếu nại.")
    phone.goto("/ban-hang")
    phone.get_by_role("link", name="Khách báo hàng hư").click()
    phone.locator("a.work-card", has_text=order.code).click()
    expect(phone.locator("main")).to_contain_text("Quá giờ, liên minh quyết định thay.")
    look(phone, folder, "claim")
    phone.get_by_role("button", name="Nhận lỗi, trả lại tiền").click()
    expect(phone.locator("main")).to_contain_text("hàng không phải gửi về")
    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("Khiếu nại được nhận, bạn được trả lại")


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 480), "#7a4").save(out, "JPEG")
    return out.getvalue()


@ONLY_SQLITE
def test_thirty_orders_in_a_day(market: Market, window: Window, tmp_path: Path) -> None:
    near = market.coops[0]
    parcels = thirty_orders(market)
    phone = as_person(window, market, make_person(market.db, Role.MANAGER, coop_id=near.id))
    phone.goto("/ban-hang/don")
    look(phone, tmp_path, "new")
    phone.get_by_role("button", name=f"Nhận cả {ORDERS} đơn này").click()
    expect(phone.locator("main")).to_contain_text("Không có đơn nào ở đây")
    weigh(phone, market, parcels[0], tmp_path)
    pack_and_print(phone, market, parcels, tmp_path)
    hand_over(phone, tmp_path)

    phone.goto(f"/ban-hang/don/{parcels[1]}")
    phone.get_by_text("Có trục trặc?").click()
    phone.check("input[name=goods_fit]")
    phone.get_by_role("button", name="Khách không nhận hàng").click()
    expect(phone.locator("#parcel")).to_contain_text("Khách không nhận")
    phone.goto(f"/ban-hang/don/{parcels[0]}")
    phone.get_by_text("Người khác nhận thay?").click()
    phone.fill("#received-by", "Chị Tư hàng xóm")
    phone.get_by_role("button", name="Người này đã nhận").click()
    expect(phone.locator("#parcel")).to_contain_text("Người nhận: Chị Tư hàng xóm")
    claim(phone, window(), market, parcels[0], tmp_path)
    phone.goto("/ban-hang/tien")
    look(phone, tmp_path, "money")
    phone.goto("/ban-hang/quay")
    look(phone, tmp_path, "counter")
    phone.goto("/ban-hang/ghi-don")
    look(phone, tmp_path, "call")
    with market.db.read() as session:
        first, second = (session.get_one(Parcel, one) for one in parcels[:2])
        assert (first.state, second.state) == ("delivered", "refused")
        assert session.get_one(Order, first.order_id).state == "done"
        assert books(session) == []
