"""Whatever order refunds are told in, and however often, the payment, its refunds and the books end the same."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments.gateway import Fact, FactKind
from payments.models import Entry, PaymentAttempt, PaymentFact, Refund
from payments.receive import take_fact
from payments.sending import _claim
from payments.service import open_due, refundable_vnd, request_refund, state_of
from payments.state import PaymentState
from payments.verify import check
from shop.core.db import Database
from tests.payments.factories import NOW
from tests.payments.many import many

ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)


@dataclass(frozen=True)
class History:
    """What comes in, what is promised back, and what the gateway then tells of each promise."""

    first: tuple[int, ...]  # captured before anything goes back
    later: tuple[int, ...]  # captured meanwhile
    back: tuple[int, ...]
    tells: tuple[frozenset[str], ...]
    outside_vnd: int
    shuffle: int


amounts = st.sampled_from([1, 5_000, 100_000, 255_000, 300_000])
histories = st.builds(
    History,
    first=st.lists(amounts, min_size=1, max_size=3).map(tuple),
    later=st.lists(amounts, max_size=1).map(tuple),
    back=st.lists(amounts, max_size=4).map(tuple),
    tells=st.lists(st.frozensets(st.sampled_from(["done", "failed"])), min_size=12, max_size=12).map(tuple),
    outside_vnd=st.sampled_from([0, 0, 5_000, 255_000]),
    shuffle=st.integers(0, 2**16),
)
Rows = list[tuple[int, str, str, str]]
End = tuple[PaymentState, dict[str, int], Rows]


class Undo(Exception):
    """Ends a history without a trace, so that the next starts on an empty market."""


def play(session: Session, history: History, *, shuffled: bool) -> End:
    open_due(session, "order:1", 300_000, "stripe", None, NOW)
    reference = session.exec(select(PaymentAttempt.reference)).one()
    came = Fact("stripe", "", FactKind.CAPTURED, 0, NOW, "ipn", "1120:stripe", reference=reference)
    captured = []
    for number, amount_vnd in enumerate((*history.first, *history.later)):
        captured.append(replace(came, movement_id=f"ch_{number}", amount_vnd=amount_vnd))
    for fact in captured[: len(history.first)]:
        take_fact(session, fact, NOW)
    told = captured + _told(session, history, reference)
    if shuffled:
        chance = random.Random(history.shuffle)
        told += chance.choices(told, k=len(told))
        chance.shuffle(told)
    for fact in told:
        take_fact(session, fact, NOW)
    session.flush()
    return _end(session)


def _told(session: Session, history: History, reference: str) -> list[Fact]:
    """What the gateway will tell of everything that was sent, and of what somebody gave back in its own pages."""
    for wanted_vnd in history.back:
        if amount_vnd := min(wanted_vnd, refundable_vnd(session, "order:1")):
            request_refund(session, "order:1", amount_vnd, "claim", NOW)
    told = []
    for refund, tells in zip(session.exec(select(Refund).order_by(col(Refund.id))).all(), history.tells, strict=False):
        assert refund.way == "stripe"
        claimed = _claim(session, refund.model_copy(), NOW)
        assert claimed
        name = f"re_{refund.id}"
        done = Fact("stripe", name, FactKind.REFUNDED, refund.amount_vnd, NOW, "ipn", "1120:stripe", "", reference)
        done = replace(done, refund_id=claimed[0].gateway_id)
        facts = {"done": done, "failed": replace(done, movement_id=f"{name}:failed", kind=FactKind.FAILED)}
        told += [facts[what] for what in sorted(tells)]
    if history.outside_vnd:
        outside = Fact("stripe", "re_x", FactKind.REFUNDED, history.outside_vnd, NOW, "ipn", "1120:stripe")
        told.append(replace(outside, reference=reference, refund_id=""))
    return told


def _end(session: Session) -> End:
    assert check(session) == []
    ledger: dict[str, int] = {}
    for account, sum_vnd in session.exec(
        select(Entry.account, func.sum(Entry.amount_vnd)).group_by(col(Entry.account))
    ):
        name = "2120" if account.startswith("2120:") else account  # PostgreSQL gives no row's number twice
        ledger[name] = ledger.get(name, 0) + int(sum_vnd)
    assert sum(ledger.values()) == 0
    refunds = [(one.amount_vnd, one.state, one.way, one.reason) for one in session.exec(select(Refund))]
    return state_of(session, "order:1"), ledger, sorted(refunds)


def check_history(db: Database, history: History) -> None:
    ends: list[End] = []
    for shuffled in (False, True):
        with suppress(Undo), db.write() as session:
            ends.append(play(session, history, shuffled=shuffled))
            _never_more_than_came(session)
            raise Undo
    straight, mixed = ends
    assert mixed == straight


def _never_more_than_came(session: Session) -> None:
    """What we ask a gateway to give back of a movement is never more than it captured."""
    asked = select(Refund.fact_id, func.sum(Refund.amount_vnd)).where(
        Refund.way != "transfer", Refund.reason == "claim"
    )
    for fact_id, back_vnd in session.exec(asked.group_by(col(Refund.fact_id))):
        assert back_vnd <= session.get_one(PaymentFact, fact_id).amount_vnd


shared = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@ON_SQLITE
@settings(max_examples=many(30, 600), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_many_histories_of_refunds_end_the_same_in_any_order(db: Database, history: History) -> None:
    check_history(db, history)


@ON_POSTGRESQL
@settings(max_examples=many(8, 150), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_histories_of_refunds_end_the_same_on_postgresql(db: Database, history: History) -> None:
    check_history(db, history)
