"""How the vectors of VietQR are put to our encoder and decoder."""

from __future__ import annotations

import pytest

from payments.gateways import vietqr
from tests.payments.gateways import Kinds, Vector


def encode_of(told: Vector) -> str:
    return vietqr.encode(
        told["bank_bin"],
        told["account"],
        service=told["service"],
        amount_vnd=told.get("amount"),
        bill_number=told.get("bill_number", ""),
        reference=told.get("reference", ""),
        description=told.get("description", ""),
    )


def qr_encode(vector: Vector) -> None:
    told, expected = vector["input"], vector["expected"]
    qr = encode_of(told)
    assert qr == expected["qr"]
    assert qr[-4:] == expected["crc"]
    if "description_ascii" in expected:
        assert vietqr.fold_content(told["description"]) == expected["description_ascii"]


def qr_encode_reject(vector: Vector) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode_of(vector["input"])


def qr_decode(vector: Vector) -> None:
    expected = dict(vector["expected"])
    decoded = vietqr.decode(vector["input"]["qr"])
    assert (decoded is not None) == expected.pop("valid")
    for name, value in expected.items():
        assert getattr(decoded, name) == value


def crc16(vector: Vector) -> None:
    assert vietqr.crc16(vector["input"]["data"]) == vector["expected"]["crc"]


KINDS: Kinds = {
    "qr-encode": qr_encode,
    "qr-encode-reject": qr_encode_reject,
    "qr-decode": qr_decode,
    "crc16": crc16,
}
