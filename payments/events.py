"""What payments tells the other rooms. They know the subject; payments does not."""

from __future__ import annotations

from dataclasses import dataclass

from shop.core.events import Event


@dataclass(frozen=True)
class MoneyArrived(Event):
    """Money for `subject` is in our hands. `complete`: nothing is missing any more. `amount_vnd` is this sum alone."""

    subject: str
    amount_vnd: int
    complete: bool


@dataclass(frozen=True)
class MoneyHeld(Event):
    """A gateway holds money for `subject` until it is taken or let go. `complete`: with it nothing is missing."""

    subject: str
    amount_vnd: int
    complete: bool


@dataclass(frozen=True)
class HoldLost(Event):
    """A gateway let go of money that it held for `subject`, though nobody here wanted that."""

    subject: str


@dataclass(frozen=True)
class RefundSent(Event):
    """Money went back to whoever paid for `subject`."""

    subject: str
    amount_vnd: int
    refund_id: int


@dataclass(frozen=True)
class PayoutSent(Event):
    """A payout left the bank for `seller` ("coop:7") under the bank's `reference`; `code` is what people call it."""

    seller: str
    amount_vnd: int
    settlement_id: int
    code: str
    reference: str
