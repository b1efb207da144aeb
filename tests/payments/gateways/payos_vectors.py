"""How the vectors of payOS are put to our adapter and to its simulator."""

from __future__ import annotations

import json

import pytest

from payments.gateway import RawRequest, SignatureInvalid
from payments.gateways.payos import PayOs, create_signature, genuine, payout_signature, signed_text
from payments.simulators import payos as simulator
from tests.payments.gateways import NOW, Kinds, Vector


def link_signed(vector: Vector) -> None:
    key, expected = vector["secret"]["checksumKey"], vector["expected"]
    assert create_signature(vector["input"], key) == (expected["raw"], expected["signature"])
    assert simulator.signature_of_order(vector["input"], key) == expected["signature"]


def answer_signed(vector: Vector) -> None:
    key, told, expected = vector["secret"]["checksumKey"], vector["input"]["data"], vector["expected"]
    assert signed_text(told) == expected["raw"]
    assert genuine({"data": told, "signature": expected["signature"]}, key) == told
    assert simulator.signature_of(told, key) == expected["signature"]


def webhook_signed(vector: Vector) -> None:
    key, body, expected = vector["secret"]["checksumKey"], vector["input"], vector["expected"]
    gateway, raw = PayOs("client", "key", key), RawRequest({}, json.dumps(body).encode(), NOW)
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            gateway.verify(raw)
        return
    told = genuine(body, key)
    assert (told["orderCode"], told["amount"]) == (expected["orderCode"], expected["amount"])
    assert signed_text(told) == expected["raw"]
    assert simulator.signature_of(told, key) == expected["signature"]
    facts = gateway.verify(raw).facts
    assert [(one.movement_id, one.amount_vnd) for one in facts] == (
        [] if told["orderCode"] == 123 else [(told["reference"], expected["amount"])]
    )


def payout_signed(vector: Vector) -> None:
    signature = payout_signature(vector["input"]["body"], vector["secret"]["checksumKey"])
    assert signature == vector["expected"]["x-signature"]


KINDS: Kinds = {
    "create-signature": link_signed,
    "response-signature": answer_signed,
    "ipn-verify": webhook_signed,
    "payout-header-signature": payout_signed,
}
