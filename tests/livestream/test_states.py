"""Whatever picture, clock, host and operator do, in any order: a legal state, selling closed, goods home once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream import frozen, schedule, states
from livestream import service as live
from livestream import verify as live_rules
from livestream.gate import service as gate
from livestream.gate.models import HostState
from livestream.models import ON_AIR, OVER, LiveSession
from livestream.models import SessionState as S
from livestream.moves import FROM
from livestream.video.models import LivePublisher
from shop.cart import service as cart
from shop.catalog.models import Offer
from shop.coops import service as coops
from shop.coops.models import CoopState
from shop.core.audit import AuditEntry
from shop.core.db import Database, run
from shop.core.deps import Grant, Person
from shop.core.errors import Refusal
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState, Pool, StockMovement
from tests.factories_live import claim, make_cart, make_session
from tests.overtaking import overtaken

LIMITS = states.Limits()
OFFICER = Person(id=0, name="Ban quản trị", phone="", roles=(Grant("operator"),))
STEPS = (
    "lobby", "press", "sell", "first", "lost", "back", "processed", "end", "stop",
    "cancel", "price", "claim", "21 s", "6 min", "31 min", "8 h", "crash",
)  # fmt: skip
ON_HAND = 12


def row_of(db: Database, live_id: int) -> LiveSession:
    with db.read() as session:
        return session.get_one(LiveSession, live_id)


def state(db: Database, live_id: int) -> str:
    return row_of(db, live_id).state


class Hand:
    """Does one thing at a time to one session, as the phone, the clock, the host or the operator would."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db, self.now = db, now
        self.row, (self.item,), self.host = make_session(db, now, on_hand=ON_HAND, wanted=5, on_air=False)

    def do(self, step: str) -> None:
        try:
            with self.db.write() as session:
                self._do(session, step)
        except Refusal:
            pass
        if " " in step:
            size, unit = step.split()
            self.now += timedelta(**{{"s": "seconds", "min": "minutes", "h": "hours"}[unit]: int(size)})
            with self.db.write() as session:
                stock.release_expired(session, self.now)
            states.follow_clock(self.db, self.now, LIMITS)

    def _do(self, session: Session, step: str) -> None:
        live_id, host, now = self.row.id, self.host, self.now
        calls: dict[str, Callable[[], object]] = {
            "lobby": lambda: states.open_lobby(session, live_id, host, now),
            "press": lambda: states.begin_picture(session, live_id, host, now),
            "sell": lambda: live.start(session, live_id, host, now),
            "first": lambda: states.first_picture(session, live_id, now),
            "lost": lambda: states.picture_lost(session, live_id, now),
            "back": lambda: states.picture_back(session, live_id, now),
            "processed": lambda: states.processed(session, live_id, 95, now),
            "end": lambda: live.end(session, live_id, host, now),
            "stop": lambda: states.stop(session, live_id, "Bán hàng cấm", OFFICER, now),
            "cancel": lambda: schedule.cancel(session, live_id, host, now),
            "price": lambda: live.set_price(session, live_id, self.item.id, 140_000, host, now),
            "claim": lambda: live.claim(
                session,
                self.row.slug,
                "A1",
                1,
                cart.open_cart(session, None, now),
                f"v{now}",
                timedelta(minutes=5),
                now,
            ),
            "crash": lambda: session.merge(LivePublisher(session_id=live_id, taken_at=now, seen_at=now)),
        }
        if step in calls:
            calls[step]()


def is_as_promised(db: Database, hand: Hand) -> None:
    live_id = hand.row.id
    with db.read() as session:
        now_in = session.get_one(LiveSession, live_id).state
        pools = session.exec(select(Pool).where(Pool.variant_id == hand.item.variant_id)).all()
        offers = session.exec(select(Offer).where(Offer.variant_id == hand.item.variant_id)).all()
        assert sum(pool.on_hand for pool in pools) == ON_HAND
        assert bool([offer for offer in offers if offer.ends_at is None or offer.ends_at > hand.now]) == (
            now_in in ON_AIR
        )
        (home,) = (pool for pool in pools if not pool.owner)
        moved = session.exec(select(StockMovement).where(StockMovement.pool_id == home.id)).all()
        out = [-move.quantity for move in moved if move.reason == f"live:{live_id}"]
        back = sum(move.quantity for move in moved if move.reason.startswith("home:"))
        assert len(out) <= 1
        if now_in in ON_AIR:
            assert (sum(out), back) == (5, 0)
        else:
            (allotted,) = [pool.held for pool in pools if pool.owner] or [0]
            assert sum(out) - back == allotted
        assert live_rules.broken_rules(session) == []
        history = session.exec(
            select(AuditEntry)
            .where(AuditEntry.subject == f"live:{live_id}", AuditEntry.what == "state")
            .order_by(col(AuditEntry.id))
        ).all()
    assert history[-1].after == now_in
    for before, after in pairwise(history):
        assert after.before == before.after
        assert S(after.before) in FROM[S(after.after)]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), max_size=9), go=st.booleans())
def test_any_order_ends_in_a_legal_state_with_the_goods_home_once(
    db: Database, now: datetime, steps: list[str], go: bool
) -> None:
    hand = Hand(db, now)
    for step in ("press", "first", *steps) if go else steps:
        hand.do(step)
        is_as_promised(db, hand)
    for step in ("end", "21 s", "6 min", "31 min", "6 min", "processed"):
        hand.do(step)
    is_as_promised(db, hand)
    assert state(db, hand.row.id) in (*OVER, S.MISSED, S.CANCELLED)


