"""The port: what stands between the shop and those who move money, and the plain values that cross it.

An adapter only reports facts; it touches no database and knows no order. Amounts here are whole đồng, whatever the
vendor's wire says. Optional abilities (query, refund, capture) become Protocols of their own with the first adapter
that has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

Via = Literal["ipn", "return", "query", "statement", "manual"]


class SignatureInvalid(Exception):
    """The notification does not prove that it comes from whom it says."""


class Malformed(Exception):
    """The notification is genuine, and not in the agreed shape."""


class Outcome(StrEnum):
    """What became of a notification; each source has an answer for each."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    UNKNOWN_REF = "unknown_ref"
    AMOUNT_MISMATCH = "amount_mismatch"
    BAD_SIGNATURE = "bad_signature"
    MALFORMED = "malformed"
    ERROR = "error"


class FactKind(StrEnum):
    """What can happen to money. The last three are our own decisions, the rest come from outside."""

    STARTED = "started"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    REFUND_REQUESTED = "refund_requested"
    SET_ASIDE = "set_aside"
    REASSIGNED = "reassigned"


@dataclass(frozen=True, slots=True)
class StartPayment:
    """What a gateway needs to open a payment. `reference` is unique for each attempt, `amount_vnd` > 0."""

    reference: str
    amount_vnd: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the buyer does next. For "qr": scan `qr_text`, or type the account, the sum and the content."""

    kind: Literal["qr", "instructions", "redirect"]
    amount_vnd: int
    qr_text: str = ""
    content: str = ""
    bank_bin: str = ""
    bank_name: str = ""
    account_no: str = ""
    account_name: str = ""
    url: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A payment the gateway has opened; `provider_ref` is its own name for it, if it has one."""

    action: NextAction
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: header names in lower case, the body byte for byte."""

    headers: dict[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """The only thing a gateway tells. `movement_id` is the same by notification, query and statement.

    `account` is the ledger account where the money now is (see `payments.ledger`).
    """

    gateway: str
    movement_id: str
    kind: FactKind
    amount_vnd: int
    occurred_at: datetime
    via: Via
    account: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class BankLine:
    """One line of a bank account, before anybody knows what it pays. `line_id` is unique in its source."""

    line_id: str
    incoming: bool
    amount_vnd: int
    content: str
    account_no: str
    occurred_at: datetime
    code: str = ""
    sub_account: str = ""
    bank: str = ""
    bank_reference: str = ""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What is sent back to a notifier, after the commit."""

    status: int
    json: dict[str, object] | None = None


class PaymentGateway(Protocol):
    """A way to pay. `code` is the payment method's name."""

    code: ClassVar[str]

    def start(self, request: StartPayment) -> Started:
        """Open the payment and say what the buyer does next. Never in a transaction if it needs a network."""


class StatementSource(Protocol):
    """Tells of lines on a bank account: facts that nobody asked for."""

    code: ClassVar[str]

    def verify(self, raw: RawRequest) -> Sequence[BankLine]:
        """The lines of a genuine notification; no I/O. Raises SignatureInvalid, Malformed."""

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """What the source wants to hear."""
