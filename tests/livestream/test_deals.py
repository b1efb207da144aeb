"""Deals: for so many, until then, so many to one buyer; the server's clock decides, and a hold keeps its price.

The twenty-fourth criterion of the livestream study.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from livestream import room, states, verify
from livestream import service as live
from livestream.deals import pauses, prices
from livestream.deals import service as deals
from livestream.deals.models import LiveDeal
from livestream.deals.service import Terms
from livestream.models import LiveItem, LiveSession
from shop.cart import service as cart
from shop.catalog import selling
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.orders.models import OrderLine
from shop.settings import Settings
from shop.stock.models import Hold
from tests.factories_live import claim, make_cart, make_session
from tests.factories_orders import answered, make_table, place

MINUTE = timedelta(minutes=1)


def begin(
    db: Database,
    on_air: LiveSession,
    item: LiveItem,
    host: Person,
    now: datetime,
    *,
    price_vnd: int = 100_000,
    quantity: int = 5,
    most: int = 2,
    lasts: timedelta = 3 * MINUTE,
) -> LiveDeal:
    """The host begins a deal: by default 5 steps at 100,000 đồng instead of 150,000 for three minutes."""
    with db.write() as session:
        return deals.begin(session, on_air.id, item.id, Terms(price_vnd, quantity, most, lasts), host, now)


def test_a_deal_is_the_price_until_its_end_by_the_servers_clock(db: Database, now: datetime) -> None:
    """Criterion 24."""
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now)
    assert claim(db, on_air.slug, make_cart(db, now), 1, now).price_vnd == 100_000
    last_moment = now + 3 * MINUTE - timedelta(microseconds=1)
    assert claim(db, on_air.slug, make_cart(db, now), 1, last_moment).price_vnd == 100_000
    assert claim(db, on_air.slug, make_cart(db, now), 1, now + 3 * MINUTE).price_vnd == 150_000


def test_a_hold_made_before_the_end_pays_the_deals_price_after_it(
    db: Database, settings: Settings, now: datetime
) -> None:
    on_air, items, host = make_session(db, now)
    with db.read() as session:
        make_table(db, session.get_one(Coop, on_air.coop_id))
    begin(db, on_air, items[0], host, now)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 2, now + 2 * MINUTE)
    later = now + 10 * MINUTE
    placed = place(db, answered(db, cart_id, settings, later), settings, later)
    with db.read() as session:
        line = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).one()
        assert (line.price_vnd, line.total_vnd) == (100_000, 200_000)
        assert verify.broken_rules(session) == []


def test_more_than_a_buyer_may_have_or_than_is_left_costs_the_live_price(db: Database, now: datetime) -> None:
    """Criterion 24: up to its quantity and what one buyer may have."""
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now, quantity=3, most=2)
    assert claim(db, on_air.slug, make_cart(db, now), 3, now).price_vnd == 150_000  # two to one buyer
    assert claim(db, on_air.slug, make_cart(db, now), 2, now, visitor="an").price_vnd == 100_000
    assert claim(db, on_air.slug, make_cart(db, now), 1, now, visitor="an").price_vnd == 150_000
    assert claim(db, on_air.slug, make_cart(db, now), 2, now, visitor="binh").price_vnd == 150_000  # one is left
    assert claim(db, on_air.slug, make_cart(db, now), 1, now, visitor="chi").price_vnd == 100_000


def test_whoever_saw_the_deals_price_is_never_charged_more(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now, quantity=1, most=1)
    first, second = make_cart(db, now), make_cart(db, now)
    with db.write() as session:
        live.claim(session, on_air.slug, "A1", 1, first, "an", MINUTE, now, seen_vnd=100_000)
    with pytest.raises(prices.DearerNow) as refusal, db.write() as session:
        live.claim(session, on_air.slug, "A1", 1, second, "binh", MINUTE, now, seen_vnd=100_000)
    assert refusal.value.facts == {"name": refusal.value.facts["name"], "price_vnd": 150_000, "deal_left": 0}
    with db.read() as session:
        assert cart.view(session, second, now).lines == []


def test_a_hold_that_lapses_makes_room_in_the_deal_again(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now, quantity=1)
    mine = make_cart(db, now)
    claim(db, on_air.slug, mine, 1, now)
    assert claim(db, on_air.slug, make_cart(db, now), 1, now).price_vnd == 150_000
    claim(db, on_air.slug, mine, 0, now)
    assert claim(db, on_air.slug, make_cart(db, now), 1, now).price_vnd == 100_000


def test_less_keeps_the_price_of_a_deal_that_is_over_and_more_is_refused(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now)
    cart_id, later = make_cart(db, now), now + 5 * MINUTE
    claim(db, on_air.slug, cart_id, 2, now)
    with pytest.raises(prices.HeldAtItsOldPrice) as refusal:
        claim(db, on_air.slug, cart_id, 3, later)
    assert refusal.value.facts == {"quantity": 2, "price_vnd": 100_000}
    assert claim(db, on_air.slug, cart_id, 1, later).price_vnd == 100_000
    with db.read() as session:
        (line,) = cart.view(session, cart_id, later).lines
        assert (line.quantity, line.price_vnd) == (1, 100_000)


def test_a_deal_takes_the_place_of_a_live_price_that_changes_meanwhile(db: Database, now: datetime) -> None:
    """Nothing adds up: neither a lower live price under the deal nor two deals of one item."""
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now)
    with db.write() as session:
        live.set_price(session, on_air.id, items[0].id, 140_000, host, now)
    assert claim(db, on_air.slug, make_cart(db, now), 1, now).price_vnd == 100_000
    with pytest.raises(deals.DealIsOn):
        begin(db, on_air, items[0], host, now, price_vnd=90_000)
    assert begin(db, on_air, items[0], host, now + 3 * MINUTE, price_vnd=90_000).id


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"price_vnd": 150_000}, deals.DealTooDear),
        ({"lasts": timedelta(seconds=9)}, deals.DealTime),
        ({"lasts": 21 * MINUTE}, deals.DealTime),
        ({"quantity": 11}, deals.TooFewForDeal),
    ],
)
def test_what_a_deal_cannot_be(db: Database, now: datetime, terms: dict[str, Any], refusal: type[Refusal]) -> None:
    on_air, items, host = make_session(db, now, wanted=10)
    with pytest.raises(refusal):
        begin(db, on_air, items[0], host, now, **terms)


def test_a_price_that_was_raised_lately_does_not_make_a_deal(db: Database, now: datetime) -> None:
    """Source: law on e-commerce 122/2025/QH15, Art. 6.1.d; the 30 days stand in shop.core.dated."""
    lately = now - timedelta(days=20)
    on_air, items, host = make_session(db, now, price_vnd=120_000, live_price_vnd=110_000)
    with db.write() as session:
        selling.set_price(session, items[0].variant_id, 90_000, host, lately)
        selling.set_price(session, items[0].variant_id, 200_000, host, lately + timedelta(days=1))
    with pytest.raises(deals.DealTooDear) as refusal:
        begin(db, on_air, items[0], host, now, price_vnd=95_000)
    assert refusal.value.facts["price_vnd"] == 90_000
    with db.read() as session:
        assert deals.highest_vnd(session, items[0], now) == 90_000
        assert deals.highest_vnd(session, items[0], now + timedelta(days=12)) == 109_999


def test_a_deal_that_is_stopped_is_over_at_once_and_written_down(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now)
    deal = begin(db, on_air, items[0], host, now)
    with db.write() as session:
        deals.stop(session, on_air.id, deal.id, host, now + MINUTE)
        deals.stop(session, on_air.id, deal.id, host, now + 2 * MINUTE)
    assert claim(db, on_air.slug, make_cart(db, now), 1, now + MINUTE).price_vnd == 150_000
    with db.read() as session:
        told = session.exec(
            select(AuditEntry.after).where(AuditEntry.what == "deal").order_by(col(AuditEntry.id))
        ).all()
        assert session.get_one(LiveDeal, deal.id).closed_at == now + MINUTE
    assert told == [{"price_vnd": 100_000, "quantity": 5, "seconds": 180}, "stopped"]


def test_the_clock_closes_what_is_over_and_what_its_session_left_open(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, items=2)
    begin(db, on_air, items[0], host, now, lasts=MINUTE)
    begin(db, on_air, items[1], host, now, lasts=5 * MINUTE)
    deals.close_over(db, now + 2 * MINUTE)
    with db.read() as session:
        assert set(prices.open_deals(session, on_air.id)) == {items[1].id}
    with db.write() as session:
        live.end(session, on_air.id, host, now + 3 * MINUTE)
    deals.close_over(db, now + 3 * MINUTE)
    with db.read() as session:
        assert prices.open_deals(session, on_air.id) == {}


def test_a_deal_waits_while_the_picture_is_away_and_goes_on_with_the_time_it_had_left(
    db: Database, now: datetime
) -> None:
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now, lasts=3 * MINUTE)
    mine, away, back = make_cart(db, now), now + MINUTE, now + 5 * MINUTE
    claim(db, on_air.slug, mine, 2, now)
    with db.write() as session:
        states.picture_lost(session, on_air.id, away)
    deals.close_over(db, now + 4 * MINUTE)
    with db.read() as session:
        (waits,) = prices.open_deals(session, on_air.id).values()
        assert (waits.runs, waits.rest) == (False, "2:00")
        (item,) = room.read(session, session.get_one(LiveSession, on_air.id)).items
        assert item.live_price_vnd == 150_000
        assert verify.broken_rules(session) == []
    assert claim(db, on_air.slug, make_cart(db, now), 1, now + 4 * MINUTE).price_vnd == 150_000
    assert claim(db, on_air.slug, mine, 1, now + 4 * MINUTE).price_vnd == 100_000  # held before
    with db.write() as session:
        states.picture_back(session, on_air.id, back)
    last_moment = back + 2 * MINUTE - timedelta(microseconds=1)
    assert claim(db, on_air.slug, make_cart(db, now), 1, last_moment).price_vnd == 100_000
    assert claim(db, on_air.slug, make_cart(db, now), 1, back + 2 * MINUTE).price_vnd == 150_000
    with db.read() as session:
        assert verify.broken_rules(session) == []


def test_a_cut_costs_a_deal_no_second_and_moves_no_hold(db: Database, now: datetime) -> None:
    """The last piece came a minute after the beginning; that it was the last, the server knows five seconds later."""
    on_air, items, host = make_session(db, now, items=2)
    begin(db, on_air, items[0], host, now, lasts=3 * MINUTE)
    begin(db, on_air, items[1], host, now + MINUTE + timedelta(seconds=2), lasts=MINUTE)  # in the dark already
    last_piece, noticed, back = now + MINUTE, now + MINUTE + timedelta(seconds=5), now + 5 * MINUTE
    mine = claim(db, on_air.slug, make_cart(db, now), 1, noticed - timedelta(seconds=1))
    assert mine.price_vnd == 100_000
    with db.write() as session:
        states.picture_lost(session, on_air.id, noticed, last_piece)
        assert sorted(deal.rest for deal in prices.open_deals(session, on_air.id).values()) == ["1:00", "2:00"]
    with db.write() as session:
        states.picture_back(session, on_air.id, back)
    assert {deal.ends_at for deal in open_deals(db, on_air)} == {back + 2 * MINUTE, back + MINUTE}
    with db.write() as session:  # a piece that came before the picture was back does not count again
        states.picture_lost(session, on_air.id, back + timedelta(seconds=1), last_piece)
        assert sorted(deal.rest for deal in prices.open_deals(session, on_air.id).values()) == ["1:00", "2:00"]
    with db.read() as session:
        assert session.exec(select(Hold.expires_at)).all() == [mine.held_until]
        assert verify.broken_rules(session) == []


def open_deals(db: Database, on_air: LiveSession) -> list[prices.Deal]:
    with db.read() as session:
        return list(prices.open_deals(session, on_air.id).values())


def test_a_deal_begun_without_a_picture_begins_with_it_and_one_left_waiting_ends_with_the_session(
    db: Database, now: datetime
) -> None:
    on_air, items, host = make_session(db, now, items=2)
    with db.write() as session:
        states.picture_lost(session, on_air.id, now)
    begin(db, on_air, items[0], host, now, lasts=MINUTE)
    begun = begin(db, on_air, items[1], host, now, lasts=MINUTE)
    with db.write() as session:
        deals.stop(session, on_air.id, begun.id, host, now + 2 * MINUTE)
        live.end(session, on_air.id, host, now + 3 * MINUTE)
    deals.close_over(db, now + 3 * MINUTE)
    with db.read() as session:
        ended = session.exec(select(LiveDeal.closed_at).order_by(col(LiveDeal.id))).all()
    assert ended == [now, now + 2 * MINUTE]


def test_a_buyer_and_a_picture_that_goes_away_in_the_same_moment_never_wait_for_each_other(
    db: Database, now: datetime
) -> None:
    on_air, items, host = make_session(db, now)
    begin(db, on_air, items[0], host, now, quantity=10, most=2)

    def picture(number: int) -> None:
        with db.write() as session:
            (states.picture_back if number % 2 else states.picture_lost)(session, on_air.id, now)

    carts = [make_cart(db, now) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        moves = [pool.submit(picture, number) for number in range(8)]
        paid = list(pool.map(lambda cart_id: claim(db, on_air.slug, cart_id, 1, now).price_vnd, carts))
        for move in moves:
            move.result()
    assert set(paid) <= {100_000, 150_000}
    with db.read() as session:
        assert verify.broken_rules(session) == []


def test_fifty_buyers_at_once_and_the_last_unit_of_a_deal_goes_to_one(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, wanted=60, on_hand=60)
    begin(db, on_air, items[0], host, now, quantity=1, most=1)
    carts = [make_cart(db, now) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        paid = list(pool.map(lambda cart_id: claim(db, on_air.slug, cart_id, 1, now).price_vnd, carts))
    assert sorted(paid) == [100_000, *[150_000] * 49]
    with db.read() as session:
        assert verify.broken_rules(session) == []


SPAN_S = st.integers(0, 90)


@given(planned_s=st.integers(10, 1200), cuts=st.lists(st.tuples(SPAN_S, SPAN_S, SPAN_S), max_size=8))
def test_a_deal_is_seen_as_long_as_was_planned_and_never_longer(
    planned_s: int, cuts: list[tuple[int, int, int]]
) -> None:
    """Each cut: seconds with a picture, seconds until its loss is noticed, seconds until it is back."""
    began_at = datetime(2026, 11, 21, tzinfo=UTC)
    now, here_since, ends_at, seen_s = began_at, began_at, began_at + timedelta(seconds=planned_s), 0
    for shown_s, unnoticed_s, away_s in cuts:
        last_piece = now + timedelta(seconds=shown_s)
        noticed = last_piece + timedelta(seconds=unnoticed_s)
        if ends_at <= noticed:
            break
        paused_at = pauses.paused_from(began_at, max(last_piece, here_since), noticed)
        left_s, seen_s = (ends_at - paused_at).total_seconds(), seen_s + shown_s
        assert left_s == planned_s - seen_s
        now = here_since = noticed + timedelta(seconds=away_s)
        later = pauses.goes_on_until(ends_at, paused_at, now)
        assert later >= ends_at
        ends_at = later
        assert (ends_at - now).total_seconds() == left_s


VND = st.integers(1, 10**9)
STEPS = st.integers(1, 20)


@given(
    live_vnd=VND, off_vnd=VND, left=st.integers(0, 20), most=STEPS, taken=STEPS, wanted=STEPS, had=STEPS, had_vnd=VND
)
def test_nobody_ever_pays_more_than_the_live_price_nor_more_for_what_is_held_already(
    live_vnd: int, off_vnd: int, left: int, most: int, taken: int, wanted: int, had: int, had_vnd: int
) -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    deal = prices.Deal(7, 1, max(1, live_vnd - off_vnd), 20, most, moment, moment + MINUTE, left)
    fresh = prices.price_for(live_vnd, deal, taken, wanted, None)
    assert fresh.price_vnd == (deal.price_vnd if wanted <= left and wanted + taken <= most else live_vnd)
    held = prices.Held(had, moment, prices.Price(had_vnd))
    try:
        again = prices.price_for(live_vnd, deal, taken, wanted, held)
    except prices.HeldAtItsOldPrice:
        assert (wanted > had, had_vnd < fresh.price_vnd) == (True, True)
        return
    assert again.price_vnd == min(had_vnd, fresh.price_vnd)
