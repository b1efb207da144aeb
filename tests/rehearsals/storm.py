"""Ten thousand notifications of every gateway while the market is killed again and again: each movement counts once."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import update
from sqlmodel import col, func, select

from payments.content import new_code
from payments.gateway import Outcome
from payments.models import Journal, PaymentAttempt, PaymentDue, PaymentFact
from payments.till import till_from
from shop.core.db import Database
from shop.orders.models import Order
from tests.payments.drivers import BY_NAME, Driver, Request, Telling, What
from tests.rehearsals.goods import make_carts, order_of, stock_up, waiting_events
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import call

DELIVERIES = int(os.environ.get("STORM_DELIVERIES", "10000"))
DUPLICATES, OUT_OF_ORDER, FORGED, LATE = 0.30, 0.10, 0.05, 0.05
KILLS = 15
LIVES_S = (0.5, 3.0)
SENDERS = 8
WITHIN_S = 300
SIGNED_AGAIN_S = 200  # Stripe and SePay believe a signature for 300 s, and sign what they repeat anew
STRANGERS = [BY_NAME[name] for name in ("momo", "zalopay", "vnpay", "stripe", "payos", "sepay")]
TRIES = {"zalopay": 4, "vnpay": 11, "sepay": 8}  # the first and what their documents promise; others go on for days


@dataclass
class Delivery:
    """One notification and what became of it."""

    driver: Driver
    told: Telling
    forged: bool = False
    late: bool = False
    tries: int = 0
    cut_off: int = 0
    signed_at: float = 0.0
    request: Request = field(default_factory=Request)

    def sign(self, stand: Stand) -> Request:
        """As it travels now: the same bytes, until the signature is too old."""
        if time.monotonic() - self.signed_at > SIGNED_AGAIN_S or not self.signed_at:
            told, it = replace(self.told, at=datetime.now(UTC)), stand.settings
            secret = {self.driver.secret: "guessed"} if self.forged else {}
            self.request = self.driver.tell(it.model_copy(update=secret), told)
            self.signed_at = time.monotonic()
        return self.request


@dataclass
class Storm:
    """All deliveries, those still to be answered, and what the market's lives were like."""

    deliveries: list[Delivery]
    waiting: deque[Delivery]
    pause_s: float
    lives_s: list[float] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    answered: int = 0
    wrong: list[str] = field(default_factory=list)


def storm(folder: Path) -> list[Figure]:
    """Mixed notifications of every gateway, 30 % twice, 10 % out of order, 5 % forged, 5 % late; kill -9 throughout."""
    figures: list[Figure] = []
    with stands(folder, "storm") as made:
        for database, stand in made.items():
            figures += [(f"{database}: {what}", value) for what, value in weather(stand, DELIVERIES)]
    return figures


def weather(stand: Stand, count: int) -> list[Figure]:
    """The storm over one market and all that must hold after it. Raises Broke."""
    chance = random.Random(2026)
    with stand.database() as db:
        with stand.running("serve"):
            codes = _place(db, stand, count)
        deliveries = list(_deliveries(db, codes, count, chance))
        told = Storm(deliveries, deque(_mixed(deliveries, chance)), pause_s=SENDERS * 35 / count)
        while len(told.lives_s) < KILLS or len(told.waiting) > count // 20:
            _live(stand, told, chance.uniform(*LIVES_S))
        with stand.running("serve"):
            _send(stand, told, threading.Event())
            _wait_for_worker(db)
        if told.wrong:
            raise Broke(f"{len(told.wrong)} notifications were answered wrongly: {told.wrong[:3]}")
        figures = _look(db, told)
    stand.verify()
    return [*_figures(told), *figures, ("chohtx verify", "every rule holds")]


