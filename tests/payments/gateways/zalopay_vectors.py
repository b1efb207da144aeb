"""How the vectors of ZaloPay are put to our adapter, and to the simulator that stands in for ZaloPay."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from payments.gateway import RawRequest, SignatureInvalid
from payments.gateways import zalopay
from payments.simulators import zalopay as simulator
from tests.payments.gateways import NOW, Kinds, Vector


def request(signed: str, theirs: Callable[[str, dict[str, Any]], str]) -> Callable[[Vector], None]:
    def check(vector: Vector) -> None:
        fields, key1, expected = vector["input"], vector["secret"]["key1"], vector["expected"]
        text = zalopay.signed_text(signed, fields | {"key1": key1})
        assert text == expected["raw"]
        assert zalopay.sign(text, key1) == expected["mac"]
        assert theirs(key1, fields) == expected["mac"]

    return check


def callback(vector: Vector) -> None:
    told, key2, expected = vector["input"], vector["secret"]["key2"], vector["expected"]
    wallet = zalopay.ZaloPay("2553", "another", key2)
    raw = RawRequest({}, json.dumps(told).encode(), NOW)
    assert (simulator.mac(key2, told["data"]) == told.get("mac")) == expected["valid"]
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            wallet.verify(raw)
        return
    (fact,) = wallet.verify(raw).facts
    data = expected["data"]
    assert (fact.movement_id, fact.amount_vnd) == (str(data["zp_trans_id"]), data["amount"])
    assert fact.provider_ref == data["app_trans_id"]
    assert data["app_trans_id"].endswith(fact.reference)
    assert int(fact.occurred_at.timestamp() * 1000) == data["server_time"]


def browser(vector: Vector) -> None:
    told, key2, expected = vector["input"], vector["secret"]["key2"], vector["expected"]
    query = {name: str(value) for name, value in told.items()}
    raw = RawRequest({}, b"", NOW, list(query.items()))
    wallet = zalopay.ZaloPay("2553", "another", key2)
    assert (simulator.return_mac(key2, told) == told["checksum"]) == expected["valid"]
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            wallet.verify_return(raw)
        return
    assert zalopay.signed_text(zalopay.RETURN, query) == expected["raw"]
    assert (zalopay.return_status(query, key2) == 1) == expected["success"]
    assert wallet.verify_return(raw).facts == ()


KINDS: Kinds = {
    "create-signature": request(zalopay.CREATE, simulator.create_mac),
    "query-signature": request(zalopay.QUERY, simulator.query_mac),
    "refund-signature": request(zalopay.REFUND, simulator.refund_mac),
    "query-refund-signature": request(zalopay.QUERY_REFUND, simulator.query_refund_mac),
    "callback-verify": callback,
    "return-verify": browser,
}
