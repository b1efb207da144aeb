"""What gateways say they paid out, and the bank line that each of their transfers is.

A batch is booked when its money is seen: tied to the bank line that lies without an owner (2140), or, where no line of
that account is told to us, on a person's word (1110). That one may still be tied later: it is never counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.comparison.models import SettlementBatch
from payments.content import squeeze
from payments.ledger import Line
from payments.models import UnmatchedMoney
from payments.statements.wire import VIETNAM
from payments.unmatched import AlreadyDecided, is_bank_line
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

NEAR = timedelta(days=3)


class BatchBooked(Refusal):
    """Somebody else said where this batch's money is."""


class NotThisMoney(Refusal):
    """The bank line is not this batch: its sum is another. Facts: net_vnd, amount_vnd."""


@dataclass(frozen=True)
class Proposal:
    """A batch and the bank line it seems to be; None where none fits."""

    batch: SettlementBatch
    line: UnmatchedMoney | None


def batches(session: Session, most: int = 60) -> list[Proposal]:
    """What gateways say they paid out: first what waits for its bank line, with the line that fits, then the newest."""
    unseen = (SettlementBatch.state != "tied", col(SettlementBatch.unmatched_id).is_(None))
    wanted = select(SettlementBatch).where(*unseen).order_by(col(SettlementBatch.id)).limit(most)
    waiting = [Proposal(batch, _line_for(session, batch)) for batch in session.exec(wanted).all()]
    tied = select(SettlementBatch).where(SettlementBatch.state == "tied")
    newest = session.exec(tied.order_by(col(SettlementBatch.id).desc()).limit(most)).all()
    open_ones = [it for it in waiting if it.batch.state == "waiting" or it.line]
    rest = [it for it in waiting if it not in open_ones]
    return open_ones + rest + [Proposal(batch, line_of(session, batch)) for batch in newest]


def count_waiting(session: Session) -> int:
    """How many batches are not seen on the bank account yet."""
    return session.exec(
        select(func.count()).select_from(SettlementBatch).where(SettlementBatch.state == "waiting")
    ).one()


def line_of(session: Session, batch: SettlementBatch) -> UnmatchedMoney | None:
    """The bank line a batch was tied to."""
    return session.get(UnmatchedMoney, batch.unmatched_id) if batch.unmatched_id else None


def tie(session: Session, batch_id: int, money_id: int, person: Person, now: datetime) -> None:
    """This bank line is that batch: its money has an owner now. Raises NotThisMoney, BatchBooked, AlreadyDecided."""
    batch = _claim(session, batch_id, ("waiting", "booked"))
    money = session.get(UnmatchedMoney, money_id)
    if money is None:
        raise NotFound(unmatched_id=money_id)
    if money.amount_vnd != batch.net_vnd or not is_bank_line(session, money):
        raise NotThisMoney(net_vnd=batch.net_vnd, amount_vnd=money.amount_vnd)
    mine = (col(UnmatchedMoney.id) == money_id, col(UnmatchedMoney.state) == "waiting")
    decided = {"state": "matched", "decision": "settlement", "decided_by": person.id, "decided_at": now}
    if run(session, update(UnmatchedMoney).where(*mine).values(**decided)).rowcount == 0:
        raise AlreadyDecided
    if batch.state == "booked":
        lines = [Line(money.account, batch.net_vnd), Line(ledger.BANK, -batch.net_vnd)]
        ledger.post(session, f"batch:{batch.id}:tied", "settled", lines, now)
    else:
        _book(session, batch, money.account, now)
    _move(session, batch, "tied", person, now, money_id)


def book(session: Session, batch_id: int, person: Person, now: datetime) -> None:
    """The money came, though no bank line tells of it (or nothing came: refunds ate it up). Raises BatchBooked."""
    batch = _claim(session, batch_id, ("waiting",))
    _book(session, batch, ledger.BANK, now)
    _move(session, batch, "booked", person, now)


def _line_for(session: Session, batch: SettlementBatch) -> UnmatchedMoney | None:
    """The only line without an owner with this sum, near the day, whose text speaks of the gateway or the batch."""
    wanted = select(UnmatchedMoney).where(
        UnmatchedMoney.state == "waiting",
        UnmatchedMoney.amount_vnd == batch.net_vnd,
        col(UnmatchedMoney.account).startswith("2140:"),
    )
    near = [line for line in session.exec(wanted.limit(50)) if _is_near(line, batch.settled_on) and _names(line, batch)]
    fit = [line for line in near if is_bank_line(session, line)]
    return fit[0] if len(fit) == 1 else None


def _is_near(line: UnmatchedMoney, day: date) -> bool:
    return abs(line.arrived_at.astimezone(VIETNAM).date() - day) <= NEAR


def _names(line: UnmatchedMoney, batch: SettlementBatch) -> bool:
    told = squeeze(f"{line.content} {line.bank_reference}")
    return any(word in told for word in (*_CALLED.get(batch.gateway, ()), squeeze(batch.batch_ref)) if word)


_CALLED = {  # as their transfers name them: the brand, or the company behind it
    "momo": ("MOMO", "MSERVICE", "DICHVUDIDONGTRUCTUYEN"),
    "zalopay": ("ZALOPAY", "ZION"),
    "vnpay": ("VNPAY",),
    "shopeepay": ("SHOPEEPAY", "AIRPAY"),
    "viettel": ("VIETTEL",),
    "stripe": ("STRIPE",),
    "payos": ("PAYOS", "CASSO"),
}


def _claim(session: Session, batch_id: int, states: tuple[str, ...]) -> SettlementBatch:
    batch = session.exec(select(SettlementBatch).where(SettlementBatch.id == batch_id).with_for_update()).first()
    if batch is None:
        raise NotFound(batch_id=batch_id)
    if batch.state not in states:
        raise BatchBooked(batch_id=batch_id)
    return batch


def _book(session: Session, batch: SettlementBatch, account: str, now: datetime) -> None:
    lines = [
        Line(account, batch.net_vnd),
        Line(ledger.account("5110", batch.gateway), batch.fee_vnd),
        Line(ledger.account("1120", batch.gateway), -batch.cleared_vnd),
    ]
    if any(line.amount_vnd for line in lines):
        ledger.post(session, f"batch:{batch.id}", "settled", lines, now)


def _move(
    session: Session, batch: SettlementBatch, state: str, person: Person, now: datetime, money_id: int | None = None
) -> None:
    before, batch.state = batch.state, state
    batch.unmatched_id, batch.decided_by, batch.decided_at = money_id, person.id, now
    session.add(batch)
    session.flush()
    after = {"state": state, "line": money_id}
    audit(session, person, "settlement", f"settlement batch:{batch.id}", before, after, now)
