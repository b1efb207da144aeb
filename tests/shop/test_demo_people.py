"""The sign-ins of the README work, however often the demo is filled."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import PersonRow, RoleGrant
from shop.core.db import Database
from shop.demo.people import PASSWORD, PEOPLE, make_people
from shop.settings import Settings
from tests.factories import make_coop


def test_filling_twice_changes_nothing(db: Database, settings: Settings, now: datetime) -> None:
    for _ in range(3):
        make_coop(db, is_demo=True)
    for _ in range(2):
        make_people(db, settings, now)
    with db.read() as session:
        assert len(session.exec(select(PersonRow)).all()) == 6
        roles = [(grant.role, grant.coop_id) for grant in session.exec(select(RoleGrant).order_by(RoleGrant.id))]  # type: ignore[arg-type]  # a column
    assert [role for role, _coop in roles] == ["manager", "manager", "host", "host", "officer", "operator", "operator"]
    assert len({coop for role, coop in roles if role == "manager"}) == 2


def test_everybody_signs_in_with_the_password_of_the_readme(
    db: Database, settings: Settings, now: datetime, client: TestClient
) -> None:
    make_coop(db, is_demo=True)
    make_people(db, settings, now)
    for one in PEOPLE:
        typed = "0" + one.phone[3:]
        answer = client.post("/dang-nhap", data={"phone": typed, "password": PASSWORD}, follow_redirects=False)
        assert answer.status_code == 303, one


def test_a_real_market_gets_no_invented_people(db: Database, settings: Settings, now: datetime) -> None:
    make_people(db, settings.model_copy(update={"env": "production"}), now)
    with db.read() as session:
        assert session.exec(select(PersonRow)).all() == []
