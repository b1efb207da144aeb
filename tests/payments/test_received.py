"""What a receipt counts: the sums that came and stayed, each once."""

from sqlmodel import select

from payments import unmatched
from payments.models import UnmatchedMoney
from payments.service import received, set_aside
from shop.core.db import Database
from tests.payments.factories import NOW, OPERATOR, arrive, code_of, make_due, make_line


def test_money_set_aside_and_given_to_its_order_again_is_counted_once(db: Database) -> None:
    due = make_due(db, 100_000)
    arrive(db, make_line(code_of(db, due), 60_000))
    with db.write() as session:
        assert [fact.applied_vnd for fact in received(session, due.subject)] == [60_000]
        set_aside(session, due.subject, "late", NOW)
        assert received(session, due.subject) == []
        money_id = session.exec(select(UnmatchedMoney.id)).one()
        unmatched.match(session, money_id, due.label, OPERATOR, NOW, 10**9)
        assert [fact.applied_vnd for fact in received(session, due.subject)] == [60_000]
