"""A buyer's money becomes the co-op's when the parcel is there, less the commission of the day of the sale."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from payments import ledger, verify
from payments import service as payments
from payments.earnings.service import Balances, ReturnTooLarge, Sale, balances, earn, release_due
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt
from payments.receive import take_fact
from shop.core.db import Database
from tests.payments.payouts import run_it, with_account

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
COOP = "coop:7"


def sale(**changes: object) -> Sale:
    facts = {
        "parcel": "parcel:1",
        "goods_vnd": 180_000,
        "shipping_vnd": 20_000,
        "commission_vnd": 18_000,
        "payable_at": LATER,
    }
    return Sale(COOP, "order:1", "ABC", **{**facts, **changes})  # type: ignore[arg-type]  # as in `facts`


@pytest.fixture
def paid(db: Database) -> Database:
    """An order of 300,000 đ paid by wallet."""
    with db.write() as session:
        payments.open_due(session, "order:1", 300_000, "momo", None, NOW)
        reference = session.exec(select(PaymentAttempt.reference)).one()
        fact = Fact("momo", "m1", FactKind.CAPTURED, 300_000, NOW, "ipn", "1120:momo", reference=reference)
        take_fact(session, fact, NOW)
    return db


def delivered(db: Database, **changes: object) -> None:
    with db.write() as session:
        earn(session, sale(**changes), NOW)


def of(db: Database) -> Balances:
    with db.read() as session:
        assert verify.check(session) == []
        return balances(session, COOP)


def back(db: Database, amount_vnd: int) -> None:
    with db.write() as session:
        payments.request_refund(session, "order:1", amount_vnd, "claim", LATER, parcel="parcel:1")


def on(db: Database, account: str) -> int:
    with db.read() as session:
        return ledger.balance_vnd(session, account)


def test_a_delivered_parcel_earns_once(paid: Database) -> None:
    delivered(paid)
    delivered(paid)
    assert of(paid) == Balances(182_000, 0, 0, 0, 0)
    assert on(paid, "4110:coop:7") == -18_000
    assert on(paid, "2110:order:1") == -100_000


def test_payable_when_the_time_for_claims_is_over(paid: Database) -> None:
    delivered(paid)
    release_due(paid, LATER - timedelta(seconds=1))
    assert of(paid).payable_vnd == 0
    release_due(paid, LATER)
    release_due(paid, LATER)
    assert of(paid) == Balances(0, 182_000, 0, 0, 0)


def test_a_refund_before_it_is_payable_comes_from_what_waits(paid: Database) -> None:
    delivered(paid)
    back(paid, 50_000)  # the market gives 4,500 of its 18,000 back
    assert of(paid).pending_vnd == 182_000 - 45_500
    release_due(paid, LATER)
    assert of(paid) == Balances(0, 136_500, 0, 0, 0)


def test_a_refund_after_the_payout_is_a_debt_that_the_next_parcel_pays(paid: Database) -> None:
    delivered(paid)
    release_due(paid, LATER)
    with_account(paid, COOP)
    run_it(paid, now=LATER)
    back(paid, 50_000)
    assert of(paid) == Balances(0, 0, 182_000, 45_500, 0)
    with paid.write() as session:
        earn(session, sale(parcel="parcel:2", goods_vnd=100_000, shipping_vnd=0, commission_vnd=10_000), NOW)
    release_due(paid, LATER)
    assert of(paid) == Balances(0, 44_500, 182_000, 0, 0)


def test_the_last_dong_takes_the_whole_commission_back(paid: Database) -> None:
    delivered(paid)
    for amount_vnd in (66_667, 66_667, 66_666):
        back(paid, amount_vnd)
    assert of(paid) == Balances(0, 0, 0, 0, 0)
    assert on(paid, "4110:coop:7") == 0
    with pytest.raises(ReturnTooLarge):
        back(paid, 1)


def test_only_money_that_is_here_is_earned(paid: Database) -> None:
    delivered(paid, goods_vnd=400_000, commission_vnd=40_000)
    assert of(paid).pending_vnd == 260_000
    assert on(paid, "2110:order:1") == 0
