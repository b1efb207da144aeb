"""Every rule that must always hold, checked on the whole database."""

from __future__ import annotations

from livestream import verify as live
from payments import verify as payments
from shop.core.audit import broken_links
from shop.core.db import Database
from shop.stock import service as stock


def broken_rules(db: Database) -> list[str]:
    """One line per broken rule; empty when all hold."""
    with db.read() as session:
        goods = [*stock.broken_rules(session), *live.broken_rules(session)]
        return [*goods, *broken_links(session), *payments.check(session)]
