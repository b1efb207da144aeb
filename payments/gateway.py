"""The port: what stands between the shop and those who move money, and the plain values that cross it.

An adapter only reports facts; it touches no database and knows no order. Amounts here are whole đồng, whatever the
vendor's wire says. Optional abilities (tell by itself, be asked, give back, capture later) are Protocols of their own:
an adapter without one simply does not have its methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, runtime_checkable
from urllib.parse import urlencode

Via = Literal["ipn", "return", "query", "statement", "manual"]

# Gateways that hold money for us until we take it, and how long we leave it there. A card's hold lasts about seven
# days (docs.stripe.com, "Place a hold on a payment method"); MoMo does not publish how long, so it is a day.
HELD_FOR = {"stripe": timedelta(days=5), "momo": timedelta(days=1)}


class SignatureInvalid(Exception):
    """The notification does not prove that it comes from whom it says."""


class Malformed(Exception):
    """The notification is genuine, and not in the agreed shape."""


class GatewaySilent(Exception):
    """No usable answer came (time-out, error, nonsense): nobody knows what happened, so it is asked again later."""


class AskedTooOften(GatewaySilent):
    """The gateway wants to be left alone for `wait_s` seconds (429); nothing was done."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"asked too often, wait {wait_s:g} s")
        self.wait_s = wait_s


class GatewayRefused(Exception):
    """The gateway said no and nothing happened. The message is its code, for the operator, never for the buyer."""


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
    """What can happen to money. From REFUND_REQUESTED on they are our own decisions, the rest come from outside."""

    STARTED = "started"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    DISPUTED = "disputed"
    DISPUTE_FEE = "dispute_fee"
    DISPUTE_FEE_BACK = "dispute_fee_back"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    REFUND_FAILED = "refund_failed"
    REFUND_REQUESTED = "refund_requested"
    SET_ASIDE = "set_aside"
    REASSIGNED = "reassigned"
    CHARGED_BACK = "charged_back"
    SHORT_ACCEPTED = "short_accepted"
    SHORT_REOPENED = "short_reopened"
    OVER_KEPT = "over_kept"
    OVER_RELEASED = "over_released"


@dataclass(frozen=True, slots=True)
class StartPayment:
    """What a gateway needs to open a payment. `reference` is unique for each attempt, `amount_vnd` > 0.

    `words` say what is paid for; the browser comes back to `return_url`, the gateway tells at `notify_url`; `at` is
    now.
    """

    reference: str
    amount_vnd: int
    expires_at: datetime | None
    words: str = ""
    return_url: str = ""
    notify_url: str = ""
    client_ip: str = ""
    lang: Literal["vi", "en"] = "vi"
    at: datetime | None = None
    capture_later: bool = False


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
    """A request as it came: header names in lower case, the body byte for byte, the query decoded, in its order."""

    headers: dict[str, str]
    body: bytes
    received_at: datetime
    query: Sequence[tuple[str, str]] = ()

    @property
    def said(self) -> bytes:
        """What it says: the body, or the query of a gateway that tells by GET."""
        return self.body or urlencode(self.query).encode()


