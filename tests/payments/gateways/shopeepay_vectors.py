"""How the vectors of ShopeePay are put to our adapter. They prove the scheme, not the Vietnamese contract."""

from __future__ import annotations

import pytest

from payments.gateway import FactKind, SignatureInvalid
from payments.gateways import shopeepay
from tests.payments.gateways import Kinds, Vector, raw_of


def shopeepay_sends(vector: Vector) -> None:
    body, secret = vector["input"]["raw_body"].encode(), vector["secret"]["secretKey"]
    assert vector["expected"]["header_name"] == "X-Airpay-Req-H"
    assert shopeepay.sign(body, secret) == vector["expected"]["signature"]


def shopeepay_told(vector: Vector) -> None:
    expected, raw = vector["expected"], raw_of(vector["input"])
    store = shopeepay.ShopeePay(raw.headers["x-airpay-clientid"], vector["secret"]["secretKey"], "htx", "htx-1")
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            store.verify(raw)
        return
    (fact,) = store.verify(raw).facts
    assert (fact.kind is FactKind.CAPTURED) == expected["paid"]
    assert (fact.reference, fact.amount_vnd) == (expected["order_id"], expected["amount_vnd"])


def shopeepay_amount(vector: Vector) -> None:
    amount_vnd, wire = vector["input"]["amount_vnd"], vector["expected"]["shopeepay_amount"]
    assert shopeepay.wire(amount_vnd) == wire
    assert shopeepay.whole_vnd(wire) == amount_vnd


KINDS: Kinds = {
    "create-signature": shopeepay_sends,
    "ipn-verify": shopeepay_told,
    "amount-minor-units": shopeepay_amount,
}
