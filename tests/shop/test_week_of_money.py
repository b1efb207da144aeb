"""The co-op's money page: today and the week are the sums of the rows they open."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlmodel import select
from starlette.testclient import TestClient

from payments.earnings import week
from payments.payouts import service
from shop.accounts.models import Role
from shop.core.db import Database
from shop.core.i18n import HERE
from shop.orders import states
from shop.orders.models import Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import OPERATOR
from tests.payments.payouts import (
    NOW,
    cash_sale,
    earned,
    owes,
    paid_out,
    payable,
    refund,
    run_it,
    settlements,
)


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


def test_every_purse_is_the_sum_of_the_rows_it_opens(
    db: Database, settings: Settings, now: datetime, client: TestClient
) -> None:
    coop = make_coop(db)
    seller = f"coop:{coop.id}"
    paid_out(db, seller)
    with db.write() as session:
        service.mark_sent(session, settlements(db)[0].id, "FT123", OPERATOR, NOW)
    payable(db, seller, 300_000, 15_000)
    run_it(db, "second")
    for goods_vnd in (120_000, 80_000):
        refund(db, payable(db, seller, goods_vnd, 4_000), 30_000)
    cash_sale(db, seller, 70_000)
    owes(db, seller, 11_000)
    earned(db, seller, 90_000, 4_500)
    page = sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id)).get("/ban-hang/tien").text
    purses = dict(re.findall(r'<details class="card work-card" id="([a-z-]+)">(.*?)</details></li>', page, re.DOTALL))
    for name in ("da-tra", "cho", "phai-tra", "dang-chuyen", "tien-mat", "con-no"):
        stands, *rows = [_vnd(it) for it in re.findall(r'<(?:b|td) class="number"[^>]*>(.*?)</(?:b|td)>', purses[name])]
        columns = max(1, purses[name].count('<th class="number">'))
        assert stands == sum(rows[columns - 1 :: columns]) != 0, name
    lines = [_vnd(it) for it in re.findall(r"<dd[^>]*>(.*?)</dd>", purses["dot-toi"])]
    assert sum(lines[:-1]) == lines[-1] == _vnd(re.findall(r'<b class="number">(.*?)</b>', purses["dot-toi"])[0]) > 0


def _vnd(shown: str) -> int:
    """-70000 of "−70.000 ₫"."""
    told = re.sub(r"<.*?>|[^\d\-−]", "", shown)
    return int(told.replace("−", "-"))
