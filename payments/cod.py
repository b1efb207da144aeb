"""Cash on delivery: pending while a carrier has the parcel, ours when it has the cash, gone when it is refused.

Each parcel is one attempt on the order's due. What a carrier reports may come twice and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from payments import ledger
from payments.books import Known, capture, facts_of, lock_due, record_fact, state_of_due
from payments.cash.models import CarrierCash
from payments.content import squeeze
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import PaymentAttempt, PaymentDue, PaymentFact
from shop.core.errors import NotFound, Refusal
from shop.core.text import fold

METHOD = "cod"


class CodDiffers(Refusal):
    """A carrier cannot have collected more than the parcel's sum. Facts: amount_vnd, asked_vnd."""


def hand_over_cod(
    session: Session,
    subject: str,
    parcel: str,
    carrier: str,
    amount_vnd: int,
    now: datetime,
    tracking_code: str = "",
) -> None:
    """A carrier took a parcel ("parcel:9") of the order and will collect `amount_vnd` > 0: a pending pair.

    `carrier` is who holds the cash ("GHN", "own:coop:7"), `tracking_code` what it calls the parcel when it pays out.
    Ask `left_to_collect` first: what came by another way is not collected again. The second call changes nothing.
    """
    due = session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).first()
    if due is None:
        raise NotFound(subject=subject)
    due = lock_due(session, due.id)
    if session.exec(select(PaymentAttempt).where(PaymentAttempt.reference == parcel)).first():
        return
    attempt = PaymentAttempt(due_id=due.id, gateway=METHOD, reference=parcel, amount_vnd=amount_vnd, created_at=now)
    attempt.provider_ref = squeeze(tracking_code)
    session.add(attempt)
    session.flush()
    with_carrier = carrier_account(carrier)
    again = f":{attempt.id}" if _left_before(session, parcel) else ""
    movement = _movement(parcel, f"handed_over{again}", FactKind.AUTHORISED, amount_vnd, with_carrier, now)
    record_fact(session, movement, now, due, attempt.id)
    lines = [
        Line(with_carrier, amount_vnd, pending=True),
        Line(ledger.account("2110", subject), -amount_vnd, pending=True),
    ]
    ledger.post(session, _event(movement.movement_id), "cod_pending", lines, now, subject=subject)


def collect_cod(session: Session, parcel: str, now: datetime, amount_vnd: int | None = None) -> None:
    """The carrier has the cash: the pending pair is posted, for `amount_vnd` when less than all was collected.

    Raises NotFound for a parcel never handed over, CodDiffers above its sum. The second call changes nothing; cash
    wins over an earlier refusal.
    """
    found = _handed_over_fact(session, parcel)
    if found is None:
        raise NotFound(parcel=parcel)
    attempt, handed_over = found
    collected_vnd = attempt.amount_vnd if amount_vnd is None else amount_vnd
    if not 0 < collected_vnd <= attempt.amount_vnd:
        raise CodDiffers(amount_vnd=collected_vnd, asked_vnd=attempt.amount_vnd)
    movement = _movement(parcel, "collected", FactKind.CAPTURED, collected_vnd, handed_over.account, now)
    pending = _event(handed_over.movement_id)
    fact = capture(session, attempt.due_id, attempt.id, movement, now, pending_event=pending)
    if fact and not is_own(fact.account):
        _carrier_holds(session, attempt, fact, now)


def left_to_collect(session: Session, subject: str, amount_vnd: int) -> int:
    """How much of a parcel of `amount_vnd` has to come in cash: less where the order was paid another way meanwhile.

    The due stays locked until the end of the transaction. Raises NotFound.
    """
    due = session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).first()
    if due is None:
        raise NotFound(subject=subject)
    return min(amount_vnd, _open_vnd(session, lock_due(session, due.id)))


def collect_less(session: Session, subject: str, less_vnd: int, now: datetime) -> int:
    """Goods will not be delivered: `less_vnd` of their cash is owed no more; returns how much of it came already.

    What carriers have still to bring for other parcels stays owed. Void the parcel's own pending pair first.
    """
    due = lock_due(session, session.exec(select(PaymentDue.id).where(PaymentDue.subject == subject)).one())
    not_owed_vnd = min(less_vnd, _open_vnd(session, due))
    due.amount_vnd -= not_owed_vnd
    session.add(due)
    session.flush()
    return less_vnd - not_owed_vnd


