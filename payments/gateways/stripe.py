"""Cards by Stripe: its Checkout page over a PaymentIntent. Card data never touches us.

Sources: docs.stripe.com/currencies, /webhooks, /checkout/fulfillment, /refunds, /api/idempotent_requests and
/payments/paymentintents/lifecycle, with the package stripe 16. `payment_intent.*` is the truth about money,
`checkout.session.*` only about what the buyer saw. The package is imported with the first card payment, not at start.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from payments.gateway import (
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    HttpAnswer,
    Malformed,
    NextAction,
    Notice,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
    Via,
)
from payments.gateways.stripe_disputes import dispute_facts
from payments.gateways.stripe_page import minor_units as minor_units
from payments.gateways.stripe_page import page_of

if TYPE_CHECKING:
    import stripe

_ACCOUNT = "1120:stripe"
_TOLERANCE_S = 300
_SESSION_EVENTS = ("checkout.session.expired", "checkout.session.async_payment_failed")

Seen = Literal["paid", "waiting", "failed", "expired"]


@dataclass(frozen=True)
class Stripe:
    """One Stripe account. `api_url` is Stripe itself or a simulator."""

    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_url: str = "https://api.stripe.com"
    code: ClassVar[str] = "stripe"
    refund_again: ClassVar[bool] = True
    least_vnd: ClassVar[int] = 15_000  # US$ 0.50 or its worth, which floats
    most_vnd: ClassVar[int] = 99_999_999  # eight digits

    def start(self, request: StartPayment) -> Started:
        """A page at Stripe to pay on. Raises GatewayRefused, GatewaySilent.

        It stays open at least 30 minutes, whatever `expires_at` says: Stripe has no shorter ones.
        """
        if not self.least_vnd <= request.amount_vnd <= self.most_vnd:
            raise GatewayRefused("amount")
        once: stripe.RequestOptions = {"idempotency_key": f"start-{request.reference}"}
        params = page_of(request)
        session = self._ask(lambda client: client.v1.checkout.sessions.create(params, once))
        try:
            url, ends_at, own_name = _text(session["url"]), _when(session["expires_at"]), _text(session["id"])
        except (Malformed, KeyError) as error:
            raise GatewaySilent("session") from error
        if not url.startswith(("https://", "http://")):
            raise GatewaySilent("url")
        return Started(NextAction("redirect", request.amount_vnd, url=url, expires_at=ends_at), own_name)

    def verify(self, raw: RawRequest) -> Notice:
        """What a genuine event says about money; most say nothing. Raises SignatureInvalid, Malformed."""
        event = genuine_event(raw, self.webhook_secret)
        try:
            told, at = event["data"]["object"], _when(event["created"])
            return Notice(_text(event["id"]), _facts_of(_text(event["type"]), told, at))
        except (KeyError, TypeError, AttributeError) as error:
            raise Malformed(type(error).__name__) from error

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """Stripe repeats for three days what is not answered by 2xx."""
        failures = {Outcome.BAD_SIGNATURE: 400, Outcome.MALFORMED: 400, Outcome.ERROR: 500}
        return HttpAnswer(failures.get(outcome, 200))

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """Where the session and its PaymentIntent stand; without `provider_ref` it is searched by our reference.

        A declined card says nothing while the page is open: the buyer may still pay there with another one.
        """
        try:
            if provider_ref.startswith("cs_"):
                return _session_facts(self._session(provider_ref), now)
            intents = [self._intent(provider_ref)] if provider_ref else self._search(reference)
            return [fact for intent in intents for fact in intent_facts(intent, now, "query")]
        except (GatewayRefused, Malformed, KeyError, TypeError, AttributeError) as error:
            raise GatewaySilent(f"query: {error}") from error

    def cancel(self, reference: str, provider_ref: str, words: str, now: datetime) -> Sequence[Fact]:
        """Close a page that nobody has paid on. Raises GatewayRefused, GatewaySilent."""
        if not provider_ref.startswith("cs_"):
            raise GatewayRefused("no_session")  # its name was lost with an answer: it ends by itself
        return _answered(_of_page, self._ask(lambda client: client.v1.checkout.sessions.expire(provider_ref)), now)

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """Give back. Stripe forgets idempotency keys after a day, so it is looked up first."""
        if not 0 < amount_vnd <= paid.amount_vnd:
            raise GatewayRefused("amount")
        intent = self._intent_of(paid)
        known = self._refund(intent, refund_id)
        if known is None:
            known = self._ask(
                lambda client: client.v1.refunds.create(
                    {
                        "payment_intent": intent,
                        "amount": amount_vnd,
                        "metadata": {"order_id": paid.reference, "refund_id": refund_id, "words": words[:500]},
                    },
                    {"idempotency_key": f"refund-{refund_id}"},
                )
            )
        return _answered(refund_facts, known, now)

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """None also when Stripe has never heard of it: `refund` with the same id is then safe to repeat."""
        try:
            known = self._refund(self._intent_of(paid), refund_id)
        except GatewayRefused as error:
            raise GatewaySilent(str(error)) from error
        return _answered(refund_facts, known, now) if known else ()

    def capture(self, paid: Paid, amount_vnd: int, now: datetime) -> Sequence[Fact]:
        """Take what was authorised, within seven days; Stripe lets the rest go."""
        if not 0 < amount_vnd <= paid.amount_vnd:
            raise GatewayRefused("amount")
        intent = self._intent_of(paid)
        once: stripe.RequestOptions = {"idempotency_key": f"capture-{intent}-{amount_vnd}"}
        taken = self._ask(
            lambda client: client.v1.payment_intents.capture(intent, {"amount_to_capture": amount_vnd}, once)
        )
        return _answered(intent_facts, taken, now)

    def void(self, paid: Paid, now: datetime) -> Sequence[Fact]:
        """Let all of an authorisation go."""
        intent = self._intent_of(paid)
        once: stripe.RequestOptions = {"idempotency_key": f"void-{intent}"}
        return _answered(
            intent_facts, self._ask(lambda client: client.v1.payment_intents.cancel(intent, {}, once)), now
        )

    def _intent_of(self, paid: Paid) -> str:
        """The PaymentIntent's id; an attempt that only knows its session asks for it."""
        if paid.provider_ref.startswith("pi_"):
            return paid.provider_ref
        intent = self._session(paid.provider_ref).get("payment_intent")
        if not isinstance(intent, dict) or not isinstance(intent.get("id"), str):
            raise GatewayRefused("no_payment_intent")
        return str(intent["id"])

    def _session(self, session_id: str) -> dict[str, Any]:
        more: list[str] = ["payment_intent.latest_charge"]
        return self._ask(lambda client: client.v1.checkout.sessions.retrieve(session_id, {"expand": more}))

    def _intent(self, intent_id: str) -> dict[str, Any]:
        return self._ask(lambda client: client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))

    def _search(self, reference: str) -> list[dict[str, Any]]:
        if not reference.replace("-", "").replace("_", "").isalnum():
            raise Malformed("reference")
        wanted = f"metadata['order_id']:'{reference}'"
        found = self._ask(lambda client: client.v1.payment_intents.search({"query": wanted}))
        return [intent for intent in found["data"] if intent["metadata"]["order_id"] == reference]

    def _refund(self, intent: str, refund_id: str) -> dict[str, Any] | None:
        found = self._ask(lambda client: client.v1.refunds.list({"payment_intent": intent, "limit": 100}))
        try:
            ours = (one for one in found["data"] if (one.get("metadata") or {}).get("refund_id") == refund_id)
            return next(ours, None)
        except (KeyError, TypeError, AttributeError) as error:
            raise GatewaySilent("refunds") from error

    def _ask(self, call: Callable[[stripe.StripeClient], stripe.StripeObject]) -> dict[str, Any]:
        """One call. Raises GatewayRefused when Stripe said no, GatewaySilent when nobody knows what happened."""
        import stripe

        from payments.gateways.stripe_line import Line

        stripe.enable_telemetry = False
        client = stripe.StripeClient(
            self.secret_key, base_addresses={"api": self.api_url}, http_client=Line(), max_network_retries=0
        )
        said_no = (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError, stripe.CardError)
        try:
            return call(client).to_dict()
        except said_no as error:
            raise GatewayRefused(error.code or type(error).__name__) from error
        except (stripe.StripeError, AttributeError, TypeError, ValueError) as error:
            raise GatewaySilent(type(error).__name__) from error


