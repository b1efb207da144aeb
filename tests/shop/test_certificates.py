"""Papers: shown while they are verified and good, gone the moment they are not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shop.certificates import service as certificates
from shop.certificates.models import Certificate, CertificateState
from shop.certificates.service import Badge, CertificateExpired, NoSuchCertificate, OwnCertificate
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Grant, Person
from tests.factories import make_certificate, make_coop, make_product

OFFICER = Person(id=4, name="Anh Liên", phone="+84900000004", roles=(Grant("officer"),))


def badges(db: Database, product_id: int, coop_id: int, now: datetime) -> tuple[Badge, ...]:
    with db.read() as session:
        return certificates.badges(certificates.about(session, {product_id: coop_id}, now)[product_id])


def test_a_product_shows_its_own_papers_and_those_of_its_co_op(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    product, other = make_product(db, coop), make_product(db, coop)
    make_certificate(db, coop, product, kind="ocop", stars=3)
    make_certificate(db, coop, product, kind="ocop", stars=4)
    make_certificate(db, coop, kind="vietgap", stars=0)
    make_certificate(db, make_coop(db), kind="organic", stars=0)
    assert badges(db, product.id, coop.id, now) == (Badge("ocop", 4), Badge("vietgap"))
    assert badges(db, other.id, coop.id, now) == (Badge("vietgap"),)


@pytest.mark.parametrize("state", [CertificateState.SUBMITTED, CertificateState.REJECTED, CertificateState.REVOKED])
def test_a_paper_that_is_not_verified_is_not_shown(db: Database, now: datetime, state: CertificateState) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    make_certificate(db, coop, state=state)
    assert badges(db, product.id, coop.id, now) == ()


def test_a_paper_is_good_until_the_last_second_of_its_day_in_vietnam(db: Database) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    paper = make_certificate(db, coop, expires_on=date(2026, 11, 21))
    assert badges(db, product.id, coop.id, datetime(2026, 11, 21, 16, 59, 59, tzinfo=UTC)) != ()
    assert badges(db, product.id, coop.id, datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)) == ()
    assert certificates.ends_at(paper) == datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)


def test_revoking_takes_the_badge_off_at_once_and_says_who_did_it(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    paper = make_certificate(db, coop, product)
    with db.write() as session:
        certificates.decide(session, paper.id, CertificateState.REVOKED, OFFICER, now)
    assert badges(db, product.id, coop.id, now) == ()
    with db.read() as session:
        entry = session.get_one(AuditEntry, 1)
    assert (entry.person_id, entry.subject, entry.after) == (OFFICER.id, f"certificate:{paper.id}", "revoked")
    assert entry.on_behalf_of == f"coop:{coop.id}"


def test_nobody_verifies_the_papers_of_their_own_co_op(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    paper = make_certificate(db, coop, state=CertificateState.SUBMITTED)
    own = Person(id=2, name="Chị Nguyện", phone="+84900000002", roles=(Grant("officer"), Grant("manager", coop.id)))
    with pytest.raises(OwnCertificate), db.write() as session:
        certificates.decide(session, paper.id, CertificateState.VERIFIED, own, now)


def test_an_expired_paper_cannot_be_verified(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    paper = make_certificate(db, coop, expires_on=date(2026, 11, 20), state=CertificateState.SUBMITTED)
    with pytest.raises(CertificateExpired), db.write() as session:
        certificates.decide(session, paper.id, CertificateState.VERIFIED, OFFICER, now)
    with pytest.raises(NoSuchCertificate), db.write() as session:
        certificates.decide(session, 999, CertificateState.VERIFIED, OFFICER, now)


def test_what_is_handed_in_waits_for_the_alliance(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    paper = Certificate(
        coop_id=coop.id,
        kind="vietgap",
        number="1",
        issuer="A",
        issued_on=date(2026, 1, 1),
        expires_on=date(2028, 1, 1),
        state=CertificateState.VERIFIED,
    )
    with db.write() as session:
        certificates.submit(session, paper)
    assert paper.state == CertificateState.SUBMITTED
