"""Whatever order money is told in, and however often, the payment and the books end the same."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from payments.cod import collect_cod, hand_over_cod, take_back_cod, void_cod
from payments.gateway import BankLine, RawRequest
from payments.models import Entry, PaymentAttempt, UnmatchedMoney
from payments.receive import receive
from payments.service import open_due, state_of
from payments.state import PaymentState
from payments.verify import check
from shop.core.db import Database
from tests.payments.factories import NOW, TILL, due_of, make_line
from tests.payments.many import many

ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)


@dataclass(frozen=True)
class History:
    """What happens to one order: transfers to it or to nobody, parcels paid in cash or refused.

    Some parcels are said to have left once or twice before they do, which changes nothing.
    """

    due_vnd: int
    transfers: tuple[tuple[int, str, int], ...]  # sum, whose code, minutes after the order
    parcels: tuple[tuple[int, frozenset[str], int], ...]  # sum, what the carrier reports, how often it stayed
    shuffle: int


sums = st.sampled_from([1, 5_000, 100_000, 255_000, 260_000])
transfers = st.tuples(sums, st.sampled_from(["own", "own", "own", "none", "elsewhere"]), st.integers(0, 300))
parcels = st.tuples(sums, st.frozensets(st.sampled_from(["collected", "refused"])), st.integers(0, 2))
histories = st.builds(
    History,
    due_vnd=st.sampled_from([5_000, 255_000, 360_000]),
    transfers=st.lists(transfers, max_size=4).map(tuple),
    parcels=st.lists(parcels, max_size=2).map(tuple),
    shuffle=st.integers(0, 2**16),
)

End = tuple[PaymentState, dict[tuple[str, bool], int], int]


class Undo(Exception):
    """Ends a history without a trace, so that the next starts on an empty market."""


def play(session: Session, history: History, *, shuffled: bool) -> End:
    open_due(session, "order:1", history.due_vnd, "vietqr", NOW + timedelta(hours=2), NOW)
    due = due_of(session, "order:1")
    code = session.exec(select(PaymentAttempt.reference)).one()
    for number, (amount_vnd, _, stayed) in enumerate(history.parcels):
        for _once in range(stayed if shuffled else 0):
            hand_over_cod(session, due.subject, f"parcel:{number}", "own:coop:7", amount_vnd, NOW)
            assert take_back_cod(session, f"parcel:{number}", NOW)
        hand_over_cod(session, due.subject, f"parcel:{number}", "ghn", amount_vnd, NOW)
    happens: list[BankLine | tuple[str, str]] = [
        make_line(
            code if whose == "own" else "khong ma",
            amount_vnd,
            line_id=str(number),
            account_no="1" if whose == "elsewhere" else TILL_ACCOUNT,
            occurred_at=NOW + timedelta(minutes=minutes),
        )
        for number, (amount_vnd, whose, minutes) in enumerate(history.transfers)
    ]
    happens += [(f"parcel:{n}", told) for n, (_, reports, _) in enumerate(history.parcels) for told in sorted(reports)]
    if shuffled:
        chance = random.Random(history.shuffle)
        happens += chance.choices(happens, k=len(happens)) if happens else []
        chance.shuffle(happens)
    for what in happens:
        _happen(session, what)
    session.flush()
    return _end(session)


TILL_ACCOUNT = next(iter(TILL.our_accounts))


def _happen(session: Session, what: BankLine | tuple[str, str]) -> None:
    if isinstance(what, BankLine):
        receive(session, TILL, "sepay", RawRequest({}, b"", NOW), [what], NOW)
    elif what[1] == "collected":
        collect_cod(session, what[0], NOW)
    else:
        void_cod(session, what[0], NOW)


def _end(session: Session) -> End:
    assert check(session) == []
    wanted = select(Entry.account, Entry.pending, func.sum(Entry.amount_vnd))
    rows = session.exec(wanted.group_by(col(Entry.account), col(Entry.pending)))
    ledger = {(name, pending): int(sum_vnd) for name, pending, sum_vnd in rows if sum_vnd}
    assert sum(ledger.values()) == 0
    waiting = session.exec(select(func.sum(UnmatchedMoney.amount_vnd))).one()
    return state_of(session, "order:1"), ledger, int(waiting or 0)


def ends(db: Database, history: History) -> list[End]:
    found: list[End] = []
    for shuffled in (False, True):
        with suppress(Undo), db.write() as session:
            found.append(play(session, history, shuffled=shuffled))
            raise Undo
    return found


def check_history(db: Database, history: History) -> None:
    straight, shuffled = ends(db, history)
    assert shuffled == straight
    state, ledger, waiting_vnd = straight
    own_vnd = sum(amount_vnd for amount_vnd, whose, _ in history.transfers if whose == "own")
    cash_vnd = sum(amount_vnd for amount_vnd, reports, _ in history.parcels if "collected" in reports)
    assert state.received_vnd + state.surplus_vnd == own_vnd + cash_vnd
    assert state.received_vnd == min(history.due_vnd, own_vnd + cash_vnd)
    nobodys_vnd = sum(amount_vnd for amount_vnd, whose, _ in history.transfers if whose != "own")
    assert waiting_vnd == nobodys_vnd + state.surplus_vnd
    still_out = sum(amount_vnd for amount_vnd, reports, _ in history.parcels if not reports)
    assert ledger.get(("1130:ghn", True), 0) == still_out


shared = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@ON_SQLITE
@settings(max_examples=many(60, 1500), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_many_histories_end_the_same_in_any_order(db: Database, history: History) -> None:
    check_history(db, history)


@ON_POSTGRESQL
@settings(max_examples=many(20, 500), deadline=None, suppress_health_check=shared)
@given(history=histories)
def test_histories_end_the_same_on_postgresql(db: Database, history: History) -> None:
    check_history(db, history)
