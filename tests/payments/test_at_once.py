"""Many notifications at the same moment: each sum counts once and never fills a gap that is filled already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlmodel import select

from payments import ledger, refunds, unmatched
from payments.gateway import Outcome
from payments.models import Journal
from payments.service import request_refund, state_of
from payments.verify import check
from shop.core.db import Database
from shop.core.errors import Refusal
from tests.payments.factories import COLLEAGUE, NOW, OPERATOR, arrive, code_of, make_due, make_line


def test_the_same_line_sent_sixteen_times_at_once_is_one_payment(db: Database) -> None:
    due = make_due(db)
    line = make_line(code_of(db, due))
    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for (outcome,) in pool.map(lambda _: arrive(db, line), range(16))]
    assert sorted(outcomes) == [Outcome.DUPLICATE] * 15 + [Outcome.RECORDED]
    with db.read() as session:
        assert ledger.balance_vnd(session, ledger.BANK) == 255_000
        assert check(session) == []


def test_ten_parts_at_once_cover_the_order_and_the_rest_is_credit(db: Database) -> None:
    due = make_due(db)
    code = code_of(db, due)
    lines = [make_line(code, 40_000) for _ in range(10)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda line: arrive(db, line), lines))
    with db.read() as session:
        state = state_of(session, due.subject)
        assert (state.received_vnd, state.surplus_vnd, state.missing_vnd) == (255_000, 145_000, 0)
        assert sum(row.money.amount_vnd for row in unmatched.waiting(session)) == 145_000
        assert len(session.exec(select(Journal)).all()) == 10
        assert check(session) == []


def test_two_operators_at_once_decide_once(db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line("khong ma"))

    def decide(by_match: bool) -> str:
        try:
            with db.write() as session:
                if by_match:
                    return unmatched.match(session, 1, due.label, OPERATOR, NOW, 10**9)
                return unmatched.send_back(session, 1, COLLEAGUE, NOW, 10**9)
        except unmatched.AlreadyDecided:
            return "too late"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(decide, [True, False] * 4))
    assert said.count("too late") == 7
    with db.read() as session:
        assert ledger.balance_vnd(session, ledger.UNAPPLIED) == 0
        assert check(session) == []


def test_money_is_promised_and_sent_back_once(db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line(code_of(db, due)))

    def promise(_: int) -> bool:
        try:
            with db.write() as session:
                request_refund(session, due.subject, 200_000, "cancelled", NOW)
        except Refusal:
            return False
        return True

    def send(_: int) -> bool:
        try:
            with db.write() as session:
                refunds.mark_sent(session, row.refund.id, "FT1", OPERATOR, NOW)
        except refunds.AlreadySent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(promise, range(8))) == 1
        with db.read() as session:
            (row,) = refunds.to_send(session)
        assert sum(pool.map(send, range(8))) == 1
    with db.read() as session:
        assert ledger.balance_vnd(session, ledger.BANK) == 55_000
        assert check(session) == []
