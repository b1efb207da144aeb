"""ZaloPay: the adapter and the simulator, each with signing code of its own, over a real port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
    SignatureInvalid,
    StartPayment,
)
from payments.gateways.zalopay import ZaloPay, order_fields, refund_numbers
from payments.simulators import zalopay as simulator
from tests.payments.wallets import NOON, Browser, Clock, Parrot, Shop, hanging, listening_shop, pay, told_of, wanted
from tests.served import serving

KEYS = ("2553", "the first key", "the second key")
ORDER = "261120_HTX7K3M9QX2A"
SUCCESS = HttpAnswer(200, {"return_code": 1, "return_message": "success"})


@pytest.fixture(scope="module")
def theirs() -> Iterator[tuple[str, simulator.Desk, Clock]]:
    clock = Clock()
    app = simulator.pages(*KEYS, clock)
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}", app.state.desk, clock


@pytest.fixture(scope="module")
def listening() -> Iterator[Shop]:
    with listening_shop(SUCCESS) as shop:
        yield shop


@pytest.fixture
def shop(listening: Shop) -> Shop:
    listening.says = SUCCESS
    return listening


@pytest.fixture
def desk(theirs: tuple[str, simulator.Desk, Clock]) -> simulator.Desk:
    desk = theirs[1]
    desk.orders.clear()
    desk.refunds.clear()
    desk.refund_result, desk.refunds_end_in = 3, (1, 1)
    return desk


@pytest.fixture
def clock(theirs: tuple[str, simulator.Desk, Clock]) -> Clock:
    theirs[2].now = NOON
    return theirs[2]


@pytest.fixture
def wallet(theirs: tuple[str, simulator.Desk, Clock], desk: simulator.Desk, clock: Clock) -> ZaloPay:
    return ZaloPay(*KEYS, api_url=theirs[0])


@pytest.fixture
def request_(shop: Shop) -> StartPayment:
    return wanted("zalopay", shop, 20)


def asked(wallet: ZaloPay, at: datetime = NOON, provider_ref: str = ORDER) -> list[Fact]:
    return list(wallet.query("HTX7K3M9QX2A", provider_ref, NOON, at))


def test_it_can_all_that_zalopay_can_and_no_more(wallet: ZaloPay) -> None:
    assert all(isinstance(wallet, ability) for ability in (Notifier, CanQuery, CanRefund))
    assert not isinstance(wallet, CanCapture)
    assert "key" not in repr(wallet)


def test_paid_is_one_movement_by_notification_and_query(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    started = wallet.start(request_)
    assert started.provider_ref == ORDER
    browser = Browser(started.action.url)
    assert "255.000 ₫" in browser.text
    assert "Trả tiền đơn hàng gạo ST25" in browser.text
    back = browser.press("agree")
    (told,) = told_of(wallet, shop)
    assert asked(wallet) == [replace(told, via="query")]
    assert wallet.verify_return(back).facts == ()
    assert (told.kind, told.amount_vnd, told.reference) == (FactKind.CAPTURED, 255_000, "HTX7K3M9QX2A")
    assert (told.account, told.occurred_at, told.provider_ref) == ("1120:zalopay", NOON, ORDER)


def test_a_forged_return_is_refused(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    back = Browser(wallet.start(request_).action.url).press("decline")
    assert wallet.verify_return(back).delivery_id == f"return:{ORDER}:-329"
    paid = [(name, "1" if name == "status" else value) for name, value in back.query]
    with pytest.raises(SignatureInvalid):
        wallet.verify_return(replace(back, query=paid))
    with pytest.raises(SignatureInvalid):
        wallet.verify_return(replace(back, query=[]))
    with pytest.raises(SignatureInvalid):
        replace(wallet, key2="").verify_return(back)
    with pytest.raises(Malformed):
        replace(wallet, app_id="2554").verify_return(back)


def test_refused_by_the_buyer_is_never_told_but_known(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("decline")
    (fact,) = asked(wallet)
    assert (fact.kind, fact.movement_id, fact.account) == (FactKind.CANCELLED, f"{ORDER}:-329", "")
    assert shop.told.empty()


def test_abandoned_is_waiting_and_then_expired(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, clock: Clock
) -> None:
    back = Browser(wallet.start(request_).action.url).press("abandon")
    assert not back.query
    clock.pass_(minutes=19)
    assert asked(wallet, clock.now) == []
    clock.pass_(minutes=2)
    (fact,) = asked(wallet, clock.now)
    assert (fact.kind, fact.movement_id, fact.reference) == (FactKind.EXPIRED, f"{ORDER}:-54", "HTX7K3M9QX2A")


def test_paid_late_says_when(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("late")
    (fact,) = told_of(wallet, shop)
    assert request_.expires_at is not None
    assert fact.occurred_at > request_.expires_at


def test_another_sum_is_told_as_it_is(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("wrong")
    (fact,) = told_of(wallet, shop)
    assert (fact.kind, fact.amount_vnd) == (FactKind.CAPTURED, 254_000)


def test_told_twice_is_one_delivery(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("twice")
    assert wallet.verify(shop.hear()) == wallet.verify(shop.hear())


def test_what_was_never_told_is_known_by_asking(wallet: ZaloPay, request_: StartPayment, desk: simulator.Desk) -> None:
    Browser(wallet.start(request_).action.url).press("silent")
    assert [fact.kind for fact in asked(wallet)] == [FactKind.CAPTURED]
    assert desk.orders[ORDER].heard == []


def test_told_before_the_browser_is_back(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    Browser(wallet.start(request_).action.url).press("first")
    assert not shop.told.empty()
    assert told_of(wallet, shop)[0].kind is FactKind.CAPTURED


def test_it_calls_three_times_more_while_the_shop_cannot_say_yes(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, desk: simulator.Desk
) -> None:
    shop.says = wallet.answer(Outcome.UNKNOWN_REF)
    Browser(wallet.start(request_).action.url).press("first")
    assert desk.orders[ORDER].heard == [0, 0, 0, 0]
    assert len({wallet.verify(shop.hear()).delivery_id for _ in range(4)}) == 1


def test_the_number_of_an_order_has_the_day_of_vietnam(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # half past midnight of the 21st in Vietnam
    started = wallet.start(replace(request_, at=clock.now, expires_at=None))
    assert started.provider_ref == "261121_HTX7K3M9QX2A"
    Browser(started.action.url).press("agree")
    assert told_of(wallet, shop)[0].reference == "HTX7K3M9QX2A"


def test_an_order_whose_opening_nobody_heard_is_found_on_either_day(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, clock: Clock
) -> None:
    clock.now = NOON + timedelta(days=1)
    Browser(wallet.start(replace(request_, at=clock.now)).action.url).press("silent")
    (fact,) = asked(wallet, clock.now, provider_ref="")
    assert (fact.kind, fact.provider_ref) == (FactKind.CAPTURED, "261121_HTX7K3M9QX2A")


def test_an_order_that_was_never_opened_has_no_facts(wallet: ZaloPay) -> None:
    assert asked(wallet) == asked(wallet, provider_ref="") == []


def test_opening_twice_is_not_answered_with_a_guess(wallet: ZaloPay, request_: StartPayment) -> None:
    wallet.start(request_)
    with pytest.raises(GatewaySilent, match="-68"):
        wallet.start(request_)


def test_what_zalopay_does_not_open_is_refused(wallet: ZaloPay, request_: StartPayment, clock: Clock) -> None:
    with pytest.raises(GatewayRefused, match="-402"):
        replace(wallet, key1="another").start(request_)
    clock.pass_(minutes=16)
    with pytest.raises(GatewayRefused, match="-401"):
        wallet.start(request_)


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 300), (20, 1200), (60 * 24 * 40, 2_592_000)])
def test_a_page_lives_as_long_as_zalopay_allows(request_: StartPayment, minutes: int, seconds: int) -> None:
    until = replace(request_, expires_at=NOON + timedelta(minutes=minutes))
    assert order_fields("2553", until)["expire_duration_seconds"] == seconds
    assert "expire_duration_seconds" not in order_fields("2553", replace(request_, expires_at=None))


def test_given_back_in_parts_later_and_each_part_once(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, desk: simulator.Desk
) -> None:
    paid = pay(wallet, request_, shop)
    assert wallet.refund("261120-R1", paid, 55_000, "Thiếu một túi gạo", NOON) == []
    (fact,) = wallet.query_refund("261120-R1", paid, NOON)
    assert (fact.kind, fact.amount_vnd, fact.movement_id) == (FactKind.REFUNDED, 0, "261120_2553_261120-R1")
    (again,) = wallet.refund("261120-R1", paid, 55_000, "Thiếu một túi gạo", NOON)
    assert again == replace(fact, amount_vnd=55_000)
    assert len(desk.refunds) == 1
    assert wallet.refund("261120-R2", paid, 200_000, "", NOON) == []
    with pytest.raises(GatewayRefused, match="-14"):
        wallet.refund("261120-R3", paid, 1_000, "", NOON)


def test_a_refund_that_is_done_at_once(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, desk: simulator.Desk
) -> None:
    paid = pay(wallet, request_, shop)
    desk.refund_result = 1
    (fact,) = wallet.refund("261120-R1", paid, 255_000, "", NOON)
    assert (fact.kind, fact.amount_vnd, fact.account) == (FactKind.REFUNDED, 255_000, "1120:zalopay")


@pytest.mark.parametrize("refund_id", ["261120-R1", "R1"])
def test_the_same_refund_on_another_day_pays_nothing_more(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, desk: simulator.Desk, clock: Clock, refund_id: str
) -> None:
    paid = pay(wallet, request_, shop)
    wallet.refund(refund_id, paid, 55_000, "", NOON)
    clock.pass_(minutes=3 * 24 * 60)
    (fact,) = wallet.refund(refund_id, paid, 55_000, "", clock.now)
    assert (fact.kind, fact.movement_id) == (FactKind.REFUNDED, f"261120_2553_{refund_id}")
    assert [known.movement_id for known in wallet.query_refund(refund_id, paid, clock.now)] == [fact.movement_id]
    assert len(desk.refunds) == 1


def test_a_refund_of_another_day_that_never_arrived_is_refused(
    wallet: ZaloPay, request_: StartPayment, shop: Shop, clock: Clock
) -> None:
    paid = pay(wallet, request_, shop)
    clock.pass_(minutes=24 * 60)
    with pytest.raises(GatewayRefused, match="-25"):
        wallet.refund("261120-R1", paid, 55_000, "", clock.now)


def test_a_refund_that_fails_later(wallet: ZaloPay, request_: StartPayment, shop: Shop, desk: simulator.Desk) -> None:
    paid = pay(wallet, request_, shop)
    desk.refunds_end_in = (2, 0)
    assert wallet.refund("261120-R1", paid, 55_000, "", NOON) == []
    (fact,) = wallet.query_refund("261120-R1", paid, NOON)
    assert (fact.kind, fact.movement_id) == (FactKind.FAILED, "261120_2553_261120-R1:0")
    with pytest.raises(GatewayRefused):
        wallet.refund("261120-R1", paid, 55_000, "", NOON)


def test_a_refund_that_never_arrived_is_under_no_name(wallet: ZaloPay, request_: StartPayment, shop: Shop) -> None:
    assert wallet.query_refund("261120-R9", pay(wallet, request_, shop), NOON) == []
    assert len(refund_numbers("2553", "R9", NOON)) == 10


def test_a_wallet_that_hangs_is_silent(request_: StartPayment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.1)
    paid = Paid("HTX1", ORDER, "1", 255_000, NOON)
    with hanging() as url:
        wallet = ZaloPay(*KEYS, api_url=url)
        for call in (
            lambda: wallet.start(request_),
            lambda: asked(wallet),
            lambda: wallet.refund("261120-R1", paid, 1_000, "", NOON),
            lambda: wallet.query_refund("261120-R1", paid, NOON),
        ):
            with pytest.raises(GatewaySilent):
                call()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("out of order", 500),
        ('{"return_code": 1, "order_url": "https://zalopay.vn"}', 503),
        ("<html>", 200),
        ("{}", 200),
        ('{"return_code": "1"}', 200),
        ('{"return_code": true, "sub_return_code": 1}', 200),
        ('{"return_code": 1, "order_url": "javascript:1"}', 200),
        ('{"return_code": 3, "sub_return_code": 1}', 200),
        ('{"return_code": -500}', 200),
    ],
)
def test_nonsense_is_silence(request_: StartPayment, parrot: Parrot, text: str, status: int) -> None:
    parrot.text, parrot.status = text, status
    with pytest.raises(GatewaySilent):
        ZaloPay(*KEYS, api_url=parrot.url).start(request_)


@pytest.mark.parametrize(
    "text",
    [
        '{"return_code": 1, "amount": 1.5, "zp_trans_id": 1}',
        '{"return_code": 1, "amount": 1000, "zp_trans_id": 0}',
        '{"return_code": 2, "sub_return_code": -999}',
        '{"return_code": -402}',
        '{"return_code": 7}',
    ],
)
def test_a_nonsense_status_says_nothing_about_money(parrot: Parrot, text: str) -> None:
    parrot.text, parrot.status = text, 200
    with pytest.raises(GatewaySilent):
        asked(ZaloPay(*KEYS, api_url=parrot.url))


@pytest.mark.parametrize("code", [-63, -1331, -1343, -101, -49])
def test_a_buyer_who_may_try_again_has_not_failed(parrot: Parrot, code: int) -> None:
    parrot.text, parrot.status = json.dumps({"return_code": 2, "sub_return_code": code}), 200
    assert asked(ZaloPay(*KEYS, api_url=parrot.url)) == []


def test_an_unknown_refund_code_is_silence(parrot: Parrot) -> None:
    parrot.text, parrot.status = '{"return_code": 2, "sub_return_code": -7777}', 200
    with pytest.raises(GatewaySilent):
        ZaloPay(*KEYS, api_url=parrot.url).refund("261120-R1", Paid("H", ORDER, "1", 2_000, NOON), 1_000, "", NOON)
