"""Signing in: by password or code, safe against guessing, and only ways that work are offered."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts import passwords
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import NotAllowed
from tests.factories_accounts import make_person, sign_in

PHONE = "0912345678"


def sign_up(client: TestClient, phone: str = PHONE, password: str = "trai-ngon-2026") -> int:
    told = {"name": "An", "phone": phone, "password": password, "agreed": "1"}
    return client.post("/dang-ky", data=told, follow_redirects=False).status_code


class TestSigningIn:
    def test_a_new_account_is_signed_in_at_once(self, client: TestClient, db: Database, now: datetime) -> None:
        assert sign_up(client) == 303
        person = accounts.who_is(db, client.cookies["cho_phien"], now)
        assert person is not None
        assert (person.name, person.phone) == ("An", "+84912345678")

    def test_the_right_password_signs_in_and_a_wrong_one_says_so(self, client: TestClient) -> None:
        sign_up(client)
        client.cookies.clear()
        wrong = client.post("/dang-nhap", data={"phone": PHONE, "password": "sai"})
        assert wrong.status_code == 422
        assert "chưa đúng" in wrong.text
        right = client.post("/dang-nhap", data={"phone": PHONE, "password": "trai-ngon-2026"}, follow_redirects=False)
        assert right.status_code == 303

    def test_the_sixth_guess_has_to_wait(self, client: TestClient) -> None:
        sign_up(client)
        guesses = [client.post("/dang-nhap", data={"phone": PHONE, "password": "sai"}) for _ in range(6)]
        assert [guess.status_code for guess in guesses] == [422] * 5 + [429]
        assert int(guesses[-1].headers["Retry-After"]) > 0

    def test_a_code_is_shown_in_demo_works_once_and_proves_the_phone(
        self, client: TestClient, db: Database, now: datetime
    ) -> None:
        shown = client.post("/dang-nhap/ma", data={"phone": PHONE})
        code = re.search(r"<strong>(\d{6})</strong>", shown.text)
        assert code is not None
        answers = [
            client.post("/dang-nhap/ma/nhap", data={"phone": PHONE, "code": code[1]}, follow_redirects=False)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [303, 422]
        with db.read() as session:
            person = accounts.find_by_phone(session, "+84912345678")
            assert person is not None
            assert accounts.proved_phones(session, person.id) == ["+84912345678"]

    def test_after_five_wrong_codes_the_right_one_no_longer_works(self, db: Database, now: datetime) -> None:
        with db.write() as session:
            code = accounts.make_code(session, PHONE, now)
        wrong = "000000" if code != "000000" else "111111"
        for typed in [wrong] * 5 + [code]:
            with db.write() as session:
                assert not accounts.use_code(accounts.count_try(session, PHONE, now), typed, now)

    def test_without_a_message_service_no_code_is_offered(self, client: TestClient, app: FastAPI) -> None:
        app.state.code_sender = None
        assert "/dang-nhap/ma" not in client.get("/dang-nhap").text

    @pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example", "/\\evil.example"])
    def test_signing_in_never_leads_to_another_site(self, client: TestClient, evil: str) -> None:
        sign_up(client)
        data = {"phone": PHONE, "password": "trai-ngon-2026", "tiep": evil}
        answer = client.post("/dang-nhap", data=data, follow_redirects=False)
        assert answer.headers["location"] == "/tai-khoan"

    @pytest.mark.parametrize(("role", "desk"), [(Role.MANAGER, "/ban-hang"), (Role.OPERATOR, "/quan-tri")])
    def test_staff_arrive_at_their_desk(self, client: TestClient, db: Database, role: Role, desk: str) -> None:
        person = make_person(db, role, coop_id=1)
        with db.write() as session:
            session.get_one(PersonRow, person.id).password_hash = passwords.hashed("trai-ngon-2026")
        typed = {"phone": person.phone, "password": "trai-ngon-2026", "tiep": "/"}
        assert client.post("/dang-nhap", data=typed, follow_redirects=False).headers["location"] == desk

    def test_signing_out_ends_the_session_everywhere_it_was_copied(
        self, client: TestClient, db: Database, now: datetime
    ) -> None:
        sign_up(client)
        token = client.cookies["cho_phien"]
        client.post("/dang-xuat")
        assert accounts.who_is(db, token, now) is None

    def test_a_session_ends_after_sixty_days(self, db: Database, now: datetime) -> None:
        person = make_person(db)
        with db.write() as session:
            token = accounts.start_session(session, person.id, now)
        assert accounts.who_is(db, token, now + timedelta(days=59)) is not None
        assert accounts.who_is(db, token, now + timedelta(days=60)) is None


class TestRecovery:
    def test_a_link_shown_by_staff_sets_a_new_password_once(
        self, client: TestClient, db: Database, now: datetime
    ) -> None:
        sign_up(client)
        staff = make_person(db, Role.OFFICER, phone="+84900000004")
        with db.write() as session:
            person = accounts.find_by_phone(session, "+84912345678")
            assert person is not None
            token = accounts.make_recovery(session, staff, person, datetime.now(tz=now.tzinfo))
        answers = [
            client.post(f"/khoi-phuc/{token}", data={"password": "mat-khau-moi"}, follow_redirects=False)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [303, 404]
        with db.read() as session:
            row = accounts.find_by_phone(session, "+84912345678")
            assert row is not None
            assert passwords.fits("mat-khau-moi", row.password_hash)

    def test_staff_cannot_let_themselves_into_staff_accounts(self, db: Database, now: datetime) -> None:
        officer = make_person(db, Role.OFFICER, phone="+84900000004")
        operator = make_person(db, Role.OPERATOR, phone="+84900000005")
        with pytest.raises(NotAllowed), db.write() as session:
            accounts.make_recovery(session, officer, session.get_one(PersonRow, operator.id), now)


class TestRoles:
    def test_granting_and_revoking_leave_audit_rows(self, db: Database, now: datetime) -> None:
        operator, person = make_person(db, Role.OPERATOR), make_person(db, phone="+84900000009")
        with db.write() as session:
            accounts.grant(session, operator, person.id, Role.MANAGER, 3, now)
            accounts.grant(session, operator, person.id, Role.MANAGER, 3, now)
            accounts.revoke(session, operator, person.id, Role.MANAGER, 3, now)
        with db.read() as session:
            rows = session.exec(select(AuditEntry)).all()
            roles = accounts.as_person(session, session.get_one(PersonRow, person.id)).roles
        assert [(row.before, row.after) for row in rows] == [(None, "manager@coop:3"), ("manager@coop:3", None)]
        assert {row.on_behalf_of for row in rows} == {"coop:3"}
        assert roles == ()

    def test_an_erased_person_is_gone_but_the_row_stays(self, db: Database, now: datetime) -> None:
        person: Person = make_person(db, Role.MANAGER, coop_id=1)
        with db.write() as session:
            token = accounts.start_session(session, person.id, now)
            accounts.erase(session, person.id, now)
        assert accounts.who_is(db, token, now) is None
        with db.read() as session:
            row = session.get_one(PersonRow, person.id)
        assert (row.name, row.phone, row.email, row.password_hash) == ("", None, None, "")


def test_a_form_from_another_site_is_refused(client: TestClient) -> None:
    answer = client.post("/dang-ky", data={"name": "An"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_sign_in_helper_signs_in(client: TestClient, db: Database, now: datetime) -> None:
    person = make_person(db)
    sign_in(client, db, person)
    assert accounts.who_is(db, client.cookies["cho_phien"], now) == person