def _place(db: Database, stand: Stand, count: int) -> dict[str, list[str]]:
    """Orders by every way to pay; the code of each by its gateway. Every tenth waits no longer: its money is late."""
    methods = [name for name in till_from(stand.settings).gateways if name != "cod"]
    orders = int(count * (1 - DUPLICATES - FORGED - OUT_OF_ORDER / 2) / 1.12)
    carts = make_carts(db, stock_up(db, orders, coops=1), orders, datetime.now(UTC))

    def buy(number: int) -> str:
        body = order_of(carts[number], number, methods[number % len(methods)])
        answer = call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": carts[number]})
        if answer.status != 201:
            raise Broke(f"an order was refused: {answer}")
        return str(answer.body["code"])

    with ThreadPoolExecutor(SENDERS) as buyers:
        codes = list(buyers.map(buy, range(orders)))
    late = codes[: int(count * LATE)]
    with db.write() as session:
        past = datetime.now(UTC) - timedelta(minutes=5)
        session.execute(update(Order).where(col(Order.code).in_(late)).values(pay_by=past))
        session.execute(update(PaymentDue).where(col(PaymentDue.label).in_(late)).values(closes_at=past))
    return {"late": late, "all": codes}


def _deliveries(db: Database, codes: dict[str, list[str]], count: int, chance: random.Random) -> Iterator[Delivery]:
    """What happened: most pay at once, some in two parts or too much, some failed or were held before or after."""
    with db.read() as session:
        wanted = select(PaymentDue.label, PaymentAttempt).join(PaymentAttempt)
        attempts = dict(session.exec(wanted).all())
    late, numbers, unordered = set(codes["late"]), iter(range(1, 10**6)), int(count * OUT_OF_ORDER / 2)
    for code in codes["all"]:
        attempt, asked_vnd = attempts[code], attempts[code].amount_vnd
        driver = BY_NAME["sepay" if attempt.gateway == "vietqr" else attempt.gateway]
        part_vnd = chance.randrange(1_000, asked_vnd)
        sums = chance.choices([[asked_vnd], [part_vnd, asked_vnd - part_vnd], [asked_vnd + 5_000]], [85, 10, 5])[0]
        for sum_vnd in sums:
            told = Telling(attempt.reference, sum_vnd, datetime.now(UTC), next(numbers))
            yield Delivery(driver, told, late=code in late)
        others: list[What] = sorted(driver.tells - {"captured"})
        if unordered and others and len(sums) == 1:  # told before or after the money, as it comes
            unordered -= 1
            yield Delivery(driver, replace(told, what=chance.choice(others)))
    for number in range(count // 100):
        stranger = Telling(new_code(), 20_000, datetime.now(UTC), next(numbers))
        yield Delivery(STRANGERS[number % len(STRANGERS)], stranger)
    for _ in range(int(count * FORGED)):
        victim = attempts[chance.choice(codes["all"])]
        driver = BY_NAME["sepay" if victim.gateway == "vietqr" else victim.gateway]
        told = Telling(victim.reference, victim.amount_vnd, datetime.now(UTC), next(numbers))
        yield Delivery(driver, told, forged=True)


def _mixed(deliveries: Sequence[Delivery], chance: random.Random) -> list[Delivery]:
    """In no order, and so many of them again that three in ten are repetitions."""
    genuine = [one for one in deliveries if not one.forged]
    again = chance.choices(genuine, k=int(len(deliveries) * DUPLICATES / (1 - DUPLICATES)))
    mixed = [*deliveries, *again]
    chance.shuffle(mixed)
    return mixed


def _live(stand: Stand, told: Storm, life_s: float) -> None:
    """The market comes up, is told, and is killed after `life_s`."""
    began, over = time.perf_counter(), threading.Event()
    process = stand.start("serve")
    stand.wait_ready(process)
    told.starts_s.append(time.perf_counter() - began)

    def kill() -> None:
        process.kill()
        over.set()

    killer = threading.Timer(life_s, kill)
    killer.start()
    _send(stand, told, over)
    killer.join()
    process.wait()
    told.lives_s.append(life_s)


def _send(stand: Stand, told: Storm, over: threading.Event) -> None:
    """Senders tell what still waits, until nothing does or the market is gone."""

    def sender() -> None:
        while not over.is_set() and told.waiting:
            try:
                one = told.waiting.popleft()
            except IndexError:
                return
            again = _tell(stand, told, one)
            if again:
                told.waiting.append(one)
            over.wait(told.pause_s)

    threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _tell(stand: Stand, told: Storm, one: Delivery) -> bool:
    """Send it once; whether its gateway would send it again."""
    request, driver = one.sign(stand), one.driver
    path = f"/payments/{driver.name}/ipn" + (f"?{request.query}" if request.query else "")
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", stand.port, timeout=20)) as line:
            line.request(request.method, path, request.body or None, dict(request.headers))
            answer = line.getresponse()
            said = answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        one.cut_off += 1  # nobody was there: gateways wait minutes before the next try, not the time a start takes
        return True
    told.answered += 1
    one.tries += 1
    heard = _outcomes(driver, said)
    allowed = {Outcome.BAD_SIGNATURE} if one.forged else set(driver.answers) - {Outcome.BAD_SIGNATURE}
    if not heard & allowed:
        told.wrong.append(f"{driver.name} {one.told} forged {one.forged}: {said}")
        return False
    happy = {Outcome.RECORDED, Outcome.DUPLICATE, Outcome.BAD_SIGNATURE}
    return not heard & happy and one.tries < TRIES.get(driver.name, 100)


def _outcomes(driver: Driver, said: tuple[int, bytes]) -> set[Outcome]:
    """What the market may have meant by this answer."""
    body = json.loads(said[1]) if said[1] else None
    return {outcome for outcome, answer in driver.answers.items() if answer == (said[0], body)}


def _wait_for_worker(db: Database) -> None:
    until = time.monotonic() + WITHIN_S
    while waiting_events(db):
        if time.monotonic() > until:
            raise Broke(f"{waiting_events(db)} events still wait after {WITHIN_S} s")
        time.sleep(0.5)


def _look(db: Database, told: Storm) -> list[Figure]:
    """Every genuine movement is one fact and one journal; who paid in time has a placed order."""
    moved = [one for one in told.deliveries if not one.forged and one.told.what == "captured"]
    expected = Counter(one.driver.name for one in moved)
    expected_vnd = sum(one.told.amount_vnd for one in moved)
    with db.read() as session:
        captured = select(PaymentFact.gateway, func.count(), func.sum(PaymentFact.amount_vnd))
        rows = session.exec(captured.where(PaymentFact.kind == "captured").group_by(PaymentFact.gateway)).all()
        event = col(PaymentFact.gateway) + ":" + col(PaymentFact.movement_id)
        pairs = select(func.count()).select_from(PaymentFact).join(Journal, col(Journal.source_event) == event)
        journals = session.exec(pairs.where(PaymentFact.kind == "captured")).one()
        taken = select(func.count()).where(col(Journal.kind).in_(("captured", "unapplied")))
        all_journals = session.exec(taken).one()
        states = dict(session.exec(select(Order.state, func.count()).group_by(Order.state)).all())
    booked, booked_vnd = Counter({name: number for name, number, _ in rows}), sum(int(vnd) for *_, vnd in rows)
    if (booked, booked_vnd) != (expected, expected_vnd):
        raise Broke(f"booked {dict(booked)}, {booked_vnd} đ; told of {dict(expected)}, {expected_vnd} đ")
    if not journals == all_journals == len(moved):
        raise Broke(f"{len(moved)} movements, {journals} of them in a journal, {all_journals} journals")
    in_time = len({one.told.reference for one in moved if not one.late}) - len(told.deliveries) // 100
    if states.get("awaiting_payment") or states.get("placed", 0) < in_time * 0.99:
        raise Broke(f"{in_time} orders were paid in time, but they stand at {states}")
    return [
        ("movements booked, each in one journal", f"{len(moved)} of " + f"{booked_vnd:,} đ".replace(",", ".")),
        ("orders at the end", ", ".join(f"{number} {state}" for state, number in sorted(states.items()))),
    ]


def _figures(told: Storm) -> list[Figure]:
    kinds = Counter("forged" if one.forged else "late" if one.late else "in time" for one in told.deliveries)
    cut_off = sum(one.cut_off for one in told.deliveries)
    return [
        ("different notifications", ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))),
        ("sent and answered, with repetitions and retries", told.answered),
        ("kill -9, lives between", f"{len(told.lives_s)}, {min(told.lives_s):.1f}–{max(told.lives_s):.1f} s"),
        ("calls cut off without an answer, told again", cut_off),
        ("restarts until /readyz, median", f"{median(told.starts_s):.1f} s"),
    ]
