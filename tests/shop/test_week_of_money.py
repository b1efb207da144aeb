"""The co-op's money page: today and the week are the sums of the rows they open."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import select
from starlette.testclient import TestClient

from payments.earnings import week
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.i18n import HERE
from shop.orders import states
from shop.orders.models import Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of


def test_today_and_the_week_are_the_sums_of_their_rows(
    db: Database, settings: Settings, now: datetime, client: TestClient
) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop))
    person = make_person(db, Role.MANAGER, coop_id=coop.id)
    midnight = now.astimezone(HERE).replace(hour=0, minute=0, second=0, microsecond=0)
    for at in (midnight, midnight - timedelta(seconds=1), midnight - timedelta(days=6), midnight - timedelta(days=7)):
        placed = make_order(db, {box.id: 1}, settings, at, way="pickup")
        with db.write() as session:
            parcel = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()
            states.pack(session, coop.id, parcel.id, person, at)
            states.deliver(session, coop.id, parcel.id, person, at)
    with db.read() as session:
        seller = f"coop:{coop.id}"
        days = week.last_days(session, seller, now)
        today, seven = week.rows(session, seller, now, 0), week.rows(session, seller, now, 6)
    assert days[-1].kept_vnd == sum(it.kept_vnd for it in today) > 0
    assert sum(it.kept_vnd for it in days) == sum(it.kept_vnd for it in seven) == 3 * days[-1].kept_vnd
    page = sign_in(client, db, person).get("/ban-hang/tien").text
    assert "Đợt trả tới" in page
    assert "Hôm nay" in page
