"""A harvest that comes in parts: who ordered first is sent first, nothing is packed that did not come, and who could
not be served gets the money back."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rounds
from hypothesis import strategies as st
from sqlmodel import col, select
from starlette.testclient import TestClient

from shop.catalog.models import Variant
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.orders import preorders
from shop.orders import service as orders
from shop.orders.from_lots import NOT_PACKED, NotHarvestedYet
from shop.orders.models import Order, OrderLine, Parcel
from shop.settings import Settings
from shop.stock import promising
from shop.stock import service as stock
from shop.stock.lots.units import LotsShort, on_sale
from tests.factories import make_product
from tests.factories_accounts import sign_in
from tests.factories_orders import make_order, variant_of
from tests.shop.test_preorders import Season


@pytest.fixture
def season(db: Database, settings: Settings, now: datetime) -> Season:
    return Season(db, settings, now)


def test_a_harvest_that_comes_in_parts_is_for_who_ordered_first(season: Season) -> None:
    (_, first), (_, second), (_, third) = season.order(5), season.order(4), season.order(1)
    season.harvest(6, in_part=True)
    it = season.waits()
    assert (it.came, it.waits, it.parcels, it.to_come, it.left) == (6, 5, 2, 4, 0)
    assert season.broken() == []
    for late in (second, third):
        with pytest.raises(NotHarvestedYet):
            season.pack(late)
    season.pack(first)
    assert season.move(3) == 2
    assert season.parcel(first.id).expected_to == first.expected_to
    season.harvest(10, "L2")
    assert season.for_sale() == 6
    season.pack(second)
    season.pack(third)
    assert season.broken() == []


def test_who_could_not_be_served_gets_the_money_back_and_what_else_was_ordered_still_comes(
    season: Season, client: TestClient
) -> None:
    other = variant_of(season.db, make_product(season.db, season.coop, price_vnd=20_000))
    _placed, first = season.order(5)
    paid, alone = season.order(3, pay="vietqr")
    with season.db.write() as session:
        orders.mark_paid(session, paid.id, season.now)
    mixed = make_order(season.db, {season.box.id: 2, other.id: 1}, season.settings, season.now)
    season.harvest(6, in_part=True)
    sign_in(client, season.db, season.person)
    here = f"/ban-hang/dat-truoc/{season.box.id}"
    shown = client.get(here).text
    assert "còn 5 thùng của 2 đơn" in shown
    assert "còn 5 thùng của 2 đơn" in client.get("/ban-hang/dat-truoc").text
    assert f'action="{here}/tra-tien"' in shown
    client.post(f"{here}/tra-tien")
    with season.db.read() as session:
        assert session.get_one(Order, paid.id).state == "cancelled"
        assert session.get_one(Variant, season.box.id).ship_by is None
        kept = session.exec(select(Parcel).where(Parcel.order_id == mixed.id)).one()
    assert (season.parcel(alone.id).state, kept.goods_vnd, kept.awaits_harvest) == ("cancelled", 20_000, False)
    season.pack(first)
    season.pack(kept)
    assert season.for_sale() == 1
    assert season.broken() == []
    with pytest.raises(preorders.NoPreorder):
        season.give_up()


def test_the_next_season_does_not_hold_up_what_was_harvested_in_this_one(season: Season) -> None:
    _placed, parcel = season.order(12)
    season.harvest(12)
    season.sell_ahead(9)
    season.pack(parcel)
    assert season.broken() == []


ACTS = ["order", "order", "part", "pack", "cancel", "count", "move", "spoil", "give up"]


def check_promises(season: Season) -> None:
    """What is promised is sold and not there, or on sale; who is told that the goods are there finds them."""
    assert season.broken() == []
    with season.db.read() as session:
        lines = session.exec(
            select(OrderLine)
            .join(Parcel)
            .where(OrderLine.variant_id == season.box.id, col(Parcel.state).in_(NOT_PACKED))
        ).all()
        promised = promising.promised(session, [season.box.id]).get(season.box.id)
        in_lots = on_sale(session, season.box.id)
    waits = sum(it.quantity for it in lines if it.harvested_at is None)
    there = sum(it.quantity for it in lines if it.harvested_at)
    assert in_lots >= there
    assert promised is None or 0 <= promised == waits + season.for_sale() - (in_lots - there)


@rounds(
    max_examples=7,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 6)), min_size=4, max_size=10))
def test_whatever_happens_before_the_harvest_lots_and_pools_agree(
    db: Database, settings: Settings, now: datetime, acts: list[tuple[str, int]]
) -> None:
    season = Season(db, settings, now)
    placed: list[int] = []
    parcels: list[Parcel] = []
    for at, (what, n) in enumerate(acts):
        try:
            if what == "order":
                order, parcel = season.order(n, phone=f"+8498{season.coop.id:04d}{at:03d}")
                placed.append(order.id)
                parcels.append(parcel)
            elif what == "part":
                season.harvest(n, f"P{at}", in_part=True)
            elif what == "pack" and parcels:
                season.pack(parcels[n % len(parcels)])
            elif what == "spoil" and parcels:
                season.leave_out(parcels[n % len(parcels)], 1)
            elif what == "give up":
                season.give_up()
            elif what == "cancel" and placed:
                with db.write() as session:
                    orders.cancel(session, placed.pop(), None, now)
            elif what == "count":
                with db.write() as session:
                    stock.set_on_hand(session, season.box.id, n, season.person, now)
            elif what == "move":
                season.move(n)
        except LotsShort:
            raise  # who is told that the goods are there finds them
        except Refusal:
            continue
        check_promises(season)
    season.harvest(60)
    check_promises(season)
    with db.read() as session:
        left = session.exec(select(Parcel).where(Parcel.coop_id == season.coop.id, col(Parcel.state).in_(NOT_PACKED)))
        for parcel in left.all():
            season.pack(parcel)
    assert season.broken() == []
