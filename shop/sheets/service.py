"""A sheet's way: sent, read in the back room, shown row by row, confirmed, and then written to its last row.

What is confirmed is written some rows at a time, at most a hundred, in a short transaction that also notes how far it
is: buyers order in between, and a market that is killed goes on from the next row. Before, nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, insert, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from shop.accounts import service as accounts
from shop.accounts.models import PersonRow
from shop.core.audit import audit
from shop.core.backroom import Backroom, BackroomFailed
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.sheets import reading, writing
from shop.sheets.fates import Judged, judge, load, products_since
from shop.sheets.models import Fate, Sheet, SheetRow, SheetState
from shop.stock.lots.units import LotsShort

log = structlog.get_logger()
PAGE = 50
MOST_REFUSED = 20_000
KEPT = timedelta(days=30)
_AT_ONCE = 500
WRITTEN_AT_ONCE = 100
_AT_MOST_S = 0.2
_PAUSE_S = 0.02  # for writers of another process, which have to find the door open
_TURN_S = 1.5  # what else the worker has to do does not wait longer
_LEASE = timedelta(minutes=2)
_READ_SECONDS = 30.0


class NoSuchSheet(NotFound):
    """This co-op sent no such sheet."""


class SheetTooLarge(Refusal):
    """The file has more bytes than a sheet may have. Facts: limit_mb."""


class SheetUnderWay(Refusal):
    """Another sheet of the co-op is being read or written: one at a time."""


class SheetMovedOn(Refusal):
    """The sheet was confirmed or dropped already. Facts: state."""


@dataclass(frozen=True)
class Counts:
    """How many rows of a sheet have each fate."""

    new: int
    changed: int
    same: int
    refused: int

    @property
    def good(self) -> int:
        return self.new + self.changed


def send(session: Session, coop_id: int, filename: str, content: bytes, person: Person, now: datetime) -> Sheet:
    """Keep a file to be read. Raises SheetTooLarge, SheetUnderWay."""
    if len(content) > reading.LARGEST_FILE:
        raise SheetTooLarge(limit_mb=reading.LARGEST_FILE // 1024 // 1024)
    busy = (SheetState.SENT, SheetState.CONFIRMED)
    if session.exec(select(Sheet.id).where(Sheet.coop_id == coop_id, col(Sheet.state).in_(busy)).limit(1)).first():
        raise SheetUnderWay
    sheet = Sheet(coop_id=coop_id, person_id=person.id, filename=filename[-120:], content=content, sent_at=now)
    session.add(sheet)
    session.flush()
    return sheet


def of_coop(session: Session, coop_id: int, sheet_id: int) -> Sheet:
    """Raises NoSuchSheet."""
    sheet = session.get(Sheet, sheet_id)
    if sheet is None or sheet.coop_id != coop_id:
        raise NoSuchSheet
    return sheet


def newest(session: Session, coop_id: int, most: int = 10) -> list[Sheet]:
    """The sheets sent last."""
    return list(session.exec(select(Sheet).where(Sheet.coop_id == coop_id).order_by(col(Sheet.id).desc()).limit(most)))


def counts(session: Session, sheet_id: int) -> Counts:
    """How many rows stand under each fate."""
    rows = select(SheetRow.fate, func.count()).where(SheetRow.sheet_id == sheet_id).group_by(col(SheetRow.fate))
    found = dict(session.exec(rows).all())
    return Counts(*(found.get(fate, 0) for fate in (Fate.NEW, Fate.CHANGED, Fate.SAME, Fate.REFUSED)))


def rows(session: Session, sheet_id: int, fate: str = "", after: int = 0, most: int = PAGE) -> list[SheetRow]:
    """Rows in the order of the file."""
    wanted = select(SheetRow).where(SheetRow.sheet_id == sheet_id, SheetRow.number > after)
    wanted = wanted.where(SheetRow.fate == fate) if fate else wanted
    return list(session.exec(wanted.order_by(col(SheetRow.number)).limit(most)))


def confirm(session: Session, sheet: Sheet, person: Person, now: datetime) -> None:
    """Write the good rows as soon as may be, whatever happens to the page or the market. Raises SheetMovedOn."""
    _move(session, sheet, SheetState.READ, SheetState.CONFIRMED)
    sheet.rows_good = counts(session, sheet.id).good
    session.add(sheet)
    told = {"good": sheet.rows_good, "file": sheet.filename}
    audit(session, person, "sheet", f"sheet:{sheet.id}", SheetState.READ, told, now, sheet.coop_id)


def drop(session: Session, sheet: Sheet) -> None:
    """Nobody wants what the sheet says. Raises SheetMovedOn."""
    _move(session, sheet, SheetState.READ, SheetState.DROPPED)


def _move(session: Session, sheet: Sheet, before: SheetState, after: SheetState) -> None:
    guard = (col(Sheet.id) == sheet.id, col(Sheet.state) == before)
    moved = run(session, update(Sheet).where(*guard).values(state=after, leased_until=None)).rowcount
    session.refresh(sheet)
    if not moved:
        raise SheetMovedOn(state=sheet.state)


def worker(backroom: Backroom) -> Callable[[Database, datetime], None]:
    """The timed job that reads what was sent and writes what was confirmed; whatever stops it, it goes on."""

    def work(db: Database, now: datetime) -> None:
        began = time.monotonic()
        while time.monotonic() - began < _TURN_S and (sheet := _claim(db, now)) is not None:
            if sheet.state == SheetState.SENT:
                read(db, sheet, backroom)
            else:
                write(db, sheet, now, began + _TURN_S)

    return work


def _claim(db: Database, now: datetime) -> Sheet | None:
    """A sheet that nobody else works on now."""
    free = col(Sheet.leased_until).is_(None) | (col(Sheet.leased_until) < now)
    due = (col(Sheet.state).in_((SheetState.SENT, SheetState.CONFIRMED)), free)
    with db.read() as session:
        found = session.exec(select(Sheet.id).where(*due).order_by(col(Sheet.id)).limit(1)).first()
    if found is None:
        return None
    with db.write() as session:
        mine = update(Sheet).where(col(Sheet.id) == found, *due).values(leased_until=now + _LEASE)
        if not run(session, mine).rowcount:
            return None
        return session.get_one(Sheet, found)


def read(db: Database, sheet: Sheet, backroom: Backroom) -> None:
    """Give each row its fate; pages that look on see how far it is."""
    try:
        found = backroom.run(reading.read, sheet.content, seconds=_READ_SECONDS)
    except (reading.NotASheet, BackroomFailed, MemoryError) as problem:
        why = problem.reason if isinstance(problem, reading.NotASheet) else "spreadsheet"
        with db.write() as session:
            values = {"state": SheetState.BROKEN, "problem": why, "content": None}
            run(session, update(Sheet).where(col(Sheet.id) == sheet.id).values(**values))
        return
    with db.write() as session:
        run(session, delete(SheetRow).where(col(SheetRow.sheet_id) == sheet.id))  # of a reading that was cut short
        told = {"encoding": found.encoding, "rows_total": len(found.rows), "rows_read": 0}
        told["problem"] = "more_pages" if found.passes_over else ""
        run(session, update(Sheet).where(col(Sheet.id) == sheet.id).values(**told))
    with db.read() as session:
        shelf = load(session, sheet.coop_id)
    for at in range(0, len(found.rows), _AT_ONCE):
        judged = list(judge(found.rows[at : at + _AT_ONCE], shelf))
        _keep(db, sheet.id, judged, at + len(judged), len(found.rows))


def _keep(db: Database, sheet_id: int, judged: Sequence[Judged], done: int, total: int) -> None:
    told = [
        {"sheet_id": sheet_id, "number": it.number, "cells": dict(it.cells), "fate": it.fate, "reason": it.reason,
         "about": it.about, "change": it.change, "variant_id": it.target.id if it.target else None}
        for it in judged
    ]  # fmt: skip
    ended = {"state": SheetState.READ, "content": None, "leased_until": None} if done == total else {}
    with db.write() as session:
        run(session, insert(SheetRow), told)
        run(session, update(Sheet).where(col(Sheet.id) == sheet_id).values(rows_read=done, **ended))


def write(db: Database, sheet: Sheet, now: datetime, until_s: float = float("inf")) -> None:
    """Write rows until all are written or the monotonic clock says `until_s`; then anybody may go on with it."""
    products: dict[str, int] = {}
    more, most = True, WRITTEN_AT_ONCE
    while more and time.monotonic() < until_s:
        try:
            with db.write() as session:
                began = time.monotonic()
                more = _write_some(session, sheet.id, products, most, now)
        except (OperationalError, InterfaceError):
            raise  # not the row's fault: the job comes again
        except Exception as problem:  # noqa: BLE001  whatever it is, the other rows are written
            if most == 1:
                _give_up(db, sheet.id, problem)
            most = 1
            continue
        fitting = int(most * _AT_MOST_S / (time.monotonic() - began))
        most = max(1, min(WRITTEN_AT_ONCE, fitting))  # on a slow day fewer, so that nobody waits longer
        time.sleep(_PAUSE_S)
    if more:
        with db.write() as session:
            run(session, update(Sheet).where(col(Sheet.id) == sheet.id).values(leased_until=None))


def _give_up(db: Database, sheet_id: int, problem: Exception) -> None:
    """The next row cannot be written: it says why, and the sheet goes on behind it."""
    if not isinstance(problem, LotsShort):
        log.error("a row cannot be written", sheet=sheet_id, exc_info=problem)
    with db.write() as session:
        sheet = session.get_one(Sheet, sheet_id, with_for_update=True)
        row = session.exec(_to_write(sheet).limit(1)).one()
        row.fate, row.reason, row.about = Fate.REFUSED, "trouble", ""
        if isinstance(problem, LotsShort):
            row.reason, row.about = "lots", str(problem.facts["short"])
        sheet.rows_written += 1
        sheet.written_to = row.number


def _to_write(sheet: Sheet) -> SelectOfScalar[SheetRow]:
    good = (col(SheetRow.fate).in_((Fate.NEW, Fate.CHANGED)), SheetRow.number > sheet.written_to)
    return select(SheetRow).where(SheetRow.sheet_id == sheet.id, *good).order_by(col(SheetRow.number))


def _write_some(session: Session, sheet_id: int, products: dict[str, int], most: int, now: datetime) -> bool:
    """The next rows and how far the sheet is now. False when none are left."""
    sheet = session.get_one(Sheet, sheet_id, with_for_update=True)
    if sheet.state != SheetState.CONFIRMED:
        return False
    found = session.exec(_to_write(sheet).limit(most)).all()
    if not found:
        sheet.state, sheet.done_at, sheet.leased_until = SheetState.DONE, now, None
        return False
    products |= products_since(session, sheet.coop_id, max(products.values(), default=0))
    person = accounts.as_person(session, session.get_one(PersonRow, sheet.person_id))
    sheet.rows_written += len(found)
    sheet.written_to = found[-1].number
    sheet.leased_until = now + _LEASE
    writing.write(session, sheet, found, products, person, now)
    return True


def forget_old(db: Database, now: datetime) -> None:
    """Timed job: what was sent a month ago is of no use any more."""
    with db.write() as session:
        old = list(session.exec(select(Sheet.id).where(Sheet.sent_at < now - KEPT).limit(100)))
        run(session, delete(SheetRow).where(col(SheetRow.sheet_id).in_(old)))
        run(session, delete(Sheet).where(col(Sheet.id).in_(old)))
