"""How the vectors of VNPAY are put to our adapter, and to the simulator, which signs with code of its own."""

from __future__ import annotations

import pytest

from payments.gateway import FactKind, Notice, RawRequest, SignatureInvalid
from payments.gateways import vnpay
from payments.simulators import vnpay as simulator
from tests.payments.gateways import NOW, Kinds, Vector


def vnpay_pay(vector: Vector) -> None:
    fields, secret, expected = vector["input"]["params"], vector["secret"]["hashSecret"], vector["expected"]
    text = vnpay.pay_text(fields)
    assert text == expected["hashData"]
    assert vnpay.sign(text, secret) == simulator.signature(fields, secret) == expected["vnp_SecureHash"]
    assert vnpay.pay_address(vnpay.SANDBOX_PAY_URL, fields, secret) == expected["url"]
    assert vnpay.whole_vnd(fields["vnp_Amount"]) == vector["input"]["amount_vnd"]


def vnpay_told(vector: Vector) -> None:
    secret, expected = vector["secret"], vector["expected"]
    terminal = vnpay.VnPay(secret["tmnCode"], secret["hashSecret"])
    raw = RawRequest({}, b"", NOW, tuple(vector["input"].items()))
    read = terminal.verify if vector["kind"] == "ipn-verify" else terminal.verify_return
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            read(raw)
        return
    assert vnpay.pay_text(vector["input"]) == expected["hashData"]
    unsigned = {name: text for name, text in vector["input"].items() if not name.startswith("vnp_SecureHash")}
    assert simulator.signature(unsigned, secret["hashSecret"]) == vector["input"]["vnp_SecureHash"]
    _is_as_expected(read(raw), vector)


def _is_as_expected(notice: Notice, vector: Vector) -> None:
    (fact,) = notice.facts
    assert (fact.kind is FactKind.CAPTURED) == vector["expected"]["success"]
    assert fact.amount_vnd == vector["expected"]["amount_vnd"]
    assert fact.reference == vector["input"]["vnp_TxnRef"]


def vnpay_asks(vector: Vector) -> None:
    fields, secret, expected = vector["input"], vector["secret"]["hashSecret"], vector["expected"]
    command = fields["vnp_Command"]
    text = vnpay.api_text(command, fields)
    assert text == expected["raw"]
    assert vnpay.sign(text, secret) == expected["vnp_SecureHash"]
    assert simulator.api_signature(simulator.ASKED[command], fields, secret) == expected["vnp_SecureHash"]
    assert vnpay.SANDBOX_API_URL.endswith(expected["path"])


def vnpay_replies(vector: Vector) -> None:
    fields, secret = vector["input"], vector["secret"]["hashSecret"]
    text = vnpay.api_text("querydr reply", fields)
    assert vnpay.is_signed(text, fields["vnp_SecureHash"], secret) == vector["expected"]["valid"]
    told = simulator.api_signature(simulator.TOLD["querydr"], fields, secret)
    assert (told == fields["vnp_SecureHash"]) == vector["expected"]["valid"]


KINDS: Kinds = {
    "create-signature": vnpay_pay,
    "ipn-verify": vnpay_told,
    "return-verify": vnpay_told,
    "query-signature": vnpay_asks,
    "refund-signature": vnpay_asks,
    "query-response-verify": vnpay_replies,
}
