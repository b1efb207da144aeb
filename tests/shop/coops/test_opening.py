"""From an application to a page with a first product: nothing is lost on the way, no papers are photographed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments.payouts.models import PayoutAccount
from shop.accounts.models import Role
from shop.catalog import selling
from shop.catalog.models import Product, ProductState
from shop.coops.applying import is_tax_code
from shop.coops.models import Coop, CoopState
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.shipping.service import Rate, price, table_of
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_table

TEMPLATES = Path(__file__).parents[3] / "storefront_templates"
APPLICATION = {
    "kind": "coop",
    "name": "HTX Thanh long Hàm Đức",
    "legal_name": "Hợp tác xã Thanh long Hàm Đức",
    "tax_code": "9900000016",
    "registration_no": "0001/HTX",
    "representative": "Trần Thị Sáu",
    "phone": "0987 654 321",
    "founded_on": "2016",
    "member_count": "17",
    "line": "Thôn 3",
    "ward_code": "23059",
    "address_q": "Xã Hàm Đức, Hàm Thuận Bắc",
}


@pytest.fixture
def officer(new_client: Callable[[], TestClient], db: Database) -> TestClient:
    return sign_in(new_client(), db, make_person(db, Role.OFFICER, phone="+84900000004", name="Cô Hạnh"))


def only_coop(db: Database) -> Coop:
    with db.read() as session:
        return session.exec(select(Coop)).one()


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("9900000016", True),
        ("9900000016-001", True),
        ("9900000017", False),
        ("0100233488", True),
        ("012345678901", True),
        ("12345", False),
    ],
)
def test_a_tax_code_is_told_by_its_check_digit(typed: str, right: bool) -> None:
    assert is_tax_code(typed) is right


class TestApplying:
    def test_a_coop_applies_without_an_account_and_waits(self, client: TestClient, db: Database) -> None:
        assert "Đã nhận hồ sơ" in client.post("/mo-gian-hang", data=APPLICATION).text
        coop = only_coop(db)
        assert (coop.state, coop.phone, coop.province_code) == ("applied", "+84987654321", "68")
        assert client.get(f"/htx/{coop.slug}").status_code == 404

    def test_what_was_typed_comes_back_beside_the_wrong_digit(self, client: TestClient, db: Database) -> None:
        again = client.post("/mo-gian-hang", data={**APPLICATION, "tax_code": "9900000019"})
        assert again.status_code == 422
        assert "Mã số thuế có một chữ số chưa đúng" in again.text
        assert "Trần Thị Sáu" in again.text

    def test_nobody_applies_twice_but_may_after_a_refusal(
        self, client: TestClient, db: Database, officer: TestClient
    ) -> None:
        client.post("/mo-gian-hang", data=APPLICATION)
        assert client.post("/mo-gian-hang", data=APPLICATION).status_code == 422
        officer.post(f"/lien-minh/htx/{only_coop(db).id}", data={"state": "suspended", "reason": "Sai tên"})
        assert "Đã nhận hồ sơ" in client.post("/mo-gian-hang", data=APPLICATION).text

    def test_an_officer_types_it_in_on_its_behalf(self, officer: TestClient, db: Database) -> None:
        assert "HTX Thanh long Hàm Đức" in officer.post("/lien-minh/moi", data=APPLICATION).text
        with db.read() as session:
            entry = session.exec(select(AuditEntry)).one()
        assert (entry.person_name, entry.on_behalf_of) == ("Cô Hạnh", f"coop:{only_coop(db).id}")

    def test_no_page_asks_for_a_picture_of_anybodys_papers(self, client: TestClient, officer: TestClient) -> None:
        for page in (client.get("/mo-gian-hang").text, officer.get("/lien-minh/moi").text):
            assert 'type="file"' not in page


def test_from_the_application_to_a_page_with_a_product(
    client: TestClient, officer: TestClient, db: Database, now: datetime, manager: Person
) -> None:
    client.post("/mo-gian-hang", data=APPLICATION)
    coop = only_coop(db)
    officer.post(f"/lien-minh/htx/{coop.id}", data={"state": "verified"})
    link = re.findall(r"/moi/[\w-]+", officer.post(f"/lien-minh/htx/{coop.id}/loi-moi").text)[0]
    code = re.findall(r"<strong>(\d{6})</strong>", client.post(f"{link}/ma").text)[0]
    start = client.post(link, data={"code": code, "name": "Trần Thị Sáu", "agreed": "true"})
    assert start.url.path == "/ban-hang/bat-dau"
    told = {"name": coop.name, "face_name": "Chị Sáu", "story": "Ba đời trồng thanh long ở Hàm Đức."}
    assert 'name="commune"' in client.post("/ban-hang/bat-dau/cau-chuyen", data=told).text
    fees = {"pickup_line": "Thôn 3", "commune": "15k", "province": "30.000", "nation": ""}
    promises = {"delivery_policy": "Giao trong hai ngày.", "return_policy": "Trái hư thì đổi lại."}
    assert 'name="account_no"' in client.post("/ban-hang/bat-dau/giao-hang", data={**fees, **promises}).text
    bank = {"bank_bin": "970436", "account_no": "0011 0022 33", "account_name": "HTX THANH LONG HAM DUC"}
    assert "/ban-hang/hang/moi" in client.post("/ban-hang/bat-dau/tai-khoan", data=bank).text
    with db.read() as session:
        rates = {rate.zone: rate.fee_vnd for rate in table_of(session, coop.id, coop.ward_code).rates}
        assert session.exec(select(PayoutAccount)).one().state == "proposed"
    assert rates == {"commune": 15_000, "province": 30_000}
    product = make_product(db, coop, state=ProductState.DRAFT)
    with db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)
    assert "Gian hàng đã mở" in client.get("/ban-hang/bat-dau").text
    shop = client.get(f"/htx/{coop.slug}").text
    assert "Ba đời trồng thanh long" in shop
    assert product.name in shop


def test_a_phone_that_dies_goes_on_where_it_was(client: TestClient, db: Database) -> None:
    coop = make_coop(db, state=CoopState.VERIFIED, story="", delivery_policy="", return_policy="")
    director = make_person(db, Role.MANAGER, coop_id=coop.id)
    sign_in(client, db, director)
    assert 'name="story"' in client.get("/ban-hang/bat-dau").text
    short = client.post("/ban-hang/bat-dau/cau-chuyen", data={"name": "HTX A", "face_name": "Chị Sáu", "story": "Ngắn"})
    assert short.status_code == 422
    assert "Chị Sáu" in short.text
    told = {"name": "HTX A", "face_name": "Chị Sáu", "story": "Ba đời trồng thanh long ở Hàm Đức."}
    client.post("/ban-hang/bat-dau/cau-chuyen", data=told)
    client.cookies.clear()
    assert 'name="commune"' in sign_in(client, db, director).get("/ban-hang/bat-dau").text


def test_delivery_is_cheaper_for_lighter_parcels_and_its_other_terms_stay(
    client: TestClient, db: Database, now: datetime
) -> None:
    coop = make_coop(db)
    make_table(db, coop, (Rate("commune", 20_000, 15_000, 2, 4),), free_from_vnd=500_000, handling_days=2)
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id))
    told = {"pickup_line": "Thôn 3", "delivery_policy": "Giao trong hai ngày.", "return_policy": "Trái hư thì đổi."}
    light = {"up_to": "5 ký", "commune": "10k", "nation": "40k"}
    heavy = {"up_to_2": "20", "commune_2": "18k", "nation_2": "90k"}
    address = "/ban-hang/bat-dau/giao-hang"
    for wrong in ({**heavy, "up_to_2": "5000g"}, {**heavy, "up_to_2": ""}):
        assert client.post(address, data={**told, **light, **wrong}).status_code == 422
    assert client.post(address, data={**told, **light, **heavy}).status_code == 200
    with db.read() as session:
        table = table_of(session, coop.id, coop.ward_code)
    near = [rate for rate in table.rates if rate.zone == "commune"]
    assert [price(near, grams) for grams in (5_000, 5_001, 24_000)] == [(10_000, 2, 4), (18_000, 2, 4), (28_000, 2, 4)]
    assert (table.free_from_vnd, table.handling_days) == (500_000, 2)
    page = client.get("/ban-hang/bat-dau?buoc=2").text
    for name, value in (("up_to", "5\xa0kg"), ("commune", "10.000"), ("up_to_2", "20\xa0kg"), ("nation_2", "90.000")):
        assert re.search(rf'name="{name}"[^>]*value="{value}"|value="{value}"[^>]*name="{name}"', page), name
