"""The operator uploads a bank's file on a phone, sees which order each row is for, and books it; the buyer sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from payments.models import PaymentAttempt, PaymentFact
from payments.verify import check
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.deps import SIGN_IN
from shop.main import create_app
from shop.settings import Settings
from tests.factories_accounts import make_person
from tests.journeys.conftest import PHONE
from tests.payments.bank_files import ACCOUNT, Movement, vietcombank
from tests.payments.factories import make_due
from tests.served import serving
from tests.servers import free_port


@pytest.fixture
def address(db: Database, tmp_path: Path) -> Iterator[str]:
    """A market whose bank account has uploaded statements as its source."""
    port = free_port()
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path / "data",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        upload_statements=True,
        vietqr_account_no=ACCOUNT,
    )
    settings.data_dir.mkdir()
    with serving(create_app(settings, db), port):
        yield settings.base_url


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_banks_file_pays_an_order(chromium: Browser, address: str, db: Database) -> None:
    operator = make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba")
    due = make_due(db)
    with db.read() as session:
        code = session.exec(select(PaymentAttempt.reference)).one()
    day = date(2026, 11, 20)
    content = vietcombank(
        [
            Movement(day, 255_000, f"MBVCB.{code}.CT", "5213.80001", 9_000_000),
            Movement(day, 99_000, "mua gao", "5213.80002", 9_099_000),
        ]
    )
    context = chromium.new_context(viewport=PHONE, base_url=address, locale="vi-VN")  # type: ignore[arg-type]  # two whole numbers
    with db.write() as session:
        signed_in = accounts.start_session(session, operator.id, datetime.now(UTC))
    context.add_cookies([{"name": SIGN_IN, "value": signed_in, "url": address}])
    page = context.new_page()
    page.goto("/quan-tri/sao-ke")
    page.set_input_files("#file", {"name": "sao-ke.xlsx", "mimeType": "application/octet-stream", "buffer": content})
    page.get_by_role("button", name="Xem trước").click()
    expect(page.get_by_text(f"Sẽ khớp đơn {due.label}")).to_be_visible()
    page.get_by_role("button", name="Ghi sổ các dòng mới").click()
    expect(page.get_by_text("Đã ghi sổ 2 khoản tiền vào")).to_be_visible()
    expect(page.get_by_role("button", name="Ghi sổ các dòng mới")).to_have_count(0)
    page.goto("/quan-tri/tien-chua-khop")
    expect(page.get_by_text("mua gao")).to_be_visible()
    context.close()
    with db.read() as session:
        assert {fact.via for fact in session.exec(select(PaymentFact))} == {"statement"}
        assert check(session) == []
