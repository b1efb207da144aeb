"""For every gateway: in whatever order and however often the facts of a payment are told, it ends the same."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments import ledger
from payments.books import state_of_attempt
from payments.gateway import BankLine, Fact, FactKind, RawRequest
from payments.models import Entry, PaymentAttempt, UnmatchedMoney
from payments.receive import receive, take_fact
from payments.service import open_due, state_of
from payments.state import AttemptState, PaymentState
from payments.verify import check
from shop.core.db import Database
from tests.payments.factories import NOW, TILL, due_of, make_line
from tests.payments.many import many

TELLING = ("stripe", "momo", "zalopay", "vnpay", "payos", "shopeepay", "viettel")
SOURCES = ("sepay", "casso")
DUE_VND = 255_000
ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
MARKERS = (FactKind.STARTED, FactKind.FAILED, FactKind.EXPIRED, FactKind.CANCELLED, FactKind.VOIDED)


@dataclass(frozen=True)
class History:
    """What happened to one payment at one gateway; `captured` are (sum, minutes after the order)."""

    gateway: str
    authorised_vnd: int
    captured: tuple[tuple[int, int], ...]
    markers: frozenset[FactKind]
    strangers: int
    tolerance_vnd: int
    shuffle: int

    def facts(self, reference: str) -> list[Fact | BankLine]:
        """The facts as they happened; a source of bank lines knows captured money only."""
        if self.gateway in SOURCES:
            told = [(reference, *one) for one in self.captured] + [("khong ma", 20_000, 1)] * self.strangers
            return [
                make_line(code, sum_vnd, line_id=str(number), occurred_at=NOW + timedelta(minutes=minutes))
                for number, (code, sum_vnd, minutes) in enumerate(told)
            ]
        made = [self._fact(kind, f"{reference}:{kind}", 0, reference) for kind in sorted(self.markers)]
        if self.authorised_vnd:
            held = self._fact(FactKind.AUTHORISED, f"{reference}:held", self.authorised_vnd, reference)
            made.insert(1 if FactKind.STARTED in self.markers else 0, held)
        for number, (sum_vnd, minutes) in enumerate(self.captured):
            made.append(self._fact(FactKind.CAPTURED, f"m{number}", sum_vnd, reference, minutes))
        for number in range(self.strangers):
            made.append(self._fact(FactKind.CAPTURED, f"s{number}", 20_000, f"HTXNOBODY{number}"))
        return list(made)

    def _fact(self, kind: FactKind, movement: str, amount_vnd: int, reference: str, minutes: int = 0) -> Fact:
        at, account = NOW + timedelta(minutes=minutes), ledger.account("1120", self.gateway)
        return Fact(self.gateway, movement, kind, amount_vnd, at, "ipn", account, reference=reference)


sums = st.sampled_from([1, 1_000, 100_000, 254_000, 255_000, 256_000, 260_000, 400_000])
histories = st.builds(
    History,
    gateway=st.sampled_from(TELLING + SOURCES),
    authorised_vnd=st.sampled_from([0, 255_000, 300_000]),
    captured=st.lists(st.tuples(sums, st.integers(0, 300)), max_size=4).map(tuple),
    markers=st.frozensets(st.sampled_from(MARKERS)),
    strangers=st.integers(0, 2),
    tolerance_vnd=st.sampled_from([0, 0, 1_000]),
    shuffle=st.integers(0, 2**16),
)
End = tuple[PaymentState, AttemptState, dict[tuple[str, bool], int], int]


class Undo(Exception):
    """Ends a history without a trace, so that the next starts on an empty market."""


def play(session: Session, history: History, *, shuffled: bool) -> End:
    method = "vietqr" if history.gateway in SOURCES else history.gateway
    closes_at = NOW + timedelta(hours=2)
    open_due(session, "order:1", DUE_VND, method, closes_at, NOW, tolerance_vnd=history.tolerance_vnd)
    attempt = session.exec(select(PaymentAttempt).where(PaymentAttempt.due_id == due_of(session, "order:1").id)).one()
    facts = history.facts(attempt.reference)
    if shuffled:
        chance = random.Random(history.shuffle)
        facts += chance.choices(facts, k=2 * len(facts)) if facts else []
        chance.shuffle(facts)
    for fact in facts:
        if isinstance(fact, BankLine):
            receive(session, TILL, history.gateway, RawRequest({}, b"", NOW), [fact], NOW)
        else:
            take_fact(session, fact, NOW)
    session.flush()
    assert check(session) == []
    wanted = select(Entry.account, Entry.pending, func.sum(Entry.amount_vnd))
    rows = session.exec(wanted.group_by(col(Entry.account), col(Entry.pending)))
    books = {(name, pending): int(sum_vnd) for name, pending, sum_vnd in rows if sum_vnd}
    assert sum(books.values()) == 0
    waiting = session.exec(select(func.sum(UnmatchedMoney.amount_vnd))).one()
    return state_of(session, "order:1"), state_of_attempt(session, attempt.id), books, int(waiting or 0)


def check_history(db: Database, history: History) -> None:
    ends: list[End] = []
    for shuffled in (False, True):
        with suppress(Undo), db.write() as session:
            ends.append(play(session, history, shuffled=shuffled))
            raise Undo
    assert ends[0] == ends[1]
    state, attempt, books, _ = ends[0]
    came_vnd = sum(sum_vnd for sum_vnd, _ in history.captured)
    account = ledger.BANK if history.gateway in SOURCES else ledger.account("1120", history.gateway)
    assert books.get((account, False), 0) == came_vnd + 20_000 * history.strangers
    assert state.received_vnd == min(DUE_VND, came_vnd)
    assert (attempt is AttemptState.CAPTURED) == bool(history.captured)
    if history.captured or FactKind.VOIDED in history.markers:
        assert not any(pending for _, pending in books)  # nothing is held any longer


shared = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


LEFT_AND_HELD = History("stripe", 255_000, (), frozenset({FactKind.CANCELLED, FactKind.STARTED}), 0, 0, 0)


@ON_SQLITE
@example(history=LEFT_AND_HELD)
@settings(max_examples=many(100, 5000), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_histories_of_every_gateway_end_the_same(db: Database, history: History) -> None:
    check_history(db, history)


@ON_POSTGRESQL
@settings(max_examples=many(20, 500), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_histories_of_every_gateway_end_the_same_on_postgresql(db: Database, history: History) -> None:
    check_history(db, history)
