"""What a settlement lists: every earning and every other movement of the payable balance that no settlement has paid.

The rows add up to the balance to the đồng because they are the balance: earnings that became payable, less the debt
they paid off first, and whatever else the ledger moved on the account since the seller's last settlement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from payments import ledger
from payments.earnings.models import Earning
from payments.models import Entry, Journal, PaymentDue
from payments.payouts.models import PayoutRow, Settlement

JOURNALS = ("payout_netted", "payout_ordered", "payout_bounced")
"""Movements of the payable balance that settlements make themselves: they are listed in nothing."""


@dataclass(frozen=True)
class Row:
    """One line of a settlement to be."""

    kind: str
    label: str
    amount_vnd: int
    happened_at: datetime
    earning_id: int | None = None


def rows(session: Session, seller: str) -> list[Row]:
    """Everything that the next settlement of this seller lists, before its cash and its debt are netted."""
    return [*_earnings(session, seller), *_movements(session, seller), *_bounced_rows(session, seller)]


def newest_entry(session: Session, seller: str) -> int:
    """The number of the last entry on the payable balance; call it with the seller locked."""
    wanted = select(func.max(Entry.id)).where(Entry.account == ledger.account("2220", seller))
    return session.exec(wanted).one() or 0


def _earnings(session: Session, seller: str) -> Iterator[Row]:
    debt = ledger.account("1210", seller)
    wanted = (
        select(Earning, Entry.amount_vnd)
        .outerjoin(Journal, col(Journal.source_event) == col(Earning.parcel) + ":released")
        .outerjoin(Entry, (col(Entry.journal_id) == Journal.id) & (col(Entry.account) == debt))
        .where(Earning.seller == seller, col(Earning.released_at).is_not(None), col(Earning.settlement_id).is_(None))
        .order_by(col(Earning.id))
    )
    for it, paid_off_vnd in session.exec(wanted):
        released_at = it.released_at or it.payable_at
        yield Row("earning", it.label, it.net_vnd - it.returned_pending_vnd, released_at, it.id)
        if paid_off_vnd:  # a credit: below zero
            yield Row("debt", it.label, paid_off_vnd, released_at, it.id)


def _movements(session: Session, seller: str) -> Iterator[Row]:
    last = select(func.max(Settlement.entries_to)).where(Settlement.seller == seller)
    listed_to = session.exec(last).one() or 0
    wanted = (
        select(Entry.amount_vnd, Journal.kind, Journal.recorded_at, PaymentDue.label)
        .join(Journal, col(Journal.id) == Entry.journal_id)
        .outerjoin(PaymentDue, (col(PaymentDue.subject) == Journal.subject) & (col(Journal.subject) != ""))
        .where(Entry.account == ledger.account("2220", seller), col(Entry.pending).is_(False), Entry.id > listed_to)
        .where(col(Journal.kind).not_in(("released", *JOURNALS)))
        .order_by(col(Entry.id))
    )
    for amount_vnd, kind, at, label in session.exec(wanted):
        yield Row("refund" if kind == "refund_requested" else "other", label or "", -amount_vnd, at)


def bounced(session: Session, seller: str) -> list[Settlement]:
    """Payouts that came back and were not listed again yet."""
    mine = (Settlement.seller == seller, Settlement.state == "bounced", col(Settlement.relisted_in).is_(None))
    return list(session.exec(select(Settlement).where(*mine).order_by(col(Settlement.id))))


def _bounced_rows(session: Session, seller: str) -> Iterator[Row]:
    """Their earnings are listed again by themselves; the rest, with what was netted for good, is copied."""
    ids = [it.id for it in bounced(session, seller)]
    wanted = select(PayoutRow).where(col(PayoutRow.settlement_id).in_(ids), col(PayoutRow.earning_id).is_(None))
    for row in session.exec(wanted.order_by(col(PayoutRow.id))):
        yield Row(row.kind, row.label, row.amount_vnd, row.happened_at)
