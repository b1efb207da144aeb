"""The alliance's office: which co-ops sell, whose papers are good; every decision is audited."""

from __future__ import annotations

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop, CoopState
from shop.core.audit import AuditEntry
from shop.core.db import Database
from tests.factories import make_certificate, make_coop, make_product
from tests.factories_accounts import make_person, sign_in


@pytest.fixture
def officer(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OFFICER, phone="+84900000004", name="Cô Hạnh"))


def audited(db: Database) -> list[tuple[str, str, object, object]]:
    with db.read() as session:
        return [(row.person_name, row.subject, row.before, row.after) for row in session.exec(select(AuditEntry))]


def test_only_officers_and_operators_come_in(client: TestClient, db: Database) -> None:
    assert client.get("/lien-minh", follow_redirects=False).headers["location"].startswith("/dang-nhap")
    coop = make_coop(db)
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id))
    assert client.get("/lien-minh").status_code == 403
    assert client.post(f"/lien-minh/htx/{coop.id}", data={"state": "suspended"}).status_code == 403


def test_every_coop_is_listed_with_what_it_sells(officer: TestClient, db: Database) -> None:
    coop = make_coop(db, name="HTX Thanh long Hàm Đức")
    make_product(db, coop)
    draft = make_coop(db, name="HTX Mới", state=CoopState.APPLIED)
    page = officer.get("/lien-minh").text
    assert "HTX Thanh long Hàm Đức" in page
    assert "1 món đang bán" in page
    only = officer.get("/lien-minh?trang_thai=applied").text
    assert draft.name in only
    assert coop.name not in only


def test_verifying_and_suspending_a_coop_is_audited(officer: TestClient, db: Database) -> None:
    coop = make_coop(db, state=CoopState.APPLIED, verified_at=None)
    officer.post(f"/lien-minh/htx/{coop.id}", data={"state": "verified"})
    assert officer.post(f"/lien-minh/htx/{coop.id}", data={"state": "suspended"}).status_code == 422
    officer.post(f"/lien-minh/htx/{coop.id}", data={"state": "suspended", "reason": "Giấy phép hết hạn"})
    with db.read() as session:
        assert session.get_one(Coop, coop.id).state == CoopState.SUSPENDED
    subject = f"coop:{coop.id}"
    stopped = ("Cô Hạnh", subject, "verified", "suspended: Giấy phép hết hạn")
    assert audited(db) == [("Cô Hạnh", subject, "applied", "verified"), stopped]
    assert "Giấy phép hết hạn" in officer.get("/lien-minh").text


def test_papers_wait_and_are_decided(officer: TestClient, db: Database) -> None:
    paper = make_certificate(db, make_coop(db), state=CertificateState.SUBMITTED)
    assert paper.number in officer.get("/lien-minh/giay-to").text
    officer.post(f"/lien-minh/giay-to/{paper.id}", data={"state": "verified"})
    with db.read() as session:
        assert session.get_one(Certificate, paper.id).state == CertificateState.VERIFIED
    assert paper.number not in officer.get("/lien-minh/giay-to").text
    assert paper.number in officer.get("/lien-minh/giay-to?trang_thai=verified").text
    assert audited(db) == [("Cô Hạnh", f"certificate:{paper.id}", "submitted", "verified")]


@pytest.mark.parametrize("state", ["", "submitted", "nonsense"])
def test_nonsense_changes_nothing(officer: TestClient, db: Database, state: str) -> None:
    paper = make_certificate(db, make_coop(db), state=CertificateState.SUBMITTED)
    assert officer.post(f"/lien-minh/giay-to/{paper.id}", data={"state": state}).status_code == 422
    assert officer.post("/lien-minh/giay-to/404", data={"state": "verified"}).status_code == 404
    assert officer.post("/lien-minh/htx/404", data={"state": "verified"}).status_code == 404
    assert audited(db) == []
