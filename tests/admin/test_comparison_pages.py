"""The operator compares gateways with our books, ties their transfers, and looks at what a machine must not decide."""

from __future__ import annotations

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments import ledger
from payments.comparison.items import count_open
from payments.comparison.models import ComparisonItem, SettlementBatch
from payments.disputes.models import ReviewItem
from payments.models import UnmatchedMoney
from payments.receive import take_fact
from payments.verify import check
from shop.accounts.models import Role
from shop.core.db import Database
from tests.factories_accounts import make_person, sign_in
from tests.payments.factories import NOW, arrive, make_due, make_line
from tests.payments.settlement_files import Paid, in_vietnamese
from tests.payments.test_comparison import pay
from tests.payments.test_disputes import SUM_VND, event, paid

PAGES = ["/quan-tri/doi-soat", "/quan-tri/doi-soat/tep", "/quan-tri/can-xem"]


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


def send(operator: TestClient, content: bytes, gateway: str = "momo", **columns: str) -> str:
    """Upload a file; the page that answers."""
    files = {"file": ("doi-soat.csv", content, "text/csv")}
    return operator.post("/quan-tri/doi-soat/tep", data={"gateway": gateway, **columns}, files=files).text


@pytest.mark.parametrize("path", PAGES)
def test_only_the_operator_opens_them(client: TestClient, db: Database, path: str) -> None:
    assert client.get(path, follow_redirects=False).headers["location"].startswith("/dang-nhap")
    sign_in(client, db, make_person(db, Role.OFFICER))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_they_open_on_an_empty_market(operator: TestClient, path: str) -> None:
    assert operator.get(path).status_code == 200


def test_a_file_is_shown_first_then_taken_in_and_its_differences_found(operator: TestClient, db: Database) -> None:
    for number in ("1", "2"):
        pay(db, number)
    operator.post("/quan-tri/doi-soat/phi", data={"gateway": "momo", "fee_bps": "110", "days": "0"})
    shown = send(operator, in_vietnamese([Paid("1", 255_000, 9_999)]))
    assert "Nhận 1 dòng và đối soát" in shown
    assert "9.999" in shown
    page = operator.post("/quan-tri/doi-soat/tep/1").text
    assert "Lệch phí" in page
    assert "phí thỏa thuận 2.805" in page
    with db.read() as session:
        states = dict(session.exec(select(ComparisonItem.movement_id, ComparisonItem.state)).all())
    assert states["1"] == "fee_diff"
    assert operator.post("/quan-tri/doi-soat/tep/1").status_code == 409
    assert "Đã nhận 1 dòng mới" in send(operator, in_vietnamese([Paid("1", 255_000, 9_999)]))


def test_a_file_that_cannot_be_read_says_what_to_do(operator: TestClient) -> None:
    content = b"Khi nao,Ten,Tien,Tru\n22/11/2026,77,255000,2805\n"
    assert "gõ tên cột trong tệp" in send(operator, content)
    typed = {"date": "Khi nao", "movement": "Ten", "gross": "Tien", "fee": "Tru"}
    assert "Nhận 1 dòng" in send(operator, content, **typed)
    assert "Chưa chọn tệp" in operator.post("/quan-tri/doi-soat/tep", data={"gateway": "momo"}).text


def test_a_difference_shows_its_three_sides_and_is_closed_with_a_note(operator: TestClient, db: Database) -> None:
    send(operator, in_vietnamese([Paid("77", 90_000, 990)]))
    operator.post("/quan-tri/doi-soat/tep/1")
    with db.read() as session:
        item_id = session.exec(select(ComparisonItem.id)).one()
    page = operator.get(f"/quan-tri/doi-soat/muc/{item_id}").text
    assert "Không có khoản nào mang mã này" in page
    assert "Chưa thấy tiền của đợt này" in page
    assert "Cần ghi vì sao lệch" in operator.post(f"/quan-tri/doi-soat/muc/{item_id}/dong", data={}).text
    done = operator.post(f"/quan-tri/doi-soat/muc/{item_id}/dong", data={"note": "MoMo đã thu nhầm"})
    assert "Không có khoản lệch nào đang mở" in done.text
    assert "MoMo đã thu nhầm" in done.text
    assert operator.post(f"/quan-tri/doi-soat/muc/{item_id}/dong", data={"note": "x"}).status_code == 409
    assert "Ghi và đóng" in operator.post(f"/quan-tri/doi-soat/muc/{item_id}/mo-lai").text
    assert operator.get("/quan-tri/doi-soat/muc/999").status_code == 404


def test_the_bank_line_of_a_batch_is_proposed_and_tied_in_one_tap(operator: TestClient, db: Database) -> None:
    pay(db, "1", 300_000)
    send(operator, in_vietnamese([Paid("1", 300_000, 3_300)]))
    operator.post("/quan-tri/doi-soat/tep/1")
    assert "Đúng là đợt này" not in operator.get("/quan-tri/doi-soat/tep").text
    arrive(db, make_line("MOMO CHUYEN TIEN P1", 296_700), make_line("MOMO", 1))
    assert "Đúng là đợt này" in operator.get("/quan-tri/doi-soat/tep").text
    with db.read() as session:
        batch_id = session.exec(select(SettlementBatch.id)).one()
        right, wrong = session.exec(select(UnmatchedMoney.id).order_by(UnmatchedMoney.amount_vnd.desc())).all()  # type: ignore[attr-defined]  # a column
    assert operator.post(f"/quan-tri/doi-soat/dot/{batch_id}/khop", data={"money": wrong}).status_code == 409
    page = operator.post(f"/quan-tri/doi-soat/dot/{batch_id}/khop", data={"money": right}).text
    assert "Đã thấy trong ngân hàng" in page
    assert operator.post(f"/quan-tri/doi-soat/dot/{batch_id}/ghi").status_code == 409
    with db.read() as session:
        assert ledger.balance_vnd(session, "1120:momo") == 0
        assert check(session) == []


def test_a_lost_dispute_is_borne_by_whom_the_operator_says(operator: TestClient, db: Database) -> None:
    due = make_due(db, SUM_VND, "stripe")
    with db.write() as session:
        take_fact(session, paid(session, due.subject), NOW)
        for fact in (*event("needs_response"), *event("lost")):
            take_fact(session, fact, NOW)
        matter = session.exec(select(ReviewItem.id).where(ReviewItem.reason == "dispute_lost")).one()
    page = operator.get("/quan-tri/can-xem").text
    assert due.label in page
    assert "Ai chịu khoản này?" in page
    assert operator.post(f"/quan-tri/can-xem/{matter}/dong", data={"note": "x"}).status_code == 409
    assert "Cần ghi vài chữ" in operator.post(f"/quan-tri/can-xem/{matter}/chiu", data={"borne_by": "market"}).text
    done = operator.post(f"/quan-tri/can-xem/{matter}/chiu", data={"borne_by": "order", "note": "chưa gửi hàng"})
    assert "Không có gì cần xem" in done.text
    assert "chưa gửi hàng" in done.text
    with db.read() as session:
        assert check(session) == []


def test_the_operators_day_counts_them(operator: TestClient, db: Database) -> None:
    with db.write() as session:
        for fact in event("needs_response"):
            take_fact(session, fact, NOW)
    send(operator, in_vietnamese([Paid("77", 90_000, 990)]))
    operator.post("/quan-tri/doi-soat/tep/1")
    page = operator.get("/quan-tri").text
    with db.read() as session:
        differ = count_open(session)  # a day later our own side of the dispute is missing there, too
    assert differ
    assert f"{differ} khoản lệch" in page
    assert "1 việc" in page
