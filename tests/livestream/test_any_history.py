"""Whatever host, buyers and clock do, in any order: no unit is sold twice, none is lost, every hold ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import select

from livestream import service as live
from livestream import states
from livestream import verify as live_rules
from livestream.deals import prices
from livestream.deals import service as deals
from livestream.deals.service import Terms
from livestream.models import ON_AIR, LiveSession, SessionState
from shop import migrations
from shop.cart import service as cart
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState, Pool
from tests.factories_live import claim, make_cart, make_session
from tests.payments.many import many

ON_HAND, BUYERS, MOST = 12, 4, 3
BEGIN = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
_folder = TemporaryDirectory()
_template = Path(_folder.name) / "empty.sqlite"


def _fresh(folder: str) -> Database:
    if not _template.exists():
        first = Database(f"sqlite:///{_template}")
        migrations.upgrade(first)
        first.close()
    file = Path(folder) / "market.sqlite"
    file.write_bytes(_template.read_bytes())
    return Database(f"sqlite:///{file}")


class AnyHistory(RuleBasedStateMachine):
    """One variant with twelve boxes, four buyers, a session that starts and ends, a clock that only goes on."""

    @initialize(wanted=st.integers(1, 20))
    def open_market(self, wanted: int) -> None:
        self.folder = TemporaryDirectory()
        self.db, self.now = _fresh(self.folder.name), BEGIN
        made = make_session(self.db, self.now, wanted=wanted, on_hand=ON_HAND, most_per_buyer=MOST, on_air=False)
        self.live, (self.item,), self.host = made
        self.carts = [make_cart(self.db, self.now) for _ in range(BUYERS)]
        self.sold = 0
        self.deal_left = timedelta()

    @property
    def state(self) -> str:
        with self.db.read() as session:
            return session.get_one(LiveSession, self.live.id).state

    @rule()
    def start(self) -> None:
        could = self.state == SessionState.SCHEDULED
        try:
            with self.db.write() as session:
                live.start(session, self.live.id, self.host, self.now)
            assert could
        except live.AlreadyBegun:
            assert not could

    @rule()
    def end(self) -> None:
        could = self.state in ON_AIR
        try:
            with self.db.write() as session:
                live.end(session, self.live.id, self.host, self.now)
            assert could
        except live.NotOnAir:
            assert not could

    @rule()
    def the_picture_comes_or_goes(self) -> None:
        with self.db.write() as session:
            change = states.picture_back if self.state == SessionState.INTERRUPTED else states.picture_lost
            change(session, self.live.id, self.now)

    @rule(minutes=st.integers(1, 20), quantity=st.integers(1, 5))
    def begin_a_deal(self, minutes: int, quantity: int) -> None:
        terms = Terms(100_000, quantity, 2, timedelta(minutes=minutes))
        try:
            with self.db.write() as session:
                deals.begin(session, self.live.id, self.item.id, terms, self.host, self.now)
        except Refusal:
            return
        assert self.deal_left == timedelta()
        self.deal_left = terms.lasts

    @property
    def deal_runs(self) -> bool:
        return self.state == SessionState.LIVE and self.deal_left > timedelta()

    @rule(buyer=st.integers(0, BUYERS - 1), quantity=st.integers(0, MOST + 1))
    def press_buy(self, buyer: int, quantity: int) -> None:
        owner = live.hold_owner(self.live.id, self.item.id, self.carts[buyer])
        with self.db.read() as session:
            held = prices.held(session, owner, self.now)
        had_its_price = held is not None and held.price.deal_id is not None
        try:
            claimed = claim(self.db, self.live.slug, self.carts[buyer], quantity, self.now)
        except Refusal:
            return
        assert claimed.price_vnd == (100_000 if claimed.deal_id else 150_000)
        assert not claimed.deal_id or self.deal_runs or had_its_price
        assert self.held_by(buyer) == quantity

    @rule(buyer=st.integers(0, BUYERS - 1))
    def pay(self, buyer: int) -> None:
        owner = live.hold_owner(self.live.id, self.item.id, self.carts[buyer])
        with self.db.write() as session:
            self.sold += stock.sell_holds(session, owner, self.now)
            cart.clear(session, self.carts[buyer])

    @rule(units=st.integers(1, 4))
    def somebody_buys_in_the_shop(self, units: int) -> None:
        try:
            with self.db.write() as session:
                pool = stock.pool_of(session, self.item.variant_id)
                stock.take_holds(session, {pool.id: units}, f"order:{self.sold}", None, self.now)
                self.sold += stock.sell_holds(session, f"order:{self.sold}", self.now)
        except stock.SoldOut:
            return

    @rule(minutes=st.integers(1, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        if self.state == SessionState.LIVE:
            self.deal_left = max(timedelta(), self.deal_left - timedelta(minutes=minutes))
        deals.close_over(self.db, self.now)
        with self.db.write() as session:
            stock.release_expired(session, self.now)

    def held_by(self, buyer: int) -> int:
        owner = live.hold_owner(self.live.id, self.item.id, self.carts[buyer])
        with self.db.read() as session:
            return sum(hold.quantity for hold in stock.open_holds(session, owner))

    def pools(self) -> dict[str, Pool]:
        with self.db.read() as session:
            rows = session.exec(select(Pool).where(Pool.variant_id == self.item.variant_id))
            return {"live" if pool.owner else "shop": pool for pool in rows}

    @invariant()
    def no_unit_is_lost_or_made(self) -> None:
        assert sum(pool.on_hand for pool in self.pools().values()) + self.sold == ON_HAND
        with self.db.read() as session:
            assert stock.broken_rules(session) == []
            assert live_rules.broken_rules(session) == []

    @invariant()
    def no_hold_outlives_its_time(self) -> None:
        with self.db.read() as session:
            late = select(Hold).where(Hold.state == HoldState.OPEN, Hold.expires_at <= self.now)  # type: ignore[operator]  # a column
            assert session.exec(late).all() == []

    @precondition(lambda self: self.state in ON_AIR)
    @invariant()
    def a_deal_has_the_time_it_was_given_with_a_picture(self) -> None:
        with self.db.read() as session:
            found = prices.open_deals(session, self.live.id).get(self.item.id)
        assert (found.ends_at - (found.paused_at or self.now) if found else timedelta()) == self.deal_left

    @precondition(lambda self: self.state == SessionState.SCHEDULED)
    @invariant()
    def before_the_start_nothing_is_set_aside(self) -> None:
        assert "live" not in self.pools()

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()


AnyHistory.TestCase.settings = settings(
    max_examples=many(12, 200), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyHistory = AnyHistory.TestCase
