"""Browsers that ask to be told, the operator's page of messages, and the ways back into an account."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.notify import service as notify
from shop.notify.models import Message, PushSubscription
from shop.notify.service import Letter
from shop.notify.webpush import _pack, _point, is_push_service
from shop.orders.access import secret_link
from shop.orders.messages import absolute
from shop.orders.placing import Placed
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of

BROWSER = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "p256dh": _pack(_point(ec.generate_private_key(ec.SECP256R1()))),
    "auth": base64.urlsafe_b64encode(b"0123456789abcdef").decode().rstrip("="),
}


@pytest.fixture
def placed(db: Database, settings: Settings, now: datetime) -> Placed:
    coop = make_coop(db)
    make_table(db, coop)
    return make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, now)


def subjects(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.exec(select(PushSubscription.subject)))


class TestPush:
    def test_a_browser_that_sees_an_order_is_told_about_it(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        page = client.get(secret_link(settings.secret_key, placed.code)).text
        assert f'data-push="{placed.code}"' in page
        for _ in range(2):
            answer = client.post("/thong-bao/dang-ky", data={**BROWSER, "order": placed.code})
            assert answer.status_code == 204
        assert subjects(db) == [f"order:{placed.id}"]

    def test_who_may_not_see_the_order_cannot_listen_to_it(
        self, client: TestClient, db: Database, placed: Placed
    ) -> None:
        assert client.post("/thong-bao/dang-ky", data={**BROWSER, "order": placed.code}).status_code == 404
        client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code})
        assert client.post("/thong-bao/dang-ky", data={**BROWSER, "order": placed.code}).status_code == 404
        assert subjects(db) == []

    def test_a_manager_listens_to_the_own_work(self, client: TestClient, db: Database) -> None:
        coop = make_coop(db)
        person = make_person(db, Role.MANAGER, coop_id=coop.id)
        sign_in(client, db, person)
        assert 'data-push=""' in client.get("/ban-hang").text
        assert client.post("/thong-bao/dang-ky", data=BROWSER).status_code == 204
        assert subjects(db) == [f"person:{person.id}"]

    def test_a_shopper_has_no_work_to_listen_to(self, client: TestClient, db: Database) -> None:
        assert client.post("/thong-bao/dang-ky", data=BROWSER, follow_redirects=False).status_code == 303
        sign_in(client, db, make_person(db, phone="+84900000001"))
        assert client.post("/thong-bao/dang-ky", data=BROWSER).status_code == 403
        assert subjects(db) == []

    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://fcm.googleapis.com/x",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://fcm.googleapis.com.evil.example/x",
            "https://evil.example/fcm.googleapis.com",
            "https://push.services.mozilla.com.evil.example/",
            "https://evilpush.apple.com/x",
            "https://user:secret@fcm.googleapis.com/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com:abc/x",
            "https://[::1/x",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_our_network_is_never_sent_anywhere_but_to_a_push_service(self, endpoint: str) -> None:
        assert not is_push_service(endpoint)

    @pytest.mark.parametrize(
        "endpoint",
        [
            BROWSER["endpoint"],
            "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "https://web.push.apple.com/abc",
            "https://wns2-par02p.notify.windows.com/w/?token=abc",
        ],
    )
    def test_the_push_services_of_browsers_are_known(self, endpoint: str) -> None:
        assert is_push_service(endpoint)

    def test_keys_that_are_none_are_refused_at_the_door(self, client: TestClient, placed: Placed) -> None:
        for wrong in ({"p256dh": "abc"}, {"auth": "abc"}, {"endpoint": "https://10.0.0.1/"}, {"p256dh": "ạ"}):
            answer = client.post("/thong-bao/dang-ky", data={**BROWSER, **wrong, "order": placed.code})
            assert answer.status_code == 422, wrong
            assert "Trình duyệt này chưa nhận được thông báo" in answer.text


def test_the_service_worker_stands_at_the_root_and_knows_the_offline_page(client: TestClient) -> None:
    script = client.get("/sw.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "asset(" not in script.text
    assert '"/mat-mang"' in script.text
    assert "Đang mất mạng" in client.get("/mat-mang").text


class TestOperatorsPage:
    @pytest.fixture
    def operator(self, client: TestClient, db: Database) -> TestClient:
        return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005"))

    def write(self, db: Database, now: datetime) -> None:
        letter = Letter("order:1:paid", "paid", "Đã nhận tiền đơn ABC", "Cảm ơn bạn.", "/don-hang/ABC")
        with db.write() as session:
            notify.tell(session, letter, subject="order:1", phone="+84912345678", email=None, now=now)

    def test_a_newcomer_reads_what_a_buyer_got(self, operator: TestClient, db: Database, now: datetime) -> None:
        self.write(db, now)
        page = operator.get("/quan-tri/tin-nhan").text
        assert "Đã nhận tiền đơn ABC" in page
        assert "0912 345 678" in page
        assert "/don-hang/ABC?k=" in page

    def test_what_a_coop_got_has_no_link_to_pages_that_are_closed_to_the_operator(
        self, operator: TestClient, db: Database, now: datetime
    ) -> None:
        letter = Letter("order:1:new", "new_order", "Đơn mới ABC", "Có đơn mới.", "/ban-hang/don/82")
        with db.write() as session:
            notify.tell(session, letter, subject="order:1", phone="+84900000002", email=None, now=now)
        page = operator.get("/quan-tri/tin-nhan").text
        assert "/ban-hang/don/82" in page
        assert not re.search(r'href="[^"]*/ban-hang/don/82', page)

    def test_outside_the_demo_the_secret_of_the_order_stays_out(
        self, operator: TestClient, app: FastAPI, db: Database, now: datetime
    ) -> None:
        self.write(db, now)
        app.state.settings = app.state.settings.model_copy(update={"env": "production"})
        assert "?k=" not in operator.get("/quan-tri/tin-nhan").text

    def test_what_failed_is_sent_again_and_that_is_written_down(
        self, operator: TestClient, db: Database, settings: Settings, now: datetime
    ) -> None:
        self.write(db, now)
        notify.send_due(db, {}, absolute(settings), now)
        assert "Gửi lại" in operator.get("/quan-tri/tin-nhan?trang_thai=failed").text
        with db.read() as session:
            message = session.exec(select(Message)).one()
        assert operator.post(f"/quan-tri/tin-nhan/{message.id}").status_code == 200
        assert operator.post(f"/quan-tri/tin-nhan/{message.id}").status_code == 404, "it waits already"
        with db.read() as session:
            assert session.exec(select(Message.state)).one() == "queued"
            assert session.exec(select(AuditEntry.what)).all() == ["message"]

    def test_only_the_operator_reads_it(self, client: TestClient, db: Database) -> None:
        sign_in(client, db, make_person(db, Role.OFFICER, phone="+84900000004"))
        assert client.get("/quan-tri/tin-nhan").status_code == 403


class TestWaysBackIn:
    @pytest.fixture
    def hoa(self, db: Database) -> PersonRow:
        person = make_person(db, phone="+84912345678", name="Hoa")
        with db.write() as session:
            row = session.get_one(PersonRow, person.id)
            row.email = "hoa@example.com"
        return row

    def test_without_a_mail_server_no_mail_is_offered(self, client: TestClient, db: Database, hoa: PersonRow) -> None:
        assert "/dang-nhap/quen" not in client.get("/dang-nhap").text
        assert client.post("/dang-nhap/quen", data={"phone": "0912345678"}).status_code == 422
        with db.read() as session:
            assert session.exec(select(Message)).all() == []

    def test_a_link_comes_by_mail_and_its_secret_is_nowhere_in_the_database(
        self, client: TestClient, app: FastAPI, db: Database, settings: Settings, hoa: PersonRow
    ) -> None:
        app.state.settings = settings.model_copy(update={"smtp_host": "mail.example"})
        app.state.templates.globals["shop"] = app.state.settings
        assert "/dang-nhap/quen" in client.get("/dang-nhap").text
        known = client.post("/dang-nhap/quen", data={"phone": "0912345678"})
        unknown = client.post("/dang-nhap/quen", data={"phone": "0987654321"})
        assert known.text == unknown.text
        with db.read() as session:
            message = session.exec(select(Message)).one()
        assert message.address == "hoa@example.com"
        link = absolute(settings)(message.link)
        assert link.rsplit("/", 1)[1] not in message.body + message.link
        assert client.get(message.link).status_code == 404
        assert client.get(link).status_code == 200
        assert client.post(link, data={"password": "mat-khau-moi"}, follow_redirects=False).status_code == 303
        assert client.get(link).status_code == 404

    def test_an_officer_shows_a_code_to_scan(
        self, client: TestClient, db: Database, settings: Settings, hoa: PersonRow, new_client: Callable[[], TestClient]
    ) -> None:
        officer = sign_in(client, db, make_person(db, Role.OFFICER, phone="+84900000004"))
        assert "Số này chưa có tài khoản" in officer.post("/lien-minh/khoi-phuc", data={"phone": "0987654321"}).text
        shown = officer.post("/lien-minh/khoi-phuc", data={"phone": "0912345678"})
        assert "<svg" in shown.text
        with db.read() as session:
            assert session.exec(select(AuditEntry.what)).all() == ["recovery"]
        assert new_client().get("/lien-minh/khoi-phuc", follow_redirects=False).status_code == 303

    def test_a_first_sign_in_by_code_asks_for_the_name_and_the_consent(self, client: TestClient, db: Database) -> None:
        shown = client.post("/dang-nhap/ma", data={"phone": "0987654321", "tiep": "/gio-hang"})
        code = re.search(r"<strong>(\d{6})</strong>", shown.text)
        assert code is not None
        told = {"phone": "0987654321", "code": code[1], "tiep": "/gio-hang"}
        answer = client.post("/dang-nhap/ma/nhap", data=told, follow_redirects=False)
        assert answer.headers["location"] == "/dang-ky/xong?tiep=/gio-hang"
        assert client.post("/dang-ky/xong", data={"name": "An"}).status_code == 422
        done = client.post(
            "/dang-ky/xong", data={"name": "An", "agreed": "1", "tiep": "/gio-hang"}, follow_redirects=False
        )
        assert done.headers["location"] == "/gio-hang"
        with db.read() as session:
            person = accounts.find_by_phone(session, "+84987654321")
        assert person is not None
        assert person.name == "An"


def test_a_link_lasts_one_hour(db: Database) -> None:
    person, now = make_person(db), datetime.now(UTC)
    with db.write() as session:
        token = accounts.make_recovery(session, None, session.get_one(PersonRow, person.id), now)
    with db.read() as session:
        assert accounts.can_recover(session, token, now + timedelta(minutes=59))
        assert not accounts.can_recover(session, token, now + timedelta(minutes=60))
