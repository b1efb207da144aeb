"""A seller's statement from the books: opening balance, every movement with its order, closing balance, to the đồng.

The balance is everything between the market and the seller: earned and waiting, payable, on its way, less what the
seller owes and the buyers' cash it holds. What only moves between these is no movement of the statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from payments import ledger
from payments.earnings.service import own_cash
from payments.models import Entry, Journal, PaymentDue
from payments.payouts.models import Settlement


@dataclass(frozen=True)
class Movement:
    """One journal as the seller reads it; `label` is the order's or the payout's code, `balance_vnd` after it."""

    at: datetime
    kind: str
    label: str
    amount_vnd: int
    balance_vnd: int


@dataclass(frozen=True)
class Statement:
    """A span of time of one seller."""

    opening_vnd: int
    movements: list[Movement]

    @property
    def closing_vnd(self) -> int:
        return self.movements[-1].balance_vnd if self.movements else self.opening_vnd


def statement(session: Session, seller: str, since: datetime, until: datetime) -> Statement:
    """What the books wrote down from `since` to before `until`: a month that was read once never changes."""
    mine = (col(Entry.account).in_(accounts_of(seller)), col(Entry.pending).is_(False))
    before = select(func.sum(Entry.amount_vnd)).join(Journal, col(Journal.id) == Entry.journal_id)
    balance_vnd = opening_vnd = -int(session.exec(before.where(*mine, Journal.recorded_at < since)).one() or 0)
    sums = (
        select(Entry.journal_id, func.sum(Entry.amount_vnd).label("amount_vnd"))
        .join(Journal, col(Journal.id) == Entry.journal_id)
        .where(*mine, Journal.recorded_at >= since, Journal.recorded_at < until)
        .group_by(col(Entry.journal_id))
        .having(func.sum(Entry.amount_vnd) != 0)
        .subquery()
    )
    last = select(func.max(Entry.id)).where(col(Entry.journal_id) == Journal.id).correlate(Journal).scalar_subquery()
    wanted = select(Journal, sums.c.amount_vnd).join(sums, sums.c.journal_id == Journal.id)
    rows = session.exec(wanted.order_by(col(Journal.recorded_at), last)).all()
    labels = _labels(session, {journal.subject for journal, _ in rows})
    movements = []
    for journal, amount_vnd in rows:
        balance_vnd -= amount_vnd
        label = labels.get(journal.subject, "")
        movements.append(Movement(journal.recorded_at, journal.kind, label, -amount_vnd, balance_vnd))
    return Statement(opening_vnd, movements)


def accounts_of(seller: str) -> list[str]:
    """Every account of the books that stands between the market and this seller."""
    codes = ("2210", "2220", "2230", "1210")
    return [*(ledger.account(code, seller) for code in codes), ledger.account("1130", own_cash(seller))]


def movements_on(session: Session, account: str, most: int = 100) -> list[Movement]:
    """The newest entries of one account, debit positive; without balances."""
    wanted = (
        select(Entry.amount_vnd, Journal)
        .join(Journal, col(Journal.id) == Entry.journal_id)
        .where(Entry.account == account, col(Entry.pending).is_(False))
        .order_by(col(Entry.id).desc())
        .limit(most)
    )
    rows = session.exec(wanted).all()
    labels = _labels(session, {journal.subject for _, journal in rows})
    return [
        Movement(journal.recorded_at, journal.kind, labels.get(journal.subject, ""), amount_vnd, 0)
        for amount_vnd, journal in rows
    ]


def _labels(session: Session, subjects: set[str]) -> dict[str, str]:
    """What people call each subject: orders by their code, payouts by theirs."""
    named = select(PaymentDue.subject, PaymentDue.label).where(col(PaymentDue.subject).in_(subjects))
    labels = dict(session.exec(named).all())
    numbers = [int(it.partition(":")[2]) for it in subjects if it.startswith("settlement:")]
    for settlement in session.exec(select(Settlement).where(col(Settlement.id).in_(numbers))):
        labels[f"settlement:{settlement.id}"] = settlement.code
    return labels
