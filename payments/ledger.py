"""The books: double entry, insert-only, every balance derived from the entries.

Amounts are signed đồng: debit positive, credit negative. An account is a code of the chart and a dimension:
`2110:order:17`. Pending entries (cash that a carrier has still to collect) have a balance of their own.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, insert, select
from sqlmodel.sql.expression import SelectOfScalar

from payments.checkpoints.models import BalanceCheckpoint
from payments.models import Entry, Journal
from shop.core.db import run
from shop.core.prepared import Prepared

CHART = {
    "1110": "bank",
    "1120": "captured by gateways, not yet paid out to us",
    "1130": "cash that carriers hold, and co-ops of what they sold",
    "1210": "sellers owe us",
    "1310": "card payments under dispute",
    "2110": "paid by buyers, not yet earned",
    "2120": "promised back to buyers",
    "2130": "paid too much by buyers",
    "2140": "received without an owner",
    "2210": "earned by sellers, claims still possible",
    "2220": "payable to sellers",
    "2230": "payouts on their way",
    "2310": "owed to carriers",
    "4110": "commission",
    "4310": "too much received, nobody's",
    "5110": "fees of gateways",
    "5120": "fees for cash on delivery",
    "5130": "fees of disputes",
    "5220": "trips back",
    "5310": "too little received",
    "5320": "goodwill",
    "5330": "vouchers that the market gives",
}
BANK = "1110:main"
OTHER_BANK = "1110:other"
UNAPPLIED = "2140:unapplied"


def account(code: str, dimension: str) -> str:
    """`2110`, `order:17` -> `2110:order:17`. Raises KeyError for a code that the chart does not have."""
    assert CHART[code]  # noqa: S101  the lookup is the check
    return f"{code}:{dimension}"


@dataclass(frozen=True)
class Line:
    """One entry to write: debit positive, credit negative. A line of 0 is left out."""

    account: str
    amount_vnd: int
    pending: bool = False


def post(
    session: Session,
    source_event: str,
    kind: str,
    lines: Sequence[Line],
    now: datetime,
    *,
    effective_at: datetime | None = None,
    subject: str = "",
    settles_id: int | None = None,
) -> int:
    """Write one journal and return its id.

    The caller has made sure that `source_event` is new; the database refuses a second one, and refuses lines that do
    not sum to zero. `settles_id` names the pending journal that this one posts or voids.
    """
    journal_id = secrets.randbits(62)
    entries = [
        {"journal_id": journal_id, "account": line.account, "amount_vnd": line.amount_vnd, "pending": line.pending}
        for line in lines
        if line.amount_vnd
    ]
    run(session, _INSERT_ENTRY, entries)
    written = {
        "id": journal_id,
        "source_event": source_event,
        "kind": kind,
        "subject": subject,
        "settles_id": settles_id,
        "memo": "",
        "effective_at": effective_at or now,
        "recorded_at": now,
    }
    run(session, _INSERT_JOURNAL, written)
    return journal_id


_INSERT_ENTRY = Prepared(insert(Entry.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it
_INSERT_JOURNAL = Prepared(insert(Journal.__table__))  # type: ignore[attr-defined]  # as above


def open_pending(session: Session, source_event: str) -> int | None:
    """The id of the pending journal of that event, None when there is none or it was posted or voided already."""
    journal_id = session.exec(select(Journal.id).where(Journal.source_event == source_event)).first()
    if journal_id is None or session.exec(select(Journal.id).where(Journal.settles_id == journal_id)).first():
        return None
    return journal_id


def reversed_lines(session: Session, journal_id: int) -> list[Line]:
    """The lines that take a pending journal's entries back."""
    entries = session.exec(select(Entry).where(Entry.journal_id == journal_id).order_by(col(Entry.id)))
    return [Line(entry.account, -entry.amount_vnd, pending=entry.pending) for entry in entries]


def balance_vnd(session: Session, name: str, *, pending: bool = False) -> int:
    """What stands on one account: debit positive. The last checkpoint and the entries after it."""
    last = run(session, _LAST_CHECKPOINT, {"name": name, "held": pending}).first()
    since_id, before_vnd = tuple(last) if last else (0, 0)
    newer = run(session, _NEWER, {"name": name, "held": pending, "since_id": since_id}).one()
    return int(before_vnd) + int(newer[0] or 0)


_NAME: sa.BindParameter[str] = sa.bindparam("name")
_HELD: sa.BindParameter[bool] = sa.bindparam("held")
_SINCE_ID: sa.BindParameter[int] = sa.bindparam("since_id")
_checkpoints: Any = sa.select(col(BalanceCheckpoint.up_to_id), col(BalanceCheckpoint.amount_vnd))
_LAST_CHECKPOINT = Prepared(
    _checkpoints.where(col(BalanceCheckpoint.account) == _NAME, col(BalanceCheckpoint.pending) == _HELD)
    .order_by(col(BalanceCheckpoint.up_to_id).desc())
    .limit(1)
)
_NEWER = Prepared(
    sa.select(func.sum(Entry.amount_vnd)).where(
        col(Entry.account) == _NAME, col(Entry.pending) == _HELD, col(Entry.id) > _SINCE_ID
    )
)


@dataclass(frozen=True)
class ChartRow:
    """One account of the chart with all its dimensions together; debit positive."""

    code: str
    posted_vnd: int
    pending_vnd: int


def chart(session: Session) -> list[ChartRow]:
    """The balances of the whole chart."""
    code = func.substr(Entry.account, 1, 4)
    wanted = select(code, Entry.pending, func.sum(Entry.amount_vnd)).group_by(code, col(Entry.pending))
    sums = {(code, pending): int(sum_vnd) for code, pending, sum_vnd in session.exec(wanted)}
    return [ChartRow(code, sums.get((code, False), 0), sums.get((code, True), 0)) for code in CHART]


@dataclass(frozen=True)
class JournalRow:
    """A journal with its entries, as the operator reads it."""

    journal: Journal
    entries: list[Entry]

    @property
    def amount_vnd(self) -> int:
        """The sum that moved: of the posted entries, of the pending ones where nothing is posted."""
        posted = sum(entry.amount_vnd for entry in self.entries if entry.amount_vnd > 0 and not entry.pending)
        return posted or sum(entry.amount_vnd for entry in self.entries if entry.amount_vnd > 0)


def latest(session: Session, most: int = 50) -> list[JournalRow]:
    """The newest journals, newest first."""
    return with_entries(session, select(Journal).order_by(col(Journal.recorded_at).desc(), col(Journal.id)).limit(most))


def with_entries(session: Session, wanted: SelectOfScalar[Journal]) -> list[JournalRow]:
    """The journals that are `wanted`, in that order, each with its entries."""
    journals = session.exec(wanted).all()
    entries: dict[int, list[Entry]] = {journal.id: [] for journal in journals}
    for entry in session.exec(select(Entry).where(col(Entry.journal_id).in_(entries)).order_by(col(Entry.id))):
        entries[entry.journal_id].append(entry)
    return [JournalRow(journal, entries[journal.id]) for journal in journals]
