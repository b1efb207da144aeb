"""What is mine: seen by me alone, changed by me, taken along, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts import passwords
from shop.accounts import service as accounts
from shop.accounts.models import Consent, PersonRow, SavedAddress
from shop.catalog.models import Variant
from shop.core.db import Database
from shop.core.deps import Person
from shop.notify import choices
from shop.notify.models import OptOut
from shop.orders.access import secret_link
from shop.orders.models import Order
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of

PHONE = "+84912345678"
PLACE = {"name": "Nguyễn Thị Hoa", "phone": "0912345678", "line": "12 Trần Phú", "ward_code": "23095"}


@pytest.fixture
def hoa(db: Database) -> Person:
    return make_person(db, phone=PHONE, name="Hoa")


@pytest.fixture
def browser(client: TestClient, db: Database, hoa: Person) -> TestClient:
    return sign_in(client, db, hoa)


@pytest.fixture
def box(db: Database) -> Variant:
    coop = make_coop(db)
    make_table(db, coop)
    return variant_of(db, make_product(db, coop))


class TestOrders:
    def test_older_orders_of_my_phone_appear_once_i_opened_a_secret_link_of_one(
        self, browser: TestClient, db: Database, settings: Settings, box: Variant, now: datetime
    ) -> None:
        first, second = (make_order(db, {box.id: 1}, settings, now) for _ in range(2))
        assert first.code not in browser.get("/tai-khoan").text
        assert browser.get(secret_link(settings.secret_key, second.code)).status_code == 200
        mine = browser.get("/tai-khoan").text
        assert first.code in mine
        assert second.code in mine
        assert first.code in browser.get("/tai-khoan/don-hang").text

    def test_the_link_of_another_phone_proves_nothing(
        self, browser: TestClient, db: Database, settings: Settings, box: Variant, now: datetime
    ) -> None:
        placed = make_order(db, {box.id: 1}, settings, now, phone="+84987654321")
        browser.get(secret_link(settings.secret_key, placed.code))
        assert placed.code not in browser.get("/tai-khoan").text

    def test_an_order_placed_while_signed_in_is_mine_at_once(
        self, browser: TestClient, db: Database, hoa: Person, settings: Settings, box: Variant, now: datetime
    ) -> None:
        placed = make_order(db, {box.id: 1}, settings, now)
        with db.write() as session:
            session.get_one(Order, placed.id).person_id = hoa.id
        assert placed.code in browser.get("/tai-khoan").text

    def test_guests_are_asked_to_sign_in_first(self, client: TestClient) -> None:
        for path in ("/tai-khoan", "/tai-khoan/don-hang", "/tai-khoan/du-lieu.json", "/tai-khoan/dia-chi/1"):
            answer = client.get(path, follow_redirects=False)
            assert answer.headers["location"].startswith("/dang-nhap?tiep="), path


class TestAddresses:
    def test_kept_changed_and_deleted(self, browser: TestClient, db: Database) -> None:
        assert browser.post("/tai-khoan/dia-chi/moi", data=PLACE).status_code == 200
        home = browser.get("/tai-khoan").text
        assert "12 Trần Phú, Xã Hàm Liêm, Tỉnh Lâm Đồng" in home
        with db.read() as session:
            saved = session.exec(select(SavedAddress)).one()
        assert 'value="12 Trần Phú"' in browser.get(f"/tai-khoan/dia-chi/{saved.id}").text
        browser.post(f"/tai-khoan/dia-chi/{saved.id}", data={**PLACE, "line": "14 Trần Phú"})
        assert "14 Trần Phú" in browser.get("/tai-khoan").text
        browser.post(f"/tai-khoan/dia-chi/{saved.id}/xoa")
        assert "14 Trần Phú" not in browser.get("/tai-khoan").text

    def test_a_ward_is_found_by_its_old_name_before_the_form_is_whole(self, browser: TestClient, db: Database) -> None:
        asked = browser.post("/tai-khoan/dia-chi/moi", data={"address_q": "hàm liêm", "address_step": "name"})
        assert asked.status_code == 200
        assert "Hàm Liêm" in asked.text
        with db.read() as session:
            assert session.exec(select(SavedAddress)).all() == []

    def test_what_is_missing_is_said_beside_the_field(self, browser: TestClient) -> None:
        answer = browser.post("/tai-khoan/dia-chi/moi", data={"name": "Hoa", "phone": "12"})
        assert answer.status_code == 422
        assert "Số điện thoại chưa đúng" in answer.text

    def test_another_persons_address_is_not_there(
        self, browser: TestClient, db: Database, new_client: Callable[[], TestClient]
    ) -> None:
        browser.post("/tai-khoan/dia-chi/moi", data=PLACE)
        with db.read() as session:
            saved = session.exec(select(SavedAddress)).one()
        stranger = sign_in(new_client(), db, make_person(db, phone="+84987654321"))
        assert stranger.get(f"/tai-khoan/dia-chi/{saved.id}").status_code == 404
        assert stranger.post(f"/tai-khoan/dia-chi/{saved.id}", data=PLACE).status_code == 404
        assert stranger.post(f"/tai-khoan/dia-chi/{saved.id}/xoa").status_code == 404

    def test_the_checkout_knows_my_name_and_my_newest_address(self, browser: TestClient, box: Variant) -> None:
        browser.post("/tai-khoan/dia-chi/moi", data=PLACE)
        browser.post("/tai-khoan/toi", data={"name": "Hoa", "email": "hoa@example.com"})
        browser.post("/gio-hang", data={"variant_id": box.id, "quantity": 1})
        asked = browser.post("/thanh-toan/bat-dau").text
        assert 'value="12 Trần Phú"' in asked
        assert 'value="Nguyễn Thị Hoa"' in asked
        assert 'value="hoa@example.com"' in asked


class TestPassword:
    def test_the_old_one_first_and_other_browsers_are_signed_out(
        self, browser: TestClient, db: Database, hoa: Person
    ) -> None:
        with db.write() as session:
            session.get_one(PersonRow, hoa.id).password_hash = passwords.hashed("trai-ngon-2026")
            elsewhere = accounts.start_session(session, hoa.id, datetime.now(UTC))
        wrong = browser.post("/tai-khoan/mat-khau", data={"old": "sai", "password": "mat-khau-moi"})
        assert wrong.status_code == 422
        right = browser.post("/tai-khoan/mat-khau", data={"old": "trai-ngon-2026", "password": "mat-khau-moi"})
        assert right.status_code == 200
        assert browser.get("/tai-khoan", follow_redirects=False).status_code == 200
        assert accounts.who_is(db, elsewhere, datetime.now(UTC)) is None

    def test_who_only_used_codes_sets_a_first_one(self, browser: TestClient, db: Database, hoa: Person) -> None:
        assert 'name="old"' not in browser.get("/tai-khoan/mat-khau").text
        assert browser.post("/tai-khoan/mat-khau", data={"password": "mat-khau-moi"}).status_code == 200
        with db.read() as session:
            assert passwords.fits("mat-khau-moi", session.get_one(PersonRow, hoa.id).password_hash)


class TestMessages:
    def test_a_proved_phone_chooses_what_comes(
        self, browser: TestClient, db: Database, hoa: Person, settings: Settings, now: datetime
    ) -> None:
        path = choices.path_for(settings.secret_key, PHONE)
        assert path not in browser.get("/tai-khoan").text, "silence for a phone only by its owner"
        with db.write() as session:
            accounts.prove_phone(session, hoa.id, PHONE, "code", now)
        assert path in browser.get("/tai-khoan").text
        browser.post(path, data={"groups": ["delivery", "money"]})
        with db.read() as session:
            out = set(session.exec(select(OptOut.kind).where(OptOut.address == PHONE)))
        unwanted = ("order", "live", "stock")
        assert out == {kind for group in unwanted for kind in choices.GROUPS[group]}
        browser.post(path, data={"groups": ["order", "delivery", "money", "live", "stock"]})
        with db.read() as session:
            assert session.exec(select(OptOut)).all() == []

    @pytest.mark.parametrize("token", ["abc", "KzA.x", "KzA5.\u1ea1", "", "."])
    def test_a_link_that_is_not_whole_opens_nothing(self, browser: TestClient, token: str) -> None:
        assert browser.get(f"/thong-bao/{token}").status_code == 404


class TestAgreement:
    def test_an_account_needs_a_tick_that_nobody_set_beforehand(self, client: TestClient, db: Database) -> None:
        form = client.get("/dang-ky").text
        assert 'name="agreed"' in form
        assert "checked" not in form
        told = {"name": "An", "phone": "0987654321", "password": "trai-ngon-2026"}
        assert client.post("/dang-ky", data=told).status_code == 422
        assert client.post("/dang-ky", data={**told, "agreed": "1"}, follow_redirects=False).status_code == 303
        with db.read() as session:
            (row,) = session.exec(select(Consent)).all()
        assert (row.purpose, row.given, len(row.text_hash)) == ("account", True, 64)

    def test_a_mail_address_is_agreed_to_and_taken_back(self, browser: TestClient, db: Database) -> None:
        browser.post("/tai-khoan/toi", data={"name": "Hoa", "email": "hoa@example.com"})
        browser.post("/tai-khoan/toi", data={"name": "Hoa Nguyễn", "email": "hoa@example.com"})
        browser.post("/tai-khoan/toi", data={"name": "Hoa", "email": ""})
        with db.read() as session:
            rows = session.exec(select(Consent).order_by(Consent.id)).all()  # type: ignore[arg-type]  # a column
        assert [(row.purpose, row.given) for row in rows] == [("mail", True), ("mail", False)]


class TestRecords:
    def test_everything_about_me_comes_as_one_file(
        self, browser: TestClient, db: Database, hoa: Person, settings: Settings, box: Variant, now: datetime
    ) -> None:
        with db.write() as session:
            accounts.prove_phone(session, hoa.id, PHONE, "code", now)
        placed = make_order(db, {box.id: 2}, settings, now)
        browser.post("/tai-khoan/dia-chi/moi", data=PLACE)
        answer = browser.get("/tai-khoan/du-lieu.json")
        told = answer.json()
        assert "attachment" in answer.headers["content-disposition"]
        assert told["person"]["phone"] == PHONE
        assert "password_hash" not in told["person"]
        assert [order["code"] for order in told["orders"]] == [placed.code]
        assert told["orders"][0]["parcels"][0]["lines"][0]["quantity"] == 2
        assert told["addresses"][0]["line"] == "12 Trần Phú"

    def test_deleting_asks_twice_and_forgets_who_it_was_but_not_the_order(
        self, browser: TestClient, db: Database, hoa: Person, settings: Settings, box: Variant, now: datetime
    ) -> None:
        with db.write() as session:
            accounts.prove_phone(session, hoa.id, PHONE, "code", now)
        placed = make_order(db, {box.id: 2}, settings, now)
        browser.post("/tai-khoan/dia-chi/moi", data=PLACE)
        assert browser.post("/tai-khoan/xoa").status_code == 422
        with db.read() as session:
            assert session.get_one(PersonRow, hoa.id).phone == PHONE
        browser.post("/tai-khoan/xoa", data={"sure": "1"}, follow_redirects=False)
        with db.read() as session:
            row = session.get_one(PersonRow, hoa.id)
            assert (row.name, row.phone, row.email, row.password_hash) == ("", None, None, "")
            assert session.exec(select(SavedAddress)).all() == []
            assert session.get_one(Order, placed.id).name == "Nguyễn Thị Hoa"
            last = session.exec(select(Consent).order_by(Consent.id.desc())).first()  # type: ignore[attr-defined]  # a column
        assert last is not None
        assert (last.purpose, last.given) == ("account", False)
        assert browser.get("/tai-khoan", follow_redirects=False).status_code == 303
