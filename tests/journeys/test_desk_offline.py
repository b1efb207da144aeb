"""A manager works on where there is no net: the market's address stops answering, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.deps import SIGN_IN, Person
from shop.main import create_app
from shop.orders import states
from shop.orders.models import OrderEvent, Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of
from tests.journeys.conftest import PHONE
from tests.served import serving
from tests.servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)]


class Farm(NamedTuple):
    """A co-op with two new parcels, its market not yet served."""

    db: Database
    settings: Settings
    token: str
    colleague: Person
    manager_id: int
    manager_name: str

    def parcels(self) -> list[Parcel]:
        with self.db.read() as session:
            return list(session.exec(select(Parcel).order_by(Parcel.id)))  # type: ignore[arg-type]  # a column

    def happened(self, parcel: Parcel) -> list[str]:
        with self.db.read() as session:
            rows = session.exec(select(OrderEvent).where(OrderEvent.parcel_id == parcel.id))
            return [row.what for row in rows]


@pytest.fixture
def farm(db: Database, tmp_path: Path) -> Farm:
    port, now = free_port(), datetime.now(UTC)
    settings = Settings(
        _env_file=None, data_dir=tmp_path / "data", port=port, public_url=f"http://127.0.0.1:{port}", worker="none"
    )
    settings.data_dir.mkdir()
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop)).id
    for visitor in ("an", "binh"):
        make_order(db, {box: 1}, settings, now, visitor=visitor)
    manager = make_person(db, Role.MANAGER, coop_id=coop.id)
    with db.write() as session:
        token = accounts.start_session(session, manager.id, now)
    return Farm(
        db,
        settings,
        token,
        make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000012", name="Chú Sáu"),
        manager.id,
        manager.name,
    )


@pytest.fixture
def phone(chromium: Browser, farm: Farm) -> Iterator[Page]:
    context = chromium.new_context(viewport=PHONE, base_url=farm.settings.base_url, locale="vi-VN")  # type: ignore[arg-type]  # a size is a size
    context.add_cookies([{"name": SIGN_IN, "value": farm.token, "url": farm.settings.base_url}])
    yield context.new_page()
    context.close()


def until(phone: Page, condition: str) -> None:
    """Wait in the page itself: its policy forbids what Playwright's own way would evaluate there."""
    phone.evaluate(f"(async () => {{ while (!({condition})) await new Promise((on) => setTimeout(on, 50)); }})()")


def kept(phone: Page, path: str) -> bool:
    """The service worker has this page of the desk."""
    found: bool = phone.evaluate(
        "async (path) => !!(await (await caches.open('ban-hang-1')).match(location.origin + path))", path
    )
    return found


def test_lists_are_read_and_steps_pressed_without_a_net_and_sent_once_when_it_is_back(phone: Page, farm: Farm) -> None:
    first, second = farm.parcels()
    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        phone.goto("/ban-hang")
        phone.evaluate("navigator.serviceWorker.ready.then(() => {})")
        until(phone, "navigator.serviceWorker.controller")
        phone.goto("/ban-hang")
        phone.goto(f"/ban-hang/don/{first.id}")
        phone.goto("/ban-hang")
        until(phone, "(await (await caches.open('ban-hang-1')).keys()).length >= 6")  # home, a parcel, four lists
        assert kept(phone, "/ban-hang/don?trang_thai=packed")
        asked = phone.context.new_cdp_session(phone)
        lacking = asked.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [one["errorId"] for one in lacking] in ([], ["in-incognito"]), "it can be put on the home screen"

    # no net
    phone.goto("/ban-hang/don?trang_thai=new")
    expect(phone.locator("#kept")).to_contain_text("Đang mất mạng. Trang này lưu lúc")
    expect(phone.locator(f"a[href$='/ban-hang/don/{second.id}']")).to_be_visible()
    phone.locator(f"a[href$='/ban-hang/don/{second.id}']").click()
    expect(phone.locator("main")).to_contain_text("Trang này chưa mở lần nào trên máy này")
    phone.locator("main").get_by_role("link", name="Việc hôm nay").click()
    expect(phone.locator("#kept")).to_contain_text("Đang mất mạng. Trang này lưu lúc")
    phone.goto("/ban-hang/don?trang_thai=new")
    phone.locator(f"a[href$='/ban-hang/don/{first.id}']").click()
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.locator("#kept")).to_contain_text("1 việc đã bấm, tự gửi khi có mạng")
    expect(phone.get_by_role("button", name="Đã ghi, chờ mạng")).to_be_disabled()
    phone.reload()
    expect(phone.locator("#kept")).to_contain_text("1 việc đã bấm")
    assert [parcel.state for parcel in farm.parcels()] == ["new", "new"]

    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        phone.evaluate("dispatchEvent(new Event('online'))")
        expect(phone.locator("#notices")).to_contain_text("Có mạng rồi: đã gửi 1 việc.")
        expect(phone.get_by_role("button", name="Đã đóng gói xong")).to_be_visible()
        expect(phone.locator("#kept")).to_be_hidden()
        assert farm.happened(first).count("confirmed") == 1

        # who signs out leaves nothing behind
        phone.evaluate("fetch('/dang-xuat', {method: 'POST'})")
        until(phone, "!(await caches.has('ban-hang-1'))")


