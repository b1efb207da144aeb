"""A stored notification says what happened to money and names nobody's account."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.scrubbing import stored

ACCOUNT = "0123456789012"


@pytest.mark.parametrize(
    "told",
    [
        {"accountNumber": ACCOUNT, "content": f"HTX7K3M9QX2A tu {ACCOUNT} NGUYEN VAN A", "id": 92704},
        {"data": {"counterAccountNumber": ACCOUNT, "virtualAccountNumber": int("9" + ACCOUNT)}, "success": True},
        {"data": json.dumps({"card_no": ACCOUNT, "zp_trans_id": 240331000000175}), "type": 1},
        [{"bank_sub_acc_id": ACCOUNT, "description": f"CT DEN:{ACCOUNT}", "amount": 255_000}],
    ],
)
def test_account_numbers_are_covered_wherever_they_stand(told: object) -> None:
    kept = stored(json.dumps(told).encode()).decode()
    assert ACCOUNT not in kept
    assert "•••9012" in kept
    for number in ("92704", "240331000000175", "255000"):
        assert (number in kept) == (number in json.dumps(told))


def test_of_a_card_holder_neither_mail_nor_address_nor_phone_is_kept() -> None:
    who = {"email": "hoa@htx.example", "phone": "+84 (91) 234-5678", "address": {"line1": "12 Trần Phú", "city": "x"}}
    kept = stored(json.dumps({"id": "evt_1", "object": {"customer_details": who, "amount_total": 255_000}}).encode())
    told = json.loads(kept)["object"]
    assert told["customer_details"] == {"email": "•••", "phone": "•••5678", "address": "•••"}
    assert told["amount_total"] == 255_000


def test_a_query_keeps_its_sums_and_ids_and_loses_its_proof() -> None:
    said = (
        f"vnp_Amount=25500000&vnp_TransactionNo=14123456&cust_msisdn=84900000001&vnp_SecureHash=ab12&desc=tk+{ACCOUNT}"
    )
    kept = dict(parse_qsl(stored(said.encode()).decode()))
    assert (kept["vnp_Amount"], kept["vnp_TransactionNo"]) == ("25500000", "14123456")
    assert (kept["cust_msisdn"], kept["vnp_SecureHash"], kept["desc"]) == ("•••0001", "•••", "tk •••9012")


@pytest.mark.parametrize("said", [b"", b"null", b"12", b"\xff\xfe{", b"[" * 60_000, b"a=b=c", b'{"a": "\\ud800"}'])
def test_whatever_is_said_can_be_kept(said: bytes) -> None:
    assert isinstance(stored(said), bytes)


@given(st.binary(max_size=60))
def test_any_bytes_can_be_kept(said: bytes) -> None:
    assert stored(said).decode() is not None
