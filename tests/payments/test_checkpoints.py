"""A balance is its last checkpoint and what came after, also while others write and ids commit out of order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from payments import ledger, verify
from payments.checkpoints.models import BalanceCheckpoint
from payments.checkpoints.service import make_checkpoints, settled_id
from payments.ledger import Line
from payments.models import Entry
from shop.core.db import Database
from tests.payments.factories import NOW

PAYABLE = "2220:coop:7"


def book(session: Session, event: str, amount_vnd: int, *, pending: bool = False) -> None:
    lines = [Line(ledger.BANK, amount_vnd, pending), Line(PAYABLE, -amount_vnd, pending)]
    ledger.post(session, event, "captured", lines, NOW)


def full_vnd(session: Session, name: str, *, pending: bool = False) -> int:
    wanted = select(func.sum(Entry.amount_vnd)).where(Entry.account == name, Entry.pending == pending)
    return int(session.exec(wanted).one() or 0)


def test_a_balance_is_the_checkpoint_and_what_came_after(db: Database) -> None:
    for turn in range(4):
        with db.write() as session:
            for number in range(30):
                book(session, f"{turn}-{number}", 1_000 + number)
                book(session, f"held-{turn}-{number}", 7, pending=True)
        if turn in (1, 2):
            assert make_checkpoints(db, NOW, look_after=10, most_newer=20) == 4  # two accounts, posted and pending
        with db.read() as session:
            for name in (PAYABLE, ledger.BANK):
                for pending in (False, True):
                    assert ledger.balance_vnd(session, name, pending=pending) == full_vnd(
                        session, name, pending=pending
                    )
    with db.read() as session:
        kept = session.exec(select(BalanceCheckpoint).where(BalanceCheckpoint.account == PAYABLE)).all()
        assert len(kept) == 4
        assert verify.check(session) == []


def test_nothing_is_looked_through_before_much_was_booked(db: Database) -> None:
    with db.write() as session:
        for number in range(10):
            book(session, f"{number}", 1_000)
    assert make_checkpoints(db, NOW) == 0
    assert make_checkpoints(db, NOW, look_after=20, most_newer=11) == 0  # looked through, nobody had enough
    assert make_checkpoints(db, NOW, look_after=20, most_newer=1) == 0  # nothing new since


def test_what_gathers_slowly_gets_its_checkpoint_too(db: Database) -> None:
    made = []
    for turn in range(4):
        with db.write() as session:
            for number in range(5):
                book(session, f"{turn}-{number}", 1_000)
        made.append(make_checkpoints(db, NOW + timedelta(hours=turn), look_after=10, most_newer=10))
    assert made == [0, 2, 0, 2]


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
def test_an_id_that_is_taken_and_not_committed_is_never_covered(db: Database) -> None:
    with db.write() as session:
        book(session, "before", 1_000)
    with ThreadPoolExecutor(1) as other, db.write() as slow:
        book(slow, "slow", 500)  # its ids are taken, nobody sees them yet
        other.submit(_book_alone, db, "quick", 300).result()
        assert other.submit(settled_id, db).result() == 0  # it does not wait for us longer than half a second
        assert other.submit(make_checkpoints, db, NOW, 1, 1).result() == 0
    assert make_checkpoints(db, NOW, look_after=1, most_newer=1) == 2
    with db.read() as session:
        assert ledger.balance_vnd(session, PAYABLE) == -1_800
        assert verify.check(session) == []


def test_while_eight_write_and_one_makes_checkpoints_no_balance_is_wrong(db: Database) -> None:
    chance = random.Random(7)
    sums = [chance.randrange(1, 1_000_000) for _ in range(160)]
    seen: list[int] = []

    def look(turn: int) -> None:
        make_checkpoints(db, NOW + timedelta(minutes=turn), look_after=1, most_newer=1)
        with db.read() as session:
            snapshot = session.exec(select(func.max(Entry.id))).one() or 0
            seen.append(ledger.balance_vnd(session, ledger.BANK))
            assert snapshot >= 0

    with ThreadPoolExecutor(9) as people:
        writers = [people.submit(_book_alone, db, f"w{number}", sum_vnd) for number, sum_vnd in enumerate(sums)]
        looks = [people.submit(look, turn) for turn in range(20)]
        for one in (*writers, *looks):
            one.result()
    make_checkpoints(db, NOW + timedelta(days=1), look_after=1, most_newer=1)
    with db.read() as session:
        assert ledger.balance_vnd(session, ledger.BANK) == sum(sums) == full_vnd(session, ledger.BANK)
        assert verify.check(session) == []
        assert all(0 <= it <= sum(sums) for it in seen)


def test_a_checkpoint_that_lies_is_found_and_cannot_be_changed(db: Database) -> None:
    with db.write() as session:
        book(session, "one", 1_000)
        newest = session.exec(select(func.max(Entry.id))).one()
        session.add(BalanceCheckpoint(account=PAYABLE, pending=False, up_to_id=newest, amount_vnd=-999, made_at=NOW))
    with db.read() as session:
        assert any("checkpoint of 2220:coop:7" in line for line in verify.check(session))
    with pytest.raises(DBAPIError), db.write() as session:
        session.connection().execute(text("UPDATE balance_checkpoint SET amount_vnd = -1000"))


def _book_alone(db: Database, event: str, amount_vnd: int) -> None:
    with db.write() as session:
        book(session, event, amount_vnd)
        assert session.exec(select(func.count()).where(col(Entry.account) == PAYABLE)).one()
