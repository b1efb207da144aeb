"""What ZaloPay tells by itself: what proves itself, what makes sense, and what it hears."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from payments.gateway import Malformed, Outcome, RawRequest, SignatureInvalid
from payments.gateways.zalopay import ZaloPay
from payments.simulators import zalopay as simulator
from tests.payments.wallets import NOON

KEYS = ("2553", "the first key", "the second key")
ORDER = "261120_HTX7K3M9QX2A"


def genuine(text: str | None = None, **changed: Any) -> RawRequest:
    told = {"app_id": 2553, "app_trans_id": ORDER, "amount": 255_000, "zp_trans_id": 261120000000389}
    text = text if text is not None else json.dumps(told | {"server_time": 1_763_614_800_000} | changed)
    body = {"data": text, "mac": simulator.mac(KEYS[2], text), "type": 1}
    return RawRequest({}, json.dumps(body).encode(), NOON)


def test_forged_notifications_prove_nothing() -> None:
    raw = genuine()
    assert ZaloPay(*KEYS).verify(raw).facts
    told = json.loads(raw.body)
    for body in (
        *(b"", b"[]", b"nonsense", b"{}", raw.body.replace(b"255000", b"255001"), b"[" * 9999),
        json.dumps(told | {"data": json.loads(told["data"])}).encode(),
        json.dumps(told | {"mac": "\ud800"}).encode(),
        json.dumps(told | {"mac": simulator.mac(KEYS[1], told["data"])}).encode(),
        json.dumps({"data": "\ud800", "mac": "0"}).encode(),
    ):
        with pytest.raises(SignatureInvalid):
            ZaloPay(*KEYS).verify(replace(raw, body=body))


def test_an_empty_key_proves_nothing() -> None:
    told = json.loads(genuine().body)
    told["mac"] = simulator.mac("", told["data"])
    with pytest.raises(SignatureInvalid):
        ZaloPay("2553", "key1", "").verify(RawRequest({}, json.dumps(told).encode(), NOON))


@pytest.mark.parametrize(
    "odd",
    [
        *({"amount": amount} for amount in (0, -1000, 10**15, 255_000.5, True, "1e5", None)),
        *({"app_trans_id": order} for order in ("HTX1", "261120_", "261120_\x00", "", 17)),
        *({"zp_trans_id": number} for number in (0, -1, None, "x")),
        {"app_id": 2554},
        {"server_time": 0},
    ],
)
def test_genuine_and_out_of_shape_is_malformed(odd: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        ZaloPay(*KEYS).verify(genuine(**odd))


@pytest.mark.parametrize("text", ["", "[]", "nonsense"])
def test_genuine_nonsense_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        ZaloPay(*KEYS).verify(genuine(text))


def test_what_is_about_no_payment_has_no_fact() -> None:
    assert ZaloPay(*KEYS).verify(genuine('{"app_id":2553,"binding_id":"1"}')).facts == ()


def test_answers_are_those_of_the_table() -> None:
    codes = {outcome: ZaloPay(*KEYS).answer(outcome) for outcome in Outcome}
    assert {answer.status for answer in codes.values()} == {200}
    assert {outcome: (answer.json or {})["return_code"] for outcome, answer in codes.items()} == {
        Outcome.RECORDED: 1,
        Outcome.AMOUNT_MISMATCH: 1,
        Outcome.DUPLICATE: 2,
        Outcome.UNKNOWN_REF: 0,
        Outcome.MALFORMED: 0,
        Outcome.ERROR: 0,
        Outcome.BAD_SIGNATURE: -1,
    }
