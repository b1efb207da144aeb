"""A phone of 360 px: from the invitation to a public page with one product, and the account changed by two people."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from sqlmodel import select

from payments.payouts import accounts
from payments.payouts.models import PayoutAccount
from shop.accounts.models import Role
from shop.coops.models import Coop, CoopState
from shop.coops.people import service as people
from shop.core.audit import SYSTEM
from tests.factories import make_category, make_coop
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE
from tests.journeys.test_payouts import as_person

pytestmark = pytest.mark.browser
MOST_TAPS = 12


class Thumb:
    """Presses things and counts; typing and choosing a photo are no taps."""

    def __init__(self, page: Page, pictures: Path) -> None:
        self.page, self.pictures, self.taps = page, pictures, 0

    def press(self, name: str) -> None:
        self._count(self.page.get_by_role("button", name=name, exact=True))

    def tick(self, name: str) -> None:
        self.taps += 1
        self.page.locator(f"#{name}").check()

    def choose(self, name: str, label: str) -> None:
        self.taps += 1
        self.page.locator(f"#{name}").select_option(label=label)

    def look(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def _count(self, thing: Locator) -> None:
        self.taps += 1
        thing.click()


def photo() -> dict[str, object]:
    body = io.BytesIO()
    Image.new("RGB", (1200, 900), "#b3125f").save(body, "jpeg")
    return {"name": "vuon.jpg", "mimeType": "image/jpeg", "buffer": body.getvalue()}


@pytest.fixture
def verified(market: Market) -> Coop:
    make_category(market.db)
    nothing_yet = {"story": "", "delivery_policy": "", "return_policy": "", "state": CoopState.VERIFIED}
    return make_coop(market.db, name="HTX Thanh long Hàm Đức", representative="Trần Thị Sáu", **nothing_yet)


def invited(market: Market, coop: Coop) -> str:
    with market.db.write() as session:
        key, now = market.settings.secret_key, datetime.now(UTC)
        told = (Role.MANAGER, "+84987654321", "Trần Thị Sáu", SYSTEM, key, now)
        return people.link(key, people.invite(session, coop.id, *told))


def join(page: Page, thumb: Thumb, link: str) -> None:
    page.goto(link)
    thumb.look("1-invitation")
    thumb.press("Gửi mã cho tôi")
    page.locator("#code").fill(page.locator(".callout strong").inner_text())
    thumb.tick("agreed")
    thumb.look("2-code")
    thumb.press("Nhận lời")
    page.wait_for_url("**/ban-hang/bat-dau")


def tell(page: Page, thumb: Thumb) -> None:
    page.locator("#story").fill("Ba đời trồng thanh long ở Hàm Đức, hái trước nắng sáng.")
    page.locator("#photo").set_input_files(photo())  # type: ignore[arg-type]  # a file made here
    thumb.look("3-story")
    thumb.press("Lưu, sang bước 2")
    expect(page.locator("#commune")).to_have_value("15.000")
    page.locator("#nation").fill("")
    thumb.look("4-delivery")
    thumb.press("Lưu, sang bước 3")
    expect(page.locator("#account_no")).to_be_visible()


def give_account(page: Page, thumb: Thumb, number: str = "0011 0042 6699") -> None:
    thumb.choose("bank_bin", "Agribank")
    page.locator("#account_no").fill(number)
    page.locator("#account_name").fill("HTX THANH LONG HAM DUC")


def list_product(page: Page, thumb: Thumb) -> None:
    page.wait_for_url("**/ban-hang/hang/moi")
    page.locator("#photo").set_input_files(photo())  # type: ignore[arg-type]  # a file made here
    thumb.press("Dùng ảnh này")
    page.locator("#name").fill("Thanh long ruột đỏ loại 1")
    page.locator("#step_g").fill("5 ký")
    page.locator("#on_hand").fill("20")
    thumb.press("Tiếp tục")
    page.locator("#price_vnd").fill("185k")
    thumb.press("Tiếp tục")
    thumb.press("Đăng bán")


@ONLY_SQLITE
def test_open_a_shop_in_twelve_taps_though_the_phone_dies(
    market: Market, window: Window, verified: Coop, tmp_path: Path
) -> None:
    page = window()
    thumb = Thumb(page, tmp_path)
    join(page, thumb, invited(market, verified))
    tell(page, thumb)
    page.goto("/ban-hang/bat-dau")  # switched on again
    give_account(page, thumb)
    thumb.look("5-account")
    thumb.press("Lưu, sang bước 4")
    list_product(page, thumb)
    page.wait_for_url("**/ban-hang/hang**")
    assert thumb.taps <= MOST_TAPS
    buyer = window()
    buyer.goto(f"/htx/{verified.slug}")
    expect(buyer.get_by_role("link", name="Thanh long ruột đỏ loại 1")).to_be_visible()
    expect(buyer.get_by_text("Ba đời trồng thanh long")).to_be_visible()
    buyer.screenshot(path=tmp_path / "6-shop.png", full_page=True)
    page.goto("/ban-hang/bat-dau")
    expect(page.get_by_text("Gian hàng đã mở")).to_be_visible()
    thumb.look("7-open")


@ONLY_SQLITE
def test_change_the_bank_account_by_two_people_and_a_day(market: Market, window: Window, tmp_path: Path) -> None:
    coop = market.coops[0]
    with market.db.write() as session:
        told = accounts.Details("bank", "HTX HOA LE", "0099887766", "970436")
        first = accounts.propose(session, f"coop:{coop.id}", told, SYSTEM, datetime.now(UTC))
        first.state, first.valid_from = "valid", datetime.now(UTC)
    director = make_person(market.db, Role.MANAGER, coop_id=coop.id, name="Bà Nguyện")
    bookkeeper = make_person(market.db, Role.ACCOUNTANT, coop_id=coop.id, phone="+84900000007", name="Cô Tính")
    asks, agrees = as_person(window, market, bookkeeper), as_person(window, market, director)
    asks.goto("/ban-hang/tien")
    asks.get_by_role("link", name="Tài khoản nhận tiền").click()
    asks.get_by_text("Đổi tài khoản", exact=True).click()
    give_account(asks, Thumb(asks, tmp_path))
    asks.get_by_role("button", name="Ghi, chờ người thứ hai").click()
    expect(asks.get_by_text("Tài khoản mới, chờ người thứ hai")).to_be_visible()
    expect(asks.get_by_role("button", name="Đúng giấy, đồng ý")).to_have_count(0)
    asks.screenshot(path=tmp_path / "8-asks.png", full_page=True)
    agrees.goto("/ban-hang/tai-khoan")
    agrees.screenshot(path=tmp_path / "9-agrees.png", full_page=True)
    agrees.get_by_role("button", name="Đúng giấy, đồng ý").click()
    expect(agrees.get_by_text("Cho đến lúc đó tiền vẫn về tài khoản cũ")).to_be_visible()
    agrees.screenshot(path=tmp_path / "10-waits.png", full_page=True)
    with market.db.read() as session:
        now_used = accounts.in_force(session, f"coop:{coop.id}", datetime.now(UTC))
        newest = session.exec(select(PayoutAccount).order_by(PayoutAccount.id.desc())).first()  # type: ignore[attr-defined]  # a column
    assert now_used is not None
    assert now_used.account_no == "0099887766"
    assert newest is not None
    assert newest.valid_from is not None
    assert newest.valid_from > datetime.now(UTC)
