"""A gateway's settlement file from its upload to the last difference, and its transfer found on the bank account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from payments import ledger, verify
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import take_fact
from payments.service import open_due
from shop.accounts.models import Role
from tests.factories_accounts import make_person
from tests.journeys.conftest import Market, Window
from tests.journeys.test_buying import ONLY_SQLITE
from tests.journeys.test_payouts import as_person
from tests.payments.factories import arrive, make_line
from tests.payments.settlement_files import Paid, in_vietnamese

pytestmark = [pytest.mark.browser, pytest.mark.long]  # its pages are shown without a browser in tests/admin


def three_paid_by_momo(market: Market, at: datetime) -> None:
    for number in (1, 2, 3):
        with market.db.write() as session:
            open_due(session, f"order:810{number}", 200_000, "momo", None, at, label=f"TQ4M7X2K8{number}", page_path="")
            of_order = select(PaymentAttempt.reference).join(PaymentDue, col(PaymentDue.id) == PaymentAttempt.due_id)
            reference = session.exec(of_order.where(PaymentDue.subject == f"order:810{number}")).one()
            paid = Fact("momo", f"40140834{number}", FactKind.CAPTURED, 200_000, at, "ipn", "1120:momo", "0", reference)
            take_fact(session, paid, at)


@ONLY_SQLITE
def test_a_file_with_a_wrong_fee_and_a_missing_payment_shows_exactly_these_two(
    market: Market, window: Window, tmp_path: Path
) -> None:
    at = datetime.now(UTC) - timedelta(days=5)
    three_paid_by_momo(market, at)
    day = f"{at:%d/%m/%Y}"
    file = tmp_path / "momo.csv"
    file.write_bytes(
        in_vietnamese([Paid("401408341", 200_000, 2_200, day=day), Paid("401408342", 200_000, 5_000, day=day)])
    )
    arrive(market.db, make_line("MOMO DOI SOAT P1", 392_800, occurred_at=at))
    page = as_person(window, market, make_person(market.db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))

    page.goto("/quan-tri")
    page.get_by_role("link", name="Đối soát cổng thanh toán").click()
    page.get_by_role("link", name="Tệp và đợt chuyển tiền").click()
    agreed = page.locator("details", has_text="Ví MoMo").last
    agreed.locator("summary").click()
    agreed.get_by_label("Phần vạn của số tiền").fill("110")
    agreed.get_by_role("button", name="Lưu").click()
    page.get_by_label("Cổng", exact=True).select_option("momo")
    page.get_by_label("Tệp CSV, XLSX hay XLS").set_input_files(file)
    page.get_by_role("button", name="Đọc tệp").click()
    page.get_by_role("button", name="Nhận 2 dòng và đối soát").click()

    found = page.locator("#differences .work-list li")
    expect(found).to_have_count(2)
    expect(found.filter(has_text="Lệch phí")).to_contain_text("phí thỏa thuận 2.200")
    expect(found.filter(has_text="Cổng không có")).to_contain_text("401408343")

    found.filter(has_text="Lệch phí").get_by_role("link").click()
    expect(page.get_by_text("TQ4M7X2K82")).to_be_visible()
    expect(page.get_by_text("Chưa thấy tiền của đợt này")).to_be_visible()
    page.get_by_label("Vì sao lệch, đã làm gì").fill("MoMo sẽ trả lại phần phí thu thừa")
    page.get_by_role("button", name="Ghi và đóng").click()
    expect(page.locator("#differences .work-list li")).to_have_count(1)

    page.get_by_role("link", name="Tệp và đợt chuyển tiền").click()
    page.get_by_role("button", name="Đúng là đợt này").click()
    expect(page.get_by_text("Đã thấy trong ngân hàng")).to_be_visible()
    with market.db.read() as session:
        assert ledger.balance_vnd(session, "1120:momo") == 200_000
        assert ledger.balance_vnd(session, "5110:momo") == 7_200
        assert verify.check(session) == []