def genuine_event(raw: RawRequest, secret: str) -> dict[str, Any]:
    """The event of a signed request: HMAC-SHA256 of "t.body", any of several v1 (two while a secret is rolled).

    Not older than 300 seconds. Raises SignatureInvalid, Malformed. Source: docs.stripe.com/webhooks/signature.
    """
    parts = [part.strip().partition("=") for part in raw.headers.get("stripe-signature", "").split(",")]
    sent_at = next((value for scheme, _, value in parts if scheme == "t"), "")
    if not secret or not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 12):
        raise SignatureInvalid("stripe")
    mac = hmac.digest(secret.encode(), f"{sent_at}.".encode() + raw.body, hashlib.sha256).hex().encode()
    proofs = [value.encode() for scheme, _, value in parts if scheme == "v1"]
    if not any([hmac.compare_digest(mac, proof) for proof in proofs]):  # noqa: C419  all of them, in equal time
        raise SignatureInvalid("stripe")
    if raw.received_at.timestamp() - int(sent_at) > _TOLERANCE_S:
        raise SignatureInvalid("stripe: old")
    try:
        event = json.loads(raw.body)
    except (ValueError, RecursionError) as error:
        raise Malformed("json") from error
    if not isinstance(event, dict):
        raise Malformed("shape")
    return event


