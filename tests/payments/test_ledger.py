"""The database itself keeps the books: balanced, complete, never changed."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from payments import ledger
from payments.ledger import BANK, UNAPPLIED, Line
from payments.models import Entry, Journal
from payments.verify import check
from shop.core.db import Database
from tests.payments.factories import NOW

REFUSED = (DBAPIError, sqlite3.IntegrityError)  # prepared statements speak to the driver itself


def post(db: Database, *lines: Line, source: str = "test:1", settles: int | None = None) -> int:
    with db.write() as session:
        return ledger.post(session, source, "test", lines, NOW, settles_id=settles)


def counted(db: Database) -> tuple[int, int]:
    with db.read() as session:
        return len(session.exec(select(Journal)).all()), len(session.exec(select(Entry)).all())


class TestAJournal:
    def test_that_balances_is_kept(self, db: Database) -> None:
        post(db, Line(BANK, 100), Line(UNAPPLIED, -60), Line("2130:order:1", -40))
        with db.read() as session:
            assert (ledger.balance_vnd(session, BANK), ledger.balance_vnd(session, UNAPPLIED)) == (100, -60)
            assert check(session) == ["payments: account 2140 holds 60, the open rows add up to 0"]

    def test_that_does_not_balance_is_refused(self, db: Database) -> None:
        with pytest.raises(REFUSED, match="journal does not balance"):
            post(db, Line(BANK, 100), Line(UNAPPLIED, -99))
        assert counted(db) == (0, 0)

    def test_that_balances_only_with_its_pending_part_is_refused(self, db: Database) -> None:
        with pytest.raises(REFUSED, match="journal does not balance"):
            post(db, Line(BANK, 100, pending=True), Line(UNAPPLIED, -100))

    def test_without_entries_is_refused(self, db: Database) -> None:
        with pytest.raises(REFUSED, match="journal does not balance"), db.write() as session:
            session.add(Journal(id=7, source_event="x", kind="x", effective_at=NOW, recorded_at=NOW))

    def test_of_the_same_event_is_refused(self, db: Database) -> None:
        post(db, Line(BANK, 100), Line(UNAPPLIED, -100))
        with pytest.raises(REFUSED):
            post(db, Line(BANK, 100), Line(UNAPPLIED, -100))
        assert counted(db) == (1, 2)

    def test_settles_a_pending_one_once(self, db: Database) -> None:
        pending = post(db, Line(BANK, 5, pending=True), Line(UNAPPLIED, -5, pending=True))
        back = (Line(BANK, -5, pending=True), Line(UNAPPLIED, 5, pending=True))
        post(db, *back, source="test:2", settles=pending)
        with pytest.raises(REFUSED):
            post(db, *back, source="test:3", settles=pending)
        with db.read() as session:
            assert ledger.balance_vnd(session, BANK, pending=True) == 0


class TestEntries:
    def test_for_a_journal_that_stands_are_refused(self, db: Database) -> None:
        journal_id = post(db, Line(BANK, 100), Line(UNAPPLIED, -100))
        with pytest.raises(REFUSED, match="journal is closed"), db.write() as session:
            session.add(Entry(journal_id=journal_id, account=BANK, amount_vnd=1))

    def test_without_a_journal_do_not_survive_the_commit(self, db: Database) -> None:
        with pytest.raises(REFUSED), db.write() as session:
            session.add(Entry(journal_id=404, account=BANK, amount_vnd=1))
        assert counted(db) == (0, 0)

    def test_of_nothing_are_refused(self, db: Database) -> None:
        with pytest.raises(REFUSED), db.write() as session:
            session.add(Entry(journal_id=404, account=BANK, amount_vnd=0))


@pytest.mark.parametrize("table", ["entry", "journal", "payment_fact"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
def test_what_was_written_cannot_be_changed(db: Database, table: str, change: str) -> None:
    post(db, Line(BANK, 100), Line(UNAPPLIED, -100))
    with db.write() as session:
        _fact(session)
    with pytest.raises(REFUSED, match="insert-only"), db.write() as session:
        session.connection().execute(text(change.format(table)))


def _fact(session: Session) -> None:
    columns = "gateway, movement_id, kind, amount_vnd, applied_vnd, account, occurred_at, recorded_at, via, code"
    values = "'sepay', '1', 'captured', 1, 0, '', '2026-11-21 01:00:00+00', '2026-11-21 01:00:00+00', 'ipn', ''"
    session.connection().execute(text(f"INSERT INTO payment_fact ({columns}) VALUES ({values})"))  # noqa: S608  our own text