def test_a_phone_goes_on_air_is_cut_off_comes_back_and_becomes_a_replay(db: Database, now: datetime) -> None:
    hand = Hand(db, now)
    seen = []
    for step in ("lobby", "press", "first", "lost", "claim", "back", "end", "processed"):
        hand.do(step)
        seen.append(state(db, hand.row.id))
    assert seen == [S.LOBBY, S.STARTING, S.LIVE, S.INTERRUPTED, S.INTERRUPTED, S.LIVE, S.ENDING, S.REPLAY]
    with db.read() as session:
        assert len(stock.open_holds(session, "")) == 0
        assert [pool.held for pool in session.exec(select(Pool).where(Pool.owner == f"live:{hand.row.id}"))] == [1]


def test_less_than_thirty_seconds_of_picture_is_no_replay(db: Database, now: datetime) -> None:
    hand = Hand(db, now)
    for step in ("press", "first", "end"):
        hand.do(step)
    with db.write() as session:
        states.processed(session, hand.row.id, 29.0, now)
    assert state(db, hand.row.id) == S.ARCHIVED


@pytest.mark.parametrize(
    ("steps", "became"),
    [
        (("press", "21 s"), S.LOBBY),
        (("press", "first", "lost", "6 min"), S.PROCESSING),
        (("press", "first", "lost", "back", "6 min"), S.LIVE),
        (("31 min",), S.MISSED),
        (("lobby", "21 s"), S.LOBBY),
        (("sell", "8 h"), S.ARCHIVED),
        (("press", "first", "end", "21 s"), S.PROCESSING),
        (("press", "first", "crash", "21 s"), S.INTERRUPTED),
    ],
)
def test_the_clock_moves_on_what_waits_too_long(db: Database, now: datetime, steps: tuple[str, ...], became: S) -> None:
    hand = Hand(db, now)
    for step in steps:
        hand.do(step)
    states.follow_clock(db, hand.now + timedelta(seconds=21), LIMITS)
    assert state(db, hand.row.id) == became


def test_the_host_is_warned_before_the_longest_time_is_over(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now)
    told = [
        states.last_minutes(on_air, now + LIMITS.longest - timedelta(minutes=left), LIMITS.longest)
        for left in range(20)
    ]
    assert [told[left] for left in (16, 15, 6, 5, 2, 1)] == [0, 15, 15, 5, 5, 1]


def test_what_buyers_held_in_a_stopped_session_is_frozen_until_somebody_has_looked(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 2, now)
    with db.write() as session:
        states.stop(session, on_air.id, "Khách báo hàng giả", OFFICER, now)
    assert state(db, on_air.id) == S.HIDDEN
    with db.write() as session:
        stock.release_expired(session, now + timedelta(days=3))
        (line,) = cart.view(session, cart_id, now).lines
        assert not line.is_live
        assert frozen.waiting(session, on_air.id) == 1
    later = now + timedelta(days=3)
    with db.write() as session:
        assert frozen.thaw(session, on_air.id, OFFICER, later, to_buyers=True) == 1
    with db.read() as session:
        (line,) = cart.view(session, cart_id, later).lines
        assert (line.is_live, line.price_vnd, line.quantity) == (True, 150_000, 2)


def test_a_session_that_is_stopped_and_goods_that_fall_back_never_wait_for_each_other(
    db: Database, now: datetime
) -> None:
    """A buyer lets go of a hold in the moment in which the officer freezes it."""
    on_air, (item,), _host = make_session(db, now)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 2, now)
    owner = live.hold_owner(on_air.id, item.id, cart_id)

    def stops() -> None:
        with db.write() as session:
            states.stop(session, on_air.id, "Khách báo hàng giả", OFFICER, now)

    let_go = update(Hold).where(col(Hold.owner) == owner).values(state=HoldState.RETURNED)
    free = update(Pool).where(col(Pool.id) == item.pool_id).values(held=0)
    overtaken(db, lambda session: run(session, let_go), stops, lambda session: run(session, free))
    with db.read() as session:
        assert frozen.waiting(session, on_air.id) == 0
        assert stock.broken_rules(session) == []


def test_frozen_goods_go_home_when_the_operator_says_so(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now)
    claim(db, on_air.slug, make_cart(db, now), 2, now)
    with db.write() as session:
        states.stop(session, on_air.id, "Khách báo hàng giả", OFFICER, now)
        assert frozen.thaw(session, on_air.id, OFFICER, now, to_buyers=False) == 1
        assert frozen.waiting(session, on_air.id) == 0
    with db.read() as session:
        assert stock.available(session, [items[0].variant_id]) == {items[0].variant_id: 40}


def test_a_replay_can_be_taken_down_too_and_nothing_twice(db: Database, now: datetime) -> None:
    hand = Hand(db, now)
    for step in ("press", "first", "end", "processed"):
        hand.do(step)
    with db.write() as session:
        states.stop(session, hand.row.id, "Nội dung sai", OFFICER, now)
    assert state(db, hand.row.id) == S.HIDDEN
    with pytest.raises(live.NotOnAir), db.write() as session:
        states.stop(session, hand.row.id, "Nội dung sai", OFFICER, now)


@pytest.mark.parametrize("why", ["co-op", "host"])
def test_a_suspended_co_op_or_a_host_no_longer_known_is_off_the_air_at_once(
    db: Database, now: datetime, why: str
) -> None:
    on_air, items, host = make_session(db, now)
    with db.write() as session:
        if why == "co-op":
            coops.set_state(session, on_air.coop_id, CoopState.SUSPENDED, OFFICER, now, "Chờ giấy")
        else:
            gate.decide(session, host.id, HostState.WITHDRAWN, "Giấy tờ giả", OFFICER, now)
    states.follow_clock(db, now + timedelta(seconds=3), LIMITS)
    assert state(db, on_air.id) == S.HIDDEN
    with db.read() as session:
        assert stock.available(session, [items[0].variant_id]) == {items[0].variant_id: 40}
