"""What other rooms ask of payments: open what is owed, say how to pay it, tell where it stands, give money back.

Functions take an open session and never commit. A `subject` ("order:17") is all that payments knows of an order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.books import (
    Known,
    facts_of,
    latest_attempt,
    lock_due,
    ready_attempt,
    record_fact,
    settle_variance,
    state_of_attempt,
    state_of_due,
)
from payments.cod import carrier_account as carrier_account
from payments.cod import cash_of as cash_of
from payments.cod import collect_cod as collect_cod
from payments.cod import collect_less as collect_less
from payments.cod import hand_over_cod as hand_over_cod
from payments.cod import left_to_collect as left_to_collect
from payments.cod import take_back_cod as take_back_cod
from payments.cod import void_cod as void_cod
from payments.cod import was_asked as was_asked
from payments.disputes.open import (
    DisputeOpen,
    at_the_bank_vnd,
    borne_by_market_vnd,
    require_none_open,
    wait_for_end,
    waited_for,
)
from payments.earnings.service import take_back
from payments.gateway import Fact, FactKind, NextAction, Notifier, StartPayment
from payments.ledger import Line
from payments.models import InboxRequest, PaymentAttempt, PaymentDue, PaymentFact, Refund, UnmatchedMoney
from payments.refunding import goes_by, promise, ways
from payments.state import AttemptState, PaymentState, state_from
from payments.till import till_from
from shop.core.db import Database, insert_once
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

if TYPE_CHECKING:
    from shop.settings import Settings

REQUESTS_KEPT = timedelta(days=31)


class MoreReceived(Refusal):
    """The sum owed cannot fall below what was paid already: give it back instead. Facts: received_vnd."""


class RefundTooLarge(Refusal):
    """More would go back than came in. Facts: refundable_vnd."""


def methods(settings: Settings, amount_vnd: int | None = None) -> list[str]:
    """The ways to pay that may be offered, by name; for a sum, those that take it."""
    gateways = till_from(settings).gateways
    return [code for code, gateway in gateways.items() if amount_vnd is None or _takes(gateway, amount_vnd)]


def _takes(gateway: object, amount_vnd: int) -> bool:
    least_vnd, most_vnd = getattr(gateway, "least_vnd", 0), getattr(gateway, "most_vnd", None)
    return amount_vnd >= least_vnd and (most_vnd is None or amount_vnd <= most_vnd)


def open_due(
    session: Session,
    subject: str,
    amount_vnd: int,
    method: str,
    closes_at: datetime | None,
    now: datetime,
    label: str = "",
    page_path: str = "",
    tolerance_vnd: int = 0,
) -> None:
    """Start waiting for money. Once per subject; a second call changes only the method and `closes_at`.

    `label` is what people call it (the order's code): operators find it by that. `amount_vnd` may be 0. Up to
    `tolerance_vnd` too little or too much is let go of.
    """
    named = {"subject": subject, "label": label or subject, "page_path": page_path, "tolerance_vnd": tolerance_vnd}
    asked = {"method": method, "amount_vnd": amount_vnd, "closes_at": closes_at, "created_at": now}
    if insert_once(session, PaymentDue, {**named, **asked}, ["subject"]):
        if method == "cod" or not amount_vnd:
            return  # nothing is known of a fresh due, so nothing needs to be read to know what it lacks
        due = _due(session, subject)
    else:
        due = _due(session, subject)
        due.method, due.closes_at = method, closes_at
        session.add(due)
        session.flush()
    ready_attempt(session, due, now)


def change_due(session: Session, subject: str, amount_vnd: int, now: datetime) -> None:
    """The sum owed is another now (a parcel was taken out). Raises MoreReceived when more than that came already."""
    due = lock_due(session, _due(session, subject).id)
    received_vnd = state_of_due(session, due).received_vnd
    if received_vnd > amount_vnd:
        raise MoreReceived(received_vnd=received_vnd)
    due.amount_vnd = amount_vnd
    session.add(due)
    session.flush()
    settle_variance(session, due, now)
    ready_attempt(session, due, now)


def ask_more(session: Session, subject: str, more_vnd: int) -> None:
    """So much more is owed: goods weighed more than was ordered. Only for what is collected in cash."""
    due = lock_due(session, _due(session, subject).id)
    due.amount_vnd += more_vnd
    session.add(due)
    session.flush()


def action(session: Session, subject: str, settings: Settings) -> NextAction | None:
    """What the buyer does next to pay what is missing; None when nothing is. Reads only.

    For a gateway with a page of its own that is our address that opens it (`payments.paying`): nothing is called here.
    """
    due = _due(session, subject)
    missing_vnd = state_of_due(session, due).missing_vnd
    gateway = till_from(settings).gateways.get(due.method)
    if gateway is None or not missing_vnd:
        return None
    if has_own_page(gateway):
        return NextAction("redirect", missing_vnd, url=f"{due.page_path}/tra", expires_at=due.closes_at)
    attempt = latest_attempt(session, due)
    reference = attempt.reference if attempt else ""
    return gateway.start(StartPayment(reference, missing_vnd, due.closes_at)).action


def tried(session: Session, subject: str) -> str:
    """How the newest try at a gateway's page stands: "" not begun, "asked" open, "failed" over without money."""
    due = _due(session, subject)
    attempt = session.exec(
        select(PaymentAttempt).where(PaymentAttempt.due_id == due.id).order_by(col(PaymentAttempt.id).desc()).limit(1)
    ).first()
    if attempt is None or attempt.gateway != due.method:
        return ""
    if state_of_attempt(session, attempt.id) in (AttemptState.PENDING, AttemptState.AUTHORISED):
        return "asked" if attempt.pay_url or attempt.next_check_at else ""
    return "failed"


def has_own_page(gateway: object) -> bool:
    """Whether the buyer pays on a page of the gateway."""
    return isinstance(gateway, Notifier)


def state_of(session: Session, subject: str) -> PaymentState:
    """Where the payment of a subject stands. Raises NotFound for a subject that owes nothing."""
    return state_of_due(session, _due(session, subject))


def states_of(session: Session, subjects: Iterable[str]) -> dict[str, PaymentState]:
    """The same for many subjects in two questions; subjects without a due are left out."""
    dues = {due.id: due for due in session.exec(select(PaymentDue).where(col(PaymentDue.subject).in_(list(subjects))))}
    facts: dict[int, list[PaymentFact]] = {due_id: [] for due_id in dues}
    for fact in session.exec(select(PaymentFact).where(col(PaymentFact.due_id).in_(dues))):
        facts[fact.due_id or 0].append(fact)
    return {d.subject: state_from(d.method, d.amount_vnd, d.closes_at, facts[d.id]) for d in dues.values()}


def refundable_vnd(session: Session, subject: str) -> int:
    """How much of what was received has not been asked back, set aside, or gone back through the card's bank."""
    due = _due(session, subject)
    return _refundable(session, due)


def _refundable(session: Session, due: PaymentDue) -> int:
    return max(0, state_of_due(session, due).refundable_vnd - borne_by_market_vnd(session, due.id))


def set_aside(session: Session, subject: str, reason: str, now: datetime) -> int:
    """Take the money of a closed order off it and put it before the operator; returns the đồng moved.

    `reason` is "late" (it came after the order closed and the goods are gone) or "short" (only a part came in time).
    What the card's bank has taken back stays where it is.
    """
    due = lock_due(session, _due(session, subject).id)
    moved_vnd = state_of_due(session, due).refundable_vnd - at_the_bank_vnd(session, due.id)
    if moved_vnd <= 0:
        return 0
    last = session.exec(
        select(PaymentFact)
        .where(PaymentFact.due_id == due.id, PaymentFact.kind == FactKind.CAPTURED)
        .order_by(col(PaymentFact.id).desc())
    ).first()
    movement = f"{subject}:set_aside:{last.id if last else 0}"
    fact = record_fact(
        session, Fact("own", movement, FactKind.SET_ASIDE, moved_vnd, now, "manual", ledger.UNAPPLIED), now, due
    )
    if fact is None:
        return 0
    funds = ledger.account("2110", subject)
    lines = [Line(funds, moved_vnd), Line(ledger.UNAPPLIED, -moved_vnd)]
    ledger.post(session, f"own:{movement}", "set_aside", lines, now, subject=subject)
    session.add(
        UnmatchedMoney(
            fact_id=fact.id,
            due_id=due.id,
            amount_vnd=moved_vnd,
            reason=reason,
            account=ledger.UNAPPLIED,
            content=due.label,
            arrived_at=last.occurred_at if last else now,
        )
    )
    session.flush()
    settle_variance(session, due, now)
    ready_attempt(session, due, now)
    return moved_vnd


def request_refund(
    session: Session,
    subject: str,
    amount_vnd: int,
    reason: str,
    now: datetime,
    person: Person | None = None,
    parcel: str = "",
) -> list[Refund]:
    """Promise money back, by the way it came as far as that goes, the rest by transfer; a refund for each.

    For a `parcel` ("parcel:9") that was delivered its seller and the market give it back.
    Raises RefundTooLarge above what is left of the payment, ReturnTooLarge above what is left of the parcel,
    DisputeOpen while the card's bank has taken the money back.
    """
    due = lock_due(session, _due(session, subject).id)
    require_none_open(session, due.id)
    left_vnd = _refundable(session, due)
    if not 0 < amount_vnd <= left_vnd:
        raise RefundTooLarge(refundable_vnd=left_vnd)
    taken = take_back(session, subject, parcel, amount_vnd)
    parts = []
    for movement, part_vnd in ways(session, due.id, amount_vnd):
        refund = Refund(due_id=due.id, amount_vnd=part_vnd, reason=reason, requested_at=now)
        refund.requested_by = person.id if person else None
        parts.append(goes_by(refund, movement, now))
    promised = promise(session, due, amount_vnd, parts, taken, now)
    settle_variance(session, due, now)
    return promised


def give_back(
    session: Session, subject: str, amount_vnd: int, reason: str, now: datetime, person: Person | None = None
) -> None:
    """As `request_refund`, where an order's own rules send money back: during a dispute that waits for its end."""
    try:
        request_refund(session, subject, amount_vnd, reason, now, person)
    except DisputeOpen:
        wait_for_end(session, subject, amount_vnd, now)


def after_dispute(session: Session, gateway: str, movement_id: str, now: datetime) -> None:
    """A dispute about this movement was won: what waited for its end goes back."""
    for item in waited_for(session, gateway, movement_id):
        amount_vnd = min(item.amount_vnd, refundable_vnd(session, item.reference))
        try:
            if amount_vnd:
                request_refund(session, item.reference, amount_vnd, "dispute won", now)
        except DisputeOpen:  # another one is open
            return
        item.state, item.closed_at = "closed", now
        session.add(item)


def received(session: Session, subject: str) -> list[Known]:
    """The sums that came for a subject and stayed, oldest first.

    What was set aside is not among them: given to the subject again by a person, it is a sum of its own.
    """
    stayed: list[Known] = []
    for fact in sorted(facts_of(session, _due(session, subject).id), key=lambda fact: fact.id):
        if fact.kind == FactKind.SET_ASIDE:
            stayed.clear()
        elif fact.kind == FactKind.CAPTURED and fact.applied_vnd:
            stayed.append(fact)
    return stayed


def refunds_of(session: Session, subject: str) -> list[Refund]:
    """What was promised back of a payment, oldest first."""
    mine = select(Refund).join(PaymentDue, col(PaymentDue.id) == Refund.due_id).where(PaymentDue.subject == subject)
    return list(session.exec(mine.order_by(col(Refund.id))))


def undecided_vnd(session: Session, subject: str) -> int:
    """How much came for a subject beyond what it asked for, or too late, and waits for the operator's word."""
    mine = (PaymentDue.subject == subject, col(UnmatchedMoney.state).in_(("waiting", "proposed")))
    came = select(func.sum(UnmatchedMoney.amount_vnd)).join(PaymentDue, col(PaymentDue.id) == UnmatchedMoney.due_id)
    return int(session.exec(came.where(*mine)).one() or 0)


def forget_requests(db: Database, now: datetime) -> None:
    """Daily: drop the headers and bodies of notifications that are older than 31 days; the rows stay for duplicates."""
    with db.write() as session:
        old = (col(InboxRequest.received_at) < now - REQUESTS_KEPT, col(InboxRequest.headers) != "")
        session.exec(update(InboxRequest).where(*old).values(headers="", body=b""))


def _due(session: Session, subject: str) -> PaymentDue:
    due = session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).first()
    if due is None:
        raise NotFound(subject=subject)
    return due
