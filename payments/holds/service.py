"""Held money, as other rooms decide about it: owe less of it, take it, let it go. No gateway is called here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, update

from payments.books import lock_due, state_of_due
from payments.holds.models import Hold
from payments.models import PaymentDue

STUCK_AFTER = 5  # calls without an end: somebody looks at the gateway's own pages


@dataclass(frozen=True)
class HeldMoney:
    """A hold as the operator reads it."""

    hold: Hold
    label: str
    page_path: str

    @property
    def is_stuck(self) -> bool:
        """The gateway was called often and neither gave the money nor let it go."""
        return self.hold.tries >= STUCK_AFTER


def is_waiting(session: Session, subject: str) -> bool:
    """Whether money for this subject is still held and not ours."""
    return session.exec(select(Hold.attempt_id).where(*_of(subject)).limit(1)).first() is not None


def was_held(session: Session, subject: str) -> bool:
    """Whether a gateway ever held money for this subject."""
    return session.exec(select(Hold.attempt_id).where(_of(subject)[0]).limit(1)).first() is not None


def take(session: Session, subject: str, now: datetime) -> None:
    """Goods are packed: what is held is taken, as far as it is still owed."""
    waits = update(Hold).where(*_of(subject), col(Hold.wish) == "wait")
    session.exec(waits.values(wish="take", next_check_at=now))


def let_go(session: Session, subject: str, now: datetime) -> None:
    """Nobody wants it any more: the gateway lets go of all that it holds and that was not taken yet."""
    if not is_waiting(session, subject):
        return
    _lock(session, subject)
    waits = update(Hold).where(*_of(subject), col(Hold.wish) != "let_go")
    session.exec(waits.values(wish="let_go", next_check_at=now))


def owe_less(session: Session, subject: str, less_vnd: int, now: datetime) -> int:
    """A part of what is held will not be needed and is never taken; returns how much of `less_vnd` came already."""
    if not is_waiting(session, subject):
        return less_vnd
    due = _lock(session, subject)
    not_taken_vnd = min(less_vnd, max(0, due.amount_vnd - state_of_due(session, due).received_vnd))
    due.amount_vnd -= not_taken_vnd
    session.add(due)
    session.flush()
    if state_of_due(session, due).received_vnd >= due.amount_vnd:
        let_go(session, subject, now)
    return less_vnd - not_taken_vnd


def waiting(session: Session, most: int = 200) -> list[HeldMoney]:
    """What gateways hold, what must be taken first standing first."""
    wanted = select(Hold, PaymentDue).join(PaymentDue, col(PaymentDue.id) == Hold.due_id)
    rows = session.exec(wanted.where(col(Hold.next_check_at).is_not(None)).order_by(col(Hold.ends_at)).limit(most))
    return [HeldMoney(hold, due.label, due.page_path) for hold, due in rows]


def count_waiting(session: Session) -> int:
    """How many sums gateways hold."""
    return session.exec(select(func.count()).select_from(Hold).where(col(Hold.next_check_at).is_not(None))).one()


def _lock(session: Session, subject: str) -> PaymentDue:
    """The due before its holds, as whoever tells of money locks them, so that neither waits for the other."""
    return lock_due(session, session.exec(select(PaymentDue.id).where(PaymentDue.subject == subject)).one())


def _of(subject: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    mine = select(PaymentDue.id).where(PaymentDue.subject == subject).scalar_subquery()
    return col(Hold.due_id) == mine, col(Hold.next_check_at).is_not(None)
