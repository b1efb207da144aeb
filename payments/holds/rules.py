"""What must hold of held money, for `chohtx verify`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, select

from payments.gateway import HELD_FOR, FactKind
from payments.holds.models import Hold
from payments.models import PaymentFact


def holds_agree(session: Session) -> Iterator[str]:
    """Every sum that a gateway holds for us is waited for: nothing is held that nobody will take or let go."""
    ended = select(PaymentFact.attempt_id).where(
        col(PaymentFact.kind).in_((FactKind.CAPTURED, FactKind.VOIDED)), col(PaymentFact.attempt_id).is_not(None)
    )
    alone = (
        select(PaymentFact.gateway, PaymentFact.movement_id)
        .outerjoin(Hold, (col(Hold.attempt_id) == PaymentFact.attempt_id) & (col(Hold.next_check_at).is_not(None)))
        .where(PaymentFact.kind == FactKind.AUTHORISED, col(PaymentFact.amount_vnd) > 0)
        .where(col(PaymentFact.gateway).in_(HELD_FOR), col(PaymentFact.attempt_id).not_in(ended))
        .where(col(Hold.attempt_id).is_(None))
    )
    for gateway, movement in session.exec(alone):
        yield f"payments: {gateway}:{movement} is held and nobody will take it or let it go"