def cash_of(session: Session, parcels: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """What each parcel ("parcel:9", with its order's subject and its sum) has still to bring in cash, or brought."""
    mine = (PaymentAttempt.gateway == METHOD, col(PaymentAttempt.reference).in_(parcels))
    asked = dict(session.exec(select(PaymentAttempt.reference, PaymentAttempt.amount_vnd).where(*mine)).all())
    subjects = {subject for name, (subject, _) in parcels.items() if name not in asked}
    otherwise = (PaymentFact.kind == FactKind.CAPTURED, PaymentFact.gateway != METHOD)
    wanted = select(PaymentDue).join(PaymentFact, col(PaymentFact.due_id) == PaymentDue.id).where(*otherwise)
    paid = session.exec(wanted.where(col(PaymentDue.subject).in_(subjects)).distinct()).all() if subjects else []
    left = {due.subject: _open_vnd(session, due) for due in paid}
    return {
        name: asked.get(name, min(total_vnd, left.get(subject, total_vnd)))
        for name, (subject, total_vnd) in parcels.items()
    }


def was_asked(session: Session, parcel: str) -> bool:
    """Whether somebody is to collect cash for this parcel, or did."""
    return _handed_over_fact(session, parcel) is not None


def _open_vnd(session: Session, due: PaymentDue) -> int:
    """What is missing of the due and on its way with no other parcel."""
    facts = facts_of(session, due.id)
    over = {fact.attempt_id for fact in facts if fact.kind in (FactKind.CAPTURED, FactKind.VOIDED)}
    of_carriers = [fact for fact in facts if fact.kind == FactKind.AUTHORISED and fact.gateway == METHOD]
    held = [fact for fact in of_carriers if fact.attempt_id not in over]
    return max(0, state_of_due(session, due).missing_vnd - sum(fact.amount_vnd for fact in held))


def carrier_account(carrier: str) -> str:
    """Where the ledger keeps the cash that `carrier` holds, however its name is spelt."""
    return ledger.account("1130", "-".join(fold(carrier).split()))


def is_own(account: str) -> bool:
    """Whether a seller itself holds this cash: its payouts are less by it, and no carrier remits it."""
    return account.startswith("1130:own:")


def _carrier_holds(session: Session, attempt: PaymentAttempt, fact: Known, now: datetime) -> None:
    session.add(
        CarrierCash(
            parcel=attempt.reference,
            label=session.get_one(PaymentDue, attempt.due_id).label,
            tracking_code=attempt.provider_ref,
            account=fact.account,
            collected_vnd=fact.amount_vnd,
            collected_at=now,
        )
    )
    session.flush()


def void_cod(session: Session, parcel: str, now: datetime) -> None:
    """The parcel was refused: the pending pair is voided.

    Nothing happens on a repeat, after the cash came, or for a parcel that was never handed over.
    """
    _void(session, parcel, "refused", now)


def take_back_cod(session: Session, parcel: str, now: datetime) -> bool:
    """The parcel stayed after all: its pending pair is voided, and it can be handed over anew, to anybody.

    False, and nothing happens, when its cash came already or it was refused.
    """
    if not was_asked(session, parcel):
        return True
    attempt = session.exec(select(PaymentAttempt).where(PaymentAttempt.reference == parcel)).one()
    if not _void(session, parcel, f"taken_back:{attempt.id}", now):
        return False
    attempt.reference, attempt.provider_ref, attempt.given_up_at = f"{parcel}:taken_back:{attempt.id}", "", now
    session.add(attempt)
    session.flush()
    return True


def _void(session: Session, parcel: str, what: str, now: datetime) -> bool:
    found = _handed_over_fact(session, parcel)
    if found is None:
        return False
    attempt, handed_over = found
    due = lock_due(session, attempt.due_id)
    pending_id = ledger.open_pending(session, _event(handed_over.movement_id))
    if pending_id is None:
        return False
    movement = _movement(parcel, what, FactKind.VOIDED, attempt.amount_vnd, handed_over.account, now)
    record_fact(session, movement, now, due, attempt.id)
    lines = ledger.reversed_lines(session, pending_id)
    ledger.post(
        session, _event(movement.movement_id), "cod_voided", lines, now, subject=due.subject, settles_id=pending_id
    )
    return True


def _event(movement_id: str) -> str:
    return f"{METHOD}:{movement_id}"


def _left_before(session: Session, parcel: str) -> bool:
    """Whether it was handed over once and taken back."""
    mine = (PaymentFact.gateway == METHOD, PaymentFact.movement_id == f"{parcel}:handed_over")
    return session.exec(select(PaymentFact.id).where(*mine)).first() is not None


def _handed_over_fact(session: Session, parcel: str) -> tuple[PaymentAttempt, PaymentFact] | None:
    wanted = (
        select(PaymentAttempt, PaymentFact)
        .join(PaymentFact, col(PaymentFact.attempt_id) == PaymentAttempt.id)
        .where(PaymentAttempt.reference == parcel, PaymentFact.kind == FactKind.AUTHORISED)
    )
    return session.exec(wanted).first()


def _movement(parcel: str, what: str, kind: FactKind, amount_vnd: int, account: str, now: datetime) -> Fact:
    return Fact(METHOD, f"{parcel}:{what}", kind, amount_vnd, now, "manual", account)
