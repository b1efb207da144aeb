"""People come by invitation, do what their role allows, and go; a helper goes by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts import service as accounts
from shop.accounts.models import Consent, PersonRow, Role, RoleGrant
from shop.coops.models import Coop
from shop.coops.people import service as people
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session
from tests.factories_orders import variant_of

PHONE = "0987 654 321"


@dataclass
class Office:
    """The director's browser, and how to open another one."""

    client: TestClient
    director: Person
    coop: Coop
    db: Database
    new_client: Callable[[], TestClient]

    def invite(self, role: str, phone: str = PHONE, **more: str) -> str:
        """The path of the link that was made."""
        told = {"phone": phone, "name": "Chị Sáu", "role": role, **more}
        page = self.client.post("/ban-hang/nguoi/them", data=told).text
        return str(re.findall(r"/moi/[\w-]+", page)[0])

    def join(self, path: str) -> TestClient:
        """A new browser takes up the invitation with the code that came to the phone."""
        phone = self.new_client()
        code = re.findall(r"<strong>(\d{6})</strong>", phone.post(f"{path}/ma").text)[0]
        assert phone.post(path, data={"code": code, "name": "Chị Sáu", "agreed": "true"}).status_code == 200
        return phone


@pytest.fixture
def office(client: TestClient, db: Database, new_client: Callable[[], TestClient]) -> Office:
    coop = make_coop(db, name="HTX Hàm Đức")
    director = make_person(db, Role.MANAGER, coop_id=coop.id, name="Bà Nguyện")
    return Office(sign_in(client, db, director), director, coop, db, new_client)


def test_an_invited_packer_packs_and_does_nothing_else(office: Office) -> None:
    packer = office.join(office.invite("packer"))
    assert packer.get("/ban-hang/don").status_code == 200
    for closed in ("/ban-hang/hang", "/ban-hang/tien", "/ban-hang/nguoi"):
        assert packer.get(closed).status_code == 403, closed
    assert "Người đóng gói" in office.client.get("/ban-hang/nguoi").text


def test_the_link_works_once_for_its_own_phone_alone(office: Office, db: Database) -> None:
    path = office.invite("seller")
    thief = sign_in(office.new_client(), db, make_person(db, phone="+84900111222"))
    assert "đuôi 321" in thief.post(path).text
    assert "wrong" in office.new_client().post(path, data={"code": "000000", "name": "X", "agreed": "1"}).text
    office.join(path)
    assert office.new_client().get(path).status_code == 404


def test_a_link_taken_back_is_over_and_so_is_an_old_one(office: Office, settings: Settings, now: datetime) -> None:
    path = office.invite("seller")
    number = re.findall(r"loi-moi/(\d+)", office.client.get("/ban-hang/nguoi").text)[0]
    office.client.post(f"/ban-hang/nguoi/loi-moi/{number}/bo")
    assert office.new_client().get(path).status_code == 404
    with office.db.write() as session:
        told = (office.coop.id, Role.SELLER, "+84987654321", "Chị Sáu", office.director, settings.secret_key, now)
        token = people.link(settings.secret_key, people.invite(session, *told)).removeprefix("/moi/")
        assert people.find(session, token, now + timedelta(days=13)).name == "Chị Sáu"
        with pytest.raises(people.InvitationOver):
            people.find(session, token, now + timedelta(days=15))


def test_who_is_taken_away_is_out_at_once_and_it_is_written_down(office: Office, db: Database) -> None:
    seller = office.join(office.invite("seller"))
    with db.read() as session:
        person = session.exec(select(PersonRow).where(PersonRow.phone == "+84987654321")).one()
    office.client.post(f"/ban-hang/nguoi/{person.id}/thoi", data={"role": "seller"})
    assert seller.get("/ban-hang").status_code == 403
    with db.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.what == "role"))
        told = [(row.person_name, row.before, row.after) for row in rows]
    role = f"seller@coop:{office.coop.id}"
    assert told == [("Chị Sáu", None, role), ("Bà Nguyện", role, None)]
    log = office.client.get("/ban-hang/nguoi/nhat-ky").text
    assert "Vai trò: Người bán → không còn" in log
    assert "Lời mời: Người bán …321" in log


def test_the_last_director_stays(office: Office) -> None:
    answer = office.client.post(f"/ban-hang/nguoi/{office.director.id}/thoi", data={"role": "manager"})
    assert answer.status_code == 409
    office.join(office.invite("manager"))
    office.client.post(f"/ban-hang/nguoi/{office.director.id}/thoi", data={"role": "manager"})
    assert office.client.get("/ban-hang/nguoi").status_code == 403


@pytest.mark.parametrize("role", ["operator", "officer", "king"])
def test_no_co_op_makes_officers(office: Office, role: str) -> None:
    told = {"phone": PHONE, "name": "Chị Sáu", "role": role}
    assert office.client.post("/ban-hang/nguoi/them", data=told).status_code == 422


