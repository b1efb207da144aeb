"""Sets: several items for one price, all together or not at all; the saving is shared to the đồng."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from livestream import verify
from livestream.deals import sets
from livestream.figures import packing, sales
from livestream.models import LiveItem, LiveSession
from livestream.service import LiveSoldOut, TooManyForOne
from payments.verify import check
from shop.cart import service as cart
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.orders import days, labels
from shop.orders.models import Order, OrderLine
from shop.orders.verify import broken_rules as order_rules
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.models import Pool
from shop.vouchers import service as vouchers
from tests.factories import make_coop
from tests.factories_live import claim, make_cart, make_session
from tests.factories_orders import answered, make_table, place

HALF_AN_HOUR = timedelta(minutes=30)
Stage = tuple[LiveSession, list[LiveItem], Person]


@pytest.fixture
def stage(db: Database, now: datetime) -> Iterator[Stage]:
    """Two items at 150.000 đ live, ten of each; the set S1 of two A1 and one A2 costs 400.001 đ instead of 450.000."""
    coop = make_coop(db)
    make_table(db, coop)
    made = make_session(db, now, coop=coop, items=2, wanted=10, on_hand=30)
    on_air, (first, second), host = made
    with db.write() as session:
        sets.make(session, on_air.id, "Bộ quà", {first.id: 2, second.id: 1}, 400_001, 2, host, now)
    yield made
    with db.read() as session:
        rules = (check, order_rules, stock.broken_rules, verify.broken_rules)
        assert [line for told in rules for line in told(session)] == []


def hold(db: Database, stage: Stage, cart_id: str, count: int, now: datetime, visitor: str = "") -> None:
    with db.write() as session:
        sets.claim(session, stage[0].id, "S1", count, cart_id, visitor or cart_id, HALF_AN_HOUR, now)


def held(session: Session) -> list[int]:
    pools = select(Pool.held).where(col(Pool.owner) != "").order_by(col(Pool.id))
    return list(session.exec(pools))


def test_a_set_is_held_from_each_pool_and_costs_its_price_to_the_dong(
    db: Database, stage: Stage, settings: Settings, now: datetime
) -> None:
    cart_id = make_cart(db, now)
    hold(db, stage, cart_id, 2, now)
    with db.read() as session:
        assert held(session) == [4, 2]
        assert cart.view(session, cart_id, now).goods_vnd == 800_002
    placed = place(db, answered(db, cart_id, settings, now), settings, now)
    with db.read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).all()
        assert sum(line.total_vnd for line in lines) == session.get_one(Order, placed.id).goods_vnd == 800_002
        assert {(line.price_vnd, line.price_kind) for line in lines} == {(150_000, "set")}
        assert {(line.set_count, line.set_name) for line in lines} == {(2, "Bộ quà")}
        (parcel_id,) = {line.parcel_id for line in lines}
        (label,) = days.to_label(session, stage[0].coop_id, parcel_id)
        slip = labels.rows_of(label, session.get_one(Coop, stage[0].coop_id), slip=True)
        assert sum("(2 × Bộ quà)" in row.words for row in slip) == 2
        assert sum(one.total_vnd for one in sales.sold(session, stage[0].id)) == 800_002
        assert [(it.quantity, it.product_name) for it in packing.packing(session, stage[0].id).goods] == [
            (line.quantity, line.product_name) for line in lines
        ]
        assert session.get_one(Order, placed.id).source == f"live:{stage[0].id}"


def test_when_one_part_is_short_nothing_is_held(db: Database, stage: Stage, now: datetime) -> None:
    for _ in range(2):
        claim(db, stage[0].slug, make_cart(db, now), 5, now, "A2")
    with db.read() as session:
        before = held(session)
    with pytest.raises(LiveSoldOut):
        hold(db, stage, make_cart(db, now), 1, now)
    with db.read() as session:
        assert held(session) == before


def test_taking_one_part_out_of_the_cart_gives_the_whole_set_back(db: Database, stage: Stage, now: datetime) -> None:
    cart_id = make_cart(db, now)
    hold(db, stage, cart_id, 1, now)
    with db.write() as session:
        line = cart.view(session, cart_id, now).lines[0]
        cart.set_quantity(session, cart_id, line.variant_id, 0, now, live_key=line.live_key)
        assert (held(session), cart.view(session, cart_id, now).lines) == ([0, 0], [])


def test_a_set_beside_the_same_item_by_itself_are_two_lines_and_no_voucher_comes_off_the_set(
    db: Database, stage: Stage, now: datetime
) -> None:
    on_air, _items, host = stage
    terms = vouchers.Terms("HE10", 10, 0, 50_000, 0, 5, 1, with_deals=True)
    cart_id = make_cart(db, now)
    with db.write() as session:
        vouchers.make(session, f"live:{on_air.id}", on_air.coop_id, terms, host, now)
    claim(db, on_air.slug, cart_id, 1, now, "A1")
    hold(db, stage, cart_id, 1, now)
    with db.write() as session:
        cart.take_voucher(session, cart_id, "HE10", now)
        mine = cart.view(session, cart_id, now)
    assert mine.goods_vnd == 400_001 + 135_000
    assert [line.voucher_code for line in mine.lines if line.price_kind == "set"] == ["", ""]


def test_pressing_again_changes_the_number_and_one_buyer_gets_no_more(
    db: Database, stage: Stage, now: datetime
) -> None:
    cart_id = make_cart(db, now)
    hold(db, stage, cart_id, 2, now, "an")
    hold(db, stage, cart_id, 1, now, "an")
    with db.read() as session:
        assert held(session) == [2, 1]
    for cart_of_an, count in ((cart_id, 3), (make_cart(db, now), 1)):
        with pytest.raises(TooManyForOne):
            hold(db, stage, cart_of_an, count, now, "an")
    hold(db, stage, cart_id, 0, now, "an")
    with db.read() as session:
        assert held(session) == [0, 0]


def test_many_at_once_get_whole_sets_or_nothing(db: Database, stage: Stage, now: datetime) -> None:
    def press(cart_id: str) -> bool:
        try:
            hold(db, stage, cart_id, 1, now)
        except Refusal:
            return False
        return True

    carts = [make_cart(db, now) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(press, carts)) == 5  # ten A1, two a set
    with db.read() as session:
        assert held(session) == [10, 5]


def test_what_a_set_cannot_be(db: Database, stage: Stage, now: datetime) -> None:
    on_air, (first, second), host = stage
    with pytest.raises(sets.SetTooDear), db.write() as session:
        sets.make(session, on_air.id, "Đắt", {first.id: 1, second.id: 1}, 300_000, 2, host, now)
    with pytest.raises(sets.SetTooSmall), db.write() as session:
        sets.make(session, on_air.id, "Một", {first.id: 1}, 100_000, 2, host, now)
    with db.write() as session:
        sets.close(session, on_air.id, sets.sets_of(session, on_air.id)[0].row.id, host, now)
    with pytest.raises(sets.SetIsGone):
        hold(db, stage, make_cart(db, now), 1, now)
