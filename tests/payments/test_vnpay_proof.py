"""VNPAY's signatures: what we send it, what of its words we believe, and what it hears back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.gateway import (
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
from payments.gateways import vnpay
from payments.gateways.vnpay import VnPay
from payments.simulators import vnpay as simulator

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # 3 March, half past midnight, in Vietnam
SECRET = "LABHASHSECRET0000000000000000001"
TERMINAL = VnPay("LABTMN01", SECRET)
_TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


def _raw(query: list[tuple[str, str]]) -> RawRequest:
    return RawRequest({}, b"", NOW, query)


def _wanted(reference: str, amount_vnd: int = 255_000, return_url: str = "https://cho.example/return") -> StartPayment:
    words, ends = "HTX Đồng Tháp – đơn 123 (5 kg)", NOW + timedelta(minutes=15)
    return StartPayment(reference, amount_vnd, ends, words, return_url, client_ip="203.0.113.7", at=NOW)


def _signed(**changed: str) -> list[tuple[str, str]]:
    fields = {
        "vnp_TmnCode": "LABTMN01",
        "vnp_Amount": "25500000",
        "vnp_BankCode": "NCB",
        "vnp_OrderInfo": "Don hang 5: 2 kg",
        "vnp_PayDate": "20260303003100",
        "vnp_ResponseCode": "00",
        "vnp_TransactionNo": "14422574",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": "HTX5",
    } | {f"vnp_{name}": value for name, value in changed.items()}
    fields = {name: value for name, value in fields.items() if value}
    return [*fields.items(), ("vnp_SecureHash", simulator.signature(fields, SECRET))]


def test_vnpay_tells_is_asked_and_gives_back() -> None:
    assert isinstance(TERMINAL, Notifier)
    assert isinstance(TERMINAL, CanQuery)
    assert isinstance(TERMINAL, CanRefund)
    assert SECRET not in repr(TERMINAL)


# What VNPAY gets from us


def test_the_address_says_all_that_vnpay_wants() -> None:
    action = TERMINAL.start(_wanted("HTX7-1")).action
    fields = dict(parse_qsl(urlsplit(action.url).query))
    assert action.kind == "redirect"
    assert fields.pop("vnp_SecureHash") == simulator.signature(fields, SECRET)
    assert fields == {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": "LABTMN01",
        "vnp_Amount": "25500000",
        "vnp_CreateDate": "20260303003000",
        "vnp_CurrCode": "VND",
        "vnp_ExpireDate": "20260303004500",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_Locale": "vn",
        "vnp_OrderInfo": "HTX Dong Thap don 123 5 kg",
        "vnp_OrderType": "other",
        "vnp_ReturnUrl": "https://cho.example/return",
        "vnp_TxnRef": "HTX7-1",
    }


def test_vnpay_qr_is_opened_at_once_when_it_is_chosen() -> None:
    terminal = replace(TERMINAL, bank_code=vnpay.VNPAY_QR)
    assert "&vnp_BankCode=VNPAYQR&" in terminal.start(_wanted("HTX7-1")).action.url


def test_without_an_end_vnpay_gets_fifteen_minutes_and_english_when_wanted() -> None:
    url = TERMINAL.start(replace(_wanted("HTX7-1"), expires_at=None, lang="en")).action.url
    assert "vnp_ExpireDate=20260303004500" in url
    assert "vnp_Locale=en" in url


@pytest.mark.parametrize("amount_vnd", [4_999, 10_000_000_000, 0, -5_000])
def test_sums_that_vnpay_does_not_take_are_not_sent_there(amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused):
        TERMINAL.start(_wanted("HTX7-1", amount_vnd))
    assert TERMINAL.start(_wanted("HTX7-1", TERMINAL.most_vnd)).action.url
    assert TERMINAL.start(_wanted("HTX7-1", TERMINAL.least_vnd)).action.url


@pytest.mark.parametrize("reference", ["", "a b", "đơn", "a" * 101, "a*b"])
def test_references_that_encoders_write_differently_are_not_used(reference: str) -> None:
    with pytest.raises(ValueError, match="VNPAY takes"):
        TERMINAL.start(_wanted(reference))


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("1.2.3.4, 5.6.7.8", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_buyers_address_is_one_address(told: str, sent: str) -> None:
    fields = vnpay.pay_fields(TERMINAL, replace(_wanted("HTX7-1"), client_ip=told))
    assert fields["vnp_IpAddr"] == sent


@settings(deadline=None)
@given(st.text(max_size=400))
def test_words_keep_only_signs_that_all_encoders_write_alike(text: str) -> None:
    words = vnpay.order_words(text)
    assert re.fullmatch(r"[A-Za-z0-9 .,:_-]{1,255}", words)
    assert vnpay.order_words(words) == words


@settings(deadline=None)
@given(st.dictionaries(_TEXT, _TEXT))
def test_both_sides_sign_any_text_alike(fields: dict[str, str]) -> None:
    assert vnpay.sign(vnpay.pay_text(fields), SECRET) == simulator.signature(fields, SECRET)


# What we believe


@pytest.mark.parametrize(
    ("code", "status", "kind", "review", "movement"),
    [
        ("00", "00", FactKind.CAPTURED, False, "14422574"),
        ("07", "00", FactKind.AUTHORISED, True, "HTX5:07"),
        ("07", "07", FactKind.AUTHORISED, True, "HTX5:07"),
        ("99", "04", FactKind.AUTHORISED, True, "HTX5:04"),
        ("51", "00", FactKind.AUTHORISED, True, "HTX5:00"),
        ("00", "02", FactKind.FAILED, False, "HTX5:02"),
        ("24", "02", FactKind.CANCELLED, False, "HTX5:02"),
        ("11", "02", FactKind.EXPIRED, False, "HTX5:02"),
        ("04", "02", FactKind.FAILED, False, "HTX5:02"),
    ],
)
def test_only_two_noughts_are_paid(code: str, status: str, kind: FactKind, review: bool, movement: str) -> None:
    (fact,) = TERMINAL.verify(_raw(_signed(ResponseCode=code, TransactionStatus=status))).facts
    assert (fact.kind, fact.review, fact.movement_id) == (kind, review, movement)


def test_an_unfinished_payment_is_no_fact() -> None:
    assert TERMINAL.verify(_raw(_signed(ResponseCode="00", TransactionStatus="01"))).facts == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"Amount": "25500050"},
        {"Amount": "0"},
        {"Amount": "-25500000"},
        {"Amount": "2550000.00"},
        {"Amount": "1" + "0" * 12},
        {"Amount": "٢٥٥٠٠٠٠٠"},
        {"Amount": ""},
        {"TmnCode": "OTHERTMN"},
        {"TmnCode": ""},
        {"CurrCode": "USD"},
        {"TransactionNo": "0"},
        {"TransactionNo": ""},
        {"TransactionStatus": ""},
        {"ResponseCode": "0"},
        {"TxnRef": ""},
    ],
)
def test_what_is_genuine_and_makes_no_sense_is_malformed(changed: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        TERMINAL.verify(_raw(_signed(**changed)))


def test_parameters_of_our_own_do_not_hurt_and_order_does_not_matter() -> None:
    query = _signed()
    told = TERMINAL.verify(_raw([("ref", "x"), *reversed(query)]))
    assert told == TERMINAL.verify(_raw(query))
    assert told.delivery_id != TERMINAL.verify(_raw(_signed(PayDate="20260303003101"))).delivery_id


def test_a_parameter_that_comes_twice_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        TERMINAL.verify(_raw([*_signed(), ("vnp_Amount", "25500000")]))
    with pytest.raises(SignatureInvalid):
        TERMINAL.verify(_raw([("vnp_Amount", "100"), *_signed()]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["vnp_Amount", "vnp_SecureHash", "vnp_TxnRef", "x"]), st.text()), max_size=6))
def test_no_made_up_query_is_believed(query: list[tuple[str, str]]) -> None:
    with pytest.raises(SignatureInvalid):
        TERMINAL.verify(_raw(query))


def test_an_empty_secret_proves_nothing() -> None:
    fields = {name: text for name, text in _signed() if name != "vnp_SecureHash"}
    forged = [*fields.items(), ("vnp_SecureHash", simulator.signature(fields, ""))]
    with pytest.raises(SignatureInvalid):
        replace(TERMINAL, hash_secret="").verify(_raw(forged))


def test_vnpay_hears_what_makes_it_stop_or_call_again() -> None:
    told = {outcome: TERMINAL.answer(outcome) for outcome in Outcome}
    codes = {outcome.value: answer.json["RspCode"] for outcome, answer in told.items() if answer.json}
    assert {answer.status for answer in told.values()} == {200}
    assert codes == {
        "recorded": "00",
        "duplicate": "02",
        "unknown_ref": "01",
        "amount_mismatch": "04",
        "bad_signature": "97",
        "malformed": "99",
        "error": "99",
    }
