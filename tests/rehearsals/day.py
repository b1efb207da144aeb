"""A day of ten thousand orders on one machine, with a desk at work: the last is as quick as the first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from sqlmodel import Session, col, func, select

from payments.simulators.sepay import simulate_transfer
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.orders import service as orders
from shop.orders import states
from shop.orders.models import Order, Parcel
from tests.factories_accounts import make_person
from tests.rehearsals.goods import half_orders, make_carts, order_of, stock_up, waiting_events
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import call

ORDERS, COOPS, SHOPPERS = 10_000, 20, 8
EVERY_TENTH, EVERY_TWENTIETH = 10, 20  # paid by transfer; called off by the buyer
AFTERWARDS_S = 300


def day(folder: Path) -> list[Figure]:
    """10,000 orders from 8 connections, a tenth by transfer, called off, packed and delivered meanwhile."""
    figures: list[Figure] = []
    with stands(folder, "day") as made:
        for database, stand in made.items():
            figures += [(f"{database}: {what}", value) for what, value in live_through(stand, ORDERS)]
    return figures


def live_through(stand: Stand, count: int) -> list[Figure]:
    """Every order stands whole at the end and all that followed from it is done. Raises Broke."""
    with stand.database() as db, stand.running("serve"):
        variants = stock_up(db, count, coops=COOPS)
        now = datetime.now(UTC)
        carts = [cart for variant in variants for cart in make_carts(db, [variant], count // COOPS, now)]
        began = time.perf_counter()
        with ThreadPoolExecutor(SHOPPERS + 1) as people:
            took_s = people.map(lambda number: _buy(stand, db, carts[number], number), range(count))
            moved = people.submit(_work, db, count).result()
            seconds = list(took_s)
        whole_s = time.perf_counter() - began
        _wait_for_worker(db)
        _look(db, count)
        size_mb = _size_mb(db, stand)
    stand.verify()
    first, last = seconds[: count // 10], seconds[-count // 10 :]
    return [
        ("orders a second, with the desk at work", f"{count / whole_s:.0f}"),
        ("answer, median and p99", f"{median(seconds) * 1000:.0f} ms, {quantiles(seconds, n=100)[98] * 1000:.0f} ms"),
        ("median of the first and of the last tenth", f"{median(first) * 1000:.0f} ms, {median(last) * 1000:.0f} ms"),
        ("steps of the desk meanwhile", str(moved)),
        ("the database afterwards", f"{size_mb:.0f} MB, chohtx verify finds nothing"),
    ]


def _buy(stand: Stand, db: Database, cart_id: str, number: int) -> float:
    by_transfer = number % EVERY_TENTH == 0
    body = order_of(cart_id, number, "vietqr" if by_transfer else "cod")
    began = time.perf_counter()
    answer = call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": cart_id})
    took_s = time.perf_counter() - began
    if answer.status != 201:
        raise Broke(f"order {number} was answered {answer.status}: {answer.body}")
    if by_transfer:
        simulate_transfer(db, stand.settings, answer.body["code"], datetime.now(UTC))
    return took_s


def _work(db: Database, count: int) -> int:
    """The desk takes new parcels as they come, and buyers call some off; ends when every order has had its turn."""
    boss, seen, steps = make_person(db), 0, 0
    while seen < count:
        with db.read() as session:
            mine = select(Parcel.id, Parcel.coop_id, Parcel.order_id).where(col(Parcel.id) > seen)
            found = session.exec(mine.order_by(col(Parcel.id)).limit(50)).all()
        for parcel_id, coop_id, order_id in found:
            steps += _take(db, boss, parcel_id, coop_id, order_id)
            seen = parcel_id
        if not found:
            time.sleep(0.05)
    return steps


def _take(db: Database, boss: Person, parcel_id: int, coop_id: int, order_id: int) -> int:
    now = datetime.now(UTC)
    try:
        with db.write() as session:
            if order_id % EVERY_TWENTIETH == 0:
                orders.cancel(session, order_id, None, now)
                return 1
            return _send(session, boss, parcel_id, coop_id, now) if order_id % 3 == 0 else 0
    except Refusal:
        return 0  # not paid yet: it has its turn on another day


def _send(session: Session, boss: Person, parcel_id: int, coop_id: int, now: datetime) -> int:
    who = (coop_id, parcel_id, boss, now)
    states.confirm(session, *who)
    states.pack(session, *who)
    states.hand_over(session, *who, carrier_key="own")
    states.deliver(session, *who)
    return 4


def _wait_for_worker(db: Database) -> None:
    until = time.monotonic() + AFTERWARDS_S
    while waiting_events(db):
        if time.monotonic() > until:
            raise Broke(f"{waiting_events(db)} events still wait after {AFTERWARDS_S} s")
        time.sleep(0.5)


def _look(db: Database, count: int) -> None:
    with db.read() as session:
        there = session.exec(select(func.count()).select_from(Order)).one()
    if there != count or half_orders(db):
        raise Broke(f"{there} orders instead of {count}; {half_orders(db)[:3]}")


def _size_mb(db: Database, stand: Stand) -> float:
    if db.is_sqlite:
        return (stand.folder / "chohtx.sqlite").stat().st_size / 1e6
    with db.read() as session:
        row: Sequence[int] = session.connection().exec_driver_sql("SELECT pg_database_size(current_database())").one()
    return row[0] / 1e6
