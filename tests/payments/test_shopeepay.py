"""ShopeePay, as far as it is known without its contract: what is signed is believed, all else is not."""

from __future__ import annotations

import base64
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payments import calls
from payments.gateway import (
    CanQuery,
    CanRefund,
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
from payments.gateways.shopeepay import ShopeePay, is_signed, sign
from tests.served import serving

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SECRET = "labShopeePaySecretPublic01"
STORE = ShopeePay("11000001", SECRET, "htx", "htx-1")
WANTED = StartPayment("HTX9-1", 255_000, NOW + timedelta(minutes=10), "Gạo", "https://cho.example/return", at=NOW)
PAID = Paid("HTX9-1", "25500000", "090000000000000001", 255_000, NOW)


def _their_signature(body: bytes) -> str:
    """Signed here without the adapter, so that one proves the other."""
    return base64.encodebytes(hmac.new(SECRET.encode(), body, "sha256").digest()).decode().strip()


def _told(**changed: Any) -> RawRequest:
    told = {
        "merchant_ext_id": "htx",
        "store_ext_id": "htx-1",
        "amount": 25_500_000,
        "reference_id": "HTX9-1",
        "transaction_sn": "090000000000000001",
        "transaction_status": 3,
        "transaction_type": 13,
    } | changed
    return _signed(json.dumps(told).encode())


def _signed(body: bytes, **headers: str) -> RawRequest:
    kept = {"x-airpay-clientid": "11000001", "x-airpay-req-h": _their_signature(body)}
    return RawRequest(kept | {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


@dataclass
class Wallet:
    """Answers what it is told to answer, signed, and remembers what it was sent."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    signature: str = ""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Wallet, ShopeePay]]:
    wallet = Wallet()

    async def asked(request: Request) -> Response:
        body = await request.body()
        assert request.headers["x-airpay-req-h"] == _their_signature(body)
        assert request.headers["x-airpay-clientid"] == "11000001"
        wallet.sent.append(json.loads(body))
        wallet.paths.append(request.url.path)
        answer = json.dumps(wallet.answers).encode()
        proof = {"X-Airpay-Req-H": wallet.signature or _their_signature(answer)}
        return Response(answer, wallet.status, proof, "application/json")

    with serving(Starlette(routes=[Route("/{path:path}", asked, methods=["POST"])])) as port:
        yield wallet, replace(STORE, api_url=f"http://127.0.0.1:{port}")


@pytest.fixture
def wallet(running: tuple[Wallet, ShopeePay]) -> Wallet:
    vars(running[0]).update(vars(Wallet()))
    return running[0]


@pytest.fixture
def store(running: tuple[Wallet, ShopeePay]) -> ShopeePay:
    return running[1]


def test_shopeepay_tells_is_asked_and_gives_back_and_keeps_its_secret() -> None:
    assert isinstance(STORE, Notifier)
    assert isinstance(STORE, CanQuery)
    assert isinstance(STORE, CanRefund)
    assert SECRET not in repr(STORE)


def test_a_payment_leads_to_the_wallets_link(wallet: Wallet, store: ShopeePay) -> None:
    wallet.answers = {"errcode": 0, "redirect_url_http": "https://wallet.example/pay"}
    started = store.start(WANTED)
    assert (started.action.kind, started.action.url) == ("redirect", "https://wallet.example/pay")
    assert wallet.paths == ["/v3/merchant-host/order/create"]
    sent = wallet.sent[0]
    assert (sent["payment_reference_id"], sent["amount"], sent["validity_period"]) == ("HTX9-1", 25_500_000, 600)
    assert started.provider_ref == "25500000"


@pytest.mark.parametrize("answers", [{"errcode": 0}, {"errcode": 0, "redirect_url_http": "javascript:x"}])
def test_an_answer_without_a_link_is_no_answer(wallet: Wallet, store: ShopeePay, answers: dict[str, Any]) -> None:
    wallet.answers = answers
    with pytest.raises(GatewaySilent):
        store.start(WANTED)


def test_a_refused_order_is_refused(wallet: Wallet, store: ShopeePay) -> None:
    wallet.answers = {"errcode": 42, "debug_msg": "no"}
    with pytest.raises(GatewayRefused, match="42"):
        store.start(WANTED)


@pytest.mark.parametrize("amount_vnd", [0, -1, STORE.least_vnd - 1, STORE.most_vnd + 1])
def test_sums_outside_the_limits_are_not_sent(amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused, match="amount"):
        STORE.start(replace(WANTED, amount_vnd=amount_vnd))


def test_told_and_asked_it_is_the_same_movement(wallet: Wallet, store: ShopeePay) -> None:
    (told,) = STORE.verify(_told()).facts
    transaction = json.loads(_told().body)
    wallet.answers = {"errcode": 0, "transaction": transaction | {"status": transaction["transaction_status"]}}
    (asked,) = store.query("HTX9-1", "25500000", NOW, NOW)
    assert replace(asked, via="ipn") == told
    assert (told.kind, told.movement_id, told.amount_vnd) == (FactKind.CAPTURED, "090000000000000001", 255_000)
    assert (told.account, told.reference) == ("1120:shopeepay", "HTX9-1")
    assert wallet.sent[0]["amount"] == 25_500_000


def test_a_refused_payment_has_failed_and_a_waiting_one_is_no_fact() -> None:
    (fact,) = STORE.verify(_told(transaction_status=4)).facts
    assert (fact.kind, fact.movement_id, fact.account) == (FactKind.FAILED, "HTX9-1:4", "")
    assert STORE.verify(_told(transaction_status=2)).facts == ()
    assert STORE.verify(_told(transaction_type=99)).facts == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 25_500_050},
        {"amount": 255_000.0},
        {"amount": "25500000"},
        {"amount": True},
        {"amount": -100},
        {"amount": 0},
        {"amount": 10**18},
        {"amount": None},
        {"merchant_ext_id": "another"},
        {"currency": "IDR"},
        {"reference_id": ""},
        {"transaction_sn": None},
    ],
)
def test_what_is_genuine_and_makes_no_sense_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        STORE.verify(_told(**changed))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff"])
def test_signed_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        STORE.verify(_signed(body))


def test_another_client_is_not_us() -> None:
    with pytest.raises(Malformed):
        STORE.verify(_signed(_told().body, x_airpay_clientid="11000002"))


@settings(deadline=None)
@given(st.text())
def test_no_made_up_signature_is_believed(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        STORE.verify(_signed(_told().body, x_airpay_req_h=signature))


def test_the_bytes_are_signed_not_what_they_mean() -> None:
    body = _told().body
    again = json.dumps(json.loads(body), separators=(",", ":")).encode()
    with pytest.raises(SignatureInvalid):
        STORE.verify(_signed(again, x_airpay_req_h=_their_signature(body)))


def test_an_empty_secret_proves_nothing() -> None:
    body = _told().body
    assert not is_signed(body, sign(body, ""), "")


def test_the_same_telling_has_the_same_delivery_id() -> None:
    assert STORE.verify(_told()).delivery_id == STORE.verify(_told()).delivery_id
    assert STORE.verify(_told()).delivery_id != STORE.verify(_told(reference_id="HTX9-2")).delivery_id


def test_shopeepay_hears_what_the_table_says() -> None:
    answers = {outcome.value: STORE.answer(outcome) for outcome in Outcome}
    heard = {name: (answer.status, bool(answer.json and answer.json["errcode"])) for name, answer in answers.items()}
    assert heard == {
        "recorded": (200, False),
        "duplicate": (200, False),
        "amount_mismatch": (200, False),
        "unknown_ref": (200, True),
        "bad_signature": (401, True),
        "malformed": (400, True),
        "error": (500, True),
    }
    assert answers["recorded"].json == {"errcode": 0, "debug_msg": "success"}


def test_a_refund_is_asked_for_and_then_asked_about(wallet: Wallet, store: ShopeePay) -> None:
    wallet.answers = {"errcode": 0}
    assert store.refund("RF9", PAID, 100_000, "", NOW) == []
    assert store.query_refund("RF9", PAID, NOW) == []
    asked, about = wallet.sent
    assert (asked["refund_reference_id"], asked["request_id"], asked["amount"]) == ("RF9", "RF9", 10_000_000)
    assert (about["reference_id"], about["transaction_type"]) == ("RF9", 15)
    done = {"reference_id": "RF9", "transaction_type": 15, "status": 3, "merchant_ext_id": "htx", "amount": 10_000_000}
    wallet.answers = {"errcode": 0, "transaction": done}
    (fact,) = store.query_refund("RF9", PAID, NOW)
    assert (fact.kind, fact.movement_id, fact.amount_vnd) == (FactKind.REFUNDED, "RF9", 100_000)
    wallet.answers = {"errcode": 0, "transaction": done | {"status": 4}}
    (fact,) = store.query_refund("RF9", PAID, NOW)
    assert (fact.kind, fact.movement_id) == (FactKind.FAILED, "RF9:4")


def test_no_refusal_is_believed_about_money_that_may_have_moved(wallet: Wallet, store: ShopeePay) -> None:
    wallet.answers = {"errcode": 7}
    for ask in _asking(store)[1:]:
        with pytest.raises(GatewaySilent, match="7"):
            ask()


def _asking(store: ShopeePay) -> list[Callable[[], object]]:
    return [
        lambda: store.start(WANTED),
        lambda: store.query("HTX9-1", "25500000", NOW, NOW),
        lambda: store.refund("RF9", PAID, 100_000, "", NOW),
        lambda: store.query_refund("RF9", PAID, NOW),
    ]


def test_an_answer_that_is_not_signed_is_no_answer(wallet: Wallet, store: ShopeePay) -> None:
    wallet.answers = {"errcode": 0, "redirect_url_http": "https://wallet.example/pay"}
    for ask in _asking(store):
        wallet.signature = "AAAA"
        with pytest.raises(GatewaySilent, match="signature"):
            ask()
    wallet.signature, wallet.status = "", 500
    with pytest.raises(GatewaySilent, match="500"):
        store.start(WANTED)


def test_an_answer_about_something_else_is_no_answer(wallet: Wallet, store: ShopeePay) -> None:
    for transaction in ({"reference_id": "HTX8", "status": 3}, "yes", {"reference_id": "HTX9-1", "status": 3}):
        wallet.answers = {"errcode": 0, "transaction": transaction}
        with pytest.raises(GatewaySilent):
            store.query("HTX9-1", "25500000", NOW, NOW)


def test_a_wallet_that_hangs_has_said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(GatewaySilent):
        replace(STORE, api_url=f"http://127.0.0.1:{deaf.getsockname()[1]}").start(WANTED)
