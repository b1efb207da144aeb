"""Uploaded statements at the operator's: each row's fate is shown, booked once, and no file can do harm."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments.gateway import RawRequest
from payments.heard import covered
from payments.models import PaymentDue, PaymentFact
from payments.receive import keep_malformed
from payments.service import forget_requests, state_of
from payments.statements import booking
from payments.statements.models import StatementLayout
from payments.verify import check
from shop.accounts.models import Role
from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings
from tests.conftest import SAME_ORIGIN
from tests.factories_accounts import make_person, sign_in
from tests.payments import bank_files
from tests.payments.bank_files import Movement, agribank, bidv, text, vietcombank
from tests.payments.factories import arrive, code_of, make_due, make_line

DAY = date(2026, 11, 2)
UPLOAD = "/quan-tri/sao-ke"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Uploaded statements are the source of the account that the sample files are of."""
    changes = {"sepay_webhook_secret": "", "upload_statements": True, "vietqr_account_no": bank_files.ACCOUNT}
    return settings.model_copy(update=changes)


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


def upload(client: TestClient, content: bytes, name: str = "sao-ke.csv", path: str = UPLOAD) -> Response:
    return client.post(path, files={"file": (name, content, "application/octet-stream")})


def month(db: Database, due: PaymentDue) -> list[Movement]:
    """One transfer for the order, one that nobody can place, one that went out."""
    told = [(255_000, f"MBVCB.{code_of(db, due)}.CT"), (99_000, "mua gao"), (-40_000, "tra bao bi")]
    return [
        Movement(DAY + timedelta(number), signed_vnd, content, f"5213.{70_000 + number}", 9_000_000 + number)
        for number, (signed_vnd, content) in enumerate(told)
    ]


def facts(db: Database) -> list[tuple[str, str, int]]:
    with db.read() as session:
        assert check(session) == []
        rows = session.exec(select(PaymentFact).order_by(col(PaymentFact.id)))
        return [(fact.gateway, fact.via, fact.amount_vnd) for fact in rows]


@pytest.mark.parametrize("bank", [vietcombank, bidv, agribank])
def test_three_banks_files_are_shown_then_booked_once(
    operator: TestClient, db: Database, bank: Callable[[Sequence[Movement]], bytes]
) -> None:
    due = make_due(db)
    content = bank(month(db, due))
    page = upload(operator, content)
    assert page.status_code == 200
    for words in (f"Sẽ khớp đơn {due.label}", "Chưa rõ", "Tiền ra", "255.000"):
        assert words in page.text
    assert facts(db) == []
    assert "Đã ghi sổ" in operator.post(f"{page.url.path}/ghi-so").text
    assert sorted(facts(db)) == [("upload", "statement", 99_000), ("upload", "statement", 255_000)]
    with db.read() as session:
        assert state_of(session, due.subject).complete
    again = upload(operator, content)
    assert again.url == page.url
    assert "Sẽ khớp đơn" not in again.text.replace("<dt>Sẽ khớp đơn</dt>", "")
    operator.post(f"{page.url.path}/ghi-so")
    assert len(facts(db)) == 2


def test_two_files_that_overlap_count_each_line_once(operator: TestClient, db: Database) -> None:
    whole = month(db, make_due(db))
    for part in (whole[:2], whole[1:], whole):
        operator.post(f"{upload(operator, bidv(part)).url.path}/ghi-so")
    assert sorted(facts(db)) == [("upload", "statement", 99_000), ("upload", "statement", 255_000)]


def test_money_for_an_order_that_is_paid_already_is_told_before_it_is_booked(
    operator: TestClient, db: Database
) -> None:
    due = make_due(db)
    rows = month(db, due)
    arrive(db, make_line(code_of(db, due)))
    page = upload(operator, bidv(rows))
    assert f"Đơn {due.label} đã đủ tiền" in page.text
    operator.post(f"{page.url.path}/ghi-so")
    with db.read() as session:
        assert state_of(session, due.subject).surplus_vnd == 255_000
        assert check(session) == []


def test_what_another_source_told_before_is_known(operator: TestClient, db: Database) -> None:
    due = make_due(db)
    rows = month(db, due)
    arrive(db, make_line(code_of(db, due), bank_reference=rows[0].reference))
    operator.post(f"{upload(operator, bidv(rows)).url.path}/ghi-so")
    assert sorted(facts(db)) == [("sepay", "ipn", 255_000), ("upload", "statement", 99_000)]