def seen_in(event_type: str, session: Mapping[str, Any]) -> Seen:
    """What a Checkout Session says of its payment. "Complete" alone is not paid: slow ways pay later."""
    if event_type == "checkout.session.expired" or session.get("status") == "expired":
        return "expired"
    if session.get("payment_status") in ("paid", "no_payment_required"):
        return "paid"
    intent = session.get("payment_intent")
    declined = isinstance(intent, dict) and intent.get("status") == "requires_payment_method"
    if event_type == "checkout.session.async_payment_failed" or (declined and session.get("status") == "complete"):
        return "failed"
    return "waiting"


def intent_facts(intent: Mapping[str, Any], at: datetime, via: Via) -> tuple[Fact, ...]:
    """Where a PaymentIntent stands, as one fact or none. Raises Malformed, KeyError."""
    status, charge = _text(intent["status"]), _id(intent.get("latest_charge"))
    if status == "succeeded":
        if not charge:
            raise Malformed("charge")
        return (_intent_fact(intent, FactKind.CAPTURED, _vnd(intent, "amount_received"), charge, at, via),)
    movement = f"{_text(intent['id'])}:{status}"
    if status == "requires_capture":
        return (_intent_fact(intent, FactKind.AUTHORISED, _vnd(intent, "amount_capturable"), movement, at, via),)
    if status == "canceled":
        held = intent.get("capture_method") == "manual" and bool(charge)
        kind = FactKind.VOIDED if held else FactKind.CANCELLED
        return (_intent_fact(intent, kind, _vnd(intent, "amount"), movement, at, via),)
    return ()  # waiting, or declined: Checkout lets the buyer try again until the session ends


