"""What the comparison found, as the operator reads it: sums of each gateway and day, differences, one of them whole."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import true
from sqlmodel import Session, col, func, select, update

from payments.comparison.models import ComparisonItem, SettlementBatch, SettlementRow
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, UnmatchedMoney
from payments.statements.wire import VIETNAM
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

DIFFERENCES = ("missing_here", "missing_there", "amount_diff", "fee_diff")
SHOWN = timedelta(days=31)


class ItemClosed(Refusal):
    """Somebody else closed this difference, or it is none any more."""


class ReasonMissing(Refusal):
    """Whoever closes a difference says why."""


@dataclass
class Day:
    """One gateway on one day: how many movements agree, how many do not, and what is waited for."""

    gateway: str
    day: date
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    our_vnd: int = 0
    their_vnd: int = 0
    open: int = 0

    @property
    def differ(self) -> int:
        return sum(self.counts[state] for state in DIFFERENCES)


@dataclass(frozen=True)
class Whole:
    """One movement from three sides; what is None is not known there."""

    item: ComparisonItem
    fact: PaymentFact | None
    due: PaymentDue | None
    row: SettlementRow | None
    batch: SettlementBatch | None
    line: UnmatchedMoney | None
    age_days: int

    @property
    def may_close(self) -> bool:
        return self.item.state in DIFFERENCES and self.item.closed_at is None


def by_day(session: Session, now: datetime, gateway: str = "") -> list[Day]:
    """The last month, the newest day first."""
    it = ComparisonItem
    sums = (func.count(), func.sum(it.our_vnd), func.sum(it.their_vnd), func.count(col(it.closed_at)))
    of = (col(it.gateway), col(it.day), col(it.state))
    recent = (col(it.day) >= (now - SHOWN).date(), col(it.gateway) == gateway if gateway else true())
    wanted = select(*of).add_columns(*sums).where(*recent).group_by(*of)
    days: dict[tuple[date, str], Day] = {}
    for name, on, state, count, our_vnd, their_vnd, closed in session.connection().execute(wanted):
        day = days.setdefault((on, name), Day(name, on))
        day.counts[state] += count
        day.our_vnd += int(our_vnd or 0)
        day.their_vnd += int(their_vnd or 0)
        day.open += count - closed if state in DIFFERENCES else 0
    return [days[key] for key in sorted(days, key=lambda key: (-key[0].toordinal(), key[1]))]


def differences(
    session: Session,
    gateway: str = "",
    state: str = "",
    day: date | None = None,
    *,
    closed: bool = False,
    most: int = 200,
) -> list[ComparisonItem]:
    """What differs, oldest first; with `closed` what people have closed, newest first."""
    it = ComparisonItem
    wanted = select(it).where(col(it.state).in_((state,) if state in DIFFERENCES else DIFFERENCES))
    wanted = wanted.where(col(it.closed_at).is_not(None) if closed else col(it.closed_at).is_(None))
    if gateway:
        wanted = wanted.where(it.gateway == gateway)
    if day:
        wanted = wanted.where(it.day == day)
    order = (col(it.closed_at).desc(),) if closed else (col(it.day), col(it.id))
    return list(session.exec(wanted.order_by(*order).limit(most)))


def count_open(session: Session) -> int:
    """How many differences nobody has closed."""
    it = ComparisonItem
    is_open = (col(it.state).in_(DIFFERENCES), col(it.closed_at).is_(None))
    return session.exec(select(func.count()).select_from(it).where(*is_open)).one()


def whole(session: Session, item_id: int, now: datetime) -> Whole:
    """One movement from three sides. Raises NotFound."""
    item = session.get(ComparisonItem, item_id)
    if item is None:
        raise NotFound(item_id=item_id)
    fact = session.get(PaymentFact, item.fact_id) if item.fact_id else None
    row = session.get(SettlementRow, item.row_id) if item.row_id else None
    batch = session.get(SettlementBatch, row.batch_id) if row else None
    line = session.get(UnmatchedMoney, batch.unmatched_id) if batch and batch.unmatched_id else None
    due_id = fact.due_id if fact else _due_named(session, item)
    due = session.get(PaymentDue, due_id) if due_id else None
    return Whole(item, fact, due, row, batch, line, age_days(item, now))


def age_days(item: ComparisonItem, now: datetime) -> int:
    """How many days ago it happened, by Vietnam's calendar."""
    return (now.astimezone(VIETNAM).date() - item.day).days


def close(session: Session, item_id: int, note: str, person: Person, now: datetime) -> None:
    """Somebody knows why it differs and has done what was to be done. Raises ReasonMissing, ItemClosed, NotFound."""
    item = session.get(ComparisonItem, item_id)
    if item is None:
        raise NotFound(item_id=item_id)
    if not note:
        raise ReasonMissing(item_id=item_id)
    before, it = item.facts(), ComparisonItem
    mine = (col(it.id) == item_id, col(it.closed_at).is_(None), col(it.state) == item.state)
    values = {"note": note, "closed_by": person.id, "closed_at": now}
    if item.state not in DIFFERENCES or not run(session, update(it).where(*mine).values(**values)).rowcount:
        raise ItemClosed(item_id=item_id)
    session.refresh(item)
    audit(session, person, "comparison", f"comparison:{item_id}", before, item.facts(), now)


def reopen(session: Session, item_id: int, person: Person, now: datetime) -> None:
    """It was closed too early; the note stays. Raises ItemClosed when it is open, NotFound."""
    item = session.get(ComparisonItem, item_id)
    if item is None:
        raise NotFound(item_id=item_id)
    before, it = item.facts(), ComparisonItem
    mine = (col(it.id) == item_id, col(it.closed_at).is_not(None))
    if not run(session, update(it).where(*mine).values(closed_by=None, closed_at=None)).rowcount:
        raise ItemClosed(item_id=item_id)
    session.refresh(item)
    audit(session, person, "comparison", f"comparison:{item_id}", before, item.facts(), now)


def _due_named(session: Session, item: ComparisonItem) -> int | None:
    mine = (PaymentAttempt.gateway == item.gateway, PaymentAttempt.reference == item.reference)
    return session.exec(select(PaymentAttempt.due_id).where(*mine)).first()
