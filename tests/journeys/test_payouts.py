"""A payout run from the first account to the co-op's statement: two people, the bank's file, one that bounced."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from payments import verify
from payments.earnings.service import balances
from payments.payouts.models import Settlement
from payments.statements.sheets import tables
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.deps import SIGN_IN, Person
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE
from tests.payments.payouts import BANK, payable, with_account

pytestmark = pytest.mark.browser
RUNS = "/quan-tri/tra-tien"


def as_person(window: Window, market: Market, person: Person) -> Page:
    """A phone on which this person is signed in."""
    page = window(accept_downloads=True)
    with market.db.write() as session:
        token = accounts.start_session(session, person.id, datetime.now(UTC))
    page.context.add_cookies([{"name": SIGN_IN, "value": token, "url": market.address}])
    return page


def downloaded(page: Page, name: str, folder: Path) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file.read_bytes()


def type_account(page: Page, coop_id: int) -> None:
    page.goto(f"{RUNS}/htx/{coop_id}")
    page.locator("#bank_bin").select_option(label="Agribank")
    page.locator("#account_no").fill("0011 0042 6699")
    page.locator("#account_name").fill("HTX Điện Phước")
    page.get_by_role("button", name="Ghi, chờ người thứ hai").click()
    expect(page.get_by_text("Chờ người thứ hai so với giấy")).to_be_visible()
    expect(page.get_by_role("button", name="Đúng với giấy, đồng ý")).to_have_count(0)


def start_run(page: Page) -> None:
    page.goto(RUNS)
    page.get_by_role("button", name="Lập đợt trả tiền").click()
    page.wait_for_url("**/tra-tien/*")


def bounce_first(page: Page, market: Market) -> None:
    with market.db.read() as session:
        first = session.exec(select(Settlement.id).where(Settlement.seller == f"coop:{market.coops[0].id}")).one()
    page.goto(f"{RUNS}/khoan/{first}")
    page.get_by_text("Bị trả lại, hoặc dừng chuyển").click()
    page.get_by_label("Lý do, như ngân hàng báo").fill("Sai tên người nhận")
    page.get_by_role("button", name="Ghi là bị trả lại").click()
    expect(page.locator(".chip", has_text="Bị trả lại")).to_be_visible()


@ONLY_SQLITE
def test_a_run_two_people_a_file_a_bounce_and_the_statement(market: Market, window: Window, tmp_path: Path) -> None:
    near, far = market.coops
    with_account(market.db, f"coop:{near.id}", BANK)
    payable(market.db, f"coop:{near.id}", 6_000_000, 300_000)
    payable(market.db, f"coop:{far.id}")
    first = as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))
    second = as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))
    manager = make_person(market.db, Role.MANAGER, coop_id=near.id, phone="+84900000002")

    type_account(first, far.id)
    second.goto(f"{RUNS}/htx/{far.id}")
    expect(second.get_by_text("001100426699")).to_be_visible()
    second.get_by_role("button", name="Đúng với giấy, đồng ý").click()
    start_run(first)
    expect(first.get_by_role("button", name="Duyệt đợt trả này")).to_have_count(0)
    expect(first.get_by_role("link", name="Tệp CSV")).to_have_count(0)

    second.goto(first.url)
    second.get_by_role("button", name="Duyệt đợt trả này").click()
    first.reload()
    told = downloaded(first, "Tệp CSV", tmp_path).decode("utf-8-sig")
    (sheet,) = tables(downloaded(first, "Tệp XLSX", tmp_path))
    lines = list(csv.reader(io.StringIO(told)))
    assert [[str(cell) for cell in row] for row in sheet] == lines
    assert {(line[1], line[4]) for line in lines[1:]} == {("001100426688", "5700000"), ("001100426699", "190000")}

    first.get_by_label("Mã giao dịch của ngân hàng").fill("FT26326001")
    first.get_by_role("button", name="Đã chuyển cả lô").click()
    expect(first.locator(".chip", has_text="Đã chuyển")).to_have_count(2)
    bounce_first(first, market)

    first.goto(RUNS)
    expect(first.get_by_text("cần kiểm tra tài khoản")).to_be_visible()
    first.goto(f"{RUNS}/htx/{near.id}")
    first.get_by_role("button", name="Đã kiểm tra, tài khoản đúng").click()
    start_run(first)
    expect(first.get_by_text("TT000003")).to_be_visible()
    with market.db.read() as session:
        assert balances(session, f"coop:{near.id}").on_the_way_vnd == 5_700_000
        assert verify.check(session) == []

    desk = as_person(window, market, manager)
    desk.goto("/ban-hang")
    desk.get_by_role("link", name="Tiền", exact=True).click()
    expect(desk.locator("#dang-chuyen")).to_contain_text("5.700.000")
    desk.locator("#dang-chuyen summary").click()
    desk.locator("#dang-chuyen").get_by_role("link", name="TT000003").click()
    expect(desk.get_by_text("6.000.000")).to_be_visible()
    desk.goto("/ban-hang/tien/sao-ke")  # this month, whichever it is
    expect(desk.get_by_text("Khoản chuyển bị ngân hàng trả lại")).to_be_visible()
    told = downloaded(desk, "Tải tệp CSV", tmp_path).decode("utf-8-sig")
    opening, *moves, closing = list(csv.reader(io.StringIO(told)))[1:]
    assert int(opening[4]) + sum(int(move[3]) for move in moves) == int(closing[4]) == 5_700_000
