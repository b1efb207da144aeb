"""How the vectors of MoMo are put to our adapter, and to the simulator that stands in for MoMo."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from payments.gateway import FactKind, Notice, RawRequest, SignatureInvalid
from payments.gateways import momo
from payments.simulators import momo as simulator
from tests.payments.gateways import NOW, Kinds, Vector


def request(signed: str, what: str) -> Callable[[Vector], None]:
    def check(vector: Vector) -> None:
        fields, keys, expected = vector["input"], vector["secret"], vector["expected"]
        text = momo.signed_text(signed, fields, keys["accessKey"])
        assert text == expected["raw"]
        assert momo.sign(text, keys["secretKey"]) == expected["signature"]
        assert simulator.signature(what, fields, keys["accessKey"], keys["secretKey"]) == expected["signature"]

    return check


def agree(vector: Vector, read: Callable[[momo.MoMo], Notice]) -> None:
    told, keys, expected = vector["input"], vector["secret"], vector["expected"]
    wallet = momo.MoMo(told["partnerCode"], keys["accessKey"], keys["secretKey"])
    theirs = simulator.signature("told", told, keys["accessKey"], keys["secretKey"])
    assert (theirs == told.get("signature")) == expected["valid"]
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            read(wallet)
        return
    assert momo.signed_text(momo.RESULT, told, keys["accessKey"]) == expected["raw"]
    (fact,) = read(wallet).facts
    assert (fact.kind is FactKind.CAPTURED) == expected["paid"]
    assert (fact.reference, fact.amount_vnd, fact.code) == (told["orderId"], told["amount"], str(told["resultCode"]))


def notification(vector: Vector) -> None:
    raw = RawRequest({}, json.dumps(vector["input"]).encode(), NOW)
    agree(vector, lambda wallet: wallet.verify(raw))


def browser(vector: Vector) -> None:
    raw = RawRequest({}, b"", NOW, [(name, str(value)) for name, value in vector["input"].items()])
    agree(vector, lambda wallet: wallet.verify_return(raw))


KINDS: Kinds = {
    "create-signature": request(momo.CREATE, "create"),
    "query-signature": request(momo.QUERY, "query"),
    "refund-signature": request(momo.REFUND, "refund"),
    "capture-signature": request(momo.CONFIRM, "confirm"),
    "ipn-verify": notification,
    "return-verify": browser,
}
