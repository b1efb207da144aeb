"""Money goes back the way it came: on which captured movement, and what a gateway tells of it.

What is told may come in any order and any number of times; the sums and the ledger end the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, func, select

from payments import ledger
from payments.books import Known, lock_due, record_fact
from payments.disputes.open import charged_back_vnd
from payments.earnings.models import Earning
from payments.earnings.service import lock_sellers_of, take_back
from payments.events import RefundSent
from payments.gateway import Fact, FactKind, Outcome
from payments.ledger import Line
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, Refund
from shop.core.events import publish
from shop.core.hub import tell

TRANSFER, OUTSIDE = "transfer", "outside"
_OURS = re.compile(r"[0-9]{6}-R([0-9]{1,18})(-[0-9]+)?")


def ways(session: Session, due_id: int, amount_vnd: int) -> Iterator[tuple[PaymentFact | None, int]]:
    """How `amount_vnd` goes back: on what gateways captured for the due, newest first; the rest (None) by transfer."""
    captured = select(PaymentFact).where(PaymentFact.due_id == due_id, PaymentFact.kind == FactKind.CAPTURED)
    for movement in session.exec(captured.order_by(col(PaymentFact.id).desc())).all():
        part_vnd = min(amount_vnd, left_on_vnd(session, movement))
        if part_vnd > 0:
            amount_vnd -= part_vnd
            yield movement, part_vnd
    if amount_vnd:
        yield None, amount_vnd


def left_on_vnd(session: Session, movement: PaymentFact) -> int:
    """How much of a captured movement its gateway can still give back; nothing of what came without one.

    What the card's bank took back through a dispute is gone from there, whoever bears it.
    """
    if movement.attempt_id is None or not movement.account.startswith("1120:"):
        return 0
    back = select(func.sum(Refund.amount_vnd)).where(Refund.fact_id == movement.id, Refund.way != TRANSFER)
    left_vnd = movement.amount_vnd - int(session.exec(back).one() or 0)
    return max(0, left_vnd - charged_back_vnd(session, movement))


def goes_by(refund: Refund, movement: PaymentFact | None, now: datetime) -> Refund:
    """Send `refund` back on `movement` by its gateway, or by transfer where there is none."""
    if movement is not None:
        refund.fact_id, refund.way, refund.next_check_at = movement.id, movement.gateway, now
    return refund


def promise(
    session: Session, due: PaymentDue, amount_vnd: int, parts: list[Refund], lines: list[Line], now: datetime
) -> list[Refund]:
    """Write down that `amount_vnd` goes back in `parts`; `lines` say whose money it is."""
    session.add_all(parts)
    session.flush()
    movement = f"refund:{parts[0].id}:requested"
    record_fact(session, Fact("own", movement, FactKind.REFUND_REQUESTED, amount_vnd, now, "manual"), now, due)
    lines = lines + [Line(_waiting(refund), -refund.amount_vnd) for refund in parts]
    ledger.post(session, f"own:{movement}", "refund_requested", lines, now, subject=due.subject)
    return parts


def take_refund(session: Session, fact: Fact, now: datetime) -> Outcome:
    """Apply what a gateway tells of a refund, one of ours or one that nobody asked for here."""
    refund = _named(session, fact)
    if fact.kind is not FactKind.REFUNDED:
        return _failed(session, refund, fact, now) if refund else Outcome.UNKNOWN_REF
    if refund is None:
        return _outside(session, fact, now)
    if fact.refund_id and fact.refund_id == refund.failed_id:  # told in the wrong order: it failed since
        _record(session, refund, replace(fact, amount_vnd=0), now)
        return Outcome.DUPLICATE
    if refund.state == "sent" and refund.way == fact.gateway and fact.refund_id in (refund.gateway_id, ""):
        return Outcome.DUPLICATE
    if refund.state == "sent" or fact.refund_id != refund.gateway_id:  # it went by transfer since: twice is too much
        return _outside(session, fact, now)
    refund.way = fact.gateway
    return book_sent(session, refund, fact, "refund_sent", now)


def book_sent(session: Session, refund: Refund, fact: Fact, kind: str, now: datetime) -> Outcome:
    """The money of `refund` left `fact.account`: recorded once, booked, told. The gateway may leave out the sum."""
    due = lock_due(session, refund.due_id) if refund.due_id else None
    if _record(session, refund, replace(fact, amount_vnd=refund.amount_vnd), now) is None:
        return Outcome.DUPLICATE
    account = fact.account or ledger.account("1120", fact.gateway)
    lines = [Line(_waiting(refund), refund.amount_vnd), Line(account, -refund.amount_vnd)]
    subject = due.subject if due else ""
    ledger.post(session, f"{fact.gateway}:{fact.movement_id}", kind, lines, now, subject=subject)
    refund.state, refund.sent_at, refund.next_check_at = "sent", now, None
    refund.reference = fact.code if fact.gateway == "own" else fact.movement_id
    session.add(refund)
    if due:
        publish(session, RefundSent(due.subject, refund.amount_vnd, refund.id), due_at=now)
    differs = fact.amount_vnd not in (0, refund.amount_vnd)
    return Outcome.AMOUNT_MISMATCH if differs else Outcome.RECORDED


def by_transfer(session: Session, refund: Refund, why: str, now: datetime) -> None:
    """The gateway does not give it back: a person sends it by transfer, and reads why."""
    refund.state, refund.way, refund.refused, refund.next_check_at = "requested", TRANSFER, why, None
    refund.sent_at, refund.reference, refund.said_reference, refund.said_by = None, "", "", None
    session.add(refund)
    if due := session.get(PaymentDue, refund.due_id) if refund.due_id else None:
        tell(session, due.subject, "order", "refunding")


def _failed(session: Session, refund: Refund, fact: Fact, now: datetime) -> Outcome:
    """It will never be done; if it was told as done before, the money is with us again: booked back."""
    is_newest = (fact.refund_id or "") == refund.gateway_id  # not an id that was refused and given up before
    by_it = is_newest and refund.way == fact.gateway
    was_sent = by_it and refund.state == "sent"
    amount_vnd = refund.amount_vnd if was_sent else 0
    kind = FactKind.REFUND_FAILED
    if _record(session, refund, replace(fact, kind=kind, amount_vnd=amount_vnd), now) is None:
        return Outcome.DUPLICATE
    if was_sent:
        account = fact.account or ledger.account("1120", fact.gateway)
        lines = [Line(account, amount_vnd), Line(_waiting(refund), -amount_vnd)]
        ledger.post(session, f"{fact.gateway}:{fact.movement_id}", "refund_failed", lines, now)
    if is_newest:
        refund.failed_id = refund.gateway_id
        session.add(refund)
    if by_it:
        by_transfer(session, refund, fact.code or "failed", now)
    return Outcome.RECORDED


def _outside(session: Session, fact: Fact, now: datetime) -> Outcome:
    """Given back without us (in the gateway's own pages): our books follow, and the operator is shown."""
    attempt = _attempt(session, fact)
    if attempt is None or not fact.amount_vnd:
        return Outcome.UNKNOWN_REF
    due = lock_due(session, attempt.due_id)
    mine = (PaymentFact.gateway == fact.gateway, PaymentFact.movement_id == fact.movement_id)
    if session.exec(select(PaymentFact.id).where(*mine)).first():
        return Outcome.DUPLICATE
    of = (PaymentFact.attempt_id == attempt.id, PaymentFact.kind == FactKind.CAPTURED)
    movement = session.exec(select(PaymentFact).where(*of).order_by(col(PaymentFact.id).desc())).first()
    refund = Refund(due_id=due.id, amount_vnd=fact.amount_vnd, reason=OUTSIDE, requested_at=now, way=fact.gateway)
    refund.fact_id = movement.id if movement else None
    promise(session, due, fact.amount_vnd, [refund], _whoevers(session, due, fact.amount_vnd), now)
    return book_sent(session, refund, fact, "refund_sent", now)


def _whoevers(session: Session, due: PaymentDue, amount_vnd: int) -> list[Line]:
    """Whose money went: the buyer's, then that of the parcels it had become; what is missing is overdrawn."""
    funds = ledger.account("2110", due.subject)
    held_vnd = max(0, min(amount_vnd, -ledger.balance_vnd(session, funds)))
    lines = [Line(funds, held_vnd)]
    amount_vnd -= held_vnd
    lock_sellers_of(session, due.subject)
    parcels = select(Earning).where(Earning.subject == due.subject).order_by(col(Earning.id).desc())
    for earning in session.exec(parcels.execution_options(populate_existing=True)).all():
        part_vnd = min(amount_vnd, earning.left_vnd)
        if part_vnd > 0:
            lines += take_back(session, due.subject, earning.parcel, part_vnd)
            amount_vnd -= part_vnd
    return [*lines, Line(funds, amount_vnd)]


def _record(session: Session, refund: Refund, fact: Fact, now: datetime) -> Known | None:
    """What came too much never covered the due, so giving it back is no fact of the due."""
    due = session.get(PaymentDue, refund.due_id) if refund.due_id and refund.unmatched_id is None else None
    return record_fact(session, fact, now, due)


def _named(session: Session, fact: Fact) -> Refund | None:
    """The refund that a fact is about, locked: by our id of it, else by the gateway's of one that was done."""
    if ours := _OURS.fullmatch(fact.refund_id or ""):
        wanted = select(Refund).where(Refund.id == int(ours[1]))
    else:
        known = fact.movement_id.partition(":")[0]
        wanted = select(Refund).where(Refund.reference == known, Refund.way == fact.gateway, Refund.state == "sent")
    locked = wanted.with_for_update().execution_options(populate_existing=True)
    refund = session.exec(locked).first()
    return refund if refund and _of(session, refund, fact.gateway) else None


def _of(session: Session, refund: Refund, gateway: str) -> bool:
    movement = session.get(PaymentFact, refund.fact_id) if refund.fact_id else None
    return refund.way == gateway or (movement is not None and movement.gateway == gateway)


def _attempt(session: Session, fact: Fact) -> PaymentAttempt | None:
    named = PaymentAttempt.reference == fact.reference
    if not fact.reference:
        named = (PaymentAttempt.provider_ref == fact.provider_ref) & (PaymentAttempt.provider_ref != "")
    return session.exec(select(PaymentAttempt).where(PaymentAttempt.gateway == fact.gateway, named)).first()


def _waiting(refund: Refund) -> str:
    return ledger.account("2120", f"refund:{refund.id}")
