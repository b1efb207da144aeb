"""An order to be paid in cash of which money came another way: what is not delivered goes back to the buyer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from payments import ledger, unmatched
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt, UnmatchedMoney
from payments.receive import take_fact
from payments.service import left_to_collect, refunds_of, state_of
from payments.verify import check as payments_rules
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import service as orders
from shop.orders import states
from shop.orders.models import Order, Parcel
from shop.orders.paying import switch
from shop.orders.placing import Placed
from shop.orders.verify import broken_rules
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import COLLEAGUE, arrive, make_line

NOW = datetime.now(UTC)


@pytest.fixture
def person(db: Database) -> Person:
    return make_person(db)


def bought(db: Database, settings: Settings, coops: int, pay: str = "cod") -> Placed:
    boxes = {}
    for _ in range(coops):
        coop = make_coop(db)
        make_table(db, coop)
        boxes[variant_of(db, make_product(db, coop)).id] = 1
    return make_order(db, boxes, settings, NOW, pay=pay)


def paid_by_transfer(db: Database, placed: Placed, amount_vnd: int) -> None:
    """A transfer without a code, which the operator gives to the order."""
    arrive(db, make_line("tien dua", amount_vnd))
    with db.write() as session:
        (row,) = unmatched.waiting(session)
        assert unmatched.match(session, row.money.id, placed.code, COLLEAGUE, NOW, 10**9) == "matched"


def parcels(db: Database, placed: Placed) -> list[Parcel]:
    with db.read() as session:
        return list(session.exec(select(Parcel).where(Parcel.order_id == placed.id).order_by(col(Parcel.id))))


def gone_back(db: Database, placed: Placed) -> int:
    with db.read() as session:
        assert broken_rules(session) == payments_rules(session) == []
        return sum(refund.amount_vnd for refund in refunds_of(session, f"order:{placed.id}"))


@pytest.mark.parametrize("rest_vnd", [0, 30_000])
def test_a_refused_parcel_sends_back_what_was_paid_before(
    db: Database, settings: Settings, person: Person, rest_vnd: int
) -> None:
    placed = bought(db, settings, 1)
    paid_by_transfer(db, placed, placed.total_vnd - rest_vnd)
    (parcel,) = parcels(db, placed)
    with db.write() as session:
        states.pack(session, parcel.coop_id, parcel.id, person, NOW)
        states.hand_over(session, parcel.coop_id, parcel.id, person, NOW, carrier_key="own")
        states.refuse(session, parcel.coop_id, parcel.id, person, NOW, goods_fit=True)
    assert gone_back(db, placed) == placed.total_vnd - rest_vnd


def test_a_parcel_that_is_not_sent_is_first_not_asked_for_and_only_then_given_back(
    db: Database, settings: Settings, person: Person
) -> None:
    placed = bought(db, settings, 2)
    first, second = parcels(db, placed)
    paid_by_transfer(db, placed, second.total_vnd + 10_000)
    with db.write() as session:
        states.cancel(session, first.coop_id, first.id, person, NOW)
        assert state_of(session, f"order:{placed.id}").missing_vnd == 0
    assert gone_back(db, placed) == 10_000
    with db.write() as session:
        states.pack(session, second.coop_id, second.id, person, NOW)
        states.hand_over(session, second.coop_id, second.id, person, NOW, carrier_key="own")
        states.deliver(session, second.coop_id, second.id, person, NOW)
        assert ledger.balance_vnd(session, ledger.account("2110", f"order:{placed.id}")) == 0
    assert gone_back(db, placed) == 10_000


def test_the_buyer_may_still_call_it_off(db: Database, settings: Settings) -> None:
    placed = bought(db, settings, 1)
    paid_by_transfer(db, placed, 40_000)
    with db.write() as session:
        orders.cancel(session, placed.id, None, NOW)
    assert gone_back(db, placed) == 40_000


def test_what_a_gateway_only_suspects_is_asked_for_in_cash(db: Database, settings: Settings) -> None:
    placed = bought(db, settings, 1, pay="vnpay")
    subject = f"order:{placed.id}"
    with db.write() as session:
        reference = session.exec(select(PaymentAttempt.reference)).one()
        kind = FactKind.AUTHORISED
        suspected = Fact("vnpay", "99", kind, placed.total_vnd, NOW, "ipn", "1120:vnpay", reference=reference)
        take_fact(session, suspected, NOW)
        switch(session, session.get_one(Order, placed.id), "cod", settings, NOW)
    with db.write() as session:
        assert left_to_collect(session, subject, placed.total_vnd) == placed.total_vnd
        assert session.exec(select(UnmatchedMoney)).all() == []
