"""The demo's office: a second person to agree with, one application that waits, one shop to be set up."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import select

from payments.payouts.models import PayoutAccount
from shop.accounts.models import PersonRow, RoleGrant
from shop.coops.models import Coop
from shop.coops.people.models import Invitation
from shop.core.db import Database
from shop.demo.people import make_people
from shop.demo.staff import make_staff
from shop.settings import Settings
from tests.factories import make_coop


def test_it_is_there_once_however_often_the_demo_is_filled(db: Database, settings: Settings, now: datetime) -> None:
    make_coop(db, is_demo=True)
    make_people(db, settings, now)
    for _ in range(2):
        make_staff(db, settings, now)
    with db.read() as session:
        states = sorted(session.exec(select(Coop.state)))
        invited = session.exec(select(Invitation)).one()
        waiting = session.exec(select(PayoutAccount)).one()
        asked_by = session.get_one(PersonRow, waiting.proposed_by).name
        roles = {row.role for row in session.exec(select(RoleGrant))}
    assert states == ["applied", "selling", "verified"]
    assert (invited.name, waiting.state, asked_by) == ("Trương Văn Bưởi", "proposed", "Hồ Thị Tính")
    assert {"accountant", "packer"} <= roles


def test_a_real_market_gets_none_of_it(db: Database, settings: Settings, now: datetime) -> None:
    make_coop(db)
    make_staff(db, settings.model_copy(update={"env": "production"}), now)
    with db.read() as session:
        assert len(session.exec(select(Coop)).all()) == 1
        assert session.exec(select(PersonRow)).all() == []
