"""A whole evening in real browsers: filmed, sold, cut off, ended, bought from the replay, and reckoned up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright
from sqlmodel import select

from livestream import moves, verify
from livestream import service as live
from livestream.deals.models import LiveDeal
from livestream.figures.reading import figures
from livestream.figures.verify import in_the_books
from livestream.models import LiveSession
from shop.demo.orders import transfer
from shop.orders.models import Order
from shop.settings import Settings
from tests.browser.filming import CAMERA, STARTS_WITHIN_MS, Evening, evening, go_live, sees
from tests.browser.test_comment_orders import say
from tests.journeys.test_buying import choose_payment, tell_who_and_where
from tests.livestream.video.filmed import encoder, film
from tests.servers import NotAvailable, find_chromium

pytestmark = pytest.mark.browser
PASTED = "Hoa Nguyễn: A3 x2 0901111222\nBé Na: a2\nTám: bao nhiêu tiền vậy?\nÚt: lấy 2 ký A1"


@pytest.fixture
def tonight(sqlite_template: Path, tmp_path: Path) -> Iterator[Evening]:
    try:
        program = find_chromium()
    except NotAvailable as reason:
        pytest.skip(str(reason))
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=program, args=CAMERA)
        with evening(browser, sqlite_template, tmp_path / "market") as play:
            yield play
        browser.close()


class ByCamera:
    """The host sells from the page that films."""

    def __init__(self, tonight: Evening, _folder: Path) -> None:
        self.host = tonight.phone()
        go_live(self.host)

    def deal(self) -> int:
        """A deal for the item that is shown, as the page proposes it; returns its price."""
        self.host.locator(".room-tools [popovertarget=run]").click()
        price_vnd = open_deal(self.host.locator("#run"))
        expect(self.host.locator("#strip .deal-line")).to_contain_text("còn 5 suất")
        self.host.locator("#run [popovertargetaction=hide]").click()
        return price_vnd

    def pin(self, _code: str) -> None:
        self.host.locator(".pin-next").click()

    @contextmanager
    def away(self) -> Iterator[None]:
        self.host.context.set_offline(True)
        expect(self.host.locator("#dot-words")).to_contain_text("Mất mạng")
        yield
        self.host.context.set_offline(False)
        expect(self.host.locator("#dot-words")).to_have_text("Hình đang lên tốt", timeout=STARTS_WITHIN_MS)

    def end(self) -> None:
        self.host.locator(".stop").click()
        self.host.get_by_role("button", name="Bấm lần nữa để kết thúc").click()


class ByRtmp:
    """An encoder on a computer films; the host sells from the desk of the session."""

    def __init__(self, tonight: Evening, folder: Path) -> None:
        self.host, self._file, self._encoding = tonight.phone(), folder / "film.mp4", ExitStack()
        self._file.write_bytes(film())
        tonight.closing.callback(self._encoding.close)
        self.host.get_by_role("link", name="Về bàn làm việc").click()
        by_encoder = self.host.get_by_role("button", name="Phát bằng OBS")
        expect(by_encoder).to_be_visible()
        desk = self.host.url
        by_encoder.click()
        expect(self.host.locator("#obs code")).to_have_count(2)
        server, key = self.host.locator("#obs code").all_text_contents()
        self._address = f"{server}/{key}"
        self._send()
        self.host.goto(desk)

    def _send(self) -> None:
        self._encoding.enter_context(encoder(self._file, self._address))

    def deal(self) -> int:
        price_vnd = open_deal(self.host)
        expect(self.host.locator("#desk .pinned-now")).to_contain_text("còn 5/5 suất")
        return price_vnd

    def pin(self, code: str) -> None:
        self.host.get_by_role("button", name=f"Ghim {code}").click()

    @contextmanager
    def away(self) -> Iterator[None]:
        self._encoding.close()
        yield
        self._send()

    def end(self) -> None:
        self.host.get_by_text("Kết thúc live").click()
        self.host.get_by_role("button", name="Bấm lần nữa để kết thúc").click()


@pytest.mark.parametrize("source", [ByCamera, pytest.param(ByRtmp, marks=pytest.mark.long)])
def test_from_the_first_picture_to_the_books(
    tonight: Evening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: type[ByCamera | ByRtmp]
) -> None:
    monkeypatch.setattr(moves, "LONG_ENOUGH_S", 3)
    filmed, lan, tu = source(tonight, tmp_path), tonight.viewer(), tonight.viewer()
    sees(lan)
    deal_vnd = filmed.deal()
    expect(lan.locator("#pinned .deal-line")).to_be_visible()
    lan.locator("#pinned .button").click()
    expect(lan.locator("#sheet")).to_contain_text("Giá chớp cho mỗi người nhiều nhất 2")
    lan.locator("#sheet").get_by_role("button", name="Đóng").click()
    say(lan, "A1 x2", "Chị Lan")
    expect(lan.locator("#answer")).to_contain_text("đã giữ 2 × A1")
    say(tu, "cho anh 1 A2 0912000111", "Anh Tư")
    expect(tu.locator("#held")).to_contain_text("Đang giữ cho bạn")
    tu.locator("#pinned .button").click()
    deal = tu.locator("#sheet .deal-line")
    expect(deal).to_contain_text("suất")
    expect(lan.locator("#chat-lines")).to_contain_text("091•••••11")
    filmed.pin("A2")
    expect(lan.locator("#pinned .code")).to_have_text("A2")

    with filmed.away():
        expect(lan.locator(".reconnecting")).to_be_visible(timeout=STARTS_WITHIN_MS)
        expect(deal.get_by_role("status")).to_contain_text("tạm dừng vì mất hình, còn")
        expect(deal.locator("[data-until]")).to_have_count(0)
        the_desk_goes_on(tonight)
    expect(lan.locator(".reconnecting")).to_have_count(0, timeout=STARTS_WITHIN_MS)
    sees(lan)
    with tonight.db.read() as session:
        ends_at = session.exec(select(LiveDeal.ends_at)).one()
    expect(deal.locator("time")).to_have_attribute("data-until", str(int(ends_at.timestamp() * 1000)))
    expect(deal.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))

    filmed.end()
    expect(lan.locator("#now")).to_have_attribute("data-state", "replay", timeout=STARTS_WITHIN_MS)
    buys_from_the_replay(lan)
    reckoned(tonight, deal_vnd)


def open_deal(desk: Page | Locator) -> int:
    desk.get_by_role("link", name="Giá chớp A1").click()
    price_vnd = int(desk.locator("#deal [name=price_vnd]:checked").input_value())
    desk.get_by_role("button", name="Mở giá chớp").click()
    return price_vnd


def the_desk_goes_on(tonight: Evening) -> None:
    """A list from elsewhere, while nobody sees the picture."""
    desk = tonight.phone()
    desk.goto(f"/ban-hang/live/{tonight.live.id}/binh-luan")
    desk.get_by_label("Các bình luận").fill(PASTED)
    desk.get_by_role("button", name="Nhận các bình luận").click()
    comments = desk.locator("#comments")
    for words, became in (
        ("Hoa Nguyễn", "A3 × 2: đang giữ"),
        ("Bé Na", "A2 × 1: đang giữ"),
        ("Tám", "Câu hỏi"),
        ("Út", "Chưa rõ"),
        ("Chị Lan", "A1 × 2: đang giữ"),
        ("Anh Tư", "0912 000 111"),
    ):
        expect(comments.locator(".comment", has_text=words)).to_contain_text(became)
    assert desk.evaluate("document.documentElement.scrollWidth") <= 360


def buys_from_the_replay(buyer: Page) -> None:
    """What is held at the deal's price, and what is shown in the film at its usual one: one order."""
    buyer.get_by_role("link", name="Xem lại buổi live").click()
    sees(buyer)
    buyer.locator(".room-tools [popovertarget=items]").click()
    buyer.locator(".chapter[data-code=A2]").click()
    with buyer.expect_response("**/gio-hang") as added:
        buyer.locator("#replay-now[data-code=A2]").get_by_role("button").click()
    assert added.value.ok
    buyer.goto("/gio-hang")
    buyer.get_by_role("button", name="Đặt mua").click()
    tell_who_and_where(buyer)
    choose_payment(buyer, "VietQR")
    buyer.get_by_role("button", name="Đặt hàng").click()
    expect(buyer.get_by_role("heading", name="Còn một bước: chuyển khoản")).to_be_visible()


