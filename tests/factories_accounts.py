"""People for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.testclient import TestClient

from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role, RoleGrant
from shop.accounts.rights import OF_COOP
from shop.core.db import Database
from shop.core.deps import SIGN_IN, Person

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_person(
    db: Database, *roles: Role, coop_id: int | None = None, phone: str = "+84900000002", name: str = "Chị Nguyện"
) -> Person:
    """A person with an account and these roles (for `coop_id` where the role belongs to a co-op)."""
    with db.write() as session:
        row = PersonRow(name=name, phone=phone, created_at=LONG_AGO)
        session.add(row)
        session.flush()
        for role in roles:
            of_coop = coop_id if role in OF_COOP else None
            session.add(RoleGrant(person_id=row.id, role=role, coop_id=of_coop, granted_at=LONG_AGO))
        session.flush()
        return accounts.as_person(session, row)


def sign_in(client: TestClient, db: Database, person: Person) -> TestClient:
    """The same browser, signed in as this person."""
    with db.write() as session:
        client.cookies.set(SIGN_IN, accounts.start_session(session, person.id, datetime.now(UTC)))
    return client
