"""What the books do when a gateway tells that it holds money, or that it let it go."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, update

from payments.events import MoneyHeld
from payments.gateway import HELD_FOR, Fact
from payments.holds.models import Hold
from payments.models import PaymentAttempt, PaymentDue
from shop.core.db import insert_once
from shop.core.events import publish


def held(session: Session, due: PaymentDue, attempt: PaymentAttempt, fact: Fact, now: datetime, *, rest: int) -> None:
    """Remember a hold, and tell; `rest` is what the due still misses with it, in đồng.

    Not of a gateway that only suspects a payment: that is for a person to judge.
    """
    if fact.gateway not in HELD_FOR or not fact.amount_vnd:
        return
    ends_at = fact.occurred_at + HELD_FOR[fact.gateway]
    row = {"due_id": due.id, "gateway": fact.gateway, "amount_vnd": fact.amount_vnd, "wish": "wait", "tries": 0}
    times = {"held_at": fact.occurred_at, "ends_at": ends_at, "next_check_at": ends_at}
    insert_once(session, Hold, {"attempt_id": attempt.id, **row, **times}, ["attempt_id"])
    publish(session, MoneyHeld(due.subject, fact.amount_vnd, complete=not rest), due_at=now)


def let_go_there(session: Session, attempt_id: int, now: datetime) -> None:
    """The gateway holds it no more: looked at now, for it may not have been our wish."""
    waits = (col(Hold.attempt_id) == attempt_id, col(Hold.next_check_at).is_not(None))
    session.exec(update(Hold).where(*waits).values(next_check_at=now))
