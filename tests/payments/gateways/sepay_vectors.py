"""How the vectors of SePay are put to our adapter."""

from __future__ import annotations

import pytest

from payments.content import squeeze
from payments.gateway import SignatureInvalid
from payments.statements.sepay import SePay, checkout_signature
from tests.payments.gateways import Kinds, Vector, raw_of


def sepay_signed(vector: Vector) -> None:
    source, raw = SePay(webhook_secret=vector["secret"]["hmacSecret"]), raw_of(vector["input"])
    if not vector["expected"]["valid"]:
        with pytest.raises(SignatureInvalid):
            source.verify(raw)
        return
    (line,) = source.verify(raw)
    expected = vector["expected"]["transaction"]
    found = (line.line_id, line.amount_vnd, line.incoming, line.content, line.account_no)
    names = ("provider_id", "amount", "incoming", "content", "account")
    assert found == tuple(expected[name] for name in names)


def sepay_key(vector: Vector) -> None:
    source, raw = SePay(api_key=vector["secret"]["apiKey"]), raw_of(vector["input"])
    if vector["expected"]["valid"]:
        source.require_genuine(raw)
        return
    with pytest.raises(SignatureInvalid):
        source.require_genuine(raw)


def sepay_checkout(vector: Vector) -> None:
    fields = [(name, value) for name, value in vector["input"]["fields_in_order"]]
    text, signature = checkout_signature(fields, vector["secret"]["secret_key"])
    assert (text, signature) == (vector["expected"]["raw"], vector["expected"]["signature"])


def sepay_content(vector: Vector) -> None:
    """Not normative: SePay's package reads codes with a tail; ours only has to see the code among the letters."""
    code = vector["expected"]["code"]
    if code is not None:
        assert squeeze(code.split("-")[0]) in squeeze(vector["input"]["content"])


KINDS: Kinds = {
    "ipn-verify": sepay_signed,
    "token-verify": sepay_key,
    "create-signature": sepay_checkout,
    "content-match-reference": sepay_content,
}
