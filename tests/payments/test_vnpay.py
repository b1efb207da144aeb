"""VNPAY: what a buyer does on its page is told, asked and given back the same way; nothing else is believed."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from payments import calls
from payments.gateway import (
    CanQuery,
    CanRefund,
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    Malformed,
    Notifier,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    StartPayment,
)
from payments.gateways import vnpay
from payments.gateways.vnpay import VnPay
from payments.simulators import page
from payments.simulators import vnpay as simulator
from tests.served import serving
from tests.servers import free_port

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # 3 March, half past midnight, in Vietnam
SECRET = "LABHASHSECRET0000000000000000001"
TERMINAL = VnPay("LABTMN01", SECRET)
_TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@dataclass
class Market:
    """A shop on a port of its own that only listens, and VNPAY on another."""

    gateway: VnPay
    desk: simulator.Desk
    browser: httpx2.Client
    told: list[Fact] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    came_back: list[RawRequest] = field(default_factory=list)

    def open(self, reference: str, amount_vnd: int = 255_000) -> str:
        """VNPAY's address for a new payment."""
        return self.gateway.start(_wanted(reference, amount_vnd, self.return_url)).action.url

    def press(self, reference: str, choice: str, amount_vnd: int = 255_000) -> httpx2.Response:
        """Open VNPAY's page as a browser does and press a button on it."""
        url = self.open(reference, amount_vnd)
        shown = self.browser.get(url)
        assert shown.status_code == 200, shown.text
        assert page.CHOICES[choice] in shown.text
        return self.browser.post(url, data={"ref": reference, "choice": choice})

    def query(self, reference: str, provider_ref: str = "") -> list[Fact]:
        return list(self.gateway.query(reference, provider_ref, NOW, NOW))

    return_url: str = ""


@pytest.fixture(scope="module")
def running() -> Iterator[Market]:
    ports = free_port(), free_port()
    api = f"http://127.0.0.1:{ports[1]}"
    pages = simulator.pages("LABTMN01", SECRET, f"http://127.0.0.1:{ports[0]}/ipn", lambda: NOW)
    gateway = VnPay("LABTMN01", SECRET, f"{api}/paymentv2/vpcpay.html", f"{api}/merchant_webapi/api/transaction")
    with httpx2.Client(follow_redirects=True) as browser:
        market = Market(gateway, pages.state.desk, browser, return_url=f"http://127.0.0.1:{ports[0]}/return?ref=1")
        with serving(_listener(market), ports[0]), serving(pages, ports[1]):
            yield market


@pytest.fixture
def market(running: Market) -> Market:
    for remembered in (running.told, running.deliveries, running.came_back):
        remembered.clear()
    running.desk.refunds_end_in = "00"
    return running


def _listener(market: Market) -> Starlette:
    async def ipn(request: Request) -> Response:
        notice = market.gateway.verify(_raw(request.query_params.multi_items()))
        outcome = Outcome.DUPLICATE if notice.delivery_id in market.deliveries else Outcome.RECORDED
        market.deliveries.append(notice.delivery_id)
        market.told += notice.facts
        answer = market.gateway.answer(outcome)
        return JSONResponse(answer.json, answer.status)

    async def came_back(request: Request) -> Response:
        market.came_back.append(_raw(request.query_params.multi_items()))
        reference = request.query_params["vnp_TxnRef"]
        return PlainTextResponse(f"{sum(fact.reference == reference for fact in market.told)} told")

    return Starlette(routes=[Route("/ipn", ipn), Route("/return", came_back)])


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


# The buyer on VNPAY's page


@pytest.mark.parametrize(
    ("choice", "kinds", "heard"),
    [
        ("agree", ["captured"], ["00"]),
        ("first", ["captured"], ["00"]),
        ("late", ["captured"], ["00"]),
        ("wrong", ["captured"], ["00"]),
        ("twice", ["captured", "captured"], ["00", "02"]),
        ("silent", [], []),
        ("decline", ["failed"], ["00"]),
        ("abandon", [], []),
    ],
)
def test_each_button_is_told_as_it_is(market: Market, choice: str, kinds: list[str], heard: list[str]) -> None:
    market.press(f"B-{choice}", choice)
    payment = market.desk.payments[f"B-{choice}"]
    _wait(lambda: len(payment.heard) == len(heard))
    assert payment.heard == heard
    told = [fact for fact in market.told if fact.reference == f"B-{choice}"]
    assert [fact.kind for fact in told] == kinds
    assert len({(fact.movement_id, fact.amount_vnd) for fact in told}) <= 1
    assert len(market.came_back) == (choice != "abandon")


