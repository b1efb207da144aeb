"""Stock: nothing is sold twice, nothing is lost, whatever happens in whatever order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, select

from shop.core.audit import AuditEntry
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.stock import service as stock
from shop.stock.models import Pool
from tests.overtaking import overtaken


def make_pool(db: Database, now: datetime, *, units: int = 10, variant_id: int = 1) -> int:
    with db.write() as session:
        pool = stock.open_pool(session, coop_id=1, product_id=variant_id, variant_id=variant_id)
        stock.receive(session, pool, units, now)
        return pool.id


def left(db: Database, variant_id: int = 1, owner: str = "") -> int:
    with db.read() as session:
        return stock.available(session, [variant_id], owner)[variant_id]


class TestHolds:
    def test_more_than_is_left_is_refused_and_nothing_is_held(self, db: Database, now: datetime) -> None:
        pool, other = make_pool(db, now, units=2), make_pool(db, now, units=5, variant_id=2)

        with pytest.raises(stock.SoldOut) as refusal, db.write() as session:
            stock.take_holds(session, {pool: 3, other: 1}, "checkout:a", None, now)

        assert refusal.value.facts["lines"] == [{"variant_id": 1, "wanted": 3, "left": 2}]
        assert (left(db), left(db, 2)) == (2, 5)

    def test_forty_buyers_for_ten_units_get_exactly_ten(self, db: Database, now: datetime) -> None:
        pool = make_pool(db, now, units=10)

        def buy(buyer: int) -> bool:
            try:
                with db.write() as session:
                    stock.take_holds(session, {pool: 1}, f"order:{buyer}", None, now)
                    stock.sell_holds(session, f"order:{buyer}", now)
                return True
            except stock.SoldOut:
                return False

        with ThreadPoolExecutor(8) as buyers:
            won = list(buyers.map(buy, range(40)))

        assert sum(won) == 10
        with db.read() as session:
            assert stock.broken_rules(session) == []
            assert session.get_one(Pool, pool).on_hand == 0

    def test_what_is_held_past_its_time_returns_by_itself_once(self, db: Database, now: datetime) -> None:
        pool = make_pool(db, now)
        with db.write() as session:
            stock.take_holds(session, {pool: 4}, "checkout:a", now + timedelta(minutes=15), now)

        for minutes, expected in ((14, 6), (15, 10), (16, 10)):
            with db.write() as session:
                stock.release_expired(session, now + timedelta(minutes=minutes))
            assert left(db) == expected

    def test_a_sold_hold_does_not_return(self, db: Database, now: datetime) -> None:
        pool = make_pool(db, now)
        with db.write() as session:
            stock.take_holds(session, {pool: 4}, "order:1", now, now)
            stock.sell_holds(session, "order:1", now)
            stock.release_expired(session, now + timedelta(days=1))
            stock.release_holds(session, "order:1", now)

        assert left(db) == 6

    def test_units_of_a_cancelled_order_return_once(self, db: Database, now: datetime) -> None:
        pool = make_pool(db, now)
        with db.write() as session:
            stock.take_holds(session, {pool: 4}, "order:1", None, now)
            stock.sell_holds(session, "order:1", now)

        for _ in range(2):
            with db.write() as session:
                stock.put_back(session, "order:1", now, "cancelled")

        assert left(db) == 10


class TestCounting:
    def test_a_manager_cannot_count_below_what_buyers_hold(self, db: Database, now: datetime, manager: Person) -> None:
        pool = make_pool(db, now)
        with db.write() as session:
            stock.take_holds(session, {pool: 4}, "order:1", None, now)

        with pytest.raises(stock.HeldByBuyers), db.write() as session:
            stock.set_on_hand(session, 1, 3, manager, now)

        assert left(db) == 6

    def test_a_count_leaves_one_audit_row(self, db: Database, now: datetime, manager: Person) -> None:
        make_pool(db, now)
        for _ in range(2):
            with db.write() as session:
                stock.set_on_hand(session, 1, 25, manager, now)

        with db.read() as session:
            rows = session.exec(select(AuditEntry)).all()
        assert [(row.subject, row.before, row.after) for row in rows] == [("variant:1", 10, 25)]


class TestLivePools:
    def test_the_allotment_is_what_is_left_when_less_is_left(self, db: Database, now: datetime) -> None:
        make_pool(db, now, units=7)
        with db.write() as session:
            live = stock.open_live_pool(session, 1, "live:1", 10, now)
            assert live.on_hand == 7

        assert (left(db), left(db, owner="live:1")) == (0, 7)

    def test_units_held_at_the_end_go_home_when_their_hold_ends(self, db: Database, now: datetime) -> None:
        make_pool(db, now)
        with db.write() as session:
            live = stock.open_live_pool(session, 1, "live:1", 6, now)
            stock.take_holds(session, {live.id: 2}, "cart:a", now + timedelta(minutes=30), now)
            stock.close_live_pool(session, "live:1", now)
        assert left(db) == 8

        with db.write() as session:
            stock.release_expired(session, now + timedelta(minutes=30))
        assert left(db) == 10

    @pytest.mark.parametrize("deed", ["ends", "given back", "lapsed", "cancelled"])
    def test_goods_that_go_home_and_an_order_of_both_never_wait_for_each_other(
        self, db: Database, now: datetime, deed: str
    ) -> None:
        """The order has taken what it wants of ordinary sale and comes to the session's goods next."""
        until, variants = now + timedelta(minutes=30), (1, 2)
        homes = [make_pool(db, now, variant_id=variant_id) for variant_id in variants]
        with db.write() as session:
            rooms = [
                stock.open_live_pool(session, variant_id, "live:1", 5, now).id for variant_id in reversed(variants)
            ]
            stock.take_holds(session, dict.fromkeys(rooms, 1), "given back", until, now)
            stock.take_holds(session, dict.fromkeys(rooms, 1), "lapsed", now, now)
            stock.sell(session, dict.fromkeys(rooms, 1), "cancelled", now)
            run(session, update(Pool).where(col(Pool.owner) == "live:1").values(closed=True))

        def goes_home() -> None:
            with db.write() as session:
                match deed:
                    case "ends":
                        stock.close_live_pool(session, "live:1", now)
                    case "given back":
                        stock.release_holds(session, deed, now)
                    case "lapsed":
                        stock.release_expired(session, now)
                    case "cancelled":
                        stock.put_back(session, deed, now, deed)

        overtaken(
            db,
            lambda session: stock.sell(session, dict.fromkeys(homes, 1), "order:1", now),
            goes_home,
            lambda session: stock.sell(session, dict.fromkeys(rooms, 1), "order:1", now),
        )
        with db.read() as session:
            assert stock.broken_rules(session) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "sell", "release", "put_back", "expire", "live", "end_live", "take_live", "count"]),
        st.integers(0, 3),
        st.integers(1, 6),
    ),
    max_size=25,
)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_units_are_neither_made_nor_lost(
    db: Database, now: datetime, manager: Person, steps: list[tuple[str, int, int]]
) -> None:
    with db.write() as session:
        for pool in session.exec(select(Pool)):
            pool.variant_id += 1_000_000  # a market of its own for each history
        session.flush()
        pool = stock.open_pool(session, coop_id=1, product_id=1, variant_id=1)
        stock.receive(session, pool, 10, now)
        home_id = pool.id
    for at, (step, who, units) in enumerate(steps):
        _do(db, home_id, manager, f"{step}", f"order:{who}", units, now + timedelta(minutes=at))
        with db.read() as session:
            assert stock.broken_rules(session) == []


def _do(db: Database, home_id: int, manager: Person, step: str, owner: str, units: int, now: datetime) -> None:
    live = f"live:{home_id}"
    try:
        with db.write() as session:
            match step:
                case "take":
                    stock.take_holds(session, {home_id: units}, owner, now + timedelta(minutes=units), now)
                case "take_live":
                    pool_id = stock.pool_of(session, 1, live).id
                    stock.take_holds(session, {pool_id: units}, owner, now + timedelta(minutes=units), now)
                case "sell":
                    stock.sell_holds(session, owner, now)
                case "release":
                    stock.release_holds(session, owner, now)
                case "put_back":
                    stock.put_back(session, owner, now, "cancelled")
                case "expire":
                    stock.release_expired(session, now)
                case "live":
                    stock.open_live_pool(session, 1, live, units, now)
                case "end_live":
                    stock.close_live_pool(session, live, now)
                case "count":
                    stock.set_on_hand(session, 1, units, manager, now)
    except (stock.SoldOut, stock.HeldByBuyers, stock.UnknownVariant):
        pass