def test_a_step_somebody_else_made_meanwhile_is_left_out_and_said(phone: Page, farm: Farm) -> None:
    first, _second = farm.parcels()
    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        phone.goto("/ban-hang")
        until(phone, "navigator.serviceWorker.controller")
        phone.goto(f"/ban-hang/don/{first.id}")
        until(phone, "(await (await caches.open('ban-hang-1')).keys()).length >= 1")
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_role("button", name="Đã ghi, chờ mạng")).to_be_disabled()
    with farm.db.write() as session:
        states.confirm(session, first.coop_id, first.id, farm.colleague, datetime.now(UTC))
    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        phone.evaluate("dispatchEvent(new Event('online'))")
        expect(phone.locator("#notices")).to_contain_text("1 việc không còn cần: đơn đã sang bước khác.")
        assert farm.happened(first).count("confirmed") == 1


def signs_in(phone: Page, farm: Farm, person_id: int) -> None:
    """At the door of this phone, where its worker sees it; the page then is theirs."""
    with farm.db.write() as session:
        token = accounts.start_session(session, person_id, datetime.now(UTC))
    phone.evaluate("fetch('/dang-nhap', {method: 'POST'})")
    until(phone, "!(await caches.has('ban-hang-1'))")
    phone.context.add_cookies([{"name": SIGN_IN, "value": token, "url": farm.settings.base_url}])
    phone.goto("/ban-hang")


def test_a_step_outlives_a_session_and_goes_out_under_the_name_of_who_pressed_it(phone: Page, farm: Farm) -> None:
    first, second = farm.parcels()
    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        phone.goto("/ban-hang")
        until(phone, "navigator.serviceWorker.controller")
        phone.goto(f"/ban-hang/don/{first.id}")
        until(phone, "(await (await caches.open('ban-hang-1')).keys()).length >= 1 && await caches.has('ban-hang-ai')")
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_role("button", name="Đã ghi, chờ mạng")).to_be_disabled()
    with farm.db.write() as session:
        accounts.end_session(session, farm.token)

    with serving(create_app(farm.settings, farm.db), farm.settings.port):
        signs_in(phone, farm, farm.colleague.id)
        expect(phone.locator("#kept")).to_contain_text(f"Còn 1 việc của {farm.manager_name}, đăng nhập lại để gửi.")
        phone.goto(f"/ban-hang/don/{second.id}")  # whose own steps do not wait for another's
        phone.get_by_role("button", name="Nhận đơn").click()
        expect(phone.get_by_role("button", name="Đã đóng gói xong")).to_be_visible()
        forged = phone.evaluate(
            "async ([path, who]) => (await fetch(path, {method: 'POST', headers: {'X-Made-By': who}})).status",
            [f"/ban-hang/don/{first.id}/xac-nhan", str(farm.manager_id)],
        )
        assert forged == 412, "the market itself asks who is signed in"
        assert [parcel.state for parcel in farm.parcels()] == ["new", "confirmed"]

        signs_in(phone, farm, farm.manager_id)
        expect(phone.locator("#notices")).to_contain_text("Có mạng rồi: đã gửi 1 việc.")
        assert farm.happened(first).count("confirmed") == 1
        with farm.db.read() as session:
            by = session.exec(
                select(OrderEvent).where(OrderEvent.parcel_id == first.id, OrderEvent.what == "confirmed")
            )
            assert by.one().person_id == farm.manager_id
