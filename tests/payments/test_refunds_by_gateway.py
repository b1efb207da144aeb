"""Refunds leave through the wallet that took the money: once, whatever is lost, said twice or killed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from payments import ledger, refunds, unmatched
from payments.events import RefundSent
from payments.gateway import Fact, FactKind, Outcome, Paid, StartPayment
from payments.gateways.momo import MoMo
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, Refund
from payments.receive import take_fact
from payments.sending import _claim, send_refunds_due
from payments.service import open_due, refunds_of, request_refund, state_of
from payments.simulators import momo as simulator
from payments.state import State
from payments.till import Till
from payments.verify import check
from shop.core.db import Database
from shop.core.outbox import OutboxEvent
from tests.payments.factories import NOW, OPERATOR, arrive, make_due, make_line
from tests.payments.wallets import Browser
from tests.served import serving

KEYS = ("CHOHTX", "an access key", "a secret key")
NOBODY = "http://127.0.0.1:9"
MINUTE = timedelta(minutes=1)


@dataclass
class Wallet:
    """MoMo as the market knows it, and what it remembers."""

    gateway: MoMo
    desk: simulator.Desk

    @property
    def till(self) -> Till:
        return Till({"momo": self.gateway})

    @property
    def silent(self) -> Till:
        return Till({"momo": replace(self.gateway, api_url=NOBODY)})

    def given_back(self) -> list[tuple[str, int]]:
        rows = [row for payment in self.desk.payments.values() for row in payment.refunds]
        return [(row["orderId"], row["amount"]) for row in rows if row["resultCode"] == 0]


@pytest.fixture(scope="module")
def momo() -> Iterator[Wallet]:
    app = simulator.pages(*KEYS, lambda: NOW)
    with serving(app) as port:
        yield Wallet(MoMo(*KEYS, f"http://127.0.0.1:{port}"), app.state.desk)


@pytest.fixture
def wallet(momo: Wallet) -> Wallet:
    momo.desk.payments.clear()
    momo.desk.answered.clear()
    momo.desk.refund_result = momo.desk.refunds_end_in = 0
    return momo


@pytest.fixture(autouse=True)
def every_rule_holds_at_the_end(db: Database) -> Iterator[None]:
    yield
    with db.read() as session:
        assert check(session) == []


def pay(db: Database, wallet: Wallet, due: PaymentDue) -> None:
    """The buyer pays what is missing at the wallet's page; the notification is lost, the query finds it."""
    with db.read() as session:
        mine = select(PaymentAttempt).where(PaymentAttempt.due_id == due.id).order_by(col(PaymentAttempt.id).desc())
        attempt = session.exec(mine).all()[0]
    back_url, notify_url = f"{NOBODY}/return", f"{NOBODY}/ipn"
    asks = StartPayment(attempt.reference, attempt.amount_vnd, None, "Đơn", back_url, notify_url, at=attempt.created_at)
    Browser(wallet.gateway.start(asks).action.url).press("silent")
    tell(db, *wallet.gateway.query(attempt.reference, "", attempt.created_at, NOW))


def tell(db: Database, *facts: Fact) -> list[Outcome]:
    outcomes = []
    for fact in facts:
        with db.write() as session:
            outcomes.append(take_fact(session, fact, NOW))
    return outcomes


def paid(db: Database, wallet: Wallet, amount_vnd: int = 255_000) -> PaymentDue:
    due = make_due(db, amount_vnd, method="momo")
    pay(db, wallet, due)
    return due


def promised(db: Database, due: PaymentDue, amount_vnd: int = 255_000) -> list[Refund]:
    with db.write() as session:
        return request_refund(session, due.subject, amount_vnd, "cancelled", NOW)


def of(db: Database, due: PaymentDue) -> list[Refund]:
    with db.read() as session:
        return refunds_of(session, due.subject)


def at(db: Database, due: PaymentDue) -> State:
    with db.read() as session:
        return state_of(session, due.subject).state


def clearing_vnd(db: Database) -> int:
    with db.read() as session:
        return ledger.balance_vnd(session, "1120:momo")


