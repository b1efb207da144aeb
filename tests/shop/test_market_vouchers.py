"""Vouchers that the market gives and bears: the buyer pays less, each co-op is paid whole, the books say by whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from payments import ledger
from payments.earnings.models import Earning
from payments.earnings.service import GIFTS
from payments.verify import check
from shop.cart import service as cart
from shop.catalog.models import Variant
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.orders import giving_back, states, weighing
from shop.orders import service as orders
from shop.orders.giving_back import Wish
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.verify import broken_rules as order_rules
from shop.orders.weighing import Price, Real
from shop.settings import Settings
from shop.vouchers import service as vouchers
from shop.vouchers.models import Voucher
from shop.vouchers.service import Given, Terms
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import answered, make_cart, make_table, place, variant_of

WEEK = timedelta(days=7)
TERMS = Terms("CHOTANG", 0, 20_001, 0, 50_000, quantity=500, most_per_buyer=1)


class Market(NamedTuple):
    """Two co-ops with a box of goods each, and the operator."""

    coops: list[Coop]
    boxes: list[Variant]
    operator: Person

    @property
    def both(self) -> dict[int, int]:
        return {box.id: 1 for box in self.boxes}


@pytest.fixture
def market(db: Database) -> Iterator[Market]:
    coops = [make_coop(db), make_coop(db)]
    for coop in coops:
        make_table(db, coop)
    prices = zip(coops, (97_000, 61_000), strict=True)
    boxes = [variant_of(db, make_product(db, coop, price_vnd=price_vnd)) for coop, price_vnd in prices]
    yield Market(coops, boxes, make_person(db))
    with db.read() as session:
        assert [line for rules in (check, order_rules, vouchers.broken_rules) for line in rules(session)] == []


def give(db: Database, market: Market, now: datetime, terms: Terms = TERMS, **changes: Any) -> None:
    given_by = Given(**{"budget_vnd": 1_000_000, "opens_at": now, "ends_at": now + WEEK, **changes})
    with db.write() as session:
        vouchers.give(session, terms, given_by, market.operator, now)


def filled(db: Database, wanted: dict[int, int], now: datetime, code: str = "chotang") -> str:
    cart_id = make_cart(db, wanted, now)
    with db.write() as session:
        cart.take_voucher(session, cart_id, code, now)
    return cart_id


def ready(db: Database, cart_id: str, settings: Settings, now: datetime, number: int = 1, **how: Any) -> str:
    return answered(db, cart_id, settings, now, visitor=f"v{number}", phone=f"+849{number:08d}", **how)


def buy(db: Database, wanted: dict[int, int], settings: Settings, now: datetime, number: int = 1, **how: Any) -> int:
    return place(db, ready(db, filled(db, wanted, now, **how), settings, now, number), settings, now).id


def deliver(session: Session, order_id: int, person: Person, now: datetime) -> None:
    """Each parcel goes its whole way with the co-op itself, which collects the cash."""
    for parcel in session.exec(select(Parcel).where(Parcel.order_id == order_id)).all():
        if parcel.state == "cancelled":
            continue
        states.confirm(session, parcel.coop_id, parcel.id, person, now)
        states.pack(session, parcel.coop_id, parcel.id, person, now)
        states.hand_over(session, parcel.coop_id, parcel.id, person, now, carrier_key="own")
        states.deliver(session, parcel.coop_id, parcel.id, person, now)


def earned(session: Session, order_id: int) -> list[tuple[str, int, int, int]]:
    rows = session.exec(select(Earning).where(Earning.subject == f"order:{order_id}").order_by(col(Earning.seller)))
    return [(it.seller, it.goods_vnd, it.gross_vnd, it.commission_vnd) for it in rows]


def test_two_coops_are_paid_whole_and_the_market_bears_what_the_buyer_did_not_pay(
    db: Database, market: Market, settings: Settings, now: datetime
) -> None:
    give(db, market, now)
    plain = place(db, ready(db, make_cart(db, market.both, now), settings, now, 2), settings, now)
    order_id = buy(db, market.both, settings, now)
    with db.write() as session:
        for one in (plain.id, order_id):
            deliver(session, one, market.operator, now)
    with db.read() as session:
        paid_vnd = session.get_one(Order, order_id).total_vnd
        assert plain.total_vnd - paid_vnd == 20_001 == ledger.balance_vnd(session, GIFTS)
        assert earned(session, order_id) == earned(session, plain.id)
        gifts = session.exec(select(OrderLine.gift_vnd).where(OrderLine.order_id == order_id)).all()
        assert sorted(gifts) == [7_722, 12_279]


def test_a_cancelled_order_frees_the_use_and_its_money_and_costs_the_market_nothing(
    db: Database, market: Market, settings: Settings, now: datetime
) -> None:
    give(db, market, now, budget_vnd=30_000)
    order_id = buy(db, market.both, settings, now)
    with pytest.raises(vouchers.VoucherGone):
        buy(db, market.both, settings, now, 2)
    with db.write() as session:
        orders.cancel(session, order_id, None, now)
    with db.read() as session:
        row = session.exec(select(Voucher)).one()
        assert (row.used, row.spent_vnd, ledger.balance_vnd(session, GIFTS)) == (0, 0, 0)
    buy(db, market.both, settings, now, 2)


def test_money_back_returns_the_buyers_part_to_the_buyer_and_the_markets_to_the_market(
    db: Database, market: Market, settings: Settings, now: datetime
) -> None:
    give(db, market, now)
    order_id = buy(db, {market.boxes[0].id: 3}, settings, now)
    with db.write() as session:
        deliver(session, order_id, market.operator, now)
    for steps in (1, 2):
        with db.write() as session:
            parcel_id = session.exec(select(Parcel.id).where(Parcel.order_id == order_id)).one()
            money = giving_back.parcel_money(session, parcel_id)
            wish = Wish({money.lines[0].id: steps}, None, "bad", goods_fit=False)
            giving_back.give_back(session, money, wish, market.operator, now, 10**9)
    with db.write() as session:
        money = giving_back.parcel_money(session, parcel_id)
        assert money.left_vnd == money.parcel.shipping_vnd  # the goods' money is back, no đồng more
        wish = Wish({}, money.left_vnd, "late", goods_fit=False)
        giving_back.give_back(session, money, wish, market.operator, now, 10**9)
    with db.read() as session:
        earning = session.exec(select(Earning)).one()
        assert ledger.balance_vnd(session, GIFTS) == 0
        assert (earning.returned_vnd, earning.kept_vnd, earning.left_vnd) == (earning.gross_vnd, 0, 0)


@pytest.mark.parametrize("code", ["la", "' OR 1=1 --", "CHOTANG%", "chotang2"])
def test_a_code_that_nobody_gave_counts_nowhere(db: Database, market: Market, now: datetime, code: str) -> None:
    give(db, market, now)
    with pytest.raises(vouchers.NoSuchVoucher):
        filled(db, market.both, now, code)


def test_it_counts_from_its_first_moment_until_before_its_last_even_for_a_cart_that_has_it(
    db: Database, market: Market, settings: Settings, now: datetime
) -> None:
    give(db, market, now, opens_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    with pytest.raises(vouchers.VoucherGone):
        filled(db, market.both, now)
    with pytest.raises(vouchers.VoucherGone):
        filled(db, market.both, now + timedelta(hours=2))
    cart_id = filled(db, market.both, now + timedelta(hours=1))
    with db.read() as session:
        offs = [cart.view(session, cart_id, now + timedelta(hours=at)).goods_vnd for at in (1, 2)]
    assert offs == [158_000 - 20_001, 158_000]
    with db.write() as session, pytest.raises(vouchers.VoucherGone):
        voucher_id = session.exec(select(Voucher.id)).one()
        vouchers.use(session, voucher_id, 1, "+84900000001", "v", 1, now + timedelta(hours=2))


def test_what_the_market_cannot_give(db: Database, market: Market, now: datetime) -> None:
    refused: list[tuple[type[Refusal], Terms, dict[str, Any]]] = [
        (vouchers.VoucherNeverRuns, TERMS, {"ends_at": now}),
        (vouchers.VoucherNeverRuns, TERMS, {"opens_at": now + 2 * WEEK}),
        (vouchers.VoucherNeverRuns, TERMS, {"budget_vnd": 20_000}),
        (vouchers.VoucherNeverRuns, TERMS, {"budget_vnd": -1}),
        (vouchers.VoucherTooMuch, Terms("NHIEU", 0, 20_001, 0, 40_000, 1, 1), {}),
    ]
    for why, terms, changes in refused:
        with pytest.raises(why):
            give(db, market, now, terms, **changes)
    give(db, market, now)
    with pytest.raises(vouchers.VoucherCodeTaken):
        give(db, market, now)
    with db.write() as session, pytest.raises(vouchers.NoSuchVoucher):
        vouchers.close(session, vouchers.shop_owner(market.coops[0].id), 1, market.operator, now)


def test_two_hundred_buyers_at_once_never_spend_more_than_the_budget(db: Database, now: datetime) -> None:
    market = Market([], [], make_person(db))
    give(db, market, now, Terms("CHOTANG", 0, 20_000, 0, 40_000, 500, 1), budget_vnd=270_000)
    with db.read() as session:
        voucher_id = session.exec(select(Voucher.id)).one()

    def press(number: int) -> bool:
        try:
            with db.write() as session:
                vouchers.use(session, voucher_id, number, f"+849{number:08d}", f"v{number}", 20_000, now)
        except vouchers.VoucherGone:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(press, range(1, 201))) == 13
    with db.read() as session:
        row = session.exec(select(Voucher)).one()
        assert (row.used, row.spent_vnd) == (13, 260_000)
        assert vouchers.broken_rules(session) == []


@given(
    price_vnd=st.integers(1_000, 10**7),
    steps=st.integers(1, 40),
    off=st.integers(0, 100),
    bought=st.integers(0, 100),
    scales=st.lists(st.tuples(st.integers(0, 40), st.integers(50, 150)), max_size=4),
)
def test_whatever_is_weighed_the_coop_gets_what_it_would_without_and_the_gift_never_grows(
    price_vnd: int, steps: int, off: int, bought: int, scales: list[tuple[int, int]]
) -> None:
    whole_vnd = price_vnd * steps
    gift_vnd, discount_vnd = whole_vnd * off // 200, whole_vnd * bought // 400
    facts: dict[str, Any] = {
        "price_vnd": price_vnd,
        "quantity": steps,
        "left_out": 0,
        "step_g": 500,
        "discount_vnd": discount_vnd,
    }
    plain = OrderLine(**facts)
    with_gift = OrderLine(**{**facts, "gift_vnd": gift_vnd, "discount_vnd": discount_vnd + gift_vnd})
    for go, percent in scales:
        real = Real(min(go, steps), min(go, steps) * 500 * percent // 100)
        mine, whole = weighing.price(with_gift, real, 10), weighing.price(plain, real, 10)
        assert whole == Price(mine.total_vnd + mine.gift_vnd, 0)
        assert 0 <= mine.gift_vnd <= gift_vnd
        assert mine.total_vnd >= 0
