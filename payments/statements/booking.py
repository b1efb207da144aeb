"""Statements that the operator uploads: kept, shown row by row, then booked. What came before changes nothing again.

An account that a live source (SePay, Casso) tells of is only shown: booked from two sides its money would count twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import Session, col, select, update

from payments.books import state_of_due
from payments.content import codes_in, squeeze
from payments.gateway import BankLine
from payments.models import InboxRequest, PaymentAttempt, PaymentDue, PaymentFact
from payments.statements import columns
from payments.statements.catching_up import take_in
from payments.statements.columns import Mapping
from payments.statements.models import StatementFile, StatementLayout
from payments.statements.sheets import NotAStatement
from payments.statements.uploads import CODE, Fate, Row, Statement, fate, read
from payments.till import Till
from shop.core.audit import audit
from shop.core.db import Database, insert_once
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

T = TypeVar("T")
FILES_KEPT = timedelta(days=31)
MOST_ROWS = 10_000
_AT_ONCE = 500


class FileNotReadable(Refusal):
    """This is no statement that can be read. Facts: reason, one of `NotAStatement`'s, or "too_many_rows"."""


class AccountHasSource(Refusal):
    """Somebody else tells of this account already. Facts: source."""

    status = 409


class OtherAccount(Refusal):
    """The file names another account than ours. Facts: named (its last four digits)."""

    status = 409


class ColumnsMissing(Refusal):
    """Date, content and the sum that came in must be chosen, each another column."""


class FileForgotten(Refusal):
    """The file's content is gone after 31 days; it can be uploaded again."""

    status = 410


@dataclass(frozen=True)
class ShownRow:
    """A row of the file and what becomes of it: "match" or "paid" (the order `label`), "unclear", or a `Fate`.

    "paid": the order that it names needs no more, so the sum waits for a person as too much.
    """

    row: Row
    fate: str
    label: str = ""


@dataclass(frozen=True)
class Preview:
    """A file as it is shown before it is booked. `source` is who tells of the account already, "" nobody."""

    file: StatementFile
    statement: Statement
    rows: list[ShownRow]
    source: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: sum(row.fate == name for row in self.rows) for name in FATES}

    @property
    def other_account(self) -> bool:
        return self.statement.account_named not in ("", self.file.account_no)


FATES = ("match", "paid", "unclear", Fate.KNOWN, Fate.OUTGOING, Fate.UNREADABLE, Fate.NO_LINE)


def files(session: Session, most: int = 50) -> list[StatementFile]:
    """What was uploaded, the newest first."""
    return list(session.exec(select(StatementFile).order_by(col(StatementFile.id).desc()).limit(most)))


def keep(
    db: Database,
    account_no: str,
    name: str,
    content: bytes,
    person: Person,
    now: datetime,
    typed: Mapping | None = None,
) -> int:
    """Keep a file that can be read and return its id; the same file again is the same.

    `typed` names its columns (role -> heading) where nobody could guess them, and is remembered for the account.
    Raises FileNotReadable, ColumnsMissing.
    """
    with db.read() as session:
        remembered = _layout(session, account_no)
    mapping = {role: squeeze(heading) for role, heading in (typed or {}).items() if squeeze(heading)}
    if mapping and (not columns.is_enough(mapping) or _crossed(mapping)):
        raise ColumnsMissing
    statement = _read(content, account_no, mapping or remembered)
    if mapping and statement.mapping != mapping:
        raise ColumnsMissing
    if mapping:
        with db.write() as session:
            _remember(session, account_no, mapping, now)
            audit(session, person, "statement columns", f"account:*{account_no[-4:]}", remembered, mapping, now)
    digest = hashlib.sha256(content).hexdigest()
    row: dict[str, Any] = {"account_no": account_no, "sha256": digest, "name": name[:120], "content": content}
    row |= {"uploaded_at": now, "uploaded_by": person.id, "booked_at": None, "booked_by": None, "booked_lines": 0}
    with db.write() as session:
        insert_once(session, StatementFile, row, ["account_no", "sha256"])
        same = (StatementFile.account_no == account_no, StatementFile.sha256 == digest)
        file = session.exec(select(StatementFile).where(*same)).one()
        if not file.content:
            file.content, file.uploaded_at = content, now
        return file.id


def preview(db: Database, till: Till, file_id: int) -> Preview:
    """What would become of each row. Raises NotFound, FileForgotten, FileNotReadable."""
    with db.read() as session:
        file = session.get(StatementFile, file_id)
        if file is None:
            raise NotFound(file_id=file_id)
        if not file.content:
            raise FileForgotten
        remembered = _layout(session, file.account_no)
    statement = _read(file.content, file.account_no, remembered)
    lines = [row.line for row in statement.rows if row.line]
    with db.read() as session:
        known, owners = _known(session, lines), _owners(session, lines)
        missing = {due.id: state_of_due(session, due).missing_vnd for due in owners.values()}
    rows = [_shown(row, known, owners, missing) for row in statement.rows]
    return Preview(file, statement, rows, next(iter(till.sources), ""))


