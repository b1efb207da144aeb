"""kill -9 in the middle of many checkouts: what was acknowledged is there, and nothing is half done."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shop.core.db import Database
from shop.main import HANDLERS, jobs
from shop.worker import run_once
from tests.factories_orders import make_cart, start
from tests.rehearsals.goods import half_orders, make_carts, order_of, phone, stock_up, units
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import Answer, call

BUYERS = 8
BACK_WITHIN_S = 180
SHORT_HOLDS = {"CHOHTX_TRANSFER_HOLD_MINUTES": "1", "CHOHTX_CHECKOUT_HOLD_MINUTES": "1"}


@dataclass
class Storm:
    """What buyers saw: the answers to their keys, how often a call ended without one, how long each start took."""

    bodies: Mapping[str, Any]
    acknowledged: dict[str, Answer] = field(default_factory=dict)
    cut_off: int = 0
    starts_s: list[float] = field(default_factory=list)
    refused: list[Answer] = field(default_factory=list)

    @property
    def replayed(self) -> int:
        """Orders that stood although the kill swallowed their acknowledgement: the same key found them."""
        return sum("idempotent-replayed" in answer.headers for answer in self.acknowledged.values())


def kill_nine(folder: Path) -> list[Figure]:
    """500 checkouts of two co-ops' goods, three kills, on both databases."""
    figures: list[Figure] = []
    with stands(folder, "kill-9", **SHORT_HOLDS) as made:
        for database, stand in made.items():
            storm, back_s = endure(stand, 500, (100, 250, 400))
            starts = ", ".join(f"{seconds:.1f} s" for seconds in storm.starts_s)
            figures += [
                (f"{database}: checkouts, kills", f"{len(storm.bodies)}, {len(storm.starts_s) - 1}"),
                (f"{database}: calls cut off without an answer", storm.cut_off),
                (f"{database}: of these, orders that stood (same key, same answer)", storm.replayed),
                (f"{database}: acknowledged orders that are there, half orders", f"{len(storm.bodies)} of 500, 0"),
                (f"{database}: first start and restarts until /readyz", starts),
                (f"{database}: all holds back by themselves (held for 1 min) after", f"{back_s:.0f} s"),
                (f"{database}: chohtx verify", "every rule holds"),
            ]
    return figures


def endure(stand: Stand, checkouts: int, kills: Sequence[int], by_clock: bool = True) -> tuple[Storm, float]:
    """The storm and all that must hold after it. Raises Broke. Returns the storm and how long the last hold stayed.

    Without `by_clock` nobody waits: the market stops and a worker whose clock is three hours ahead takes its turn.
    """
    with stand.database() as db:
        variants, storm = prepare(db, stand, checkouts)
        for limit in (*kills, checkouts):
            began = time.perf_counter()
            with stand.running("serve") as process:
                storm.starts_s.append(time.perf_counter() - began)
                buy_until(storm, stand.port, limit, process.kill if limit < checkouts else None)
                if limit == checkouts:
                    _look_at_orders(storm, stand.port)
                    back_s = _wait_for_holds(db, variants) if by_clock else 0.0
        if not by_clock:
            later = datetime.now(UTC) + timedelta(hours=3)
            while run_once(db, HANDLERS, jobs(stand.settings, db), later):
                pass
        _look_at_goods(db, variants, checkouts)
        if lacking := half_orders(db):
            raise Broke("; ".join(lacking))
    stand.verify()
    return storm, back_s


def prepare(db: Database, stand: Stand, checkouts: int) -> tuple[list[int], Storm]:
    """Goods of two co-ops, a cart for each checkout (every second pays by transfer), and ten holds of web checkouts."""
    now = datetime.now(UTC)
    variants = stock_up(db, checkouts * 2)
    carts = make_carts(db, variants, checkouts, now)
    methods = ("cod", "vietqr")
    bodies = {f"order-{n}": order_of(cart_id, n, methods[n % 2]) for n, cart_id in enumerate(carts)}
    brief = stand.settings.model_copy(update={"checkout_hold_minutes": 1})
    for visitor in range(10):
        start(db, make_cart(db, {variants[0]: 1}, now), brief, now, visitor=phone(visitor))
    return variants, Storm(bodies)


def buy_until(storm: Storm, port: int, limit: int, then: Any) -> None:
    """Buyers send what is not acknowledged yet; `then` is called once when `limit` orders are."""
    waiting = deque(key for key in storm.bodies if key not in storm.acknowledged)
    over, turn = threading.Event(), threading.Lock()

    def buyer() -> None:
        while not over.is_set():
            try:
                key = waiting.popleft()
            except IndexError:
                return
            answer = _ask(port, key, storm.bodies[key])
            with turn:
                _note(storm, key, answer)
                if then and len(storm.acknowledged) >= limit and not over.is_set():
                    over.set()
                    then()

    threads = [threading.Thread(target=buyer) for _ in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(port: int, key: str, body: Any) -> Answer | None:
    try:
        return call(port, "POST", "/api/v1/orders", body, {"Idempotency-Key": key})
    except (OSError, http.client.HTTPException):
        return None


def _note(storm: Storm, key: str, answer: Answer | None) -> None:
    if answer is None:
        storm.cut_off += 1
    elif answer.status == 201:
        storm.acknowledged[key] = answer
    else:
        storm.refused.append(answer)


def _look_at_orders(storm: Storm, port: int) -> None:
    if storm.refused or len(storm.acknowledged) != len(storm.bodies):
        raise Broke(f"{len(storm.acknowledged)} of {len(storm.bodies)} acknowledged, refused: {storm.refused[:3]}")
    codes = set()
    for answer in storm.acknowledged.values():
        told = answer.body
        seen = call(port, "GET", f"/api/v1/orders/{told['code']}", None, {"Authorization": f"Bearer {told['token']}"})
        if (seen.status, seen.body.get("total_vnd")) != (200, told["total_vnd"]):
            raise Broke(f"acknowledged order {told['code']} is {seen}")
        codes.add(told["code"])
    if len(codes) != len(storm.bodies):
        raise Broke(f"{len(storm.bodies)} checkouts became {len(codes)} orders")


def _wait_for_holds(db: Database, variants: Sequence[int]) -> float:
    began = time.perf_counter()
    while any(held for _on_hand, held in units(db, variants)):
        if time.perf_counter() - began > BACK_WITHIN_S:
            raise Broke(f"holds did not return within {BACK_WITHIN_S} s: {units(db, variants)}")
        time.sleep(1)
    return time.perf_counter() - began


def _look_at_goods(db: Database, variants: Sequence[int], checkouts: int) -> None:
    left = checkouts * 2 - (checkouts + 1) // 2  # what was paid on delivery is sold, all else is back
    if units(db, variants) != [(left, 0)] * len(variants):
        raise Broke(f"on hand and held are {units(db, variants)}, not {left} and 0 each")
