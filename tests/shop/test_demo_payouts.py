"""After the first start the co-ops' money can be looked at: one run was sent, and more is payable."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import func, select

from payments.payouts import service
from payments.payouts.models import PayoutAccount, PayoutRun, Settlement
from shop.core.db import Database
from shop.demo.orders import make_orders
from shop.demo.payouts import make_payouts
from shop.demo.people import make_people
from shop.settings import Settings
from shop.verify import broken_rules
from tests.factories import make_coop, make_product, make_variant


def test_the_demo_shows_a_run_and_what_comes_next(db: Database, settings: Settings, now: datetime) -> None:
    for coop in [make_coop(db, is_demo=True) for _ in range(6)]:
        make_variant(db, make_product(db, coop, on_hand=200), on_hand=200, name="Thùng 3 kg", step_g=3000)
    make_people(db, settings, now)
    make_orders(db, settings, now)
    for _ in range(2):  # the second time changes nothing
        make_payouts(db, settings, now)
    with db.read() as session:
        assert session.exec(select(func.count()).select_from(PayoutRun)).one() == 1
        assert set(session.exec(select(Settlement.state))) == {"sent"}
        assert len(set(session.exec(select(PayoutAccount.kind)))) == 3
        reasons = {it.reason for it in service.prospects(session, now, settings.payout_least_vnd)}
    assert "" in reasons
    assert broken_rules(db) == []
