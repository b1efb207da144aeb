"""Payments confirmed by a person: once, by two people above a limit, and never beside the bank's own line."""

from __future__ import annotations

import pytest

from payments import ledger, unmatched
from payments.cash import by_hand
from payments.cash.by_hand import ConfirmedAlone, NotTheSame, NotWaiting, PaidAlready, ReferenceUsed, WaitsForSecond
from payments.earnings.service import balances
from payments.models import PaymentDue
from payments.service import state_of
from payments.verify import check
from shop.core.db import Database
from shop.core.deps import Person
from tests.payments.factories import COLLEAGUE, NOW, OPERATOR, arrive, code_of, make_due, make_line

LIMIT_VND = 5_000_000


def confirm(db: Database, due: PaymentDue, person: Person = OPERATOR, **how: str) -> str:
    with db.write() as session:
        return by_hand.confirm(session, due.subject, person, NOW, LIMIT_VND, **how)


def received(db: Database, due: PaymentDue) -> int:
    with db.read() as session:
        assert check(session) == []
        return state_of(session, due.subject).received_vnd


def bank_vnd(db: Database) -> int:
    with db.read() as session:
        assert check(session) == []
        return ledger.balance_vnd(session, ledger.BANK)


def test_cash_at_a_counter_pays_the_order_and_lies_with_the_co_op(db: Database) -> None:
    due = make_due(db)
    assert confirm(db, due, seller="coop:7") == "booked"
    assert received(db, due) == 255_000
    with db.read() as session:
        assert balances(session, "coop:7").cash_vnd == 255_000
    with pytest.raises(PaidAlready):
        confirm(db, due, seller="coop:7")


def test_the_rest_of_an_order_is_confirmed_when_a_part_came(db: Database) -> None:
    due = make_due(db)
    arrive(db, make_line(code_of(db, due), 200_000))
    assert confirm(db, due, bank_reference="FT 77") == "booked"
    assert (received(db, due), bank_vnd(db)) == (255_000, 255_000)


def test_a_reference_is_used_once(db: Database) -> None:
    first, second = make_due(db), make_due(db)
    confirm(db, first, bank_reference="FT-26.325")
    with pytest.raises(ReferenceUsed):
        confirm(db, second, bank_reference="ft26325")


def test_a_large_sum_takes_two_people(db: Database) -> None:
    due = make_due(db, 6_000_000)
    assert confirm(db, due, bank_reference="FT1") == "proposed"
    assert received(db, due) == 0
    with pytest.raises(WaitsForSecond):
        confirm(db, due, COLLEAGUE, bank_reference="FT2")
    with pytest.raises(ConfirmedAlone), db.write() as session:
        by_hand.agree(session, 1, OPERATOR, NOW)
    with db.write() as session:
        assert by_hand.agree(session, 1, COLLEAGUE, NOW) == "booked"
    with pytest.raises(NotWaiting), db.write() as session:
        by_hand.agree(session, 1, COLLEAGUE, NOW)
    assert received(db, due) == 6_000_000


def test_a_proposal_that_is_taken_back_frees_order_and_reference(db: Database) -> None:
    due = make_due(db, 6_000_000)
    confirm(db, due, bank_reference="FT1")
    with db.write() as session:
        by_hand.withdraw(session, 1, OPERATOR, NOW)
    assert confirm(db, due, bank_reference="FT1") == "proposed"


@pytest.mark.parametrize("content", ["code", "nothing that helps"])
def test_the_banks_line_of_the_same_transfer_is_the_same_money(db: Database, content: str) -> None:
    """With the order's code it is the buyer's credit meanwhile, without it is nobody's; neither is ours twice."""
    due = make_due(db)
    said = code_of(db, due) if content == "code" else content
    confirm(db, due, bank_reference="FT 900")
    arrive(db, make_line(said, bank_reference="FT900"))
    assert bank_vnd(db) == 510_000
    with db.write() as session:
        (row,) = unmatched.waiting(session)
        assert set(by_hand.same_as(session, [row.money])) == {row.money.id}
        by_hand.same_money(session, row.money.id, OPERATOR, NOW)
    assert (received(db, due), bank_vnd(db)) == (255_000, 255_000)
    with db.read() as session:
        assert unmatched.waiting(session) == []
        assert state_of(session, due.subject).surplus_vnd == 0
    with pytest.raises(NotWaiting), db.write() as session:
        by_hand.same_money(session, row.money.id, OPERATOR, NOW)


def test_another_transfer_is_not_taken_for_the_same(db: Database) -> None:
    due = make_due(db)
    confirm(db, due, bank_reference="FT900")
    arrive(db, make_line("?", 255_000, bank_reference="FT901"), make_line("?", 1_000, bank_reference="FT900"))
    with db.read() as session:
        assert by_hand.same_as(session, [row.money for row in unmatched.waiting(session)]) == {}
    with pytest.raises(NotTheSame), db.write() as session:
        by_hand.same_money(session, 1, OPERATOR, NOW)
    assert bank_vnd(db) == 511_000
