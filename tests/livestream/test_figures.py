"""Every đồng of a session agrees between its orders, its figures and the books, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from livestream import service as live
from livestream import verify
from livestream.figures import audience
from livestream.figures.chart import HEIGHT, TOP, WIDTH, chart
from livestream.figures.packing import packing
from livestream.figures.reading import Figures, earlier, figures
from livestream.figures.sales import Fate
from livestream.figures.verify import in_the_books
from livestream.models import LiveSession
from payments import verify as money
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.demo.orders import transfer
from shop.orders import giving_back, states
from shop.orders import service as orders
from shop.orders.giving_back import Wish
from shop.orders.models import Order, OrderLine, Parcel
from shop.settings import Settings
from tests.factories import make_coop
from tests.factories_live import claim, make_cart, make_session
from tests.factories_orders import answered, make_table, place

MINUTE = timedelta(minutes=1)
_buyers = count(1)
WHICH = st.integers(0, 9)
ACTS = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(["A1", "A2"]), st.integers(1, 3), st.sampled_from(["cod", "vietqr"])),
    st.tuples(st.just("buy"), st.sampled_from(["A1", "A2"]), st.integers(1, 3), st.just("vietqr")),
    st.tuples(st.just("pay"), WHICH),
    st.tuples(st.just("pay"), WHICH),
    st.tuples(st.just("call_off"), WHICH),
    st.tuples(st.just("deliver"), WHICH),
    st.tuples(st.just("refuse"), WHICH),
    st.tuples(st.just("cannot_send"), WHICH),
    st.tuples(st.just("give_back"), WHICH, st.sampled_from([1, 33_333])),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 40])),
)


class OnAir:
    """A session with two items on air, and everything that can happen to what is ordered in it."""

    def __init__(self, db: Database, settings: Settings, now: datetime) -> None:
        self.db, self.settings, self.now = db, settings, now
        coop = make_coop(db)
        make_table(db, coop)
        self.live, self.items, self.host = make_session(db, now, coop=coop, items=2, wanted=20)
        self.orders: list[int] = []

    def do(self, act: tuple[Any, ...]) -> None:
        """Do it, or let a rule say no: the sums must hold either way."""
        try:
            getattr(self, act[0])(*act[1:])
        except Refusal:
            return

    def buy(self, code: str, quantity: int, pay: str) -> int:
        number, cart_id = next(_buyers), make_cart(self.db, self.now)
        claim(self.db, self.live.slug, cart_id, quantity, self.now, code)
        who = {"visitor": f"v{number}", "phone": f"+849{number:08d}"}
        ready = answered(self.db, cart_id, self.settings, self.now, pay=pay, **who)
        self.orders.append(place(self.db, ready, self.settings, self.now).id)
        return self.orders[-1]

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        orders.close_unpaid(self.db, self.now)

    def _with(self, which: int, act: Callable[[Session, Order, Parcel], None]) -> None:
        if not self.orders:
            return
        with self.db.write() as session:
            order = session.get_one(Order, self.orders[which % len(self.orders)])
            act(session, order, session.exec(select(Parcel).where(Parcel.order_id == order.id)).one())

    def pay(self, which: int) -> None:
        def act(session: Session, order: Order, _parcel: Parcel) -> None:
            if order.payment_method == "vietqr":
                transfer(session, order, self.settings, self.now, None)

        self._with(which, act)

    def call_off(self, which: int) -> None:
        self._with(which, lambda session, order, _parcel: orders.cancel(session, order.id, None, self.now))

    def _send(self, session: Session, parcel: Parcel) -> tuple[Any, ...]:
        who = (parcel.coop_id, parcel.id, self.host, self.now)
        states.pack(session, *who)
        states.hand_over(session, *who, carrier_key="own")
        return who

    def deliver(self, which: int) -> None:
        self._with(which, lambda session, _o, parcel: states.deliver(session, *self._send(session, parcel)))

    def refuse(self, which: int) -> None:
        self._with(
            which, lambda session, _o, parcel: states.refuse(session, *self._send(session, parcel), goods_fit=True)
        )

    def cannot_send(self, which: int) -> None:
        self._with(
            which,
            lambda session, _o, parcel: states.cancel(session, parcel.coop_id, parcel.id, self.host, self.now),
        )

    def give_back(self, which: int, sum_vnd: int) -> None:
        """A box of the parcel, or a sum of its own."""

        def act(session: Session, _order: Order, parcel: Parcel) -> None:
            what = giving_back.parcel_money(session, parcel.id)
            steps = {what.lines[0].id: 1} if sum_vnd == 1 else {}
            wish = Wish(steps, None if steps else sum_vnd, "Dập một thùng", goods_fit=False)
            giving_back.give_back(session, what, wish, self.host, self.now, 10**9)

        self._with(which, act)

    def told(self) -> Figures:
        with self.db.read() as session:
            return figures(session, session.get_one(LiveSession, self.live.id), self.now)

    def agrees(self) -> None:
        told = self.told()
        with self.db.read() as session:
            assert verify.broken_rules(session) == []
            assert money.check(session) == []
            lines = session.exec(select(OrderLine).where(col(OrderLine.order_id).in_(self.orders))).all()
            paid = {one.order_id for one in told.money.sales if one.fate == Fate.PAID}
            books = in_the_books(session, paid)
            shipped = session.exec(select(Parcel).where(col(Parcel.order_id).in_(paid))).all()
        assert told.money.ordered_vnd == sum(line.total_vnd for line in lines)
        assert told.money.ordered_vnd == sum(told.money.of(fate) for fate in Fate)
        assert told.money.standing_vnd == sum(minute.ordered_vnd for minute in told.minutes) + told.after_vnd
        assert told.money.kept_vnd == sum(item.money.kept_vnd for item in told.items)
        shipping_vnd = sum(parcel.shipping_vnd for parcel in shipped)
        if not told.money.back_vnd:  # a sum without goods also gives back of the delivery fee
            assert told.money.kept_vnd + shipping_vnd == sum(books.values())
        assert told.money.kept_vnd <= sum(books.values()) <= told.money.kept_vnd + shipping_vnd


@pytest.fixture
def on_air(db: Database, settings: Settings, now: datetime) -> OnAir:
    return OnAir(db, settings, now)


@tries(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a market is too slow to be made smaller a thousand times
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(ACTS, min_size=4, max_size=14))
def test_whatever_becomes_of_its_orders_every_dong_has_one_fate_and_the_books_agree(
    db: Database, settings: Settings, now: datetime, acts: list[tuple[Any, ...]]
) -> None:
    market = OnAir(db, settings, now)
    for act in acts:
        market.do(act)
    market.agrees()


def test_an_order_that_late_money_opened_again_is_still_the_sessions(on_air: OnAir) -> None:
    """Its goods come from ordinary sale now; who sold it has not changed."""
    on_air.buy("A1", 2, "vietqr")
    on_air.wait(45)
    assert on_air.told().money.standing_vnd == 0
    on_air.pay(0)
    assert on_air.told().money.standing_vnd == on_air.told().money.ordered_vnd > 0
    on_air.agrees()


def test_what_late_money_opened_again_counts_for_what_one_buyer_may_have(on_air: OnAir) -> None:
    on_air.buy("A1", 3, "vietqr")
    on_air.wait(45)
    on_air.pay(0)
    with on_air.db.read() as session:
        visitor = session.get_one(Order, on_air.orders[0]).visitor_key
    claim(on_air.db, on_air.live.slug, make_cart(on_air.db, on_air.now), 2, on_air.now, visitor=visitor)
    with pytest.raises(live.TooManyForOne):
        claim(on_air.db, on_air.live.slug, make_cart(on_air.db, on_air.now), 1, on_air.now, visitor=visitor)


def test_each_fate_has_its_name_and_its_sum(on_air: OnAir) -> None:
    paid, cash, unpaid, gone, refused = (on_air.buy("A1", 1, pay) for pay in ("vietqr", "cod", "vietqr", "cod", "cod"))
    on_air.pay(0)
    on_air.call_off(3)
    on_air.refuse(4)
    on_air.give_back(0, 1)
    told = on_air.told().money
    assert {fate: told.of(fate) for fate in Fate} == dict.fromkeys(Fate, 150_000)
    assert {one.fate: one.order_id for one in told.sales} == {
        Fate.PAID: paid, Fate.DUE: cash, Fate.UNPAID: unpaid, Fate.CANCELLED: gone, Fate.REFUSED: refused,
    }  # fmt: skip
    assert (told.standing_vnd, told.back_vnd, told.kept_vnd, told.orders) == (450_000, 150_000, 0, 3)
    on_air.agrees()


def test_from_wish_to_money_each_buyer_and_item_counts_once(on_air: OnAir) -> None:
    on_air.buy("A1", 1, "vietqr")
    on_air.buy("A2", 2, "vietqr")
    on_air.pay(1)
    looking = make_cart(on_air.db, on_air.now)
    for quantity in (1, 3, 2):  # somebody who cannot decide is one wish
        claim(on_air.db, on_air.live.slug, looking, quantity, on_air.now)
    assert vars(on_air.told().funnel) == {"claims": 3, "holds": 3, "ordered": 2, "paid": 1}


def test_the_timeline_has_every_minute_and_what_comes_after_the_end_stands_beside_it(on_air: OnAir) -> None:
    start = on_air.now
    on_air.buy("A1", 1, "cod")
    held = make_cart(on_air.db, start)
    on_air.wait(5)
    claim(on_air.db, on_air.live.slug, held, 2, on_air.now)
    with on_air.db.write() as session:
        live.pin(session, on_air.live.id, on_air.items[1].id, on_air.now, on_air.host)
        live.end(session, on_air.live.id, on_air.host, start + 10 * MINUTE)
    on_air.now = start + 12 * MINUTE
    place(on_air.db, answered(on_air.db, held, on_air.settings, on_air.now, visitor="sau"), on_air.settings, on_air.now)
    told = on_air.told()
    assert [minute.ordered_vnd for minute in told.minutes] == [150_000, *[0] * 10]
    assert told.after_vnd == 300_000
    drawn = chart(told)
    assert drawn is not None
    assert [(mark.code, mark.x) for mark in drawn.marks] == [("A1", 0.0), ("A2", round(5 / 11 * WIDTH, 1))]
    assert (drawn.bars[0].height, drawn.bars[1].height) == (HEIGHT - TOP, 0)


def test_a_session_that_was_never_on_air_has_no_figures(db: Database, now: datetime) -> None:
    planned, _items, _host = make_session(db, now, on_air=False)
    with db.read() as session:
        told = figures(session, session.get_one(LiveSession, planned.id), now)
        assert (told.minutes, told.money.ordered_vnd, told.peak, told.watched_minutes) == ([], 0, 0, 0)
        assert chart(told) is None
        assert earlier(session, planned.coop_id, now) == []


def test_who_watches_is_counted_minute_by_minute_once_by_however_many_processes(on_air: OnAir) -> None:
    start = on_air.now
    for seconds, viewers in ((0, 10), (15, 40), (30, 30), (45, 20), (60, 8)):
        for _process in range(2):
            audience.count(on_air.db, lambda _slug, n=viewers: n, start + timedelta(seconds=seconds))  # type: ignore[misc]
    on_air.now = start + 2 * MINUTE
    told = on_air.told()
    assert [minute.viewers for minute in told.minutes] == [40, 8, 0]
    assert told.peak == 40
    assert told.watched_minutes == (10 + 40 + 30 + 20 + 8) * 15 // 60
    with on_air.db.read() as session:
        assert [one.peak for one in earlier(session, on_air.live.coop_id, on_air.now)] == [40]


def test_the_packing_list_has_what_is_to_be_packed_by_item_and_by_buyer(on_air: OnAir) -> None:
    on_air.buy("A1", 2, "cod")
    on_air.buy("A1", 1, "vietqr")  # waits for its money
    on_air.buy("A2", 3, "cod")
    on_air.buy("A2", 1, "cod")
    on_air.deliver(3)
    with on_air.db.read() as session:
        listed = packing(session, on_air.live.id)
    assert [it.quantity for it in listed.goods] == [2, 3]
    assert [(it.lines[0].quantity, it.cash_vnd > 0) for it in listed.parcels] == [(2, True), (3, True)]
    assert (listed.done, listed.waiting) == (1, 1)


def test_sessions_of_a_coop_are_compared_the_newest_first(db: Database, settings: Settings, now: datetime) -> None:
    first = OnAir(db, settings, now)
    first.buy("A1", 1, "cod")
    with db.read() as session:
        coop = session.get_one(Coop, first.live.coop_id)
    with db.write() as session:
        live.end(session, first.live.id, first.host, now + 30 * MINUTE)
    second, _items, _host = make_session(db, now + timedelta(days=1), coop=coop, host=first.host)
    with db.read() as session:
        told = earlier(session, coop.id, now + timedelta(days=1, minutes=5))
    assert [(one.id, one.minutes, one.money.standing_vnd) for one in told] == [
        (second.id, 5, 0),
        (first.live.id, 30, 150_000),
    ]


def test_only_those_who_may_see_the_figures(on_air: OnAir) -> None:
    """The routes stand in DOORS; here: an officer sees all, another co-op's host nothing."""
    from livestream.figures.routes import _seen_by
    from livestream.schedule import NoSuchSession
    from shop.core.deps import Grant

    with on_air.db.read() as session:
        assert _seen_by(session, on_air.live.id, on_air.host).id == on_air.live.id
        assert _seen_by(session, on_air.live.id, Person(9, "Cô Sáu", "", (Grant("officer"),))).id == on_air.live.id
        with pytest.raises(NoSuchSession):
            _seen_by(session, on_air.live.id, Person(8, "Ai đó", "", (Grant("host", on_air.live.coop_id + 1),)))