def refund_facts(refund: Mapping[str, Any], at: datetime, via: Via) -> tuple[Fact, ...]:
    """REFUNDED when done, FAILED (for a person's eyes: it may have been done before) when it never will be.

    The fact's `code` is our refund id, or Stripe's reason of a failure. Raises Malformed, KeyError.
    """
    status, known = _text(refund["status"]), refund.get("metadata") or {}
    amount_vnd, reference, intent = (
        _vnd(refund, "amount"),
        _text(known.get("order_id", "")),
        _id(refund["payment_intent"]),
    )
    if status == "succeeded":
        code = _text(known.get("refund_id", ""))
        kind, movement, review = FactKind.REFUNDED, _text(refund["id"]), False
    elif status in ("failed", "canceled"):
        code = f"refund_{status}:{_text(refund.get('failure_reason') or '')}"
        kind, movement, review = FactKind.FAILED, f"{_text(refund['id'])}:{status}", True
    else:
        return ()
    ours = _text(known.get("refund_id", ""))
    return (Fact("stripe", movement, kind, amount_vnd, at, via, _ACCOUNT, code, reference, intent, review, ours),)


def _facts_of(event_type: str, told: Mapping[str, Any], at: datetime) -> tuple[Fact, ...]:
    if event_type.startswith("payment_intent."):
        return intent_facts(told, at, "ipn")
    if event_type.startswith("refund."):
        return refund_facts(told, at, "ipn")
    if event_type.startswith("charge.dispute."):
        return dispute_facts(told, at, _ACCOUNT)
    if event_type in _SESSION_EVENTS:
        return _no_money(told, seen_in(event_type, told), at, "ipn")
    return ()


def _session_facts(session: Mapping[str, Any], now: datetime) -> Sequence[Fact]:
    intent = session.get("payment_intent")
    told = intent_facts(intent, _charged_at(intent, now), "query") if isinstance(intent, dict) else ()
    return told or _no_money(session, seen_in("", session), now, "query")


def _of_page(session: Mapping[str, Any], at: datetime, via: Via) -> tuple[Fact, ...]:
    return _no_money(session, seen_in("", session), at, via)


def _no_money(session: Mapping[str, Any], seen: Seen, at: datetime, via: Via) -> tuple[Fact, ...]:
    kind = {"expired": FactKind.EXPIRED, "failed": FactKind.FAILED}.get(seen)
    if kind is None:
        return ()
    reference, intent = _text(session["client_reference_id"]), _id(session.get("payment_intent"))
    amount_vnd, movement = _vnd(session, "amount_total"), f"{_text(session['id'])}:{seen}"
    return (Fact("stripe", movement, kind, amount_vnd, at, via, _ACCOUNT, seen, reference, intent),)


def _intent_fact(
    intent: Mapping[str, Any], kind: FactKind, amount_vnd: int, movement: str, at: datetime, via: Via
) -> Fact:
    reference, status = _text((intent.get("metadata") or {}).get("order_id", "")), _text(intent["status"])
    return Fact("stripe", movement, kind, amount_vnd, at, via, _ACCOUNT, status, reference, _text(intent["id"]))


def _answered(
    read: Callable[[Mapping[str, Any], datetime, Via], tuple[Fact, ...]], told: Mapping[str, Any], now: datetime
) -> Sequence[Fact]:
    try:
        return read(told, now, "query")
    except (Malformed, KeyError, TypeError, AttributeError) as error:
        raise GatewaySilent(f"nonsense: {error}") from error


def _charged_at(intent: Mapping[str, Any], now: datetime) -> datetime:
    charge = intent.get("latest_charge")
    return _when(charge["created"]) if isinstance(charge, dict) else now


def _vnd(told: Mapping[str, Any], name: str) -> int:
    amount_vnd = told[name]
    if told["currency"] != "vnd":
        raise Malformed("currency")
    if type(amount_vnd) is not int or not 0 < amount_vnd <= Stripe.most_vnd:
        raise Malformed("amount")
    return amount_vnd


def _id(told: Any) -> str:
    """An object's id, expanded or not; empty where there is none."""
    return _text(told["id"] if isinstance(told, dict) else told or "")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed("text")
    return value.replace("\x00", "")[:500]


def _when(value: Any) -> datetime:
    if type(value) is not int or not 0 < value < 2**33:
        raise Malformed("time")
    return datetime.fromtimestamp(value, UTC)
