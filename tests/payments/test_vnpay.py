"""VNPAY: what a buyer does on its page is told, asked and given back the same way; nothing else is believed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from payments import calls
from payments.gateway import (
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    Outcome,
    Paid,
    RawRequest,
    StartPayment,
)
from payments.gateways.vnpay import VnPay
from payments.simulators import page
from payments.simulators import vnpay as simulator
from tests.served import serving
from tests.servers import free_port

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # 3 March, half past midnight, in Vietnam
SECRET = "LABHASHSECRET0000000000000000001"
TERMINAL = VnPay("LABTMN01", SECRET)


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
