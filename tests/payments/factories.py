"""Dues and bank lines with believable facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from payments.gateway import BankLine, Outcome, RawRequest
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import receive
from payments.service import open_due
from payments.till import Till
from shop.core.db import Database
from shop.core.deps import Grant, Person

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
OURS = "0123499999"
TILL = Till(our_accounts=frozenset({OURS}))
OPERATOR = Person(5, "Chị Ba", "+84900000005", (Grant("operator"),))
COLLEAGUE = Person(6, "Anh Tư", "+84900000006", (Grant("operator"),))
_number = count(1)


def make_due(db: Database, amount_vnd: int = 255_000, method: str = "vietqr", **changes: Any) -> PaymentDue:
    """An order of 255.000 ₫ to be paid by transfer within two hours."""
    number = next(_number)
    facts = {"closes_at": NOW + timedelta(hours=2), "label": f"DON{number}", "page_path": "/don-hang/x", **changes}
    subject = facts.pop("subject", f"order:{number}")
    with db.write() as session:
        open_due(session, subject, amount_vnd, method, facts.pop("closes_at"), NOW, **facts)
        return due_of(session, subject)


def due_of(session: Session, subject: str) -> PaymentDue:
    """What is owed for a subject."""
    return session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).one()


def code_of(db: Database, due: PaymentDue) -> str:
    """The transfer content that the due's page shows now."""
    with db.read() as session:
        mine = select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)
        return session.exec(mine.order_by(col(PaymentAttempt.id).desc())).first() or ""


def make_line(content: str = "chuyen tien", amount_vnd: int = 255_000, **changes: Any) -> BankLine:
    """Money that came to our account just now."""
    number = next(_number)
    line = BankLine(f"{900_000 + number}", True, amount_vnd, content, OURS, NOW, bank_reference=f"FT{number}")
    return replace(line, **changes)


def arrive(db: Database, *lines: BankLine, now: datetime = NOW) -> list[Outcome]:
    """The bank's notifications, each a request of its own."""
    outcomes = []
    for line in lines:
        with db.write() as session:
            outcomes.append(receive(session, TILL, "sepay", RawRequest({}, b"{}", now), [line], now))
    return outcomes
