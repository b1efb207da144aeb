"""The operator makes and stops the market's vouchers on a page; nobody else does."""

from __future__ import annotations

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.core.db import Database
from shop.vouchers.models import Voucher
from tests.factories_accounts import make_person, sign_in

PAGE = "/quan-tri/ma-giam"
FORM = {
    "code": "chotang",
    "percent": "10",
    "off_vnd": "20000",
    "least_vnd": "100000",
    "quantity": "50",
    "most_per_buyer": "1",
    "budget_vnd": "500000",
    "starts_on": "2026-01-01",
    "ends_on": "2099-12-31",
}


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005"))


def test_a_voucher_is_made_listed_and_stopped_without_any_script(operator: TestClient, db: Database) -> None:
    shown = operator.post(PAGE, data=FORM)
    assert shown.status_code == 200
    assert "CHOTANG" in shown.text
    assert "500.000" in shown.text
    with db.read() as session:
        row = session.exec(select(Voucher)).one()
    assert (row.owner, row.coop_id, row.percent, row.most_off_vnd, row.spent_vnd) == ("market", None, 10, 20_000, 0)
    assert "Đã dừng" in operator.post(f"{PAGE}/{row.id}/dung").text


@pytest.mark.parametrize(("by", "percent", "off_vnd"), [("percent", 10, 0), ("sum", 0, 20_000)])
def test_the_choice_counts_whatever_the_other_field_says(
    operator: TestClient, db: Database, by: str, percent: int, off_vnd: int
) -> None:
    operator.post(PAGE, data={**FORM, "by": by})
    with db.read() as session:
        row = session.exec(select(Voucher)).one()
    assert (row.percent, row.off_vnd, row.most_off_vnd) == (percent, off_vnd, 20_000)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"off_vnd": "-20000"}, 422),
        ({"percent": "51"}, 422),
        ({"by": "percent", "percent": "0"}, 422),
        ({"by": "both"}, 422),
        ({"budget_vnd": "-1"}, 422),
        ({"quantity": "0"}, 422),
        ({"ends_on": "mai"}, 422),
        ({"code": "<b>"}, 422),
        ({"ends_on": "2026-01-01"}, 409),
        ({"budget_vnd": "19999"}, 409),
        ({"percent": "0", "least_vnd": "39999"}, 409),
    ],
)
def test_what_cannot_be_given_is_refused_in_words(
    operator: TestClient, db: Database, changes: dict[str, str], status: int
) -> None:
    assert operator.post(PAGE, data={**FORM, **changes}).status_code == status
    with db.read() as session:
        assert session.exec(select(Voucher)).all() == []


def test_an_officer_and_a_shopper_find_no_door(client: TestClient, db: Database) -> None:
    sign_in(client, db, make_person(db, Role.OFFICER))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, data=FORM).status_code == 403
    assert client.post(f"{PAGE}/1/dung").status_code == 403