class TestHelping:
    def test_a_helper_is_seen_on_every_page_and_stays_away_from_money_and_people(
        self, office: Office, db: Database
    ) -> None:
        helper = office.join(office.invite("helper", hours="2"))
        live, _items, _host = make_session(db, datetime.now(UTC), coop=office.coop, on_air=False)
        at = f"/ban-hang/live/{live.id}"
        studio = ("/ban-hang/live", at, f"{at}/binh-luan")
        for page in ("/ban-hang", "/ban-hang/hang", "/ban-hang/don", *studio):
            assert "Bạn đang làm thay" in helper.get(page).text, page
        own = (f"{at}/so-lieu", f"{at}/so-lieu.csv", f"{at}/ma-giam", f"{at}/ban-xem-lai")
        for closed in ("/ban-hang/tien", "/ban-hang/nguoi", *own):
            assert helper.get(closed).status_code == 403
        for path in ("/ban-hang/tra-lai/1", "/ban-hang/khieu-nai/1/nhan"):
            assert helper.post(path, data={"lines": "1:1", "reason": "Dập"}).status_code == 403, path
        for step in ("bat-dau", "huy", "binh-luan/nguoi-giup"):
            assert helper.post(f"{at}/{step}", data={"role": "co-host", "sees_money": "true"}).status_code == 403, step
        assert "Đang có người làm giúp" in office.client.get("/ban-hang/nguoi").text
        assert "Bạn đang làm thay" not in office.client.get("/ban-hang").text

    def test_it_is_agreed_to_logged_and_marked(self, office: Office, db: Database) -> None:
        product = make_product(db, office.coop)
        box = variant_of(db, product)
        helper = office.join(office.invite("helper", hours="2"))
        helper.post(f"/ban-hang/hang/{box.id}", data={"price_vnd": "210000", "on_hand": "9"})
        log = office.client.get("/ban-hang/nguoi/nhat-ky").text
        assert "làm thay" in log
        assert "→ 210.000" in log
        assert "Số lượng: " in log
        assert f"{product.name}, {box.name}" in log
        with db.read() as session:
            agreed = session.exec(select(Consent).where(Consent.purpose == "help")).one()
            grant = session.exec(select(RoleGrant).where(RoleGrant.role == "helper")).one()
        assert agreed.subject == f"person:{office.director.id}"
        assert grant.agreed_by == office.director.id

    def test_it_ends_by_itself(self, office: Office, db: Database) -> None:
        office.join(office.invite("helper", hours="2"))
        with db.read() as session:
            row = session.exec(select(PersonRow).where(PersonRow.phone == "+84987654321")).one()
            later = datetime.now(UTC) + timedelta(hours=2, minutes=1)
            assert accounts.as_person(session, row, later - timedelta(minutes=5)).coop_ids("helper")
            assert accounts.as_person(session, row, later).roles == ()
            assert people.posts(session, office.coop.id, later)[1:] == []

    def test_an_officer_helps_once_the_director_has_read_out_the_code(self, office: Office, db: Database) -> None:
        officer = sign_in(office.new_client(), db, make_person(db, Role.OFFICER, phone="+84900000004", name="Cô Hạnh"))
        here = f"/lien-minh/htx/{office.coop.id}/giup"
        assert officer.get("/ban-hang").status_code == 403
        code = re.findall(r"<strong>(\d{6})</strong>", officer.post(here).text)[0]
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        assert officer.post(f"{here}/ma", data={"code": wrong, "hours": "2"}).status_code == 422
        assert "Bạn đang làm thay" in officer.post(f"{here}/ma", data={"code": code, "hours": "2"}).text
        assert officer.get("/ban-hang/tien").status_code == 403
        assert "Cô Hạnh" in office.client.get("/ban-hang/nguoi").text
        with db.read() as session:
            agreed = session.exec(select(Consent).where(Consent.purpose == "help")).one()
        assert (agreed.subject, agreed.channel) == (f"person:{office.director.id}", "code")

    def test_the_code_of_one_coop_helps_no_other_and_signs_nobody_in(self, office: Office, db: Database) -> None:
        officer = sign_in(office.new_client(), db, make_person(db, Role.OFFICER, phone="+84900000004", name="Cô Hạnh"))
        other = make_coop(db)
        make_person(db, Role.MANAGER, coop_id=other.id, phone="+84900000009")
        code = re.findall(r"<strong>(\d{6})</strong>", officer.post(f"/lien-minh/htx/{office.coop.id}/giup").text)[0]
        answer = officer.post(f"/lien-minh/htx/{other.id}/giup/ma", data={"code": code, "hours": "2"})
        assert answer.status_code == 422
        typed = {"phone": office.director.phone, "code": code}
        assert office.new_client().post("/dang-nhap/ma/nhap", data=typed).status_code == 422


def test_the_log_has_words_for_whatever_is_written_into_it(app: FastAPI) -> None:
    kind = re.compile(r"""\baudit\(\s*session,[^"']*?"([a-z_ -]+)",""")
    files = [*Path("shop").rglob("*.py"), *Path("livestream").rglob("*.py")]
    written = {what for file in files for what in kind.findall(file.read_text())}
    module: Any = app.state.templates.get_template("workspace/journal_words.html").module
    assert {"price_vnd", "on_hand", "role"} <= written
    assert [what for what in sorted(written) if str(module.changed(what)) == "Việc khác"] == []