def test_an_account_with_a_live_source_is_only_shown(settings: Settings, db: Database) -> None:
    live = settings.model_copy(update={"upload_statements": False, "sepay_webhook_secret": "s"})
    with TestClient(create_app(live, db), headers=SAME_ORIGIN) as client:
        sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))
        page = upload(client, bidv(month(db, make_due(db))))
        assert "Chỉ để xem" in page.text
        assert "/ghi-so" not in page.text
        refused = client.post(f"{page.url.path}/ghi-so")
    assert (refused.status_code, "hai lần" in refused.text) == (409, True)
    assert facts(db) == []


def test_a_statement_of_another_account_is_not_booked(operator: TestClient, db: Database, app: FastAPI) -> None:
    app.state.settings = app.state.settings.model_copy(update={"vietqr_account_no": "999888777"})
    page = upload(operator, bidv(month(db, make_due(db))))
    assert f"đuôi {bank_files.ACCOUNT[-4:]}" in page.text
    assert operator.post(f"{page.url.path}/ghi-so").status_code == 409
    assert facts(db) == []


def test_columns_are_chosen_once_and_remembered_for_the_account(operator: TestClient, db: Database) -> None:
    rows: list[list[Any]] = [["Ngày", "Nội dung", "Ghi chú", "Ghi có"], ["02/11/2026", "dong A", "dong B", "5.000"]]
    page = upload(operator, text(rows, ",").encode())
    assert "dong A" in page.text
    assert "dong B" not in page.text
    wrong = operator.post(f"{page.url.path}/cot", data={"date": "NGAY", "content": "NGAY", "credit": "GHICO"})
    assert (wrong.status_code, "mỗi thứ một cột" in wrong.text) == (409, True)
    chosen = {"date": "NGAY", "content": "GHICHU", "credit": "GHICO"}
    assert "dong B" in operator.post(f"{page.url.path}/cot", data=chosen).text
    rows.append(["03/11/2026", "dong C", "dong D", "6.000"])
    later = upload(operator, text(rows, ",").encode())
    assert "dong D" in later.text
    assert "dong C" not in later.text
    with db.read() as session:
        assert len(session.exec(select(StatementLayout)).all()) == 1


def test_headings_that_nobody_can_guess_are_typed_once_and_remembered(operator: TestClient, db: Database) -> None:
    rows: list[list[Any]] = [["Hôm", "Chuyện", "Được"], ["02/11/2026", "mua gao", "5.000"]]
    content = text(rows, ",").encode()
    asked = upload(operator, content)
    assert (asked.status_code, "gõ tên các cột" in asked.text) == (409, True)
    file = {"file": ("la.csv", content, "text/csv")}
    told = {"date": "Hôm", "content": "chuyện", "credit": "ĐƯỢC"}
    assert operator.post(UPLOAD, files=file, data=told | {"content": "Hôm"}).status_code == 409
    assert operator.post(UPLOAD, files=file, data=told | {"content": "Lạ"}).status_code == 409
    assert "mua gao" in operator.post(UPLOAD, files=file, data=told).text
    rows.append(["03/11/2026", "mua mit", "6.000"])
    assert "mua mit" in upload(operator, text(rows, ",").encode()).text


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * (140 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b" ", "trống"),
        (lambda: b"\x81\x8a\x8d" * 9, "Không đọc được chữ"),
        (lambda: b"<html></html>", "trang web"),
        (lambda: b"PK\x03\x04 broken", "hỏng"),
        (lambda: "Thư ngỏ;gửi\nquý;khách".encode(), "tiêu đề"),
        (lambda: b"x" * (9 * 1024 * 1024), "quá lớn"),
        (lambda: b"a;b\n" * 60_000, "quá dài"),
        (zip_bomb, "quá lớn"),
    ],
    ids=["empty", "encoding", "html", "broken", "no header", "9 MB", "60000 rows", "zip bomb"],
)
def test_a_hostile_file_is_answered_with_a_sentence(
    operator: TestClient, db: Database, make: Callable[[], bytes], words: str
) -> None:
    answer = upload(operator, make())
    assert answer.status_code == 409
    assert words in answer.text
    assert facts(db) == []


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_sixty_megabytes_are_refused_in_words_and_nothing_is_a_file(operator: TestClient) -> None:
    answer = upload(operator, b"x" * (60 * 1024 * 1024))
    assert (answer.status_code, "quá lớn" in answer.text) == (413, True)
    assert "Bạn chưa chọn tệp" in operator.post(UPLOAD, data={}).text


