"""Checkpoints are made by a timed job, from entries that nobody can still add to.

Why a checkpoint is never wrong: it may only cover ids below which no entry can appear any more. On SQLite that is the
newest id, because one writer at a time takes the next one. On PostgreSQL an id is taken when an entry is inserted and
seen when its transaction commits, so 104 may appear after 105. Whoever inserts holds a lock on the table from before
the id is taken until the commit; SHARE on the table waits for all of them and lets no new one begin, so what is the
newest id while we hold it has no gaps that will be filled. It is held for that one question and never waited for long.
Sums are added up afterwards, without any lock: entries up to there are what they will always be.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, exists, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select

from payments.checkpoints.models import BalanceCheckpoint
from payments.models import Entry
from shop.core.db import Database, insert_once, run

MOST_NEWER = 1_000
LOOK_AFTER = 5_000
_WAIT_FOR_LOCK_MS = 500


def make_checkpoints(db: Database, now: datetime, look_after: int = LOOK_AFTER, most_newer: int = MOST_NEWER) -> int:
    """Look through what was booked since the last time, if it is much; returns how many checkpoints were made.

    Every account that got an entry and has `most_newer` or more after its last checkpoint gets a new one.
    """
    up_to_id, seen_id = settled_id(db), _looked_through(db)
    if up_to_id - seen_id < look_after:
        return 0
    with db.read() as session:
        busy = _busy(session, seen_id, up_to_id, most_newer)
        sums = [(*name, _sum_vnd(session, *name, up_to_id)) for name in busy]
    with db.write() as session:
        for account, pending, amount_vnd in [*sums, ("", False, 0)]:
            row = {"account": account, "pending": pending, "up_to_id": up_to_id, "amount_vnd": amount_vnd}
            insert_once(session, BalanceCheckpoint, {**row, "made_at": now}, ["account", "pending", "up_to_id"])
    return len(sums)


def checkpoint_balances(db: Database, now: datetime) -> None:
    """The timed job."""
    make_checkpoints(db, now)


def settled_id(db: Database) -> int:
    """The newest entry below which no other can still appear; 0 when that cannot be known at the moment."""
    newest = select(func.coalesce(func.max(Entry.id), 0))
    if db.is_sqlite:
        with db.read() as session:
            return int(session.exec(newest).one())
    try:
        with db.write() as session:
            run(session, text(f"SET LOCAL lock_timeout = {_WAIT_FOR_LOCK_MS}"))
            run(session, text("LOCK TABLE entry IN SHARE MODE"))
            return int(session.exec(newest).one())
    except OperationalError:  # somebody writes for longer than we keep others waiting: the next turn comes
        return 0


def check(session: Session) -> Iterator[str]:
    """For `chohtx verify`: every newest checkpoint is the full sum of the entries it covers."""
    newest = select(
        BalanceCheckpoint.account, BalanceCheckpoint.pending, func.max(BalanceCheckpoint.up_to_id)
    ).group_by(BalanceCheckpoint.account, col(BalanceCheckpoint.pending))
    for account, pending, up_to_id in session.exec(newest).all():
        whose: list[ColumnElement[bool]] = [col(Entry.account) == account] if account else []
        full = select(func.coalesce(func.sum(Entry.amount_vnd), 0)).where(*whose, col(Entry.pending) == pending)
        sum_vnd = int(session.exec(full.where(col(Entry.id) <= up_to_id)).one())
        mine = (BalanceCheckpoint.account == account, col(BalanceCheckpoint.pending) == pending)
        kept = select(BalanceCheckpoint.amount_vnd).where(*mine, BalanceCheckpoint.up_to_id == up_to_id)
        if (kept_vnd := session.exec(kept).one()) != sum_vnd:
            yield f"ledger: the checkpoint of {account or 'all'} at {up_to_id} is {kept_vnd}, its entries are {sum_vnd}"


def _looked_through(db: Database) -> int:
    with db.read() as session:
        everything = select(func.max(BalanceCheckpoint.up_to_id)).where(BalanceCheckpoint.account == "")
        return int(session.exec(everything).one() or 0)


def _busy(session: Session, seen_id: int, up_to_id: int, most_newer: int) -> list[tuple[str, bool]]:
    """Accounts with new entries, and with many since their own checkpoint."""
    touched = select(Entry.account, Entry.pending).where(Entry.id > seen_id, Entry.id <= up_to_id).distinct()
    found = []
    for account, pending in session.exec(touched).all():
        newer = (Entry.account == account, Entry.pending == pending, Entry.id <= up_to_id)
        own = (BalanceCheckpoint.account == account, BalanceCheckpoint.pending == pending)
        since = select(func.coalesce(func.max(BalanceCheckpoint.up_to_id), 0)).where(*own).scalar_subquery()
        has_many = select(Entry.id).where(*newer, col(Entry.id) > since).offset(most_newer - 1).limit(1)
        if session.exec(select(exists(has_many))).one():
            found.append((account, pending))
    return found


def _sum_vnd(session: Session, account: str, pending: bool, up_to_id: int) -> int:
    own = (BalanceCheckpoint.account == account, BalanceCheckpoint.pending == pending)
    wanted = select(BalanceCheckpoint.up_to_id, BalanceCheckpoint.amount_vnd).where(*own)
    last = session.exec(wanted.order_by(col(BalanceCheckpoint.up_to_id).desc()).limit(1)).first()
    since_id, before_vnd = last or (0, 0)
    newer = (Entry.account == account, Entry.pending == pending, Entry.id > since_id, Entry.id <= up_to_id)
    return before_vnd + int(session.exec(select(func.sum(Entry.amount_vnd)).where(*newer)).one() or 0)
