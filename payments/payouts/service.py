"""Paying the sellers: one run makes one settlement for each, a person sends them, and what bounces is paid again.

2220 payable -> 2230 on its way -> 1110 the bank. A seller is locked while its payout is ordered, so that two runs at
the same moment pay one balance once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.earnings.models import Earning
from payments.earnings.service import balances, lock_seller, own_cash
from payments.events import PayoutSent
from payments.ledger import Line
from payments.models import Entry
from payments.payouts import listing
from payments.payouts.accounts import all_in_force, in_force
from payments.payouts.listing import Row
from payments.payouts.models import PayoutAccount, PayoutLeftOut, PayoutRow, PayoutRun, Settlement
from shop.core.audit import audit
from shop.core.db import insert_once
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.events import publish


class NobodyToPay(Refusal):
    """No seller has enough payable money and a valid account."""


class NotReleased(Refusal):
    """Above the limit a second person must release the run before anything is sent. Facts: total_vnd."""


class ReleasedByStarter(Refusal):
    """Whoever started a large run cannot be the one who releases it. Facts: total_vnd."""


class PayoutMoved(Refusal):
    """Somebody else was quicker: this payout or run is no longer where the page showed it."""


@dataclass(frozen=True)
class Limits:
    """What the operator decides: less than `least_vnd` waits for more, above `two_person_vnd` two people are asked."""

    least_vnd: int
    two_person_vnd: int


@dataclass(frozen=True)
class Prospect:
    """What the next run would do for a seller: pay `amount_vnd`, or leave it out for a `reason` (see PayoutLeftOut)."""

    seller: str
    payable_vnd: int
    cash_vnd: int
    debt_vnd: int
    amount_vnd: int
    account: PayoutAccount | None
    reason: str


def prospects(session: Session, now: datetime, least_vnd: int) -> list[Prospect]:
    """Every seller with a payable balance, as it stands at this moment."""
    accounts = all_in_force(session, now)
    return [_prospect(session, seller, accounts.get(seller), least_vnd) for seller in _payable_sellers(session)]


def next_for(session: Session, seller: str, now: datetime, least_vnd: int) -> Prospect:
    """What the next run would do for this seller."""
    return _prospect(session, seller, in_force(session, seller, now), least_vnd)


def start_run(session: Session, person: Person, now: datetime, key: str, limits: Limits) -> PayoutRun:
    """Order one settlement for each seller who can be paid; the others are noted with the reason.

    The same `key` is the same run, whoever asks and however often. Raises NobodyToPay when there is nothing to send.
    """
    asked = {"key": key, "total_vnd": 0, "started_by": person.id, "started_at": now}
    is_new = insert_once(session, PayoutRun, asked, ["key"])
    run = session.exec(select(PayoutRun).where(PayoutRun.key == key)).one()
    if not is_new:
        return run
    for seller in _payable_sellers(session):
        run.total_vnd += _settle(session, run, seller, limits.least_vnd, now)
    if not run.total_vnd:
        raise NobodyToPay
    if run.total_vnd <= limits.two_person_vnd:
        run.released_by, run.released_at = person.id, now
    session.add(run)
    session.flush()
    audit(session, person, "payout run", f"payout_run:{run.id}", "", {"total_vnd": run.total_vnd}, now)
    return run


def release(session: Session, run_id: int, person: Person, now: datetime) -> None:
    """The second person lets a large run go out. Raises ReleasedByStarter, PayoutMoved."""
    run = session.get(PayoutRun, run_id)
    if run is None:
        raise NotFound(run_id=run_id)
    if run.released_at is None and run.started_by == person.id:
        raise ReleasedByStarter(total_vnd=run.total_vnd)
    mine = (col(PayoutRun.id) == run_id, col(PayoutRun.released_at).is_(None))
    if session.exec(update(PayoutRun).where(*mine).values(released_by=person.id, released_at=now)).rowcount == 0:
        raise PayoutMoved
    audit(session, person, "payout run", f"payout_run:{run_id}", "to release", "released", now)


def mark_sent(session: Session, settlement_id: int, reference: str, person: Person, now: datetime) -> None:
    """The money left the bank under `reference`: booked, audited, told. Raises NotReleased, PayoutMoved."""
    settlement = _locked(session, settlement_id)
    run = session.get_one(PayoutRun, settlement.run_id)
    if run.released_at is None:
        raise NotReleased(total_vnd=run.total_vnd)
    _move(session, settlement, ("ordered",), state="sent", reference=reference, sent_at=now, sent_by=person.id)
    lines = [_line("2230", settlement, 1), Line(ledger.BANK, -settlement.amount_vnd)]
    _post(session, settlement, "sent", lines, now)
    after = {"state": "sent", "reference": reference, "amount_vnd": settlement.amount_vnd}
    audit(session, person, "payout", _subject(settlement), "ordered", after, now, _coop_id(settlement))
    told = PayoutSent(settlement.seller, settlement.amount_vnd, settlement.id, settlement.code, reference)
    publish(session, told, due_at=now)


def mark_all_sent(session: Session, run_id: int, reference: str, person: Person, now: datetime) -> int:
    """Everything of the run's bank file went out under one reference; vouchers are told one by one.

    Returns how many were marked. Raises NotReleased; PayoutMoved when none was left.
    """
    wanted = (
        select(Settlement.id)
        .join(PayoutAccount, col(PayoutAccount.id) == Settlement.account_id)
        .where(Settlement.run_id == run_id, Settlement.state == "ordered", PayoutAccount.kind != "voucher")
    )
    ids = session.exec(wanted.order_by(col(Settlement.seller))).all()
    for settlement_id in ids:
        mark_sent(session, settlement_id, reference, person, now)
    if not ids:
        raise PayoutMoved
    return len(ids)


def mark_bounced(session: Session, settlement_id: int, reason: str, person: Person, now: datetime) -> None:
    """The bank gave it back, or it was stopped before: payable again, and its account is looked at before the next run.

    Raises PayoutMoved.
    """
    settlement = _locked(session, settlement_id)
    before = settlement.state
    _move(
        session, settlement, ("ordered", "sent"), state="bounced", reason=reason, bounced_at=now, bounced_by=person.id
    )
    back = Line(ledger.BANK, settlement.amount_vnd) if before == "sent" else _line("2230", settlement, 1)
    _post(session, settlement, "bounced", [back, _line("2220", settlement, -1)], now)
    listed = col(Earning.settlement_id) == settlement.id
    session.exec(update(Earning).where(listed).values(settlement_id=None))
    session.exec(update(PayoutAccount).where(col(PayoutAccount.id) == settlement.account_id).values(needs_check=True))
    after = {"state": "bounced", "reason": reason}
    audit(session, person, "payout", _subject(settlement), before, after, now, _coop_id(settlement))


def _payable_sellers(session: Session) -> Sequence[str]:
    """In one order for everybody, so that two runs lock them in the same order."""
    payable = (col(Entry.account).startswith("2220:"), col(Entry.pending).is_(False))
    wanted = select(Entry.account).where(*payable).group_by(Entry.account).having(func.sum(Entry.amount_vnd) < 0)
    return sorted(account.partition(":")[2] for account in session.exec(wanted))


def _prospect(session: Session, seller: str, account: PayoutAccount | None, least_vnd: int) -> Prospect:
    """The cash that the seller holds for buyers is netted first, then what it owes."""
    stands = balances(session, seller)
    cash_vnd = max(0, min(stands.payable_vnd, stands.cash_vnd))
    debt_vnd = max(0, min(stands.payable_vnd - cash_vnd, stands.debt_vnd))
    amount_vnd = stands.payable_vnd - cash_vnd - debt_vnd
    reason = ""
    if not amount_vnd:
        reason = "own_cash"
    elif account is None:
        reason = "no_account"
    elif account.needs_check:
        reason = "account_to_check"
    elif amount_vnd < least_vnd:
        reason = "below_least"
    return Prospect(seller, stands.payable_vnd, cash_vnd, debt_vnd, amount_vnd, account, reason)


def _settle(session: Session, run: PayoutRun, seller: str, least_vnd: int, now: datetime) -> int:
    """Order the payout of one seller, or note why not; returns the đồng that will leave the bank."""
    lock_seller(session, seller)
    account = in_force(session, seller, now)  # read after the lock: a payout that just bounced has marked it
    found = _prospect(session, seller, account, least_vnd)
    rows = listing.rows(session, seller)
    if not found.reason and sum(row.amount_vnd for row in rows) != found.payable_vnd:
        found = replace(found, reason="differs")
    if not found.payable_vnd:
        return 0  # another run was quicker
    if found.reason or account is None:
        why = found.reason
        session.add(PayoutLeftOut(run_id=run.id, seller=seller, payable_vnd=found.payable_vnd, reason=why))
        return 0
    netted = [Row(kind, "", -vnd, now) for kind, vnd in (("cash", found.cash_vnd), ("debt", found.debt_vnd)) if vnd]
    settlement = _write(session, run, found, account, [row for row in rows if row.amount_vnd] + netted, now)
    listed = [row.earning_id for row in rows if row.earning_id]
    _list(session, settlement, listed)
    _book_order(session, settlement, found, now)
    return found.amount_vnd


def _write(
    session: Session, run: PayoutRun, found: Prospect, account: PayoutAccount, rows: Sequence[Row], now: datetime
) -> Settlement:
    settlement = Settlement(
        run_id=run.id,
        seller=found.seller,
        account_id=account.id,
        amount_vnd=found.amount_vnd,
        entries_to=listing.newest_entry(session, found.seller),
        ordered_at=now,
    )
    relisted = listing.bounced(session, found.seller)
    session.add(settlement)
    session.flush()
    session.add_all(PayoutRow(settlement_id=settlement.id, **vars(row)) for row in rows)
    for bounced in relisted:
        bounced.relisted_in = settlement.id
        session.add(bounced)
    session.flush()
    return settlement


def _list(session: Session, settlement: Settlement, earning_ids: Sequence[int]) -> None:
    for start in range(0, len(earning_ids), 1000):
        mine = col(Earning.id).in_(earning_ids[start : start + 1000])
        session.exec(update(Earning).where(mine).values(settlement_id=settlement.id))


def _book_order(session: Session, settlement: Settlement, found: Prospect, now: datetime) -> None:
    if netted_vnd := found.cash_vnd + found.debt_vnd:
        lines = [
            Line(ledger.account("2220", found.seller), netted_vnd),
            Line(ledger.account("1130", own_cash(found.seller)), -found.cash_vnd),
            Line(ledger.account("1210", found.seller), -found.debt_vnd),
        ]
        _post(session, settlement, "netted", lines, now)
    _post(session, settlement, "ordered", [_line("2220", settlement, 1), _line("2230", settlement, -1)], now)


def _line(code: str, settlement: Settlement, sign: int) -> Line:
    return Line(ledger.account(code, settlement.seller), sign * settlement.amount_vnd)


def _post(session: Session, settlement: Settlement, what: str, lines: Sequence[Line], now: datetime) -> None:
    subject = _subject(settlement)
    ledger.post(session, f"{subject}:{what}", f"payout_{what}", lines, now, subject=subject)


def _locked(session: Session, settlement_id: int) -> Settlement:
    settlement = session.get(Settlement, settlement_id)
    if settlement is None:
        raise NotFound(settlement_id=settlement_id)
    lock_seller(session, settlement.seller)
    session.refresh(settlement)
    return settlement


def _move(session: Session, settlement: Settlement, states: Sequence[str], **values: object) -> None:
    mine = (col(Settlement.id) == settlement.id, col(Settlement.state).in_(states))
    if session.exec(update(Settlement).where(*mine).values(**values)).rowcount == 0:
        raise PayoutMoved
    session.refresh(settlement)


def _subject(settlement: Settlement) -> str:
    return f"settlement:{settlement.id}"


def _coop_id(settlement: Settlement) -> int | None:
    kind, _, number = settlement.seller.partition(":")
    return int(number) if kind == "coop" and number.isdecimal() else None
