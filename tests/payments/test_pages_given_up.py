"""A page on which nobody shall pay any more is closed at its gateway; money that still comes by it is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments import verify
from payments.asking import ask_due
from payments.gateway import CanCancel
from payments.models import PaymentAttempt, UnmatchedMoney
from payments.paying import Payer, begin
from payments.service import open_due, state_of
from payments.till import till_from
from shop.core.db import Database
from shop.core.events import deliver_due
from shop.main import HANDLERS
from shop.orders import service as orders
from shop.orders.access import secret_link
from shop.orders.models import Order
from shop.orders.paying import switch
from shop.orders.placing import Placed
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.rogue import Rogue, rogue

CLOSES = pytest.mark.parametrize("name", ["payos", "stripe"])
MINUTE = timedelta(minutes=1)


@contextmanager
def opened(name: str, settings: Settings, db: Database) -> Iterator[tuple[Rogue, Settings, Placed, datetime]]:
    """An order with an open page at that gateway."""
    with rogue(name, settings) as (gateway, ours):
        coop, now = make_coop(db), datetime.now(UTC)
        make_table(db, coop)
        goods = variant_of(db, make_product(db, coop, on_hand=100)).id
        placed = make_order(db, {goods: 1}, ours, now, pay=name)
        begin(db, ours, f"order:{placed.id}", Payer("127.0.0.1"), now)
        yield gateway, ours, placed, now


def page_of(name: str, gateway: Rogue) -> Any:
    desk: Any = gateway.gateway.state.desk  # type: ignore[attr-defined]  # the simulator's memory
    return next(iter((desk.links if name == "payos" else desk.sessions).values()))


def is_closed(name: str, gateway: Rogue) -> bool:
    return bool(page_of(name, gateway)["status"] == ("CANCELLED" if name == "payos" else "expired"))


def call_off(db: Database, placed: Placed, now: datetime) -> None:
    with db.write() as session:
        orders.cancel(session, placed.id, None, now)


@CLOSES
@pytest.mark.parametrize("why", ["called off", "not paid in time", "another way", "cash"])
def test_the_page_is_closed_when_nobody_shall_pay_there(settings: Settings, db: Database, name: str, why: str) -> None:
    with opened(name, settings, db) as (gateway, ours, placed, now):
        subject = f"order:{placed.id}"
        with db.write() as session:
            if why == "called off":
                orders.cancel(session, placed.id, None, now)
            elif why == "not paid in time":
                orders.close(session, placed.id, now)
            else:
                way = "vietqr" if why == "another way" else "cod"
                switch(session, session.get_one(Order, placed.id), way, ours, now)
        assert not is_closed(name, gateway)  # nobody is called in a transaction
        ask_due(db, till_from(ours), now)
        assert is_closed(name, gateway)
        with db.read() as session:
            (attempt,) = session.exec(select(PaymentAttempt).where(PaymentAttempt.gateway == name))
            assert attempt.next_check_at is None
            assert state_of(session, subject).received_vnd == 0
            assert verify.check(session) == []


@CLOSES
def test_a_gateway_that_does_not_answer_is_told_again(settings: Settings, db: Database, name: str) -> None:
    with opened(name, settings, db) as (gateway, ours, placed, now):
        call_off(db, placed, now)
        gateway.gateway, there = _nobody, gateway.gateway
        ask_due(db, till_from(ours), now)
        gateway.gateway = there
        assert not is_closed(name, gateway)
        ask_due(db, till_from(ours), now + 2 * MINUTE)
        assert is_closed(name, gateway)


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@CLOSES
def test_money_paid_just_before_the_page_was_closed_waits_for_the_operator(
    settings: Settings, db: Database, name: str
) -> None:
    with opened(name, settings, db) as (gateway, ours, placed, now):
        desk: Any = gateway.gateway.state.desk  # type: ignore[attr-defined]  # as above
        call_off(db, placed, now)
        paid = page_of(name, gateway)
        desk._transfer(paid, paid["amount"]) if name == "payos" else desk._pay(paid, 0)
        ask_due(db, till_from(ours), now)
        while deliver_due(db, HANDLERS, now):
            pass
        assert not is_closed(name, gateway)
        with db.read() as session:
            (money,) = session.exec(select(UnmatchedMoney)).all()
            assert (money.reason, money.state) == ("late", "waiting")
            assert session.get_one(Order, placed.id).state == "cancelled"
            assert verify.check(session) == []


@CLOSES
def test_who_comes_back_to_a_way_given_up_gets_a_page_of_its_own(settings: Settings, db: Database, name: str) -> None:
    with opened(name, settings, db) as (_, ours, placed, now):
        subject = f"order:{placed.id}"
        with db.write() as session:
            order = session.get_one(Order, placed.id)
            switch(session, order, "vietqr", ours, now)
        with db.write() as session:
            open_due(session, subject, placed.total_vnd, name, now + timedelta(hours=2), now)
        assert begin(db, ours, subject, Payer("127.0.0.1"), now).startswith("http")
        with db.read() as session:
            mine = select(PaymentAttempt).where(PaymentAttempt.gateway == name).order_by(col(PaymentAttempt.id))
            given_up, fresh = session.exec(mine).all()
        assert given_up.given_up_at
        assert fresh.given_up_at is None
        assert fresh.pay_url != given_up.pay_url


def test_who_can_close_a_page(settings: Settings) -> None:
    gateways = till_from(settings).gateways
    assert {name for name, one in gateways.items() if isinstance(one, CanCancel)} == {"payos", "stripe"}


@pytest.mark.parametrize("how", ["called off", "not paid in time"])
def test_an_old_tab_opens_no_page_for_an_order_that_is_over(
    client: TestClient, settings: Settings, db: Database, how: str
) -> None:
    coop, now = make_coop(db), datetime.now(UTC)
    make_table(db, coop)
    placed = make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, now, pay="vnpay")
    client.get(secret_link(settings.secret_key, placed.code))
    with db.write() as session:
        orders.cancel(session, placed.id, None, now) if how == "called off" else orders.close(session, placed.id, now)
    answer = client.post(f"/don-hang/{placed.code}/tra", follow_redirects=False)
    assert answer.status_code == 409
    with db.read() as session:
        assert session.exec(select(PaymentAttempt.next_check_at)).one() is None
