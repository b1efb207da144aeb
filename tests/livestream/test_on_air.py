"""Allotments, live prices and holds: what a session takes out of ordinary sale and what it gives back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from livestream import reports, schedule
from livestream import service as live
from livestream.models import LivePin, LiveSession, SessionState
from livestream.moves import AlreadyOnAir
from shop.cart import service as cart
from shop.catalog import offers
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.orders import service as orders
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.models import Pool
from tests.factories import make_coop, make_product
from tests.factories_live import claim, make_cart, make_host, make_session, variant_of
from tests.factories_orders import answered, make_table, place


def pools(db: Database, variant_id: int) -> dict[str, tuple[int, int]]:
    """Owner -> (on hand, held)."""
    with db.read() as session:
        rows = session.exec(select(Pool).where(Pool.variant_id == variant_id))
        return {("live" if pool.owner else "shop"): (pool.on_hand, pool.held) for pool in rows}


def test_the_allotment_leaves_ordinary_sale_at_the_start(db: Database, now: datetime) -> None:
    _session, items, _host = make_session(db, now, wanted=10, on_hand=40)
    assert pools(db, items[0].variant_id) == {"shop": (30, 0), "live": (10, 0)}


def test_if_less_is_left_the_allotment_is_what_is_left_and_the_host_is_told(db: Database, now: datetime) -> None:
    planned, items, host = make_session(db, now, wanted=10, on_hand=7, on_air=False)
    with db.write() as session:
        short = live.start(session, planned.id, host, now)
    assert short == [live.Short("A1", wanted=10, allotted=7)]
    assert pools(db, items[0].variant_id) == {"shop": (0, 0), "live": (7, 0)}


def test_what_is_held_in_a_checkout_is_not_taken_from_its_buyer(db: Database, now: datetime) -> None:
    planned, items, host = make_session(db, now, wanted=10, on_hand=10, on_air=False)
    with db.write() as session:
        ordinary = stock.pool_of(session, items[0].variant_id)
        stock.take_holds(session, {ordinary.id: 4}, "checkout:x1", now + timedelta(minutes=15), now)
    with db.write() as session:
        assert live.start(session, planned.id, host, now) == [live.Short("A1", wanted=10, allotted=6)]
    assert pools(db, items[0].variant_id) == {"shop": (4, 4), "live": (6, 0)}


def test_a_claim_holds_at_the_live_price_in_the_buyers_cart(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, price_vnd=200_000, live_price_vnd=150_000)
    cart_id = make_cart(db, now)
    claimed = claim(db, on_air.slug, cart_id, 2, now)
    assert (claimed.price_vnd, claimed.total_vnd, claimed.held_until) == (150_000, 300_000, now + timedelta(minutes=30))
    with db.read() as session:
        (line,) = cart.view(session, cart_id, now).lines
    assert (line.price_vnd, line.quantity, line.is_live) == (150_000, 2, True)
    assert pools(db, items[0].variant_id)["live"] == (10, 2)


def test_pressing_again_changes_the_number_and_not_the_time(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 2, now)
    again = claim(db, on_air.slug, cart_id, 2, now + timedelta(minutes=1))
    more = claim(db, on_air.slug, cart_id, 5, now + timedelta(minutes=20))
    assert again.held_until == more.held_until == now + timedelta(minutes=30)
    assert pools(db, items[0].variant_id)["live"] == (10, 5)
    with db.read() as session:
        assert [line.quantity for line in cart.view(session, cart_id, now).lines] == [5]
    claim(db, on_air.slug, cart_id, 0, now + timedelta(minutes=21))
    assert pools(db, items[0].variant_id)["live"] == (10, 0)
    with db.read() as session:
        assert cart.view(session, cart_id, now).lines == []


def test_a_refused_change_leaves_what_was_held(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, wanted=3)
    mine, other = make_cart(db, now), make_cart(db, now)
    claim(db, on_air.slug, mine, 1, now)
    claim(db, on_air.slug, other, 1, now)
    with pytest.raises(live.LiveSoldOut) as refusal:
        claim(db, on_air.slug, mine, 3, now)
    assert refusal.value.facts["left"] == 2
    assert pools(db, items[0].variant_id)["live"] == (3, 2)


def test_one_buyer_gets_no_more_than_the_session_allows(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now, most_per_buyer=2)
    with pytest.raises(live.TooManyForOne):
        claim(db, on_air.slug, make_cart(db, now), 3, now)


def test_fresh_carts_of_one_visitor_are_one_buyer(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, most_per_buyer=3)
    first, second = make_cart(db, now), make_cart(db, now)
    claim(db, on_air.slug, first, 2, now, visitor="an")
    with pytest.raises(live.TooManyForOne):
        claim(db, on_air.slug, second, 2, now, visitor="an")
    assert pools(db, items[0].variant_id)["live"] == (10, 2)
    claim(db, on_air.slug, second, 1, now, visitor="an")
    claim(db, on_air.slug, make_cart(db, now), 3, now, visitor="binh")
    claim(db, on_air.slug, first, 0, now, visitor="an")
    claim(db, on_air.slug, second, 3, now, visitor="an")
    assert pools(db, items[0].variant_id)["live"] == (10, 6)


def test_a_hold_that_ran_out_no_longer_counts_for_its_visitor(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now, most_per_buyer=3)
    claim(db, on_air.slug, make_cart(db, now), 3, now, visitor="an")
    assert claim(db, on_air.slug, make_cart(db, now), 3, now + timedelta(minutes=31), visitor="an").quantity == 3


def test_what_a_visitor_ordered_in_the_session_counts_too(db: Database, settings: Settings, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, most_per_buyer=3)
    with db.read() as session:
        coop = session.get_one(Coop, on_air.coop_id)
    make_table(db, coop)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 2, now, visitor="an")
    placed = place(db, answered(db, cart_id, settings, now, visitor="an"), settings, now)
    with pytest.raises(live.TooManyForOne):
        claim(db, on_air.slug, cart_id, 2, now, visitor="an")
    with db.write() as session:
        orders.cancel(session, placed.id, None, now)
    claim(db, on_air.slug, cart_id, 3, now, visitor="an")
    assert pools(db, items[0].variant_id)["live"] == (10, 3)


def test_one_visitor_with_many_carts_at_once_gets_no_more_either(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, wanted=20, most_per_buyer=3)
    carts = [make_cart(db, now) for _ in range(8)]

    def press(cart_id: str) -> bool:
        try:
            claim(db, on_air.slug, cart_id, 1, now, visitor="an")
        except live.TooManyForOne:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(press, carts)) == 3
    assert pools(db, items[0].variant_id)["live"] == (20, 3)


def test_an_expired_hold_returns_to_the_session_while_it_is_on_air(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now)
    claim(db, on_air.slug, make_cart(db, now), 4, now)
    with db.write() as session:
        stock.release_expired(session, now + timedelta(minutes=31))
    assert pools(db, items[0].variant_id) == {"shop": (30, 0), "live": (10, 0)}


def test_at_the_end_what_is_free_goes_home_and_holds_keep_their_price_and_time(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, price_vnd=200_000, live_price_vnd=150_000)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 4, now)
    later = now + timedelta(minutes=5)
    with db.write() as session:
        assert live.end(session, on_air.id, host, later) == 6
    assert pools(db, items[0].variant_id) == {"shop": (36, 0), "live": (4, 4)}
    with db.read() as session:
        (line,) = cart.view(session, cart_id, later).lines
        assert line.price_vnd == 150_000
        assert offers.price_now(session, items[0].variant_id, later, live.live_owner(on_air.id)) == 200_000
    with pytest.raises(live.NotOnAir):
        claim(db, on_air.slug, make_cart(db, now), 1, later)
    with db.write() as session:
        stock.release_expired(session, now + timedelta(minutes=31))
    assert pools(db, items[0].variant_id) == {"shop": (40, 0), "live": (0, 0)}


def test_a_new_live_price_counts_for_later_holds_only(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, live_price_vnd=150_000)
    early, late = make_cart(db, now), make_cart(db, now)
    claim(db, on_air.slug, early, 1, now)
    with db.write() as session:
        live.set_price(session, on_air.id, items[0].id, 120_000, host, now)
    assert claim(db, on_air.slug, late, 1, now).price_vnd == 120_000
    with db.read() as session:
        assert cart.view(session, early, now).lines[0].price_vnd == 150_000
        changes = session.exec(select(AuditEntry).where(AuditEntry.what == "live_price_vnd")).all()
    assert [(row.before, row.after) for row in changes] == [(None, 150_000), (150_000, 120_000)]
    assert {row.on_behalf_of for row in changes} == {f"coop:{on_air.coop_id}"}
    with pytest.raises(schedule.LivePriceTooHigh), db.write() as session:
        live.set_price(session, on_air.id, items[0].id, 200_001, host, now)


def test_two_hundred_buyers_at_once_on_ten(db: Database, now: datetime) -> None:
    on_air, items, _host = make_session(db, now, wanted=10, on_hand=40)
    carts = [make_cart(db, now) for _ in range(200)]

    def press(cart_id: str) -> bool:
        try:
            claim(db, on_air.slug, cart_id, 1, now)
        except live.LiveSoldOut:
            return False
        return True

    with ThreadPoolExecutor(16) as crowd:
        got = list(crowd.map(press, carts))
    assert (got.count(True), got.count(False)) == (10, 190)
    assert pools(db, items[0].variant_id) == {"shop": (30, 0), "live": (10, 10)}
    with db.read() as session:
        assert stock.broken_rules(session) == []


def test_start_and_end_happen_once(db: Database, now: datetime) -> None:
    planned, items, host = make_session(db, now, on_air=False)
    with db.write() as session:
        live.start(session, planned.id, host, now)
    with pytest.raises(live.AlreadyBegun), db.write() as session:
        live.start(session, planned.id, host, now)
    assert pools(db, items[0].variant_id) == {"shop": (30, 0), "live": (10, 0)}
    with db.write() as session:
        live.end(session, planned.id, host, now)
    with pytest.raises(live.NotOnAir), db.write() as session:
        live.end(session, planned.id, host, now)
    with db.read() as session:
        states = [
            (row.before, row.after, row.person_id, row.on_behalf_of)
            for row in session.exec(select(AuditEntry).where(AuditEntry.subject == live.live_owner(planned.id)))
            if row.what == "state"
        ]
    who = (host.id, f"coop:{planned.coop_id}")
    clock = (None, "")
    assert states == [
        (None, "scheduled", *who),
        ("scheduled", "live", *who),
        ("live", "ending", *who),
        ("ending", "processing", *clock),
        ("processing", "archived", *clock),
    ]


def test_a_session_without_items_does_not_start(db: Database, now: datetime) -> None:
    planned, _items, host = make_session(db, now, items=0, on_air=False)
    with pytest.raises(live.NothingToSell), db.write() as session:
        live.start(session, planned.id, host, now)


def test_nobody_is_on_air_twice(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    make_session(db, now, coop=coop, host=host)
    later, _items, _host = make_session(db, now, coop=coop, host=host, starts_at=now + timedelta(hours=2), on_air=False)
    with pytest.raises(AlreadyOnAir), db.write() as session:
        live.start(session, later.id, host, now)


def test_pins_follow_each_other_without_gap_or_overlap(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, items=3)
    times = [now + timedelta(minutes=minutes) for minutes in (1, 2, 3, 4)]
    with db.write() as session:
        live.pin(session, on_air.id, items[1].id, times[0])
        live.pin(session, on_air.id, items[1].id, times[1])
        live.pin(session, on_air.id, None, times[2])
        live.pin(session, on_air.id, items[2].id, times[3])
    with db.write() as session:
        live.end(session, on_air.id, host, now + timedelta(minutes=5))
    with db.read() as session:
        pins = session.exec(select(LivePin).order_by(LivePin.id)).all()  # type: ignore[arg-type]  # a column
    shown = [(pin.item_id, pin.pinned_at, pin.unpinned_at) for pin in pins]
    assert shown == [
        (items[0].id, now, times[0]),
        (items[1].id, times[0], times[2]),
        (items[2].id, times[3], now + timedelta(minutes=5)),
    ]


def test_only_what_is_in_the_run_can_be_pinned_and_only_on_air(db: Database, now: datetime) -> None:
    on_air, _items, host = make_session(db, now)
    _other, others, _host = make_session(db, now)
    with pytest.raises(schedule.NoSuchItem), db.write() as session:
        live.pin(session, on_air.id, others[0].id, now)
    with db.write() as session:
        live.end(session, on_air.id, host, now)
    with pytest.raises(live.NotOnAir), db.write() as session:
        live.pin(session, on_air.id, None, now)


def test_a_host_cannot_be_in_two_places(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    make_session(db, now, coop=coop, host=host, starts_at=now + timedelta(hours=3), on_air=False)
    for minutes, refused in ((179, True), (121, True), (120, False), (240, False)):
        plan = schedule.Plan("Gạo mới", now + timedelta(minutes=minutes), planned_minutes=60)
        try:
            with db.write() as session:
                made = schedule.plan(session, coop.id, host, plan, now)
                schedule.cancel(session, made.id, host, now)
            assert not refused
        except schedule.HostIsBusy:
            assert refused


@pytest.mark.parametrize(
    ("mistake", "refused"),
    [
        ("price", schedule.LivePriceTooHigh),
        ("twice", schedule.AlreadyInTheRun),
        ("other co-op", offers.NoSuchVariant),
        ("begun", schedule.NotScheduled),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(
    db: Database, now: datetime, mistake: str, refused: type[Refusal]
) -> None:
    planned, items, host = make_session(db, now, on_air=mistake == "begun")
    variant_id = variant_of(db, make_product(db)).id if mistake == "other co-op" else items[0].variant_id
    price_vnd = 200_001 if mistake == "price" else 100_000
    with pytest.raises(refused), db.write() as session:
        schedule.add_item(session, planned.id, variant_id, price_vnd, wanted=1, most_per_buyer=1, person=host, now=now)


def test_a_session_is_not_planned_for_the_past(db: Database, now: datetime) -> None:
    planned, _items, host = make_session(db, now, on_air=False)
    with pytest.raises(schedule.StartsInThePast), db.write() as session:
        schedule.replan(session, planned.id, schedule.Plan("Trễ", now - timedelta(hours=1)), host, now)


def test_two_sessions_of_one_name_have_two_addresses(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    first, _i, _h = make_session(db, now, coop=coop, host=host, on_air=False)
    second, _i, _h = make_session(db, now, coop=coop, host=host, starts_at=now + timedelta(hours=2), on_air=False)
    assert (first.slug, second.slug) == ("thanh-long-dau-mua-21-11", "thanh-long-dau-mua-21-11-2")
    with db.read() as session:
        assert {row.state for row in session.exec(select(LiveSession))} == {SessionState.SCHEDULED}


def test_a_report_is_kept_once_per_viewer_and_reason(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now)
    told = []
    for key, reason in (("viewer-one", "fake"), ("viewer-one", "fake"), ("viewer-two", "fake"), ("viewer-one", "rude")):
        with db.write() as session:
            told.append(reports.report(session, on_air, key, reason, "Hình khác hàng", now))
    assert told == [True, False, True, True]