def _wait(done: Callable[[], bool]) -> None:
    """VNPAY tells after the browser has gone: look until it has, for two seconds at most."""
    for _ in range(200):
        if done():
            return
        threading.Event().wait(0.01)


@pytest.mark.parametrize("choice", ["agree", "silent", "wrong", "late", "decline"])
def test_asked_vnpay_says_the_same_as_it_tells(market: Market, choice: str) -> None:
    market.press(f"Q-{choice}", choice)
    (asked,) = market.query(f"Q-{choice}")
    (returned,) = market.gateway.verify_return(market.came_back[0]).facts
    same = ("movement_id", "kind", "amount_vnd", "account", "reference")
    assert [getattr(asked, name) for name in same] == [getattr(returned, name) for name in same]
    assert (asked.via, returned.via) == ("query", "return")
    if asked.kind is FactKind.CAPTURED:
        assert asked.occurred_at == returned.occurred_at
        assert asked.account == "1120:vnpay"
        assert asked.movement_id == asked.provider_ref == market.desk.payments[f"Q-{choice}"].asked.number


def test_money_is_told_before_the_browser_is_back_if_vnpay_is_quick(market: Market) -> None:
    assert market.press("first-1", "first").text == "1 told"


def test_money_paid_late_carries_the_time_it_was_paid(market: Market) -> None:
    market.press("late-1", "late")
    (fact,) = market.query("late-1")
    assert fact.occurred_at == NOW + timedelta(minutes=16)


def test_a_wrong_sum_is_told_as_it_came(market: Market) -> None:
    market.press("wrong-1", "wrong")
    (fact,) = market.query("wrong-1")
    assert fact.amount_vnd == 254_000


def test_nothing_is_known_of_a_payment_that_nobody_finished_or_opened(market: Market) -> None:
    market.press("open-1", "abandon")
    assert market.query("open-1") == []
    assert market.query("never-opened") == []


def test_the_page_takes_only_what_we_signed_and_only_once(market: Market) -> None:
    url = market.open("once-1")
    assert "Sai chữ ký" in market.browser.get(url.replace("25500000", "100")).text
    other = replace(market.gateway, hash_secret="x" * 32)
    assert "Sai chữ ký" in market.browser.get(other.start(_wanted("once-1")).action.url).text
    market.press("once-1", "silent")
    assert "Giao dịch đã có" in market.browser.get(url).text
    assert market.browser.post(url, data={"ref": "once-1", "choice": "agree"}).status_code == 409


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


# Giving back


def _paid(market: Market, reference: str, amount_vnd: int = 255_000) -> Paid:
    market.press(reference, "silent", amount_vnd)
    (fact,) = market.query(reference)
    return Paid(reference, fact.provider_ref, fact.movement_id, amount_vnd, NOW)


def test_a_whole_refund_is_under_way_and_then_done(market: Market) -> None:
    paid = _paid(market, "R1")
    assert market.gateway.refund("RF1", paid, 255_000, "Khách trả hàng", NOW) == []
    assert market.desk.payments["R1"].refunds[0].kind == "02"
    (done,) = market.gateway.query_refund("RF1", paid, NOW)
    assert (done.kind, done.movement_id, done.amount_vnd) == (FactKind.REFUNDED, "RF1", 255_000)
    assert (done.account, done.reference) == ("1120:vnpay", "R1")


def test_the_same_refund_sent_twice_pays_once(market: Market) -> None:
    paid = _paid(market, "R2")
    for _ in range(2):
        assert market.gateway.refund("RF2", paid, 100_000, "", NOW) == []
    (given,) = market.desk.payments["R2"].refunds
    assert (given.kind, given.amount) == ("03", 10_000_000)


def test_more_than_was_paid_is_never_given_back(market: Market) -> None:
    paid = _paid(market, "R3")
    market.gateway.refund("RF3a", paid, 200_000, "", NOW)
    with pytest.raises(GatewayRefused, match="95"):
        market.gateway.refund("RF3b", paid, 55_001, "", NOW)
    market.gateway.refund("RF3c", paid, 55_000, "", NOW)
    with pytest.raises(GatewayRefused, match="91"):
        market.gateway.refund("RF3d", replace(paid, reference="R3-unknown"), 1_000, "", NOW)