def reckoned(tonight: Evening, deal_vnd: int) -> None:
    """The bank tells; then the figures, the order, the books and the host's page say the same sum."""
    with tonight.db.write() as session:
        order = session.exec(select(Order)).one()
        transfer(session, order, Settings(_env_file=None, env="demo"), datetime.now(UTC))
        order_id, total_vnd = order.id, order.total_vnd
    with tonight.db.read() as session:
        told = figures(session, session.get_one(LiveSession, tonight.live.id), datetime.now(UTC))
        assert verify.broken_rules(session) == []
        assert in_the_books(session, [order_id]) == {order_id: total_vnd}
    assert (told.money.orders, told.money.standing_vnd, told.money.kept_vnd) == (1, 2 * deal_vnd, 2 * deal_vnd)
    assert (told.funnel.claims, told.funnel.ordered, told.funnel.paid) == (4, 1, 1)
    desk = tonight.phone()
    expect(desk.get_by_role("heading", name=tonight.live.title)).to_be_visible()  # over: the camera leads to its desk
    desk.get_by_role("link", name="Số liệu, đóng gói").click()
    expect(desk.locator(".figures-top").first).to_contain_text(f"{2 * deal_vnd:,}".replace(",", "."))
    desk.get_by_role("link", name="Danh sách đóng gói").click()
    expect(desk.locator(".pack")).to_contain_text("Nguyễn Thị Hoa")


def test_a_host_who_sold_with_a_cover_turns_the_camera_on_and_nobody_has_to_reload(tonight: Evening) -> None:
    """And a take that the market cannot read is followed by another."""
    with tonight.db.write() as session:
        live.start(session, tonight.live.id, tonight.host, datetime.now(UTC))
    viewer, phone = tonight.viewer(), tonight.phone()
    expect(viewer.locator("#pinned .code")).to_have_text("A1")
    expect(viewer.locator("#picture")).to_have_count(0)
    go_live(phone)
    sees(viewer)

    def refuse(route: Route) -> None:
        route.fulfill(status=422, content_type="application/problem+json", body='{"type": "/problems/not-video"}')

    phone.route("**/hinh/*/*/*", refuse, times=1)
    expect(phone.locator("#camera")).to_have_attribute("data-take", "2", timeout=STARTS_WITHIN_MS)
    sees(viewer)
    expect(phone.locator("#dot-words")).to_have_text("Hình đang lên tốt", timeout=STARTS_WITHIN_MS)
