"""Freight that a carrier keeps from a remittance is the seller's cost: the buyer's shipping fee was earned by it.

The remittance puts it on 2310, what we paid the carrier for others; as soon as the seller of the parcel is known it
becomes the seller's debt (1210), which later earnings pay first. What stays on 2310 belongs to no parcel we know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from payments import ledger
from payments.cash.models import Remittance, RemittanceRow
from payments.earnings.models import Earning
from payments.earnings.service import lock_seller
from payments.ledger import Line
from payments.models import Journal


def charge_freight(session: Session, parcels: Sequence[str], now: datetime) -> None:
    """Charge the sellers of these parcels ("parcel:9") what carriers kept for them, each row once.

    Does nothing for a parcel that is not earned yet: it is called again then. Locks the sellers.
    """
    wanted = select(Earning.parcel, Earning.seller, Earning.subject).where(col(Earning.parcel).in_(parcels))
    whose = {parcel: (seller, subject) for parcel, seller, subject in session.exec(wanted)}
    for seller in sorted({seller for seller, _ in whose.values()}):
        lock_seller(session, seller)
    rows = (
        select(RemittanceRow, Remittance)
        .join(Remittance, col(Remittance.id) == RemittanceRow.remittance_id)
        .where(col(RemittanceRow.parcel).in_(whose), RemittanceRow.freight_vnd > 0, Remittance.state == "booked")
        .order_by(col(RemittanceRow.id))
    )
    for row, remittance in session.exec(rows).all():
        event = f"remittance row:{row.id}:freight"
        if session.exec(select(Journal.id).where(Journal.source_event == event)).first():
            continue
        seller, subject = whose[row.parcel]
        carrier = ledger.account("2310", remittance.account.removeprefix("1130:"))
        lines = [Line(ledger.account("1210", seller), row.freight_vnd), Line(carrier, -row.freight_vnd)]
        ledger.post(session, event, "freight", lines, now, subject=subject)
