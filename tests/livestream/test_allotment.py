"""On air the host sets more or less aside: never less than buyers hold and have bought, never units out of nowhere."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from livestream import allotment
from livestream import room as rooms
from livestream import service as live
from livestream.models import LiveItem
from shop.catalog.models import Product, ProductState, Variant
from shop.core.db import Database
from shop.stock import service as stock
from shop.stock.models import Pool
from tests.factories_live import claim, make_cart, make_session


def shelves(db: Database, item: LiveItem) -> tuple[int, int]:
    """On hand in the shop and in the session."""
    with db.read() as session:
        rows = session.exec(select(Pool).where(Pool.variant_id == item.variant_id)).all()
    return tuple(sum(pool.on_hand for pool in rows if bool(pool.owner) is live) for live in (False, True))  # type: ignore[return-value]  # two of them


def test_more_comes_from_the_shop_and_less_goes_home(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now, wanted=10, on_hand=14)
    claim(db, on_air.slug, make_cart(db, now), 3, now)
    seen = []
    for wanted in (12, 30, 5, 3):
        with db.write() as session:
            allotted = allotment.set_aside(session, on_air.id, item.id, wanted, host, now)
        seen.append((allotted, *shelves(db, item)))
    assert seen == [(12, 2, 12), (14, 0, 14), (5, 9, 5), (3, 11, 3)]
    with pytest.raises(allotment.BelowReserved) as refusal, db.write() as session:
        allotment.set_aside(session, on_air.id, item.id, 2, host, now)
    assert refusal.value.facts["least"] == 3
    with db.read() as session:
        assert stock.broken_rules(session) == []


def test_what_was_bought_counts_as_set_aside(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now, wanted=10, on_hand=14)
    cart_id = make_cart(db, now)
    claim(db, on_air.slug, cart_id, 4, now)
    with db.write() as session:
        stock.sell_holds(session, live.hold_owner(on_air.id, item.id, cart_id), now)
        assert allotment.set_aside(session, on_air.id, item.id, 6, host, now) == 6
    assert shelves(db, item) == (8, 2)
    with pytest.raises(allotment.BelowReserved), db.write() as session:
        allotment.set_aside(session, on_air.id, item.id, 3, host, now)


def test_a_product_taken_off_sale_on_air_is_reserved_by_nobody_more(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now)
    mine = make_cart(db, now)
    claim(db, on_air.slug, mine, 2, now)
    with db.write() as session:
        product_id = session.get_one(Variant, item.variant_id).product_id
        session.get_one(Product, product_id).state = ProductState.HIDDEN
    with pytest.raises(live.ItemBlocked):
        claim(db, on_air.slug, make_cart(db, now), 1, now)
    claim(db, on_air.slug, mine, 0, now)
    with db.read() as session:
        assert rooms.read(session, on_air).items[0].left == 0
