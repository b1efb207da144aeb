"""Whatever buyers, co-ops, banks and clocks do in whatever order, stock and money keep adding up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import verify
from shop.checkout import service as checkout
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.demo.orders import transfer
from shop.orders import service as orders
from shop.orders import states, weighing
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.models import StockMovement
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import answered, make_cart, make_table, place, variant_of

STOCK = 12
WHICH = st.integers(0, 20)
MOVES = (
    "confirm",
    "pack",
    "pack",
    "hand over",
    "hand over",
    "deliver",
    "problem",
    "refuse",
    "cancel",
    "weigh",
    "weigh",
)
_buyers = count(1)

buy = st.tuples(
    st.just("buy"), st.integers(1, 5), st.integers(0, 4), st.sampled_from(["cod", "vietqr"]), st.sampled_from([1, 1, 0])
)
ACTS = st.one_of(
    buy,
    buy,
    st.tuples(st.just("press_order"), WHICH),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 20, 60, 130])),
    st.tuples(st.just("pay"), WHICH, st.booleans()),
    st.tuples(st.just("pay"), WHICH, st.just(False)),
    st.tuples(st.just("call_off"), WHICH),
    st.tuples(st.just("move"), WHICH, st.sampled_from(MOVES), st.booleans()),
    st.tuples(st.just("move"), WHICH, st.sampled_from(MOVES), st.booleans()),
)


class Market:
    """Two co-ops with twelve boxes each, and everything that can happen to an order."""

    def __init__(self, db: Database, settings: Settings, now: datetime, boss: Person) -> None:
        self.db, self.settings, self.now, self.boss = db, settings, now, boss
        self.ready: list[str] = []
        coops = [make_coop(db), make_coop(db)]
        for coop in coops:
            make_table(db, coop)
        self.boxes = [variant_of(db, make_product(db, coop, on_hand=STOCK)).id for coop in coops]
        with db.read() as session:
            self.first = (session.exec(select(func.max(Order.id))).one() or 0) + 1

    def do(self, act: tuple[Any, ...]) -> None:
        """Do it, or let a rule say no: the sums must hold either way."""
        try:
            getattr(self, act[0])(*act[1:])
        except Refusal:
            return

    def buy(self, one: int, other: int, pay: str, at_once: int) -> None:
        number = next(_buyers)
        wanted = {box: n for box, n in zip(self.boxes, (one, other), strict=True) if n}
        who = {"visitor": f"v{number}", "phone": f"+849{number:08d}"}
        cart_id = make_cart(self.db, wanted, self.now)
        self.ready.append(answered(self.db, cart_id, self.settings, self.now, pay=pay, **who))
        if at_once:
            place(self.db, self.ready[-1], self.settings, self.now)

    def press_order(self, which: int) -> None:
        """Now, or again."""
        if self.ready:
            place(self.db, self.ready[which % len(self.ready)], self.settings, self.now)

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        for job in (checkout.return_lapsed_holds, checkout.lapse, orders.close_unpaid):
            job(self.db, self.now)

    def _with_order(self, which: int, act: Callable[[Session, Order], None]) -> None:
        with self.db.write() as session:
            mine = select(Order).where(Order.id >= self.first).order_by(col(Order.id))
            if found := session.exec(mine).all():
                act(session, found[which % len(found)])

    def pay(self, which: int, short: bool) -> None:
        def act(session: Session, order: Order) -> None:
            if order.payment_method == "vietqr":
                transfer(session, order, self.settings, self.now, 50_000 if short else None)

        self._with_order(which, act)

    def call_off(self, which: int) -> None:
        self._with_order(which, lambda session, order: orders.cancel(session, order.id, None, self.now))

    def move(self, which: int, what: str, fit: bool) -> None:
        def act(session: Session, order: Order) -> None:
            parcels = session.exec(select(Parcel).where(Parcel.order_id == order.id)).all()
            parcel = parcels[which % len(parcels)]
            _MOVES[what](session, (parcel.coop_id, parcel.id, self.boss, self.now), fit)

        self._with_order(which, act)

    def adds_up(self) -> None:
        with self.db.read() as session:
            assert stock.broken_rules(session) == []
            assert broken_rules(session) == []
            for box in self.boxes:
                pool = stock.pool_of(session, box)
                moved = session.exec(select(func.sum(StockMovement.quantity)).where(StockMovement.pool_id == pool.id))
                assert 0 <= pool.held <= pool.on_hand == moved.one() <= STOCK
            for order in session.exec(select(Order).where(Order.id >= self.first)):
                parcels = session.exec(select(Parcel).where(Parcel.order_id == order.id)).all()
                lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).all()
                assert sum(parcel.total_vnd for parcel in parcels) == order.total_vnd
                assert sum(line.total_vnd for line in lines) == order.goods_vnd


def _weigh(session: Session, who: Any, fit: bool) -> None:
    """Lighter than ordered, or with one step left out."""
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == who[1])).all()
    real = {
        line.id: weighing.Real(line.quantity - 1) if fit else weighing.Real(line.quantity, line.weight_g * 97 // 100)
        for line in lines
        if line.quantity
    }
    weighing.settle(session, who[0], who[1], real, who[2], who[3], goods_fit=fit)


_MOVES: dict[str, Callable[[Session, Any, bool], None]] = {
    "confirm": lambda session, who, _fit: states.confirm(session, *who),
    "pack": lambda session, who, _fit: states.pack(session, *who),
    "hand over": lambda session, who, _fit: states.hand_over(session, *who, carrier_key="own"),
    "deliver": lambda session, who, _fit: states.deliver(session, *who),
    "problem": lambda session, who, _fit: states.report_problem(session, *who),
    "refuse": lambda session, who, fit: states.refuse(session, *who, goods_fit=fit),
    "cancel": lambda session, who, _fit: states.cancel(session, *who),
    "weigh": _weigh,
}


@pytest.mark.slow
def test_stock_and_money_add_up_whatever_happens(db: Database, settings: Settings, now: datetime) -> None:
    boss = make_person(db)

    @tries(max_examples=20 if db.is_sqlite else 6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(ACTS, min_size=8, max_size=30))
    @example([("buy", 1, 0, "vietqr", 1), ("wait", 130), ("buy", 1, 1, "cod", 1), ("buy", 2, 0, "vietqr", 1)])
    def live_through(acts: list[tuple[Any, ...]]) -> None:
        market = Market(db, settings, now, boss)
        for act in acts:
            market.do(act)
            market.adds_up()
        with db.read() as session:
            assert verify.check(session) == []

    live_through()

    with db.read() as session:
        happened = set(session.exec(select(Order.state)))
    assert len(happened) >= 3, f"the market saw little: {happened}"
