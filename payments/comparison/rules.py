"""What must hold between the books and what gateways hold for us, for `chohtx verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from payments.comparison.models import SettlementBatch
from payments.disputes.models import Dispute
from payments.gateway import FactKind
from payments.models import Entry, PaymentFact

_CLEARING = {
    FactKind.CAPTURED: 1,
    FactKind.REFUNDED: -1,
    FactKind.REFUND_FAILED: 1,
    FactKind.DISPUTED: -1,
    FactKind.DISPUTE_FEE: -1,
    FactKind.DISPUTE_FEE_BACK: 1,
    FactKind.DISPUTE_WON: 1,
}


def clearing_agrees(session: Session) -> Iterator[str]:
    """What a gateway still holds (1120) is what was captured less what went back and what it paid out to us."""
    expected: Counter[str] = Counter()
    at_gateways = (col(PaymentFact.account).startswith("1120:"), col(PaymentFact.kind).in_(_CLEARING))
    moved = select(PaymentFact.account, PaymentFact.kind, func.sum(PaymentFact.amount_vnd)).where(*at_gateways)
    for account, kind, sum_vnd in session.exec(moved.group_by(col(PaymentFact.account), col(PaymentFact.kind))):
        expected[account] += _CLEARING[FactKind(kind)] * int(sum_vnd)
    paid_out = select(SettlementBatch.gateway, func.sum(SettlementBatch.cleared_vnd))
    seen = paid_out.where(SettlementBatch.state != "waiting").group_by(col(SettlementBatch.gateway))
    for gateway, sum_vnd in session.exec(seen):
        expected[f"1120:{gateway}"] -= int(sum_vnd)
    yield from _differences(session, "1120:", expected, "captured less refunded less paid out")


def disputes_agree(session: Session) -> Iterator[str]:
    """What waits under 1310 is exactly the disputes that were neither won nor borne by anybody."""
    expected: Counter[str] = Counter()
    kinds = (FactKind.DISPUTED, FactKind.DISPUTE_WON)
    for fact in session.exec(select(PaymentFact).where(col(PaymentFact.kind).in_(kinds))):
        name = f"1310:{fact.gateway}:{fact.movement_id.partition(':')[0]}"
        expected[name] += fact.amount_vnd if fact.kind == FactKind.DISPUTED else -fact.amount_vnd
    for dispute in session.exec(select(Dispute).where(Dispute.borne_by != "")):
        expected[f"1310:{dispute.gateway}:{dispute.dispute_ref}"] -= dispute.amount_vnd
    yield from _differences(session, "1310:", expected, "open disputes")


def _differences(session: Session, code: str, expected: Counter[str], what: str) -> Iterator[str]:
    stands = select(Entry.account, func.sum(Entry.amount_vnd)).where(
        col(Entry.account).startswith(code), col(Entry.pending).is_(False)
    )
    books = {name: int(sum_vnd) for name, sum_vnd in session.exec(stands.group_by(col(Entry.account)))}
    for name in sorted(books | expected):
        if books.get(name, 0) != expected[name]:
            yield f"payments: {name} is {books.get(name, 0)}, {what} are {expected[name]}"
