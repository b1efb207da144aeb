"""A gateway that hangs, fails or talks nonsense is the trouble of those who pay there, and of nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlmodel import col, select

from payments import asking, calls, verify
from payments.gateway import CanQuery, GatewaySilent
from payments.models import PaymentAttempt
from payments.paying import Payer, begin
from payments.service import state_of
from payments.till import till_from
from shop.core.db import Database
from shop.main import create_app
from shop.orders import access
from shop.orders.placing import Placed
from shop.settings import Settings
from tests.conftest import SAME_ORIGIN
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import code_of, due_of, make_due
from tests.payments.rogue import WAYS, Rogue, rogue
from tests.payments.test_contract_asked import agree
from tests.served import serving

AT_ONCE_S = 2.0
ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
CHECKING = "Đang kiểm tra với bên thanh toán"
CALLED = ["momo", "zalopay", "stripe", "payos", "shopeepay"]  # VNPAY's page is an address that we write ourselves


@dataclass
class Market:
    """A served market whose buyers pay at a rogue gateway."""

    url: str
    gateway: Rogue
    settings: Settings
    db: Database

    def orders(self, count: int, method: str) -> list[Placed]:
        coop = make_coop(self.db)
        make_table(self.db, coop)
        goods, now = variant_of(self.db, make_product(self.db, coop, on_hand=100)).id, datetime.now(UTC)
        some = self.settings.model_copy(update={"most_open_unpaid": 100})
        return [make_order(self.db, {goods: 1}, some, now, pay=method, visitor=f"{n}") for n in range(count)]

    def press_pay(self, placed: Placed) -> tuple[float, httpx2.Response, str]:
        """A buyer presses "Trả ngay": how long that took, the answer, and her order's page afterwards."""
        with httpx2.Client(base_url=self.url, headers=SAME_ORIGIN, timeout=60) as buyer:
            buyer.get(access.secret_link(self.settings.secret_key, placed.code))
            began = time.perf_counter()
            answer = buyer.post(f"/don-hang/{placed.code}/tra", follow_redirects=False)
            took_s = time.perf_counter() - began
            return took_s, answer, buyer.get(f"/don-hang/{placed.code}").text

    def look_around(self) -> float:
        """Another shopper opens pages that the database has to be asked for; how long the slowest took."""
        took = []
        with httpx2.Client(base_url=self.url, headers=SAME_ORIGIN, timeout=60) as other:
            for path in ("/", "/gio-hang", "/readyz", "/tim?q=xoai"):
                began = time.perf_counter()
                assert other.get(path).status_code == 200, path
                took.append(time.perf_counter() - began)
        return max(took)


@contextmanager
def market(name: str, settings: Settings, db: Database) -> Iterator[Market]:
    with rogue(name, settings) as (gateway, ours):
        ours.data_dir.mkdir(parents=True, exist_ok=True)
        with serving(create_app(ours, db)) as port:
            yield Market(f"http://127.0.0.1:{port}", gateway, ours, db)


def wait_until_waiting(gateway: Rogue, callers: int) -> None:
    until = time.monotonic() + 20
    while gateway.waiting < callers:
        assert time.monotonic() < until, f"only {gateway.waiting} callers reached the gateway"
        time.sleep(0.01)


