"""A manager practises with orders nobody placed: the same screens and buttons, and the market keeps nothing of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.core.db import Database
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


@pytest.fixture
def manager_at_work(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=make_coop(db).id))


def everything_kept(db: Database) -> dict[str, int]:
    with db.read() as session:
        tables = session.connection().execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        count = {}
        for name in tables.all():
            count[name] = session.connection().execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()  # noqa: S608  a table's own name
        return count


def test_from_a_new_order_to_one_delivered_without_a_row_anywhere(manager_at_work: TestClient, db: Database) -> None:
    assert "Ba đơn này không ai đặt" in manager_at_work.get("/ban-hang/tap").text
    before = everything_kept(db)
    for number in (1, 2, 3):
        for step, shown in (
            ("xac-nhan", "Đã đóng gói xong"),
            ("dong-goi", "Hàng đã lên đường"),
            ("len-duong", "Khách đã nhận"),
            ("da-giao", "Xong đơn này"),
        ):
            page = manager_at_work.post(f"/ban-hang/tap/{number}/{step}")
            assert page.status_code == 200
            assert shown in page.text
    assert "Cả ba đơn đã giao xong" in manager_at_work.get("/ban-hang/tap").text
    assert everything_kept(db) == before
    assert "Cả ba đơn" not in manager_at_work.post("/ban-hang/tap/lai").text


def test_a_step_pressed_twice_is_one_step(manager_at_work: TestClient) -> None:
    for _twice in range(2):
        page = manager_at_work.post("/ban-hang/tap/1/xac-nhan").text
        assert "Đã đóng gói xong" in page
    assert "Đã đóng gói xong" in manager_at_work.post("/ban-hang/tap/1/da-giao").text


@pytest.mark.parametrize("kept", ["9", "000000", "abc", "-10", "²²²"])
def test_a_cookie_somebody_wrote_begins_anew(manager_at_work: TestClient, kept: str) -> None:
    manager_at_work.cookies.set("cho_tap", kept.encode("ascii", "ignore").decode() or "x")
    assert manager_at_work.get("/ban-hang/tap").text.count("Đơn mới") >= 3


def test_an_order_that_is_none_is_said(manager_at_work: TestClient) -> None:
    for path in ("/ban-hang/tap/4", "/ban-hang/tap/99999"):
        assert "Chỉ có ba đơn để tập" in manager_at_work.get(path).text
    assert manager_at_work.post("/ban-hang/tap/1/huy").status_code == 404
