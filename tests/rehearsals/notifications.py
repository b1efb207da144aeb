"""Ten thousand bank notifications, repeated, out of order and at the same time: each movement counts once."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlmodel import col, func, select

from payments.models import PaymentFact, UnmatchedMoney
from payments.simulators.sepay import notification, sign
from shop.core.db import Database
from shop.orders.models import Order
from tests.rehearsals.goods import make_carts, order_of, stock_up, waiting_events
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import Answer, call

ORDERS = 2_000
DELIVERIES = 10_000
SENDERS = 8
WITHIN_S = 120


@dataclass(frozen=True)
class Movement:
    """One line of the bank's statement; `order` is the code it pays for, "" for money of which nobody knows."""

    order: str
    amount_vnd: int
    body: bytes


def notifications(folder: Path) -> list[Figure]:
    """10,000 SePay notifications with repetitions, out of order, from 8 connections at once, on both databases."""
    figures: list[Figure] = []
    with stands(folder, "notifications") as made:
        for database, stand in made.items():
            figures += [(f"{database}: {what}", value) for what, value in take_them(stand, ORDERS, DELIVERIES)]
    return figures


def take_them(stand: Stand, orders: int, deliveries: int) -> list[Figure]:
    """Orders by transfer, their money told again and again, and what the market made of it. Raises Broke."""
    chance = random.Random(2026)
    with stand.database() as db, stand.running("serve"):
        placed = _place(db, stand, orders)
        movements = list(_movements(placed, chance))
        told = movements + chance.choices(movements, k=deliveries - len(movements))
        chance.shuffle(told)
        began = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            took_s = list(senders.map(lambda movement: _tell(stand, movement), told))
        rate = len(told) / (time.perf_counter() - began)
        _wait_for_worker(db)
        figures = _look(db, placed, movements)
    stand.verify()
    return [
        ("notifications, movements behind them", f"{len(told)}, {len(movements)}"),
        ("answered a second", f"{rate:.0f}"),
        ("answer, median and p99", f"{median(took_s) * 1000:.0f} ms, {quantiles(took_s, n=100)[98] * 1000:.0f} ms"),
        *figures,
        ("chohtx verify", "every rule holds"),
    ]


def _place(db: Database, stand: Stand, orders: int) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    carts = make_carts(db, stock_up(db, orders, coops=1), orders, now)

    def buy(number: int) -> Answer:
        body = order_of(carts[number], number, "vietqr")
        return call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": carts[number]})

    with ThreadPoolExecutor(SENDERS) as buyers:
        answers = list(buyers.map(buy, range(orders)))
    if bad := [answer for answer in answers if answer.status != 201]:
        raise Broke(f"{len(bad)} orders were refused: {bad[0]}")
    return [answer.body for answer in answers]


def _movements(placed: Sequence[dict[str, Any]], chance: random.Random) -> Iterator[Movement]:
    """Most pay what is asked, some in two parts, some too much, and some money names no order."""
    numbers = count(1)
    for order in placed:
        action = order["payment"]["action"]
        asked_vnd = action["amount_vnd"]
        part_vnd = chance.randrange(1_000, asked_vnd)
        sums = chance.choices([[asked_vnd], [part_vnd, asked_vnd - part_vnd], [asked_vnd + 5_000]], [8, 1, 1])[0]
        for sum_vnd in sums:
            yield _movement(order["code"], action["content"], sum_vnd, action["account_no"], next(numbers))
    account = placed[0]["payment"]["action"]["account_no"]
    for _ in range(len(placed) // 50):
        yield _movement("", "ung ho hop tac xa", 20_000, account, next(numbers))


def _movement(order: str, content: str, amount_vnd: int, account_no: str, number: int) -> Movement:
    told = notification(content, amount_vnd, account_no, datetime.now(UTC), number)
    return Movement(order, amount_vnd, json.dumps(told).encode())


def _tell(stand: Stand, movement: Movement) -> float:
    began = time.perf_counter()
    headers = sign(movement.body, stand.settings.sepay_webhook_secret, "", datetime.now(UTC))
    answer = call(stand.port, "POST", "/payments/sepay/ipn", json.loads(movement.body), headers)
    if answer.status != 200:
        raise Broke(f"a notification was answered {answer}")
    return time.perf_counter() - began


def _wait_for_worker(db: Database) -> None:
    until = time.monotonic() + WITHIN_S
    while waiting_events(db):
        if time.monotonic() > until:
            raise Broke(f"{waiting_events(db)} events still wait after {WITHIN_S} s")
        time.sleep(0.5)


def _look(db: Database, placed: Sequence[dict[str, Any]], movements: Sequence[Movement]) -> list[Figure]:
    with db.read() as session:
        captured = select(func.count(), func.sum(PaymentFact.amount_vnd)).where(PaymentFact.kind == "captured")
        facts, received_vnd = session.exec(captured).one()
        states = dict(session.exec(select(Order.state, func.count()).group_by(Order.state)).all())
        nobodys = select(func.count()).where(col(UnmatchedMoney.due_id).is_(None), UnmatchedMoney.state == "waiting")
        strangers = session.exec(nobodys).one()
    told_vnd = sum(movement.amount_vnd for movement in movements)
    if (facts, int(received_vnd)) != (len(movements), told_vnd):
        raise Broke(f"{facts} movements of {received_vnd} đ booked, the bank told of {len(movements)} of {told_vnd} đ")
    unnamed = sum(not movement.order for movement in movements)
    if strangers != unnamed:
        raise Broke(f"{unnamed} transfers name no order, {strangers} wait in the inbox")
    if states != {"placed": len(placed)}:
        raise Broke(f"every order is paid in full, but they stand at {states}")
    return [
        ("movements booked, each once", f"{facts}, {told_vnd:,} đ".replace(",", ".")),
        ("orders paid", f"{states['placed']} of {len(placed)}"),
        ("money that names no order, in the inbox", strangers),
    ]
