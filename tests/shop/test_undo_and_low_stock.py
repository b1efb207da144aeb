"""Two taps to nothing left, a price in three, ten seconds to take either back, and a word before the shelf is empty."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func
from sqlmodel import select

from shop.accounts.models import Role
from shop.catalog import low_stock
from shop.catalog.models import Product, Variant
from shop.catalog.undo import service as undo
from shop.catalog.undo.models import HandChange
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.notify.models import Message
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import variant_of


@pytest.fixture
def product(db: Database) -> Product:
    return make_product(db, make_coop(db), on_hand=20)


@pytest.fixture
def box(db: Database, product: Product) -> Variant:
    return variant_of(db, product)


def left(db: Database, box: Variant) -> int:
    with db.read() as session:
        return stock.available(session, [box.id])[box.id]


def last_change(db: Database) -> int:
    with db.read() as session:
        return session.exec(select(func.max(HandChange.id))).one()


def test_sold_out_is_taken_back_but_what_was_sold_meanwhile_stays_sold(
    db: Database, now: datetime, manager: Person, product: Product, box: Variant
) -> None:
    with db.write() as session:
        stock.take_holds(session, {stock.pool_of(session, box.id).id: 3}, "cart:a", None, now)
        undo.sell_out(session, product.coop_id, box.id, manager, now)
    assert left(db, box) == 0
    with db.write() as session:
        stock.sell_holds(session, "cart:a", now)
    with db.write() as session:
        undo.take_back(session, product.coop_id, last_change(db), manager, now + timedelta(seconds=9))
    assert left(db, box) == 17
    with db.read() as session:
        assert stock.broken_rules(session) == []
        counts = session.exec(select(AuditEntry).where(AuditEntry.what == "on_hand")).all()
    assert [(row.before, row.after) for row in counts] == [(20, 3), (0, 17)]


def test_price_and_count_of_one_press_go_back_together(
    db: Database, now: datetime, manager: Person, product: Product, box: Variant
) -> None:
    with db.write() as session:
        undo.price_and_count(session, product.coop_id, box.id, 150_000, 7, manager, now)
        shown = undo.last_of(session, product.coop_id, manager, now + timedelta(seconds=9))
        assert shown is not None
        assert undo.last_of(session, product.coop_id, manager, now + timedelta(seconds=11)) is None
    with db.write() as session:
        undo.take_back(session, product.coop_id, shown.id, manager, now + timedelta(seconds=9))
    with db.read() as session:
        assert session.get_one(Variant, box.id).price_vnd == 200_000
        assert session.get_one(Product, product.id).lowest_price_vnd == 200_000
    assert left(db, box) == 20


def test_a_change_goes_back_once_in_time_and_by_whoever_made_it(
    db: Database, now: datetime, manager: Person, product: Product, box: Variant
) -> None:
    with db.write() as session:
        undo.sell_out(session, product.coop_id, box.id, manager, now)
    other = Person(id=99, name="Anh Khác", phone="+84900000099")
    for person, later_s in ((other, 2), (manager, 41)):
        with pytest.raises(undo.TooLateToUndo), db.write() as session:
            undo.take_back(session, product.coop_id, last_change(db), person, now + timedelta(seconds=later_s))
    with db.write() as session:
        undo.take_back(session, product.coop_id, last_change(db), manager, now)
    with pytest.raises(undo.TooLateToUndo), db.write() as session:
        undo.take_back(session, product.coop_id, last_change(db), manager, now)
    assert left(db, box) == 20


def test_a_price_that_somebody_changed_again_is_not_taken_back(
    db: Database, now: datetime, manager: Person, product: Product, box: Variant
) -> None:
    for price_vnd in (150_000, 160_000):
        with db.write() as session:
            undo.price_and_count(session, product.coop_id, box.id, price_vnd, 20, manager, now + timedelta(seconds=1))
        now += timedelta(seconds=2)
    with db.read() as session:
        first = session.exec(select(func.min(HandChange.id))).one()

    with pytest.raises(undo.TooLateToUndo), db.write() as session:
        undo.take_back(session, product.coop_id, first, manager, now)
    with db.read() as session:
        assert session.get_one(Variant, box.id).price_vnd == 160_000


def test_the_coop_is_told_once_each_time_little_is_left(
    db: Database, now: datetime, manager: Person, product: Product, box: Variant
) -> None:
    make_person(db, Role.MANAGER, coop_id=product.coop_id)
    told = []
    for at, count in enumerate((20, 5, 2, 30, 4)):
        with db.write() as session:
            stock.set_on_hand(session, box.id, count, manager, now)
        for seconds in (0, 30):
            low_stock.tell_what_runs_out(db, now + timedelta(minutes=at, seconds=seconds))
        with db.read() as session:
            told.append(len(session.exec(select(Message).where(Message.kind == "low_stock")).all()))
    assert told == [0, 1, 1, 1, 2]
