"""How the vectors of Stripe are put to our adapter and to its simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.gateway import Malformed, SignatureInvalid
from payments.gateways.stripe import Stripe, genuine_event, minor_units, seen_in
from payments.simulators import stripe as simulator
from tests.payments.gateways import Kinds, Vector, raw_of


def event_signed(vector: Vector) -> None:
    raw, secret, expected = raw_of(vector["input"]), vector["secret"]["webhookSecret"], vector["expected"]
    adapter = Stripe(secret_key="sk_test", webhook_secret=secret)
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            adapter.verify(raw)
        return
    event = genuine_event(raw, secret)
    told = event["data"]["object"]
    amount = told.get("amount_total", told.get("amount"))
    assert (event["id"], event["type"]) == (expected["event_id"], expected["type"])
    assert (amount, told["currency"]) == (expected["amount"], expected["currency"])
    if told["currency"] == "vnd":
        assert adapter.verify(raw).delivery_id == expected["event_id"]
    else:
        with pytest.raises(Malformed):
            adapter.verify(raw)
    sent_at, _, proofs = vector["input"]["headers"]["Stripe-Signature"].removeprefix("t=").partition(",")
    at = datetime.fromtimestamp(int(sent_at), UTC)
    assert simulator.signed(raw.body, secret, at) == f"t={sent_at},{proofs.split(',')[-1]}"


def amount_in_units(vector: Vector) -> None:
    currency, amount = vector["input"]["currency"], Decimal(vector["input"]["amount_major"])
    if vector["expected"].get("error"):
        with pytest.raises(ValueError, match="whole number"):
            minor_units(currency, amount)
        return
    assert minor_units(currency, amount) == vector["expected"]["stripe_amount"]


def session_seen(vector: Vector) -> None:
    seen, expected = seen_in(vector["input"]["type"], vector["input"]["object"]), vector["expected"]
    assert (seen == "paid") == expected["paid"]
    if "final" in expected:
        assert (seen in ("failed", "expired")) == expected["final"]


KINDS: Kinds = {
    "ipn-verify": event_signed,
    "amount-minor-units": amount_in_units,
    "event-semantics": session_seen,
}
