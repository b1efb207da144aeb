"""Where a payment stands: a pure function of the sum owed and the facts, so order and repetition do not matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from payments.gateway import HELD_FOR, FactKind


class State(StrEnum):
    """`part`: some came, some is missing. `held`: a gateway keeps the rest for us, it is taken when goods are packed.

    `cash_on_the_way`: a carrier has the parcel and has still to collect.
    """

    UNPAID = "unpaid"
    PART = "part"
    HELD = "held"
    PAID = "paid"
    CASH_ON_THE_WAY = "cash_on_the_way"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class AttemptState(StrEnum):
    """Where one try at one gateway stands. Money wins over every marker of failure, whenever it came."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_OVER = (FactKind.VOIDED, FactKind.CANCELLED, FactKind.FAILED, FactKind.EXPIRED)


class KnownFact(Protocol):
    """What the state looks at in a fact."""

    @property
    def attempt_id(self) -> int | None: ...
    @property
    def gateway(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def amount_vnd(self) -> int: ...
    @property
    def applied_vnd(self) -> int: ...
    @property
    def occurred_at(self) -> datetime: ...


@dataclass(frozen=True)
class PaymentState:
    """The sums of one due. `late`: some of the money left the buyer after the due had closed.

    `accepted_vnd` never came and is not asked for: it lies within the tolerance. `held_vnd` a gateway keeps for us: it
    is not asked for, either, and was not received.
    """

    state: State
    method: str
    due_vnd: int
    received_vnd: int
    missing_vnd: int
    surplus_vnd: int
    refunded_vnd: int
    refundable_vnd: int
    late: bool
    accepted_vnd: int = 0
    held_vnd: int = 0

    @property
    def complete(self) -> bool:
        return self.missing_vnd == 0


def state_from(method: str, due_vnd: int, closes_at: datetime | None, facts: Iterable[KnownFact]) -> PaymentState:
    """Add up the facts. Money that came wins over every marker of failure, whenever it came."""
    facts = list(facts)

    def total(kind: FactKind) -> int:
        return sum(fact.amount_vnd for fact in facts if fact.kind == kind)

    captured = [fact for fact in facts if fact.kind == FactKind.CAPTURED]
    applied_vnd = sum(fact.applied_vnd for fact in captured)
    received_vnd = applied_vnd - total(FactKind.SET_ASIDE)
    accepted_vnd = total(FactKind.SHORT_ACCEPTED) - total(FactKind.SHORT_REOPENED)
    kept_vnd = total(FactKind.OVER_KEPT) - total(FactKind.OVER_RELEASED)
    asked_back_vnd = total(FactKind.REFUND_REQUESTED)
    gone_vnd = asked_back_vnd + total(FactKind.CHARGED_BACK)
    held_vnd = 0 if method == "cod" else _held_vnd(facts)
    refunded_vnd = total(FactKind.REFUNDED) - total(FactKind.REFUND_FAILED)
    if refunded_vnd < asked_back_vnd:
        state = State.REFUNDING
    elif asked_back_vnd and refunded_vnd >= received_vnd:
        state = State.REFUNDED
    elif received_vnd + accepted_vnd >= due_vnd:
        state = State.PAID
    elif held_vnd and received_vnd + accepted_vnd + held_vnd >= due_vnd:
        state = State.HELD
    elif received_vnd:
        state = State.PART
    else:
        state = State.CASH_ON_THE_WAY if _cash_on_the_way(facts) else State.UNPAID
    return PaymentState(
        state=state,
        method=method,
        due_vnd=due_vnd,
        received_vnd=received_vnd,
        missing_vnd=max(0, due_vnd - received_vnd - accepted_vnd - held_vnd),
        surplus_vnd=total(FactKind.CAPTURED) - applied_vnd - total(FactKind.REASSIGNED) - kept_vnd,
        refunded_vnd=refunded_vnd,
        refundable_vnd=received_vnd - gone_vnd,
        late=closes_at is not None and any(fact.occurred_at > closes_at for fact in captured),
        accepted_vnd=accepted_vnd,
        held_vnd=held_vnd,
    )


def attempt_state(facts: Iterable[KnownFact]) -> AttemptState:
    """Where the attempt with these facts stands, in whatever order they came."""
    kinds = {fact.kind for fact in facts}
    if FactKind.CAPTURED in kinds:
        return AttemptState.CAPTURED
    if FactKind.AUTHORISED in kinds and FactKind.VOIDED not in kinds:
        return AttemptState.AUTHORISED
    over = next((kind for kind in _OVER if kind in kinds), None)
    if over is None:
        return AttemptState.PENDING
    return AttemptState.CANCELLED if over is FactKind.VOIDED else AttemptState(over)


def _cash_on_the_way(facts: list[KnownFact]) -> bool:
    return any(fact.gateway == "cod" for fact in _unsettled(facts))


def _held_vnd(facts: list[KnownFact]) -> int:
    return sum(fact.amount_vnd for fact in _unsettled(facts) if fact.gateway in HELD_FOR)


def _unsettled(facts: list[KnownFact]) -> list[KnownFact]:
    settled = {fact.attempt_id for fact in facts if fact.kind in (FactKind.CAPTURED, FactKind.VOIDED)}
    return [fact for fact in facts if fact.kind == FactKind.AUTHORISED and fact.attempt_id not in settled]
