"""One order whole, for the operator who must explain it: every sum, every message, every change, and who may look."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments.service import change_due, request_refund
from payments.story import story_of
from shop.accounts.models import Role
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.orders.models import Order
from shop.settings import Settings
from tests.factories import make_category, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import arrive, code_of, due_of, make_line


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


@pytest.fixture
def order(db: Database, settings: Settings) -> Order:
    """By transfer, from one co-op, not paid yet."""
    coop = make_coop(db)
    make_table(db, coop)
    product = make_product(db, coop, make_category(db))
    now = datetime.now(UTC)
    placed = make_order(db, {variant_of(db, product).id: 2}, settings, now, pay="vietqr")
    with db.read() as session:
        return session.exec(select(Order).where(Order.id == placed.id)).one()


def pay(db: Database, order: Order, amount_vnd: int) -> None:
    with db.read() as session:
        due = due_of(session, f"order:{order.id}")
    arrive(db, make_line(code_of(db, due), amount_vnd, occurred_at=datetime.now(UTC)), now=datetime.now(UTC))


def test_the_page_says_where_every_dong_of_the_order_is(operator: TestClient, db: Database, order: Order) -> None:
    pay(db, order, order.total_vnd + 7_000)
    with db.write() as session:
        request_refund(session, f"order:{order.id}", 5_000, "cancelled by the buyer", datetime.now(UTC))
    page = operator.get(f"/quan-tri/don/{order.code}").text
    for said in ("Đơn cần", "Chờ người quyết định", "7.000", "Đang trả lại", "5.000", "Chuyển thừa", "Nhận tiền"):
        assert said in page
    assert f"2130:order:{order.id}" in page
    assert "Đơn " + order.code in re.sub("<[^>]+>", "", page)


def test_where_nothing_is_owed_and_nothing_came_the_page_does_not_say_that_all_is_paid(
    operator: TestClient, db: Database, order: Order
) -> None:
    with db.write() as session:  # as after a parcel that was not taken at the door
        change_due(session, f"order:{order.id}", 0, datetime.now(UTC))
    assert "Đã đủ tiền" not in operator.get(f"/quan-tri/don/{order.code}").text


def test_the_books_of_an_order_sum_to_nothing_and_hold_what_it_says(db: Database, order: Order) -> None:
    pay(db, order, order.total_vnd + 7_000)
    with db.write() as session:
        request_refund(session, f"order:{order.id}", 5_000, "cancelled by the buyer", datetime.now(UTC))
    with db.read() as session:
        story = story_of(session, f"order:{order.id}")
    assert story is not None
    stands = dict(story.balances)
    assert sum(stands.values()) == 0
    assert -stands[f"2110:order:{order.id}"] == story.state.received_vnd - story.refunding_vnd
    assert -stands[f"2130:order:{order.id}"] == story.undecided_vnd == 7_000


def test_the_buyer_is_covered_until_somebody_opens_it_and_that_is_written_down(
    operator: TestClient, db: Database, order: Order
) -> None:
    address = f"/quan-tri/don/{order.code}"
    covered = operator.get(address).text
    assert order.name not in covered
    assert order.phone[3:] not in covered.replace(" ", "")
    assert order.name in operator.post(address).text
    with db.read() as session:
        kept = session.exec(select(AuditEntry).where(AuditEntry.what == "buyer shown")).one()
    assert (kept.subject, kept.person_name) == (f"order:{order.id}", "Chị Ba")


def test_a_code_however_typed_a_phone_and_a_payment_code_all_find_the_order(
    operator: TestClient, db: Database, order: Order
) -> None:
    with db.read() as session:
        due = due_of(session, f"order:{order.id}")
    for words in (f" {order.code.lower()} ", order.phone.replace("+84", "0"), code_of(db, due).lower()):
        answer = operator.post("/quan-tri/don", data={"words": words}, follow_redirects=False)
        assert answer.headers["location"] == f"/quan-tri/don/{order.code}", words
    assert "Không có đơn nào khớp" in operator.post("/quan-tri/don", data={"words": "khong co"}).text
    assert operator.get("/quan-tri/don/KHONGCO").status_code == 404


def test_the_pages_of_money_lead_to_the_order(operator: TestClient, db: Database, order: Order) -> None:
    pay(db, order, order.total_vnd + 7_000)
    link = f'href="/quan-tri/don/{order.code}"'
    with db.write() as session:
        request_refund(session, f"order:{order.id}", 5_000, "cancelled by the buyer", datetime.now(UTC))
    for path in ("/quan-tri/tien-chua-khop", "/quan-tri/hoan-tien"):
        assert link in operator.get(path).text, path
