"""How the vectors of Viettel Money are put to our adapter. They prove what integrations agree on, not the contract."""

from __future__ import annotations

from urllib.parse import unquote

from payments.gateways import viettel
from tests.payments.gateways import Kinds, Vector


def viettel_signs(vector: Vector) -> None:
    message, fields, secret = vector["input"]["operation"], vector["input"]["fields"], vector["secret"]
    text = viettel.signed_text(message, fields)
    assert text == vector["expected"]["raw_without_secret_access_code"]
    assert viettel.sign(secret["access_code"] + text, secret["hash_key"]) == vector["expected"]["check_sum"]


def viettel_told(vector: Vector) -> None:
    message, fields, secret = vector["input"]["operation"], vector["input"]["fields"], vector["secret"]
    merchant = viettel.Viettel(fields["merchant_code"], secret["access_code"], secret["hash_key"])
    assert merchant.is_genuine(message, fields) == vector["expected"]["valid"]


def viettel_encodes(vector: Vector) -> None:
    check_sum, expected = vector["input"]["check_sum"], vector["expected"]
    assert viettel.query_text({"check_sum": check_sum}) == f"check_sum={expected['encoded']}"
    assert unquote(expected["encoded"]) == expected["decoded_again"]
    assert viettel.arrived(expected["decoded_again"].replace("+", " ")) == check_sum


KINDS: Kinds = {
    "create-signature": viettel_signs,
    "reply-signature": viettel_signs,
    "query-signature": viettel_signs,
    "refund-signature": viettel_signs,
    "ipn-verify": viettel_told,
    "query-encode": viettel_encodes,
}
