"""Many notifications at the same moment: each sum counts once and never fills a gap that is filled already."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import Session, col, select

from payments import ledger, refunds, unmatched
from payments.books import capture
from payments.earnings.models import Earning
from payments.earnings.service import Sale, earn, lock_seller, release
from payments.gateway import Fact, FactKind, Outcome
from payments.models import Journal, PaymentDue
from payments.receive import take_fact
from payments.service import change_due, request_refund, state_of
from payments.verify import check
from shop.core.db import Database
from shop.core.errors import Refusal
from tests.overtaking import overtaken
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


def test_money_covers_the_sum_that_is_owed_when_its_turn_comes(db: Database) -> None:
    due = make_due(db)
    paid = Fact("sepay", "1", FactKind.CAPTURED, 300_000, NOW, "ipn", ledger.BANK)

    def pay() -> int:
        with db.write() as session:
            session.get_one(PaymentDue, due.id)  # read here before its lock, so it may be old
            known = capture(session, due.id, None, paid, NOW)
            return known.applied_vnd if known else 0

    assert overtaken(db, lambda session: change_due(session, due.subject, 300_000, NOW), pay) == 300_000


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


def test_money_that_is_taken_while_its_hold_is_being_written_is_held_no_more(db: Database) -> None:
    due = make_due(db, method="momo")
    reference = code_of(db, due)
    held, taken = (
        Fact("momo", movement, kind, 255_000, NOW, "ipn", "1120:momo", reference=reference)
        for kind, movement in ((FactKind.AUTHORISED, "held"), (FactKind.CAPTURED, "5"))
    )

    def take() -> Outcome:
        with db.write() as session:
            return take_fact(session, taken, NOW)

    assert overtaken(db, lambda session: take_fact(session, held, NOW), take) is Outcome.RECORDED
    with db.read() as session:
        assert ledger.balance_vnd(session, "1120:momo", pending=True) == 0
        assert ledger.balance_vnd(session, "1120:momo") == 255_000
        assert check(session) == []


def test_a_refund_over_two_sellers_and_a_payout_run_wait_for_each_other_in_one_order(db: Database) -> None:
    due = make_due(db, method="momo")
    paid = Fact("momo", "5", FactKind.CAPTURED, 255_000, NOW, "ipn", "1120:momo", reference=code_of(db, due))
    with db.write() as session:
        take_fact(session, paid, NOW)
        for number, seller in enumerate(("coop:1", "coop:2")):
            earn(session, Sale(seller, due.subject, due.label, f"parcel:{number}", 120_000, 0, 0, NOW), NOW)
        for earning_id in session.exec(select(Earning.id).order_by(col(Earning.id))).all():
            release(session, earning_id, NOW)

    def given_back_in_their_pages() -> Outcome:
        back = Fact("momo", "6", FactKind.REFUNDED, 200_000, NOW, "ipn", "1120:momo", "", paid.reference, refund_id="")
        with db.write() as session:
            return take_fact(session, back, NOW)

    def pay(seller: str) -> Callable[[Session], None]:
        return lambda session: lock_seller(session, seller)

    assert overtaken(db, pay("coop:1"), given_back_in_their_pages, pay("coop:2")) is Outcome.RECORDED
    with db.read() as session:
        assert check(session) == []