def test_six_buyers_wait_for_a_gateway_that_hangs_and_nobody_else_does(settings: Settings, db: Database) -> None:
    with market("momo", settings, db) as shop:
        placed = shop.orders(6, "momo")
        shop.look_around()  # what is made at its first use is made
        shop.gateway.how = "hangs"
        with ThreadPoolExecutor(6) as buyers:
            pressed = [buyers.submit(shop.press_pay, one) for one in placed]
            wait_until_waiting(shop.gateway, 6)
            assert shop.look_around() < AT_ONCE_S
            began = time.perf_counter()
            with db.write() as session:  # no transaction is held: not the writer's place on SQLite, no locked due
                for one in placed:
                    due = due_of(session, f"order:{one.id}")
                    due.label = f"{due.label}"
                    session.add(due)
            assert time.perf_counter() - began < AT_ONCE_S
            assert shop.gateway.waiting == 6
            ends = [one.result() for one in pressed]
        for took_s, answer, page in ends:
            assert answer.status_code == 303
            assert took_s < calls.TIMEOUT_S + AT_ONCE_S
            assert CHECKING in page
        payments = shop.gateway.gateway.state.desk.payments  # type: ignore[attr-defined]  # the simulator's memory
        for payment in payments.values():
            shop.gateway.gateway.state.desk.decide(payment, "agree")  # type: ignore[attr-defined]  # as above
        shop.gateway.how = ""
        asking.ask_due(db, till_from(shop.settings), datetime.now(UTC) + timedelta(minutes=2))
        with db.read() as session:
            assert all(state_of(session, f"order:{one.id}").complete for one in placed)
            assert verify.check(session) == []


@ON_SQLITE
@pytest.mark.parametrize("name", [name for name in CALLED if name != "momo"])
def test_whoever_pays_at_any_gateway_that_hangs_waits_alone_and_the_question_settles_it(
    settings: Settings, db: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with a shorter limit: the true one is proved above."""
    monkeypatch.setattr(calls, "TIMEOUT_S", 2.0)
    with market(name, settings, db) as shop, ThreadPoolExecutor(1) as buyers:
        (placed,) = shop.orders(1, name)
        shop.look_around()
        shop.gateway.how = "hangs"
        pressed = buyers.submit(shop.press_pay, placed)
        wait_until_waiting(shop.gateway, 1)
        with db.write() as session:  # no transaction is held
            due = due_of(session, f"order:{placed.id}")
            due.label = f"{due.label}"
            session.add(due)
        assert not pressed.done()
        assert shop.look_around() < AT_ONCE_S
        took_s, answer, page = pressed.result()
        assert (answer.status_code, CHECKING in page) == (303, True)
        assert took_s < calls.TIMEOUT_S + AT_ONCE_S
        shop.gateway.how = ""
        agree(name, shop.gateway, code_of(db, due), "")
        monkeypatch.setattr(calls, "TIMEOUT_S", 8.0)
        asking.ask_due(db, till_from(shop.settings), datetime.now(UTC) + timedelta(minutes=2))
        with db.read() as session:
            assert state_of(session, f"order:{placed.id}").complete
            assert verify.check(session) == []


@ON_SQLITE
@pytest.mark.parametrize("name", CALLED)
def test_whatever_a_gateway_answers_the_page_says_that_it_is_being_checked(
    settings: Settings, db: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.5)
    with market(name, settings, db) as shop:
        for how, placed in zip(WAYS, shop.orders(len(WAYS), name), strict=True):
            shop.gateway.how = how
            took_s, answer, page = shop.press_pay(placed)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/don-hang/{placed.code}"), how
            assert CHECKING in page, how
            assert took_s < 3, how


@ON_SQLITE
@pytest.mark.parametrize("name", [*CALLED, "vnpay"])
@pytest.mark.parametrize("how", WAYS)
def test_a_question_without_an_answer_settles_nothing_and_is_asked_again(
    settings: Settings, db: Database, name: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.3)
    now = datetime.now(UTC)
    with rogue(name, settings) as (gateway, ours):
        due = make_due(db, method=name, closes_at=now + timedelta(hours=2))
        begin(db, ours, due.subject, Payer(), now)
        gateway.how = how
        later = now + timedelta(minutes=2)
        began = time.perf_counter()
        assert asking.ask_due(db, till_from(ours), later) == 1
        assert time.perf_counter() - began < 3
        with db.read() as session:
            attempt = session.exec(select(PaymentAttempt).where(col(PaymentAttempt.due_id) == due.id)).one()
            assert state_of(session, due.subject).received_vnd == 0
        assert attempt.next_check_at
        assert attempt.next_check_at > later
        asked = till_from(ours).gateways[name]
        assert isinstance(asked, CanQuery)
        with pytest.raises(GatewaySilent):
            asked.query(attempt.reference, attempt.provider_ref, attempt.created_at, later)
