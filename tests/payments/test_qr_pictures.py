"""The picture a buyer scans, read by a decoder and understood by a VietQR library that are both not ours."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient
from vietnam_qr_pay import QRPay

from payments.content import new_code
from payments.gateways.vietqr import encode
from payments.models import PaymentAttempt
from shop.core.db import Database
from shop.orders import access
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of

ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


def scanned(picture: bytes) -> str:
    """What the decoder reads: exactly one QR; the picture of one may hold what other kinds of codes look like."""
    with Image.open(BytesIO(picture)) as image:
        seen = zxingcpp.read_barcodes(image.convert("L"))
    (found,) = [one for one in seen if one.format == zxingcpp.BarcodeFormat.QRCode]
    return found.text


def understood(text: str) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """Bank, account, sum, words and what kind of QR, as the library reads them."""
    told = QRPay(text)
    assert told.is_valid
    assert (told.currency, told.nation) == ("704", "VN")
    words = told.additional_data.purpose
    return told.consumer.bank_bin, told.consumer.bank_number, told.amount, words, told.init_method


@ON_SQLITE
def test_the_picture_on_the_orders_page_asks_for_the_orders_sum_under_its_code(
    client: TestClient, db: Database, settings: Settings
) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    goods, now = variant_of(db, make_product(db, coop)).id, datetime.now(UTC)
    placed = make_order(db, {goods: 2}, settings, now, pay="vietqr")
    client.get(access.secret_link(settings.secret_key, placed.code))
    picture = client.get(f"/don-hang/{placed.code}/vietqr.png").content
    with db.read() as session:
        attempt = session.exec(select(PaymentAttempt)).one()
    asked = (settings.vietqr_bank_bin, settings.vietqr_account_no, str(placed.total_vnd), attempt.reference, "12")
    assert understood(scanned(picture)) == asked


@settings(max_examples=60, deadline=None)
@given(
    bank=st.from_regex(r"\A970[0-9]{3}\Z"),
    account=st.from_regex(r"\A[0-9A-Za-z]{1,19}\Z"),
    amount_vnd=st.integers(1, 10**12),
    small=st.sampled_from([2, 4, 12]),
)
def test_any_account_sum_and_code_comes_back_as_it_was_drawn(
    bank: str, account: str, amount_vnd: int, small: int
) -> None:
    code, drawn = new_code(), BytesIO()
    text = encode(bank, account, amount_vnd=amount_vnd, description=code)
    segno.make(text, error="m").save(drawn, kind="png", scale=small, border=4)
    assert scanned(drawn.getvalue()) == text
    assert understood(text) == (bank, account, str(amount_vnd), code, "12")


def test_a_static_qr_names_no_sum_and_folds_vietnamese() -> None:
    text = encode("970436", "0123499999", description="Ủng hộ đồng bào")
    assert understood(text) == ("970436", "0123499999", None, "Ung ho dong bao", "11")


def test_the_library_refuses_what_was_changed_by_hand() -> None:
    text = encode("970436", "0123499999", amount_vnd=255_000, description="HTX7K3M9QX2A")
    assert not QRPay(text.replace("255000", "255001")).is_valid
