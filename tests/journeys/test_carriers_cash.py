"""A carrier pays out what it collected: from the upload of its sheet to the last đồng given up by two people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from payments import ledger, verify
from payments.cod import collect_cod, hand_over_cod
from payments.ledger import BANK
from payments.service import open_due
from shop.accounts.models import Role
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE
from tests.journeys.test_payouts import as_person
from tests.payments.factories import arrive, make_line

pytestmark = [pytest.mark.browser, pytest.mark.long]  # its pages are shown without a browser in tests/admin
HERE = "/quan-tri/thu-ho"
SHEET = """Mã vận đơn;Mã đơn khách hàng;Tiền thu hộ;Phí thu hộ;Ngày giao
GHN001;;250.000;2.000;20/11/2026
GHN002;;110.000;2.000;20/11/2026
GHN009;;30.000;;20/11/2026
Tổng cộng;;390.000;4.000;
"""


def two_parcels_collected(market: Market) -> None:
    at = datetime.now(UTC) - timedelta(days=16)
    with market.db.write() as session:
        open_due(session, "order:9001", 370_000, "cod", None, at, label="TQ4M7X2K9A", page_path="")
        for number, amount_vnd in ((1, 250_000), (2, 120_000)):
            parcel = f"parcel:900{number}"
            hand_over_cod(session, "order:9001", parcel, "GHN", amount_vnd, at, f"GHN00{number}")
            collect_cod(session, parcel, at)


@ONLY_SQLITE
def test_a_remittance_from_its_sheet_to_the_last_dong(market: Market, window: Window, tmp_path: Path) -> None:
    two_parcels_collected(market)
    arrive(market.db, make_line("GHN TT THU HO T11", 386_000))
    ba = as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))
    tu = as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))

    ba.goto("/quan-tri")
    ba.get_by_role("link", name="Thu hộ").click()
    expect(ba.get_by_text("370.000")).to_be_visible()
    ba.get_by_label("Hãng giao hàng").fill("GHN")
    sheet = tmp_path / "ghn-t11.csv"
    sheet.write_text(SHEET, "utf-8")
    ba.get_by_label("Tệp CSV, XLSX hay XLS").set_input_files(sheet)
    ba.get_by_role("button", name="Đọc bảng").click()

    for fate in ("Khớp", "Trả thiếu", "Không có kiện này"):
        expect(ba.get_by_text(fate, exact=True)).to_be_visible()
    expect(ba.get_by_text("GHN TT THU HO T11")).to_be_visible()
    ba.get_by_role("button", name="Ghi sổ với khoản này").click()
    expect(ba.get_by_text("tiền chỉ tính một lần")).to_be_visible()

    ba.goto(f"{HERE}/con-lech")
    item = ba.locator("article", has_text="TQ4M7X2K9A")
    expect(item).to_contain_text("10.000")
    item.get_by_text("Hỏi hãng", exact=True).click()
    item.get_by_label("Hỏi ai, họ trả lời sao").fill("Chị Lan GHN: trả bù 8.000")
    item.get_by_role("button", name="Ghi lại").click()
    expect(item).to_contain_text("trả bù 8.000")
    item.get_by_text("Hãng đã trả bù").click()
    item.get_by_label("Số tiền, đồng").fill("8000")
    item.get_by_label("Mã giao dịch ngân hàng").fill("FT26326")
    item.get_by_role("button", name="Ghi sổ").click()
    expect(item.get_by_role("heading")).to_contain_text("2.000")
    ba.goto(f"{HERE}/con-lech")
    give_up = item.get_by_text("Bỏ khoản này")
    give_up.evaluate("it => it.scrollIntoView({block: 'center'})")
    give_up.click()
    item.get_by_role("button", name="Đề nghị bỏ").click()
    expect(item).to_contain_text("chờ người thứ hai")
    expect(item.get_by_role("button", name="Đồng ý bỏ")).to_have_count(0)

    tu.goto(f"{HERE}/con-lech")
    tu.get_by_role("button", name="Đồng ý bỏ").click()
    expect(tu.get_by_text("Không hãng nào còn giữ tiền")).to_be_visible()
    with market.db.read() as session:
        assert ledger.balance_vnd(session, BANK) == 394_000
        assert ledger.balance_vnd(session, "1130:ghn") == 0
        assert ledger.balance_vnd(session, ledger.UNAPPLIED) == -30_000
        assert verify.check(session) == []
