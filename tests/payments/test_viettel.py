"""Viettel Money, as far as it is known without its contract: what is signed is believed, in one reading only."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.gateway import (
    AnswersByName,
    CanQuery,
    CanRefund,
    FactKind,
    GatewayRefused,
    Malformed,
    Notifier,
    Outcome,
    RawRequest,
    SignatureInvalid,
    StartPayment,
)
from payments.gateways.viettel import Viettel, bill_code, query_text

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MERCHANT = Viettel("LABHTX", "labaccesspublic01", "labhashkeypublic0001")
WANTED = StartPayment("HTX9-1", 255_000, None, "Gạo", "https://cho.example/return?ref=HTX9-1", at=NOW)
RESULT = (
    "billcode",
    "cust_msisdn",
    "error_code",
    "merchant_code",
    "order_id",
    "payment_status",
    "trans_amount",
    "vt_transaction_id",
)


def _their_sum(*values: str) -> str:
    """Signed here without the adapter, so that one proves the other."""
    machine = hmac.new(b"labhashkeypublic0001", b"labaccesspublic01", "sha1")
    for value in values:
        machine.update(value.encode())
    return base64.encodebytes(machine.digest()).decode().strip()


def _fields(**changed: str) -> dict[str, str]:
    return {
        "billcode": "HTX9-1-255000",
        "cust_msisdn": "84900000001",
        "error_code": "00",
        "merchant_code": "LABHTX",
        "order_id": "HTX9-1",
        "payment_status": "1",
        "trans_amount": "255000",
        "vt_transaction_id": "0000000001",
    } | changed


def _result(**changed: str) -> RawRequest:
    fields = _fields(**changed)
    return _posted(fields | {"check_sum": _their_sum(*(fields[name] for name in RESULT))})


def _posted(fields: Mapping[str, str]) -> RawRequest:
    return RawRequest({}, urlencode(fields).encode(), NOW)


def test_viettel_only_tells_until_its_documents_are_here() -> None:
    assert isinstance(MERCHANT, Notifier)
    assert isinstance(MERCHANT, AnswersByName)
    assert not isinstance(MERCHANT, CanQuery | CanRefund)
    assert "labhashkey" not in repr(MERCHANT)
    assert "labaccess" not in repr(MERCHANT)


def test_the_address_is_signed_and_names_the_sum_twice() -> None:
    fields = dict(parse_qsl(urlsplit(MERCHANT.start(WANTED).action.url).query))
    names = ("billcode", "command", "merchant_code", "order_id", "trans_amount", "version")
    assert fields["check_sum"] == _their_sum(*(fields[name] for name in names))
    assert [fields[name] for name in names] == ["HTX9-1-255000", "PAYMENT", "LABHTX", "HTX9-1", "255000", "2.0"]
    assert (fields["return_url"], fields["locale"]) == (WANTED.return_url, "Vi")


@pytest.mark.parametrize("amount_vnd", [0, -1, MERCHANT.least_vnd - 1, MERCHANT.most_vnd + 1])
def test_sums_outside_the_limits_are_not_sent(amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused, match="amount"):
        MERCHANT.start(replace(WANTED, amount_vnd=amount_vnd))


def test_a_paid_result_is_one_movement_told_and_returned() -> None:
    raw = _result()
    (told,) = MERCHANT.verify(raw).facts
    (returned,) = MERCHANT.verify_return(RawRequest({}, b"", NOW, parse_qsl(raw.body.decode()))).facts
    assert replace(returned, via="ipn") == told
    assert (told.kind, told.movement_id, told.amount_vnd) == (FactKind.CAPTURED, "0000000001", 255_000)
    assert (told.account, told.reference, told.review) == ("1120:viettel", "HTX9-1", False)


@pytest.mark.parametrize(
    ("error_code", "payment_status", "kind"),
    [
        ("00", "1", FactKind.CAPTURED),
        ("00", "0", FactKind.AUTHORISED),
        ("21", "1", FactKind.AUTHORISED),
        ("21", "0", FactKind.FAILED),
        ("V0", "4", FactKind.FAILED),
    ],
)
def test_paid_only_if_both_codes_say_so(error_code: str, payment_status: str, kind: FactKind) -> None:
    (fact,) = MERCHANT.verify(_result(error_code=error_code, payment_status=payment_status)).facts
    assert fact.kind is kind
    assert fact.review == (kind is FactKind.AUTHORISED)
    assert (fact.movement_id == "0000000001") == (kind is FactKind.CAPTURED)


def test_a_plus_that_arrived_as_a_space_is_a_plus_again() -> None:
    for number in range(100):
        fields = _fields(vt_transaction_id=f"{number:010}")
        check_sum = _their_sum(*(fields[name] for name in RESULT))
        if "+" in check_sum:
            unescaped = f"{urlencode(fields)}&check_sum={check_sum}"
            assert MERCHANT.verify(RawRequest({}, unescaped.encode(), NOW)).facts
            return
    pytest.fail("no check_sum with a +")


def test_the_same_text_cut_elsewhere_is_not_another_payment() -> None:
    told = dict(parse_qsl(_result().body.decode()))
    text = "".join(told[name] for name in ("payment_status", "trans_amount", "vt_transaction_id"))
    for cut in range(2, len(text)):
        moved = {"payment_status": text[0], "trans_amount": text[1:cut], "vt_transaction_id": text[cut:]}
        if moved["trans_amount"] != "255000":
            with pytest.raises(Malformed):
                MERCHANT.verify(_posted(told | moved))
    head = told["billcode"] + told["cust_msisdn"]
    for cut in range(1, len(head) + 1):
        if cut != len(told["billcode"]):
            with pytest.raises(Malformed):
                MERCHANT.verify(_posted(told | {"billcode": head[:cut], "cust_msisdn": head[cut:]}))


@pytest.mark.parametrize(
    "changed",
    [
        {"trans_amount": "0255000"},
        {"trans_amount": "-255000"},
        {"trans_amount": "255000.0"},
        {"trans_amount": "2" * 14},
        {"trans_amount": "٢٥٥"},
        {"trans_amount": ""},
        {"trans_amount": "254000"},
        {"merchant_code": "OTHER"},
        {"order_id": ""},
        {"order_id": "HTX9-2"},
        {"error_code": ""},
        {"vt_transaction_id": ""},
    ],
)
def test_what_is_genuine_and_makes_no_sense_is_malformed(changed: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        MERCHANT.verify(_result(**changed))


@settings(deadline=None)
@given(st.text())
def test_no_made_up_check_sum_is_believed(check_sum: str) -> None:
    fields = _fields(check_sum=check_sum.encode("utf-8", "replace").decode())
    with pytest.raises(SignatureInvalid):
        MERCHANT.verify(_posted(fields))


def test_an_empty_key_and_a_field_twice_prove_nothing() -> None:
    fields = _fields()
    forged = base64.b64encode(hmac.digest(b"", "".join(["", *fields.values()]).encode(), "sha1")).decode()
    with pytest.raises(SignatureInvalid):
        replace(MERCHANT, access_code="", hash_key="").verify(_posted(fields | {"check_sum": forged}))
    twice = _result().body + b"&trans_amount=255000"
    with pytest.raises(SignatureInvalid):
        MERCHANT.verify(RawRequest({}, twice, NOW))


def test_viettel_hears_a_signed_answer_that_names_the_order() -> None:
    answers = {outcome: MERCHANT.answer_to(outcome, _result()) for outcome in Outcome}
    codes = {outcome.value: answer.json and answer.json["error_code"] for outcome, answer in answers.items()}
    assert codes == {
        "recorded": "00",
        "duplicate": "00",
        "unknown_ref": "01",
        "amount_mismatch": "03",
        "bad_signature": "02",
        "malformed": "02",
        "error": None,
    }
    assert answers[Outcome.ERROR].status == 500
    assert answers[Outcome.RECORDED].json == {
        "error_code": "00",
        "merchant_code": "LABHTX",
        "order_id": "HTX9-1",
        "check_sum": _their_sum("00", "LABHTX", "HTX9-1"),
    }
    assert answers[Outcome.BAD_SIGNATURE].json == {"error_code": "02"}, "nothing is signed for a stranger"


def test_asked_before_the_buyer_pays_we_say_what_is_owed() -> None:
    asked = {"billcode": "HTX9-1-255000", "merchant_code": "LABHTX", "order_id": "HTX9-1"}
    raw = _posted(asked | {"check_sum": _their_sum("HTX9-1-255000", "LABHTX", "HTX9-1", "255000")})
    assert MERCHANT.order_asked_about(raw) == "HTX9-1"
    answer = MERCHANT.confirm(raw, 255_000).json
    assert answer == asked | {
        "error_code": "00",
        "trans_amount": "255000",
        "check_sum": _their_sum("HTX9-1-255000", "00", "LABHTX", "HTX9-1", "255000"),
    }
    assert MERCHANT.confirm(raw, 254_000).json == {"error_code": "02"}
    assert MERCHANT.confirm(raw, None).json == {"error_code": "01"}
    with pytest.raises(Malformed):
        MERCHANT.order_asked_about(_posted({}))


def test_a_stranger_learns_no_sum() -> None:
    forged = _posted({"billcode": "HTX9-1-255000", "merchant_code": "LABHTX", "order_id": "HTX9-1", "check_sum": "A="})
    assert MERCHANT.confirm(forged, 255_000).json == {"error_code": "02"}


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), st.text(st.characters(codec="utf-8"))))
def test_what_is_sent_in_a_query_arrives_as_it_was(fields: dict[str, str]) -> None:
    assert dict(parse_qsl(query_text(fields), keep_blank_values=True)) == fields


def test_the_bill_names_the_sum() -> None:
    assert bill_code("HTX9-1", 255_000) == "HTX9-1-255000"