@dataclass(frozen=True, slots=True)
class Fact:
    """The only thing a gateway tells. `movement_id` is the same by notification, query and statement.

    `account` is the ledger account where the money now is (see `payments.ledger`). `reference` is the attempt's, as we
    gave it to the gateway; `provider_ref` the gateway's own name for the payment, needed to ask and to give back.
    `review`: money moved or may have moved and a person must look (a dispute, "taken but suspicious").
    `of_movement` is the captured movement that a dispute is about.
    `refund_id` is there only where the fact is about a refund: our id of it, "" when it was not made by us.
    """

    gateway: str
    movement_id: str
    kind: FactKind
    amount_vnd: int
    occurred_at: datetime
    via: Via
    account: str = ""
    code: str = ""
    reference: str = ""
    provider_ref: str = ""
    review: bool = False
    refund_id: str | None = None
    of_movement: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One delivery of a gateway: told again, it has the same `delivery_id`; it may hold no fact for us."""

    delivery_id: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """A captured payment as its gateway must be told of it, to give it back: its references, sum and when it began."""

    reference: str
    provider_ref: str
    movement_id: str
    amount_vnd: int
    started_at: datetime


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


@runtime_checkable
class Notifier(Protocol):
    """A gateway that tells by itself what became of a payment."""

    code: ClassVar[str]

    def verify(self, raw: RawRequest) -> Notice:
        """The facts of a genuine notification; pure, no I/O. Raises SignatureInvalid, Malformed."""

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """What the gateway wants to hear, sent after the commit."""


@runtime_checkable
class AnswersByName(Protocol):
    """A notifier that wants its answer to name what it told, and signed: it is asked this instead of `answer`."""

    def answer_to(self, outcome: Outcome, raw: RawRequest) -> HttpAnswer:
        """What the gateway wants to hear about this very request, sent after the commit."""


@runtime_checkable
class AskedFirst(Protocol):
    """A gateway that asks whether an order is ours before it lets the buyer pay, and wants a signed answer."""

    def order_asked_about(self, raw: RawRequest) -> str:
        """The reference it asks about, not yet believed. Raises Malformed."""

    def confirm(self, raw: RawRequest, amount_vnd: int | None) -> HttpAnswer:
        """What is owed for it; None: there is no such order, or it is closed."""

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """For a question that names no order."""


@runtime_checkable
class CanQuery(Protocol):
    """A gateway that can be asked. Asked over the network: never in a transaction."""

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """What the gateway knows of an attempt; none while it waits for the buyer. Raises GatewaySilent."""


@runtime_checkable
class AskedWithSum(Protocol):
    """A gateway that wants to hear the sum when it is asked: known before it has answered anything."""

    def asked_with(self, amount_vnd: int) -> str:
        """The `provider_ref` of an attempt for this sum."""


@runtime_checkable
class CanRefund(Protocol):
    """A gateway that sends money back the way it came. `refund_id` is ours: the same id never pays twice.

    `refund_again`: so it is however late the id comes again; else only what was never sent is sent.
    """

    refund_again: ClassVar[bool]

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """REFUNDED when it is done, none while it is under way. Raises GatewayRefused, GatewaySilent."""

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """REFUNDED when it is done, FAILED when it never will be, none while under way. Raises GatewaySilent.

        A gateway that does not repeat the sum has 0 đồng in its fact: it is the sum that was asked for.
        """


@runtime_checkable
class CanCapture(Protocol):
    """A gateway that can hold money first and take it later."""

    def capture(self, paid: Paid, amount_vnd: int, now: datetime) -> Sequence[Fact]:
        """Take at most what was authorised; the rest is free again. Raises GatewayRefused, GatewaySilent."""

    def void(self, paid: Paid, now: datetime) -> Sequence[Fact]:
        """Let all of it go. Raises GatewayRefused, GatewaySilent."""


@runtime_checkable
class CanCancel(Protocol):
    """A gateway whose page can be closed before anybody has paid on it."""

    def cancel(self, reference: str, provider_ref: str, words: str, now: datetime) -> Sequence[Fact]:
        """CANCELLED or EXPIRED when nobody can pay there any more. Raises GatewayRefused, GatewaySilent."""


@runtime_checkable
class StatementSource(Protocol):
    """Tells of lines on a bank account: facts that nobody asked for."""

    code: ClassVar[str]

    def verify(self, raw: RawRequest) -> Sequence[BankLine]:
        """The lines of a genuine notification; no I/O. Raises SignatureInvalid, Malformed."""

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """What the source wants to hear."""


@runtime_checkable
class CanListSince(Protocol):
    """A source whose lines can be asked for, which repairs lost notifications. Never in a transaction."""

    code: ClassVar[str]

    def list_since(self, cursor: str, now: datetime) -> tuple[Sequence[BankLine], str]:
        """Lines since `cursor` ("" at first) under the ids of the notifications, and the next cursor.

        Lines may come again: the inbox takes each once. Keep the cursor only after the lines are committed; when it
        has moved there may be more. Raises GatewaySilent (AskedTooOften with the seconds to wait), Malformed.
        """