def test_one_partial_refund_is_never_taken_for_another(market: Market) -> None:
    paid = _paid(market, "R4")
    market.gateway.refund("RF4a", paid, 100_000, "", NOW)
    market.gateway.refund("RF4b", paid, 50_000, "", NOW)
    assert market.gateway.query_refund("RF4a", paid, NOW) == []
    (done,) = market.gateway.query_refund("RF4b", paid, NOW)
    assert done.amount_vnd == 50_000
    (payment,) = market.query("R4", paid.provider_ref)
    assert (payment.kind, payment.amount_vnd) == (FactKind.CAPTURED, 255_000)
    assert market.query("R4") == []


def test_a_refund_that_the_bank_refuses_has_failed(market: Market) -> None:
    paid = _paid(market, "R5")
    market.desk.refunds_end_in = "09"
    market.gateway.refund("RF5", paid, 255_000, "", NOW)
    (fact,) = market.gateway.query_refund("RF5", paid, NOW)
    assert (fact.kind, fact.movement_id) == (FactKind.FAILED, "RF5:09")


def test_a_refund_of_a_payment_that_began_at_another_second_is_unknown_to_vnpay(market: Market) -> None:
    paid = replace(_paid(market, "R6"), started_at=NOW + timedelta(seconds=1))
    with pytest.raises(GatewayRefused, match="91"):
        market.gateway.refund("RF6", paid, 255_000, "", NOW)


def test_vnpay_that_does_not_know_our_signature_refuses_a_refund(market: Market) -> None:
    paid = _paid(market, "R7")
    other = replace(market.gateway, hash_secret="y" * 32)
    with pytest.raises(GatewayRefused, match="97"):
        other.refund("RF7", paid, 255_000, "", NOW)
    with pytest.raises(GatewaySilent, match="97"):
        other.query("R7", "", NOW, NOW)


# When VNPAY is not itself


def _calls(gateway: VnPay) -> list[Callable[[], object]]:
    paid = Paid("S1", "1", "1", 255_000, NOW)
    return [
        lambda: gateway.query("S1", "", NOW, NOW),
        lambda: gateway.refund("RFS1", paid, 255_000, "", NOW),
        lambda: gateway.query_refund("RFS1", paid, NOW),
    ]


def test_vnpay_that_hangs_has_said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        gateway = replace(TERMINAL, api_url=f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        for ask in _calls(gateway):
            with pytest.raises(GatewaySilent):
                ask()


def test_errors_and_nonsense_are_no_answer() -> None:
    async def nonsense(request: Request) -> Response:
        told = await request.json()
        fields = {"vnp_ResponseCode": "00", "vnp_TmnCode": "LABTMN01", "vnp_TxnRef": "another", "vnp_Amount": "100"}
        fields |= {"vnp_Command": told["vnp_Command"], "vnp_TransactionStatus": "00", "vnp_TransactionNo": "7"}
        signed = simulator.api_signature(simulator.TOLD[told["vnp_Command"]], fields, SECRET)
        fields_of_s1 = fields | {"vnp_TxnRef": "S1", "vnp_Amount": "150"}
        fields_of_s1["vnp_SecureHash"] = simulator.api_signature(simulator.TOLD["querydr"], fields_of_s1, SECRET)
        answers: dict[str, Response] = {
            "broken": JSONResponse({}, 500),
            "words": PlainTextResponse("<html>"),
            "list": JSONResponse(["00"]),
            "empty": JSONResponse({}),
            "unsigned": JSONResponse(fields),
            "forged": JSONResponse(fields | {"vnp_SecureHash": "0" * 128}),
            "other": JSONResponse(fields | {"vnp_SecureHash": signed}),
            "crumbs": JSONResponse(fields_of_s1),
        }
        return answers[request.path_params["kind"]]

    with serving(Starlette(routes=[Route("/{kind}", nonsense, methods=["POST"])])) as port:
        for kind in ("broken", "words", "list", "empty", "unsigned", "forged", "other"):
            asked = _calls(replace(TERMINAL, api_url=f"http://127.0.0.1:{port}/{kind}"))
            for ask in asked if kind in ("broken", "forged", "other") else asked[:1]:
                with pytest.raises(GatewaySilent):
                    ask()
        with pytest.raises(GatewaySilent, match="vnp_Amount"):
            _calls(replace(TERMINAL, api_url=f"http://127.0.0.1:{port}/crumbs"))[0]()
