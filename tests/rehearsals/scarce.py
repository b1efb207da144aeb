"""Two hundred shoppers at once on ten units, through a real server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlmodel import func, select

from shop.core.db import Database
from shop.orders.models import Order
from tests.rehearsals.goods import half_orders, make_carts, order_of, stock_up, units
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import Answer, call

SHOPPERS = 200
UNITS = 10


def scarce(folder: Path) -> list[Figure]:
    """200 shoppers behind one network address press at the same moment, 10 boxes are left; on both databases."""
    figures: list[Figure] = []
    with stands(folder, "scarce") as made:
        for database, stand in made.items():
            figures += [(f"{database}: {what}", value) for what, value in rush(stand)]
    return figures


def rush(stand: Stand) -> list[Figure]:
    """Exactly ten orders, everybody else is told that it is sold out. Raises Broke."""
    with stand.database() as db, stand.running("serve"):
        variants = stock_up(db, UNITS, coops=1)
        carts = make_carts(db, variants, SHOPPERS, datetime.now(UTC))
        answers, took_s = _press(stand, carts)
        _look(db, variants, answers)
    stand.verify()
    got_s = [seconds for seconds, answer in zip(took_s, answers, strict=True) if answer.status == 201]
    return [
        ("answers 201, 409 sold-out, others", f"{UNITS}, {SHOPPERS - UNITS}, 0"),
        ("the ten who got one waited, median and longest", f"{median(got_s):.2f} s, {max(got_s):.2f} s"),
        ("all 200 were answered within", f"{max(took_s):.2f} s"),
    ]


def _press(stand: Stand, carts: Sequence[str]) -> tuple[list[Answer], list[float]]:
    ready = threading.Barrier(len(carts))

    def buy(number: int) -> tuple[Answer, float]:
        body = order_of(carts[number], number)
        ready.wait()
        began = time.perf_counter()
        answer = call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": carts[number]})
        return answer, time.perf_counter() - began

    with ThreadPoolExecutor(len(carts)) as shoppers:
        got = list(shoppers.map(buy, range(len(carts))))
    return [answer for answer, _ in got], [seconds for _, seconds in got]


def _look(db: Database, variants: Sequence[int], answers: Sequence[Answer]) -> None:
    kinds = Counter(answer.body.get("type", answer.status) for answer in answers)
    if kinds != {201: UNITS, "/problems/sold-out": SHOPPERS - UNITS}:
        raise Broke(f"the answers were {dict(kinds)}")
    with db.read() as session:
        orders = session.exec(select(func.count()).select_from(Order)).one()
    if orders != UNITS or units(db, variants) != [(0, 0)] or half_orders(db):
        raise Broke(f"{orders} orders, units left and held {units(db, variants)}, {half_orders(db)}")