def test_the_money_goes_back_by_itself_and_the_buyer_is_told_once(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    (promise,) = promised(db, due)
    assert (promise.way, promise.state, at(db, due)) == ("momo", "requested", State.REFUNDING)
    assert send_refunds_due(db, wallet.till, NOW) == 1
    assert send_refunds_due(db, wallet.till, NOW + 60 * MINUTE) == 0
    (refund,) = of(db, due)
    assert (refund.state, refund.gateway_id) == ("sent", f"261121-R{refund.id}")
    assert (at(db, due), clearing_vnd(db)) == (State.REFUNDED, 0)
    assert wallet.given_back() == [(refund.gateway_id, 255_000)]
    with db.read() as session:
        told = session.exec(select(OutboxEvent).where(OutboxEvent.event == RefundSent.__name__)).all()
    assert [event.facts["amount_vnd"] for event in told] == [255_000]


def test_what_is_known_by_answer_is_not_counted_again_by_query(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    promised(db, due, 55_000)
    send_refunds_due(db, wallet.till, NOW)
    with db.read() as session:
        reference = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
    assert tell(db, *wallet.gateway.query(reference, "", NOW, NOW)) == [Outcome.DUPLICATE] * 2
    assert (at(db, due), clearing_vnd(db)) == (State.PAID, 200_000)


def test_after_silence_it_asks_first_and_pays_once(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    promised(db, due)
    send_refunds_due(db, wallet.silent, NOW)
    assert [(one.state, one.next_check_at) for one in of(db, due)] == [("sending", NOW + MINUTE)]
    assert send_refunds_due(db, wallet.till, NOW + MINUTE / 2) == 0
    send_refunds_due(db, wallet.silent, NOW + MINUTE)
    send_refunds_due(db, wallet.till, NOW + 3 * MINUTE)
    assert at(db, due) is State.REFUNDED
    assert len(wallet.given_back()) == 1


def test_a_silent_wallet_stands_in_nobodys_way(db: Database, wallet: Wallet) -> None:
    dues = [paid(db, wallet, 5_000 + number) for number in range(3)]
    for number, due in enumerate(dues):
        promised(db, due, 5_000 + number)
    assert send_refunds_due(db, wallet.silent, NOW) == 3
    assert send_refunds_due(db, wallet.silent, NOW) == 0
    assert send_refunds_due(db, Till(), NOW + MINUTE) == 3  # its settings were taken out: what was never sent is ours
    assert sorted(one.state for due in dues for one in of(db, due)) == ["requested", "requested", "sending"]
    send_refunds_due(db, wallet.till, NOW + 120 * MINUTE)
    assert len(wallet.given_back()) == 1


def test_killed_after_the_wallet_had_it_the_next_process_finds_it(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    (promise,) = promised(db, due)
    with db.write() as session:  # as the process stood when it was killed
        claimed = _claim(session, promise, NOW)
    assert claimed is not None
    refund, payment = claimed
    wallet.gateway.refund(refund.gateway_id, payment, 255_000, "", NOW)
    send_refunds_due(db, wallet.till, NOW + MINUTE)
    assert at(db, due) is State.REFUNDED
    assert len(wallet.given_back()) == 1


def test_eight_workers_at_once_send_it_once(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    promised(db, due)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: send_refunds_due(db, wallet.till, NOW), range(8)))
    assert at(db, due) is State.REFUNDED
    assert len(wallet.given_back()) == 1


def test_refused_it_waits_for_a_person_who_may_try_again_under_another_id(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    promised(db, due)
    wallet.desk.refund_result = 1088
    send_refunds_due(db, wallet.till, NOW)
    with db.read() as session:
        (row,) = refunds.to_send(session)
    assert (row.refund.way, row.refund.state, row.refund.refused) == ("transfer", "requested", "1088")
    assert (row.came_by, clearing_vnd(db)) == ("momo", 255_000)
    wallet.desk.refund_result = 0
    with db.write() as session:
        refunds.try_again(session, row.refund.id, OPERATOR, NOW)
    send_refunds_due(db, wallet.till, NOW)
    assert wallet.given_back() == [(f"261121-R{row.refund.id}-2", 255_000)]
    assert at(db, due) is State.REFUNDED


def test_refused_it_can_be_sent_by_transfer(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    (promise,) = promised(db, due)
    wallet.desk.refund_result = 1080
    send_refunds_due(db, wallet.till, NOW)
    with db.write() as session:
        refunds.mark_sent(session, promise.id, "FT1", OPERATOR, NOW)
    assert send_refunds_due(db, wallet.till, NOW + 60 * MINUTE) == 0
    with db.read() as session:
        assert ledger.balance_vnd(session, ledger.BANK) == -255_000
    assert (at(db, due), clearing_vnd(db)) == (State.REFUNDED, 255_000)


@pytest.mark.parametrize(("ends_in", "state", "way"), [(0, "sent", "momo"), (1080, "requested", "transfer")])
def test_what_is_under_way_is_asked_about(db: Database, wallet: Wallet, ends_in: int, state: str, way: str) -> None:
    due = paid(db, wallet)
    promised(db, due)
    wallet.desk.refund_result = wallet.desk.refunds_end_in = 7002
    send_refunds_due(db, wallet.till, NOW)
    send_refunds_due(db, wallet.till, NOW + MINUTE)
    assert [one.state for one in of(db, due)] == ["sending"]
    wallet.desk.refunds_end_in = ends_in
    send_refunds_due(db, wallet.till, NOW + 3 * MINUTE)
    assert [(one.state, one.way) for one in of(db, due)] == [(state, way)]


def test_while_the_wallet_is_at_it_nobody_sends_it_by_transfer(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    (promise,) = promised(db, due)
    send_refunds_due(db, wallet.silent, NOW)
    with pytest.raises(refunds.GatewayIsAtIt), db.write() as session:
        refunds.send_by_transfer(session, promise.id, OPERATOR, NOW)
    with pytest.raises(refunds.AlreadySent), db.write() as session:
        refunds.mark_sent(session, promise.id, "FT1", OPERATOR, NOW)
    for number in range(1, 7):
        send_refunds_due(db, wallet.silent, NOW + number * 60 * MINUTE)
    with db.read() as session:
        assert [row.is_stuck for row in refunds.under_way(session)] == [True]
        assert refunds.count_to_send(session) == 1
    with db.write() as session:
        refunds.send_by_transfer(session, promise.id, OPERATOR, NOW)
        refunds.mark_sent(session, promise.id, "FT1", OPERATOR, NOW)
    assert at(db, due) is State.REFUNDED


def test_newest_money_first_each_by_its_way_and_the_rest_by_transfer(db: Database, wallet: Wallet) -> None:
    due = make_due(db, 600_000)
    with db.read() as session:
        code = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
    arrive(db, make_line(code, 100_000))
    with db.write() as session:
        open_due(session, due.subject, 600_000, "momo", None, NOW)
    pay(db, wallet, due)
    promised(db, due, 50_000)
    promised(db, due, 520_000)
    assert [(one.way, one.amount_vnd) for one in of(db, due)] == [
        ("momo", 50_000),
        ("momo", 450_000),
        ("transfer", 70_000),
    ]
    send_refunds_due(db, wallet.till, NOW)
    assert sorted(sum_vnd for _, sum_vnd in wallet.given_back()) == [50_000, 450_000]
    assert (at(db, due), clearing_vnd(db)) == (State.REFUNDING, 0)


def test_what_was_paid_twice_goes_back_on_the_payment_that_was_too_much(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    with db.read() as session:
        reference = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
    again = Fact("momo", "4242", FactKind.CAPTURED, 255_000, NOW, "ipn", "1120:momo", reference=reference)
    tell(db, again)
    with db.write() as session:
        (twice,) = unmatched.waiting(session)
        assert unmatched.send_back(session, twice.money.id, OPERATOR, NOW, 10**9) == "sent_back"
    with db.read() as session:
        (row,) = refunds.under_way(session)
        movement = session.get_one(PaymentFact, row.refund.fact_id)
    assert (row.refund.way, movement.movement_id) == ("momo", "4242")
    wallet.desk.payments[reference].number = 4242  # as the wallet knows the second payment
    send_refunds_due(db, wallet.till, NOW)
    assert (at(db, due), clearing_vnd(db), len(wallet.given_back())) == (State.PAID, 255_000, 1)


def test_what_no_gateway_gives_back_waits_for_a_person(db: Database) -> None:
    due = make_due(db, method="payos")
    with db.read() as session:
        reference = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
    tell(db, Fact("payos", "T1", FactKind.CAPTURED, 255_000, NOW, "ipn", "1120:payos", reference=reference))
    promised(db, due)
    send_refunds_due(db, Till(), NOW)
    assert [(one.way, one.state) for one in of(db, due)] == [("transfer", "requested")]


class Careless:
    """A gateway that pays again when an old id comes again; it hears everything and says nothing."""

    refund_again = False

    def __init__(self) -> None:
        self.heard: list[str] = []

    def start(self, request: StartPayment) -> object:
        raise NotImplementedError

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> list[Fact]:
        self.heard.append(f"pay {refund_id}")
        return []

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> list[Fact]:
        self.heard.append(f"ask {refund_id}")
        return []


def test_where_an_old_id_pays_again_it_is_only_asked_about(db: Database, wallet: Wallet) -> None:
    due = paid(db, wallet)
    promised(db, due)
    careless = Careless()
    for number in range(4):
        send_refunds_due(db, Till({"momo": careless}), NOW + number * 60 * MINUTE)  # type: ignore[dict-item]  # never pays
    assert [said.split()[0] for said in careless.heard] == ["pay", "ask", "ask", "ask"]