def test_formulas_and_markup_in_a_file_are_only_words(operator: TestClient, db: Database) -> None:
    rows = [["Ngày", "Nội dung", "Ghi có"], ["02/11/2026", '=HYPERLINK("http://x")<script>alert(1)</script>', "5.000"]]
    page = upload(operator, text(rows, ",").encode(), name="<b>x</b>.csv")
    assert "=HYPERLINK(" in page.text
    assert "<script>alert" not in page.text
    assert "<b>x</b>" not in page.text


def test_a_file_is_forgotten_after_31_days_and_may_come_again(operator: TestClient, db: Database) -> None:
    content = bidv(month(db, make_due(db)))
    page = upload(operator, content)
    booking.forget_files(db, datetime.now(UTC) + timedelta(days=32))
    gone = operator.get(page.url.path)
    assert (gone.status_code, "31 ngày" in gone.text) == (410, True)
    assert upload(operator, content).url == page.url
    assert operator.get(page.url.path).status_code == 200


@pytest.mark.parametrize("path", [UPLOAD, "/quan-tri/thong-bao-tien"])
def test_only_the_operator_comes_in(client: TestClient, db: Database, path: str) -> None:
    assert client.get(path, follow_redirects=False).headers["location"].startswith("/dang-nhap")
    sign_in(client, db, make_person(db, Role.OFFICER))
    assert client.get(path).status_code == 403
    assert upload(client, b"x").status_code == 403


class TestWhatWasTold:
    def test_is_listed_with_its_money_and_read_word_for_word(self, operator: TestClient, db: Database) -> None:
        due = make_due(db)
        rows = month(db, due)
        operator.post(f"{upload(operator, bidv(rows)).url.path}/ghi-so")
        page = operator.get("/quan-tri/thong-bao-tien").text
        assert due.label in page
        assert "99.000" in page
        link = re.findall(r"/quan-tri/thong-bao-tien/\d+", page)[-1]
        one = operator.get(link).text
        assert bank_files.ACCOUNT not in one
        assert bank_files.ACCOUNT[-4:] in one

    def test_is_filtered_and_what_nobody_could_read_stands_first(
        self, operator: TestClient, db: Database, app: FastAPI
    ) -> None:
        with db.write() as session:
            keep_malformed(session, "casso", RawRequest({"user-agent": "x"}, b"{ 0123456789", datetime.now(UTC)))
        arrive(db, make_line("a"), make_line("b"))
        page = operator.get("/quan-tri/thong-bao-tien").text
        assert page.index(">Casso</a>") < page.index(">SePay</a>")
        only = operator.get("/quan-tri/thong-bao-tien?nguon=sepay").text
        assert ">Casso</a>" not in only
        bad = operator.get("/quan-tri/thong-bao-tien?ket_qua=malformed").text
        assert (">Casso</a>" in bad, ">SePay</a>" in bad) == (True, False)
        one = operator.get("/quan-tri/thong-bao-tien/1").text
        assert "•••6789" in one
        assert "0123456789" not in one
        forget_requests(db, datetime.now(UTC) + timedelta(days=32))
        assert "đã xóa" in operator.get("/quan-tri/thong-bao-tien/1").text
        assert operator.get("/quan-tri/thong-bao-tien/99").status_code == 404


@pytest.mark.parametrize(
    ("body", "gone", "kept"),
    [
        (
            '{"signature":"abc","amount":255000,"accountNumber":"0071000888888"}',
            ["abc", "00710008"],
            ["255000", "8888"],
        ),
        ('{"data":{"description":"CT tu 0123456789 gao","id":77}}', ["0123456789"], ["gao", "77", "6789"]),
        ("order_id=HTX1&check_sum=xyz%3D&cust_msisdn=84900000001", ["xyz", "8490000"], ["HTX1", "0001"]),
        ("vnp_SecureHash=ffff&vnp_Amount=25500000", ["ffff"], []),
        ("no json 9704360000000001 at all", ["970436"], ["no json", "0001"]),
    ],
)
def test_proofs_and_long_numbers_are_covered(body: str, gone: list[str], kept: list[str]) -> None:
    shown = covered(body)
    assert [word for word in gone if word in shown] == []
    assert [word for word in kept if word not in shown] == []
