"""What must always hold of payouts, for `chohtx verify`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from payments.earnings.models import Earning
from payments.models import Entry, Journal
from payments.payouts.models import PayoutRow, PayoutRun, Settlement


def broken_rules(session: Session) -> Iterator[str]:
    """One line for each broken rule."""
    yield from _rows_add_up(session)
    yield from _on_the_way_agrees(session)
    yield from _journals_stand(session)
    yield from _earnings_are_listed_once(session)
    yield from _runs_add_up(session)


def _rows_add_up(session: Session) -> Iterator[str]:
    sums = (
        select(Settlement.id, Settlement.amount_vnd, func.coalesce(func.sum(PayoutRow.amount_vnd), 0))
        .outerjoin(PayoutRow, col(PayoutRow.settlement_id) == Settlement.id)
        .group_by(col(Settlement.id), col(Settlement.amount_vnd))
    )
    for settlement_id, amount_vnd, rows_vnd in session.exec(sums):
        if amount_vnd != rows_vnd:
            yield f"payouts: settlement {settlement_id} pays {amount_vnd}, its rows add up to {rows_vnd}"


def _on_the_way_agrees(session: Session) -> Iterator[str]:
    ordered = select(Settlement.seller, func.sum(Settlement.amount_vnd)).where(Settlement.state == "ordered")
    expected = {f"2230:{seller}": int(vnd) for seller, vnd in session.exec(ordered.group_by(col(Settlement.seller)))}
    held = select(Entry.account, func.sum(Entry.amount_vnd)).where(col(Entry.account).startswith("2230:"))
    found = {account: -int(vnd) for account, vnd in session.exec(held.group_by(col(Entry.account)))}
    for account in sorted({*expected, *found}):
        if expected.get(account, 0) != found.get(account, 0):
            yield f"payouts: {account} is {found.get(account, 0)}, its settlements say {expected.get(account, 0)}"


def _journals_stand(session: Session) -> Iterator[str]:
    """A settlement is in the books for every step it made."""
    kinds: dict[str, set[str]] = {}
    made = select(Journal.subject, Journal.kind).where(col(Journal.kind).startswith("payout_"))
    for subject, kind in session.exec(made):
        kinds.setdefault(subject, set()).add(kind.removeprefix("payout_"))
    for it in session.exec(select(Settlement)):
        steps = {"ordered": True, "sent": it.sent_at, "bounced": it.bounced_at}
        wanted = {step for step, was_made in steps.items() if was_made}
        if kinds.pop(f"settlement:{it.id}", set()) - {"netted"} != wanted:
            yield f"payouts: the journals of settlement {it.id} are not those of its steps"
    for subject in kinds:
        yield f"payouts: {subject} is in the books and nowhere else"


def _earnings_are_listed_once(session: Session) -> Iterator[str]:
    """An earning names the settlement that lists it, a standing one of the same seller; and that one lists it once."""
    stands = Settlement.state != "bounced"
    rows = (
        select(PayoutRow.earning_id, PayoutRow.settlement_id, Settlement.seller)
        .join(Settlement, col(Settlement.id) == PayoutRow.settlement_id)
        .where(stands, PayoutRow.kind == "earning")
    )
    listed: dict[int, tuple[int, str]] = {}
    for earning_id, settlement_id, seller in session.exec(rows):
        if earning_id in listed:
            yield f"payouts: earning {earning_id} is listed twice"
        listed[earning_id or 0] = (settlement_id, seller)
    named = select(Earning).where(col(Earning.settlement_id).is_not(None))
    for it in session.exec(named):
        if listed.pop(it.id, (it.settlement_id, it.seller)) != (it.settlement_id, it.seller):
            yield f"payouts: earning {it.id} names another settlement than the one that lists it"
    for earning_id in listed:
        yield f"payouts: earning {earning_id} is listed and could be paid again"


def _runs_add_up(session: Session) -> Iterator[str]:
    sums = (
        select(PayoutRun.id, PayoutRun.total_vnd, func.coalesce(func.sum(Settlement.amount_vnd), 0))
        .outerjoin(Settlement, col(Settlement.run_id) == PayoutRun.id)
        .group_by(col(PayoutRun.id), col(PayoutRun.total_vnd))
    )
    for run_id, total_vnd, paid_vnd in session.exec(sums):
        if total_vnd != paid_vnd:
            yield f"payouts: run {run_id} says {total_vnd}, its settlements add up to {paid_vnd}"
