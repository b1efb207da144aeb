"""Every rule that must always hold, checked on the whole database."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlmodel import Session

from livestream import verify as live
from payments import verify as payments
from shop.core.audit import broken_links
from shop.core.db import Database
from shop.core.progress import Progress, silent
from shop.orders import verify as orders
from shop.stock import service as stock
from shop.vouchers import service as vouchers

Rules = Callable[[Session], Iterable[str]]
RULES: dict[str, Rules] = {
    "stock": stock.broken_rules,
    "live sessions": live.broken_rules,
    "vouchers": vouchers.broken_rules,
    "orders": orders.broken_rules,
    "audit chain": broken_links,
    "payments and ledger": payments.check,
}


def broken_rules(db: Database, progress: Progress = silent) -> list[str]:
    """One line per broken rule; empty when all hold. Looks at one moment, while the market goes on selling."""
    broken: list[str] = []
    with db.read() as session:
        if not db.is_sqlite:  # where each statement would see what was sold since the one before
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for name, rules in RULES.items():
            progress(name, 0, 1)
            broken += rules(session)
            progress(name, 1, 1)
    return broken