def choose_columns(db: Database, till: Till, file_id: int, chosen: Mapping, person: Person, now: datetime) -> None:
    """Remember for the file's account which column means what. Raises ColumnsMissing, and what `preview` raises."""
    statement, account_no = (shown := preview(db, till, file_id)).statement, shown.file.account_no
    mapping = {role: name for role, name in chosen.items() if name}
    there = set(columns.names(statement.headings))
    if not columns.is_enough(mapping) or not set(mapping.values()) <= there or _crossed(mapping):
        raise ColumnsMissing
    with db.write() as session:
        _remember(session, account_no, mapping, now)
        audit(session, person, "statement columns", f"account:*{account_no[-4:]}", statement.mapping, mapping, now)


def book(db: Database, till: Till, file_id: int, person: Person, now: datetime) -> int:
    """Take in the lines of a file; returns how many sums came in that nobody knew.

    Raises AccountHasSource, OtherAccount, and what `preview` raises.
    """
    shown = preview(db, till, file_id)
    if shown.source:
        raise AccountHasSource(source=shown.source)
    if shown.other_account:
        raise OtherAccount(named=shown.statement.account_named[-4:])
    new = [it.row.line for it in shown.rows if it.row.line and it.fate in ("match", "paid", "unclear", Fate.OUTGOING)]
    take_in(db, till, CODE, new, now, "statement")
    came_in = sum(line.incoming for line in new)
    with db.write() as session:
        _remember(session, shown.file.account_no, shown.statement.mapping, now)
        file = session.get_one(StatementFile, file_id)
        file.booked_at, file.booked_by = now, person.id
        file.booked_lines += came_in
        session.add(file)
        audit(session, person, "statement", f"statement:{file_id}", "", {"lines": came_in}, now)
    return came_in


def forget_files(db: Database, now: datetime) -> None:
    """Daily: drop the contents of files that are older than 31 days; the rows stay."""
    with db.write() as session:
        old = (col(StatementFile.uploaded_at) < now - FILES_KEPT, col(StatementFile.content) != b"")
        session.exec(update(StatementFile).where(*old).values(content=b""))


def _read(content: bytes, account_no: str, remembered: Mapping | None) -> Statement:
    try:
        statement = read(content, account_no, remembered)
    except NotAStatement as error:
        raise FileNotReadable(reason=error.reason) from error
    if len(statement.rows) > MOST_ROWS:
        raise FileNotReadable(reason="too_many_rows")
    return statement


def _shown(row: Row, known: Collection[str], owners: dict[str, PaymentDue], missing: dict[int, int]) -> ShownRow:
    became = fate(row, known)
    if became is not Fate.NEW or row.line is None:
        return ShownRow(row, became)
    named = {owners[code].id: owners[code].label for code in codes_in(row.line.content) if code in owners}
    if len(named) != 1:
        return ShownRow(row, "unclear")
    ((due_id, label),) = named.items()
    return ShownRow(row, "match" if missing[due_id] else "paid", label)


def _known(session: Session, lines: Sequence[BankLine]) -> set[str]:
    """The lines that came before: by their id, or by another source that told the same reference and sum."""
    known: set[str] = set()
    for part in _parts(lines):
        ids = select(InboxRequest.delivery_id).where(
            InboxRequest.source == CODE, col(InboxRequest.delivery_id).in_([line.line_id for line in part])
        )
        known |= set(session.exec(ids))
        references = [line.bank_reference for line in part if line.bank_reference]
        told = select(PaymentFact.code, PaymentFact.amount_vnd).where(
            col(PaymentFact.code).in_(references), PaymentFact.gateway != CODE, PaymentFact.kind == "captured"
        )
        heard = set(session.exec(told).all())
        known |= {line.line_id for line in part if (line.bank_reference, line.amount_vnd) in heard}
    return known


def _owners(session: Session, lines: Sequence[BankLine]) -> dict[str, PaymentDue]:
    """The due of every code that the lines name."""
    found: dict[str, PaymentDue] = {}
    for part in _parts([code for line in lines if line.incoming for code in codes_in(line.content)]):
        wanted = select(PaymentAttempt.reference, PaymentDue).join(PaymentDue)
        found |= dict(session.exec(wanted.where(col(PaymentAttempt.reference).in_(part))).all())
    return found


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    return (things[first : first + _AT_ONCE] for first in range(0, len(things), _AT_ONCE))


def _crossed(mapping: Mapping) -> bool:
    """One column for two meanings; only a date may share its cell, with the reference."""
    places = [name for role, name in mapping.items() if role != "reference" or name != mapping["date"]]
    return len(places) != len(set(places))


def _layout(session: Session, account_no: str) -> Mapping | None:
    kept = session.get(StatementLayout, account_no)
    return json.loads(kept.mapping) if kept else None


def _remember(session: Session, account_no: str, mapping: Mapping, now: datetime) -> None:
    kept = session.get(StatementLayout, account_no)
    if kept is None:
        session.add(StatementLayout(account_no=account_no, mapping=json.dumps(mapping), changed_at=now))
    else:
        kept.mapping, kept.changed_at = json.dumps(mapping), now
