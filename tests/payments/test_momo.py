"""MoMo: the adapter and the simulator, each with signing code of its own, over a real port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from payments import calls
from payments.gateway import (
    CanCapture,
    CanQuery,
    CanRefund,
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    HttpAnswer,
    Malformed,
    Notifier,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    StartPayment,
)
from payments.gateways import momo
from payments.gateways.momo import MoMo
from payments.simulators import momo as simulator
from tests.payments.wallets import NOON, Browser, Clock, Parrot, Shop, hanging, listening_shop, pay, told_of, wanted
from tests.served import serving

KEYS = ("CHOHTX", "an access key", "a secret key")


@pytest.fixture(scope="module")
def theirs() -> Iterator[tuple[str, simulator.Desk, Clock]]:
    clock = Clock()
    app = simulator.pages(*KEYS, clock)
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}", app.state.desk, clock


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with listening_shop(HttpAnswer(204)) as shop:
        yield shop


@pytest.fixture
def desk(theirs: tuple[str, simulator.Desk, Clock]) -> simulator.Desk:
    desk = theirs[1]
    desk.payments.clear()
    desk.answered.clear()
    desk.refund_result = desk.refunds_end_in = 0
    return desk


@pytest.fixture
def clock(theirs: tuple[str, simulator.Desk, Clock]) -> Clock:
    theirs[2].now = NOON
    return theirs[2]


@pytest.fixture
def wallet(theirs: tuple[str, simulator.Desk, Clock], desk: simulator.Desk, clock: Clock) -> MoMo:
    return MoMo(*KEYS, api_url=theirs[0])


@pytest.fixture
def request_(shop: Shop) -> StartPayment:
    return wanted("momo", shop, 15)


def asked(wallet: MoMo, reference: str = "HTX7K3M9QX2A") -> list[Fact]:
    return list(wallet.query(reference, "", NOON, NOON))


def genuine(**changed: Any) -> RawRequest:
    payment = simulator.Payment({"partnerCode": KEYS[0], "orderId": "HTX1", "requestId": "HTX1"}, NOON, 255_000, 0)
    payment.opened |= {"orderInfo": "gạo", "extraData": ""}
    fields = simulator.Desk(*KEYS, lambda: NOON).told(payment) | changed
    fields["signature"] = simulator.signature("told", fields, *KEYS[1:])
    return RawRequest({}, json.dumps(fields).encode(), NOON)


def test_it_can_all_that_momo_can(wallet: MoMo) -> None:
    assert all(isinstance(wallet, ability) for ability in (Notifier, CanQuery, CanRefund, CanCapture))
    assert "secret" not in repr(wallet)
    assert "access" not in repr(wallet).replace("access_key", "")


def test_paid_is_one_movement_by_notification_return_and_query(
    wallet: MoMo, request_: StartPayment, shop: Shop
) -> None:
    browser = Browser(wallet.start(request_).action.url)
    assert "255.000 ₫" in browser.text
    assert "Trả tiền đơn hàng gạo ST25" in browser.text
    back = browser.press("agree")
    (told,) = told_of(wallet, shop)
    (returned,) = wallet.verify_return(back).facts
    (known,) = asked(wallet)
    assert told == replace(returned, via="ipn") == replace(known, via="ipn")
    assert (told.kind, told.amount_vnd, told.reference) == (FactKind.CAPTURED, 255_000, "HTX7K3M9QX2A")
    assert told.movement_id == told.provider_ref
    assert (told.account, told.occurred_at) == ("1120:momo", NOON)


def test_refused_by_the_buyer(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("decline")
    (fact,) = told_of(wallet, shop)
    assert (fact.kind, fact.movement_id, fact.account) == (FactKind.FAILED, "HTX7K3M9QX2A:1006", "")


def test_abandoned_is_waiting_and_then_expired(wallet: MoMo, request_: StartPayment, shop: Shop, clock: Clock) -> None:
    back = Browser(wallet.start(request_).action.url).press("abandon")
    assert not back.query
    assert asked(wallet) == []
    clock.pass_(minutes=16)
    (fact,) = asked(wallet)
    assert (fact.kind, fact.movement_id) == (FactKind.EXPIRED, "HTX7K3M9QX2A:1005")
    assert shop.told.empty()


def test_paid_late_says_when(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("late")
    (fact,) = told_of(wallet, shop)
    assert request_.expires_at is not None
    assert fact.kind is FactKind.CAPTURED
    assert fact.occurred_at > request_.expires_at


def test_another_sum_is_told_as_it_is(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("wrong")
    (fact,) = told_of(wallet, shop)
    assert (fact.kind, fact.amount_vnd) == (FactKind.CAPTURED, 254_000)


def test_told_twice_is_one_delivery(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("twice")
    first, second = wallet.verify(shop.hear()), wallet.verify(shop.hear())
    assert first == second
    assert first.delivery_id.startswith("sha256:")


def test_what_was_never_told_is_known_by_asking(wallet: MoMo, request_: StartPayment, desk: simulator.Desk) -> None:
    Browser(wallet.start(request_).action.url).press("silent")
    (fact,) = asked(wallet)
    assert fact.kind is FactKind.CAPTURED
    assert desk.payments["HTX7K3M9QX2A"].heard == []


def test_told_before_the_browser_is_back(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("first")
    assert not shop.told.empty()
    assert told_of(wallet, shop)[0].kind is FactKind.CAPTURED


def test_a_page_that_was_used_takes_no_second_payment(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    url = wallet.start(request_).action.url
    Browser(url).press("agree")
    shop.hear()
    again = Browser(url)
    assert "Giao dịch này đã xong" in again.text
    assert not again.press("agree").query


def test_opening_twice_gives_the_same_page_and_another_sum_is_not_opened(wallet: MoMo, request_: StartPayment) -> None:
    assert wallet.start(request_) == wallet.start(request_)
    with pytest.raises(GatewaySilent):
        wallet.start(replace(request_, amount_vnd=10_000))


@pytest.mark.parametrize("amount_vnd", [MoMo.least_vnd - 1, MoMo.most_vnd + 1])
def test_a_sum_outside_the_limits_is_refused(wallet: MoMo, request_: StartPayment, amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused, match="22"):
        wallet.start(replace(request_, amount_vnd=amount_vnd))


def test_with_another_key_nothing_is_opened(wallet: MoMo, request_: StartPayment) -> None:
    with pytest.raises(GatewayRefused, match="13"):
        replace(wallet, secret_key="another").start(request_)


def test_an_unknown_payment_has_no_facts(wallet: MoMo) -> None:
    assert asked(wallet, "HTXNEVER") == []


def test_given_back_in_parts_and_each_part_once(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    paid = pay(wallet, request_, shop)
    first = wallet.refund("R-1", paid, 55_000, "Thiếu một túi gạo", NOON)
    assert first == wallet.refund("R-1", paid, 55_000, "Thiếu một túi gạo", NOON)
    (fact,) = first
    assert (fact.kind, fact.amount_vnd, fact.reference) == (FactKind.REFUNDED, 55_000, "HTX7K3M9QX2A")
    assert (fact.account, fact.movement_id == paid.movement_id) == ("1120:momo", False)
    assert wallet.query_refund("R-1", paid, NOON) == first
    (rest,) = wallet.refund("R-2", paid, 200_000, "", NOON)
    assert {f.movement_id for f in asked(wallet)} == {paid.movement_id, fact.movement_id, rest.movement_id}
    with pytest.raises(GatewayRefused, match="1088"):
        wallet.refund("R-3", paid, 1_000, "", NOON)


def test_the_same_refund_with_another_sum_pays_nothing_more(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    paid = pay(wallet, request_, shop)
    wallet.refund("R-1", paid, 55_000, "", NOON)
    (fact,) = wallet.refund("R-1", paid, 100_000, "", NOON)
    assert fact.amount_vnd == 55_000
    assert len(asked(wallet)) == 2


@pytest.mark.parametrize(("ends_in", "kind"), [(0, FactKind.REFUNDED), (1080, FactKind.FAILED)])
def test_a_refund_under_way_is_asked_about(
    wallet: MoMo, request_: StartPayment, shop: Shop, desk: simulator.Desk, ends_in: int, kind: FactKind
) -> None:
    paid = pay(wallet, request_, shop)
    desk.refund_result = desk.refunds_end_in = 7002
    assert wallet.refund("R-1", paid, 55_000, "", NOON) == []
    assert wallet.refund("R-1", paid, 55_000, "", NOON) == []
    assert wallet.query_refund("R-1", paid, NOON) == []
    desk.refunds_end_in = ends_in
    (fact,) = wallet.query_refund("R-1", paid, NOON)
    assert (fact.kind, fact.amount_vnd) == (kind, 55_000)
    assert wallet.query_refund("R-2", paid, NOON) == []


def test_held_then_taken_in_part(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    held = pay(wallet, replace(request_, capture_later=True), shop)
    assert held.movement_id == "HTX7K3M9QX2A:9000"
    assert asked(wallet)[0].kind is FactKind.AUTHORISED
    taken = wallet.capture(held, 200_000, NOON)
    assert [(fact.kind, fact.amount_vnd) for fact in taken] == [(FactKind.CAPTURED, 200_000)]
    assert wallet.capture(held, 200_000, NOON) == taken
    assert asked(wallet) == taken
    with pytest.raises(GatewayRefused, match="47"):
        wallet.void(held, NOON)


def test_held_then_let_go(wallet: MoMo, request_: StartPayment, shop: Shop) -> None:
    held = pay(wallet, replace(request_, capture_later=True), shop)
    (fact,) = wallet.void(held, NOON)
    assert (fact.kind, fact.movement_id, fact.account) == (FactKind.VOIDED, "HTX7K3M9QX2A:1003", "")
    assert [(known.kind, known.movement_id) for known in asked(wallet)] == [(fact.kind, fact.movement_id)]
    with pytest.raises(GatewayRefused, match="47"):
        wallet.capture(held, 1_000, NOON)


def test_forged_notifications_prove_nothing() -> None:
    raw = genuine()
    assert MoMo(*KEYS).verify(raw).facts
    for body in (b"", b"[]", b"nonsense", b'{"signature": ""}', raw.body.replace(b"255000", b"255001"), b"[" * 9999):
        with pytest.raises(SignatureInvalid):
            MoMo(*KEYS).verify(replace(raw, body=body))
    with pytest.raises(SignatureInvalid):
        MoMo(KEYS[0], "", "").verify(raw)


def test_an_empty_secret_proves_nothing() -> None:
    told = json.loads(genuine().body)
    told["signature"] = simulator.signature("told", told, "", "")
    with pytest.raises(SignatureInvalid):
        MoMo(KEYS[0], "", "").verify(RawRequest({}, json.dumps(told).encode(), NOON))


@pytest.mark.parametrize(
    "odd",
    [
        *({"amount": amount} for amount in (0, -1000, 10**15, "1e5", "")),
        *({"orderId": reference} for reference in ("\x00", "x" * 65, "", 17)),
        {"transId": 0},
        {"responseTime": -1},
        {"partnerCode": "ANOTHER"},
        {"resultCode": "zero"},
    ],
)
def test_genuine_and_out_of_shape_is_malformed(odd: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        MoMo(*KEYS).verify(genuine(**odd))


@pytest.mark.parametrize(
    "odd", [{"amount": 255_000.0}, {"amount": True}, {"message": "\ud800"}, {"signature": "\ud800"}]
)
def test_what_cannot_be_signed_is_not_genuine(odd: dict[str, Any]) -> None:
    told = json.loads(genuine().body) | odd
    with pytest.raises(SignatureInvalid):
        MoMo(*KEYS).verify(RawRequest({}, json.dumps(told).encode(), NOON))


def test_unsigned_fields_and_unfinished_results_change_nothing() -> None:
    raw = genuine()
    told = json.loads(raw.body) | {"promotionInfo": [{"amount": 1}]}
    assert MoMo(*KEYS).verify(replace(raw, body=json.dumps(told).encode())) == MoMo(*KEYS).verify(raw)
    assert MoMo(*KEYS).verify(genuine(resultCode=7000)).facts == ()


def test_answers_are_those_of_the_table() -> None:
    answers = {outcome: MoMo(*KEYS).answer(outcome) for outcome in Outcome}
    refused = {Outcome.BAD_SIGNATURE: 400, Outcome.MALFORMED: 400, Outcome.ERROR: 500}
    assert answers == {outcome: HttpAnswer(refused.get(outcome, 204)) for outcome in Outcome}


def test_a_wallet_that_hangs_is_silent(request_: StartPayment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.1)
    paid = Paid("HTX1", "1", "1", 255_000, NOON)
    with hanging() as url:
        wallet = MoMo(*KEYS, api_url=url)
        for call in (
            lambda: wallet.start(request_),
            lambda: asked(wallet),
            lambda: wallet.refund("R-1", paid, 1_000, "", NOON),
            lambda: wallet.query_refund("R-1", paid, NOON),
            lambda: wallet.capture(paid, 1_000, NOON),
        ):
            with pytest.raises(GatewaySilent):
                call()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("out of order", 500),
        ('{"resultCode": 0, "payUrl": "https://momo.vn"}', 503),
        ("<html>", 200),
        ("[]", 200),
        ("{}", 200),
        ('{"resultCode": "0"}', 200),
        ('{"resultCode": 99}', 200),
        ('{"resultCode": 10}', 503),
        ('{"resultCode": 0, "payUrl": "javascript:1", "amount": 255000}', 200),
        ('{"resultCode": 0, "payUrl": "https://momo.vn", "amount": 1}', 200),
        ('{"resultCode": 0, "payUrl": "https://momo.vn", "amount": 255000, "orderId": "ANOTHER"}', 200),
    ],
)
def test_nonsense_is_silence(request_: StartPayment, parrot: Parrot, text: str, status: int) -> None:
    parrot.text, parrot.status = text, status
    with pytest.raises(GatewaySilent):
        MoMo(*KEYS, api_url=parrot.url).start(request_)


def test_money_is_not_believed_from_a_nonsense_answer(parrot: Parrot) -> None:
    parrot.text, parrot.status = '{"resultCode": 0, "amount": 1.5, "transId": 1, "responseTime": 1}', 200
    wallet, paid = MoMo(*KEYS, api_url=parrot.url), Paid("HTX1", "1", "1", 255_000, NOON)
    with pytest.raises(GatewaySilent):
        asked(wallet, "HTX1")
    with pytest.raises(GatewaySilent):
        wallet.refund("R-1", paid, 1_000, "", NOON)
    with pytest.raises(GatewaySilent):
        wallet.capture(paid, 1_000, NOON)


def test_every_final_code_means_something() -> None:
    final = {0, 98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 2019, 4001, 4002, 4100}
    for code in final:
        assert MoMo(*KEYS).verify(genuine(resultCode=code)).facts, code
    assert momo.SANDBOX_API_URL.startswith("https://")
