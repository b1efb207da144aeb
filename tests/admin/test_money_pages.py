"""The operator's room: only for the operator, each sum with a decision, two people for large ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from payments import refunds, unmatched
from payments.service import request_refund, state_of
from payments.verify import check
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.outbox import OutboxEvent
from tests.factories_accounts import make_person, sign_in
from tests.payments.factories import NOW, arrive, code_of, make_due, make_line

PAGES = [
    "/quan-tri",
    "/quan-tri/tien-chua-khop",
    "/quan-tri/hoan-tien",
    "/quan-tri/viec-chua-xong",
    "/quan-tri/so-quy",
]


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


@pytest.mark.parametrize("path", PAGES)
def test_guests_are_sent_to_sign_in_and_shoppers_away(client: TestClient, db: Database, path: str) -> None:
    assert client.get(path, follow_redirects=False).headers["location"].startswith("/dang-nhap")
    sign_in(client, db, make_person(db, Role.OFFICER))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_on_an_empty_market(operator: TestClient, path: str) -> None:
    answer = operator.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


def test_money_without_a_code_is_matched_by_the_orders_code(operator: TestClient, db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line("tien mua trai cay"))
    page = operator.get("/quan-tri/tien-chua-khop").text
    assert "255.000" in page
    assert "tien mua trai cay" in page
    answer = operator.post("/quan-tri/tien-chua-khop/1/ghep", data={"code": due.label})
    assert "Đã ghép khoản tiền vào đơn" in answer.text
    with db.read() as session:
        assert state_of(session, due.subject).complete


def test_a_wrong_code_is_said_in_words(operator: TestClient, db: Database) -> None:
    arrive(db, make_line("?"))
    answer = operator.post("/quan-tri/tien-chua-khop/1/ghep", data={"code": "SAI"})
    assert answer.status_code == 404
    assert "Không có đơn nào mang mã SAI" in answer.text
    assert "Cần ghi mã đơn" in operator.post("/quan-tri/tien-chua-khop/1/ghep", data={}).text


def test_a_large_sum_takes_two_people(operator: TestClient, new_client: Callable[[], TestClient], db: Database) -> None:
    arrive(db, make_line("khong ro", 6_000_000))
    assert "chờ người thứ hai" in operator.post("/quan-tri/tien-chua-khop/1/tra-lai").text
    assert operator.post("/quan-tri/tien-chua-khop/1/dong-y").status_code == 409
    second = sign_in(new_client(), db, make_person(db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))
    assert second.post("/quan-tri/tien-chua-khop/1/dong-y").status_code == 200
    with db.read() as session:
        assert refunds.count_to_send(session) == 1
        assert unmatched.count_waiting(session) == 0


def test_a_refund_is_marked_as_sent_once_with_the_banks_reference(operator: TestClient, db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line(code_of(db, due)))
    with db.write() as session:
        request_refund(session, due.subject, 255_000, "cancelled by the buyer", NOW)
    assert "Người mua hủy đơn" in operator.get("/quan-tri/hoan-tien").text
    assert "Cần ghi mã giao dịch" in operator.post("/quan-tri/hoan-tien/1", data={}).text
    page = operator.post("/quan-tri/hoan-tien/1", data={"reference": "FT26325"}).text
    assert "Đã ghi sổ và báo cho người mua" in page
    assert "FT26325" in page
    assert operator.post("/quan-tri/hoan-tien/1", data={"reference": "FT9"}).status_code == 409
    with db.read() as session:
        assert check(session) == []


def test_work_that_failed_is_shown_with_its_error_and_tried_again(operator: TestClient, db: Database) -> None:
    with db.write() as session:
        facts = {"subject": "order:1", "amount_vnd": 5, "complete": True}
        session.add(OutboxEvent(event="MoneyArrived", facts=facts, due_at=NOW, attempts=8, error="KeyError('x')"))
    page = operator.get("/quan-tri/viec-chua-xong").text
    assert "Ghi nhận tiền về cho đơn" in page
    assert "KeyError" in page
    operator.post("/quan-tri/viec-chua-xong/1")
    with db.read() as session:
        event = session.get_one(OutboxEvent, 1)
    assert event.attempts == 0
    assert event.due_at <= datetime.now(UTC)
    assert operator.post("/quan-tri/viec-chua-xong/1").status_code == 404


def test_the_books_show_where_money_is_and_whose(operator: TestClient, db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line(code_of(db, due), 260_000))
    page = operator.get("/quan-tri/so-quy").text
    assert "Sổ cân" in page
    assert f"2130:{due.subject}" in page


def test_orders_paid_short_are_listed_with_what_is_missing(operator: TestClient, db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line(code_of(db, due), 250_000))
    page = operator.get("/quan-tri/tien-chua-khop").text
    assert "Đơn chuyển thiếu" in page
    assert due.label in page
