"""payOS: a transfer told of, and the same transfer asked for, is one movement; nothing unsigned is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import calls
from payments.content import new_code
from payments.gateway import (
    CanCapture,
    CanQuery,
    CanRefund,
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    Malformed,
    Notifier,
    Outcome,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
)
from payments.gateways import vietqr
from payments.gateways.payos import PayOs, order_number, reference_of
from payments.simulators import page
from payments.simulators import payos as simulator
from tests.payments.gateways.listening import Place, answering, hanging, played

NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
KEY = "invented-checksum-key"
SUM_VND = 255_000


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with played(lambda url: simulator.pages("client", "api-key", KEY, url)) as place:
        yield place


@pytest.fixture
def payos(place: Place) -> Iterator[PayOs]:
    yield PayOs("client", "api-key", KEY, place.url)
    assert place.nothing_more(), "a test listens to all that it causes"


def asked(place: Place) -> StartPayment:
    ends_at = datetime.now(UTC) + timedelta(minutes=15)
    return StartPayment(new_code(), SUM_VND, ends_at, "Đơn chợ", f"{place.shop_url}/back?don=7")


def choose(started: Started, choice: str) -> httpx2.Response:
    shown = httpx2.get(started.action.url)
    assert page.CHOICES[choice] in shown.text
    assert started.action.content in shown.text
    return httpx2.post(started.action.url, data={"choice": choice}, follow_redirects=True)


def known(payos: PayOs, request: StartPayment, started: Started | None = None) -> list[Fact]:
    return list(payos.query(request.reference, (started and started.provider_ref) or "", NOW, NOW))


def movements(facts: list[Fact]) -> set[tuple[str, FactKind, int, str, str, str]]:
    return {(o.movement_id, o.kind, o.amount_vnd, o.reference, o.provider_ref, o.account) for o in facts}


def test_payos_tells_and_can_be_asked_and_gives_nothing_back(payos: PayOs) -> None:
    assert isinstance(payos, Notifier)
    assert isinstance(payos, CanQuery)
    assert not isinstance(payos, CanRefund | CanCapture)
    assert KEY not in repr(payos)
    assert "api-key" not in repr(payos)


def test_the_buyer_gets_a_page_and_a_qr_with_our_code(payos: PayOs, place: Place) -> None:
    request = asked(place)
    action = payos.start(request).action
    read = vietqr.decode(action.qr_text)
    assert read is not None
    assert (read.amount, read.description) == (str(SUM_VND), action.content)
    assert (action.kind, f"HTX{action.content}") == ("redirect", request.reference)
    assert (read.bank_bin, read.account) == (action.bank_bin, action.account_no)
    with pytest.raises(GatewayRefused, match="231"):
        payos.start(request)


@pytest.mark.parametrize(
    ("choice", "received_vnd"),
    [("agree", SUM_VND), ("first", SUM_VND), ("wrong", SUM_VND - simulator.WRONG_BY_VND), ("late", SUM_VND)],
)
def test_a_transfer_told_and_asked_for_is_one_movement(
    payos: PayOs, place: Place, choice: str, received_vnd: int
) -> None:
    request = asked(place)
    started = payos.start(request)
    assert known(payos, request, started) == []
    assert choose(started, choice).text.startswith("back don=7&code=00")
    (fact,) = payos.verify(place.next()).facts
    assert (fact.kind, fact.amount_vnd, fact.via) == (FactKind.CAPTURED, received_vnd, "ipn")
    assert (fact.reference, fact.account) == (request.reference, "1120:payos")
    assert movements(known(payos, request, started)) == movements([fact])
    (found,) = known(payos, request)
    assert (found.movement_id, found.occurred_at, found.via) == (fact.movement_id, fact.occurred_at, "query")


def test_a_webhook_told_twice_is_one_delivery(payos: PayOs, place: Place) -> None:
    choose(payos.start(asked(place)), "twice")
    assert payos.verify(place.next()) == payos.verify(place.next())


def test_a_transfer_nobody_tells_of_is_found_by_asking(payos: PayOs, place: Place) -> None:
    request = asked(place)
    started = payos.start(request)
    choose(started, "silent")
    assert [one.amount_vnd for one in known(payos, request, started)] == [SUM_VND]


def test_who_says_no_is_told_of_when_asked(payos: PayOs, place: Place) -> None:
    request = asked(place)
    started = payos.start(request)
    assert "cancel=true" in choose(started, "decline").text
    (fact,) = known(payos, request, started)
    assert (fact.kind, fact.movement_id) == (FactKind.CANCELLED, f"{started.provider_ref}:CANCELLED")
    assert "không còn mở" in httpx2.get(started.action.url).text


def test_who_walks_away_has_paid_nothing(payos: PayOs, place: Place) -> None:
    request = asked(place)
    started = payos.start(request)
    assert "bỏ đi" in choose(started, "abandon").text
    assert known(payos, request, started) == []


def test_a_page_is_closed_unless_it_was_paid(payos: PayOs, place: Place) -> None:
    request = asked(place)
    started = payos.start(request)
    (fact,) = payos.cancel(request.reference, started.provider_ref or "", "Khách đổi cách trả", NOW)
    assert fact.kind is FactKind.CANCELLED
    assert movements(known(payos, request, started)) == movements([fact])
    paid = asked(place)
    choose(payos.start(paid), "silent")
    with pytest.raises(GatewayRefused):
        payos.cancel(paid.reference, "", "", NOW)


def test_the_trial_at_registration_is_heard_and_is_no_money(payos: PayOs, place: Place) -> None:
    payos.register(f"{place.shop_url}/ipn")
    assert payos.verify(place.next()).facts == ()


@given(st.integers(0, 2**40 - 1))
def test_a_reference_survives_as_a_number(value: int) -> None:
    reference = reference_of(2**40 + value)
    assert len(reference) == 12
    assert order_number(reference) == 2**40 + value < 2**53


@pytest.mark.parametrize("reference", ["", "HTX1", "HTX7K3M9QX20", "htx7k3m9qx2a", "ORDER-1"])
def test_a_reference_that_is_not_ours_is_refused(reference: str) -> None:
    with pytest.raises(GatewayRefused, match="reference"):
        order_number(reference)


@pytest.mark.parametrize("number", [0, 123, 2**40 - 1, 2**41, 2506140001])
def test_a_number_we_never_gave_names_nobody(number: int) -> None:
    assert reference_of(number) == ""


@pytest.mark.parametrize("amount_vnd", [1_999, 500_000_000])
def test_a_sum_that_cannot_be_transferred_is_never_sent(amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused, match="amount"):
        PayOs("c", "k", KEY, "http://127.0.0.1:1").start(StartPayment(new_code(), amount_vnd, None))


def test_a_wrong_key_is_a_refusal(place: Place) -> None:
    for other in (PayOs("client", "api-key", "x", place.url), PayOs("client", "other", KEY, place.url)):
        with pytest.raises(GatewayRefused, match=r"201|401"):
            other.start(asked(place))


@pytest.mark.parametrize(
    "server",
    [
        answering(500, "{}"),
        answering(200, "chào"),
        answering(200, '{"code": "00", "data": {}}'),
        answering(200, '{"code": "00", "data": {"status": "PAID"}, "signature": "00"}'),
        hanging(),
    ],
)
def test_without_a_usable_answer_nothing_is_concluded(
    server: AbstractContextManager[str], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.3)
    request = asked(place)
    with server as url:
        payos = PayOs("client", "api-key", KEY, url)
        for call in (
            lambda: payos.start(request),
            lambda: payos.query(request.reference, "", NOW, NOW),
            lambda: payos.cancel(request.reference, "", "", NOW),
        ):
            with pytest.raises(GatewaySilent):
                call()


def webhook(key: str = KEY, **other: Any) -> RawRequest:
    link = {"orderCode": order_number("HTX000000000"), "description": "000000000", "id": "link-1"}
    told = simulator._told(link, 20_000, "FT1") | {"transactionDateTime": "2026-03-01 09:00:00"} | other
    body = {"code": "00", "success": True, "data": told, "signature": simulator.signature_of(told, key)}
    return RawRequest({}, json.dumps(body).encode(), NOW)


def test_a_genuine_webhook_counts_also_with_fields_nobody_knows_yet() -> None:
    for raw in (webhook(), webhook(newField=None, andAnother=[{"b": "Đ", "a": None}])):
        (fact,) = PayOs("c", "k", KEY).verify(raw).facts
        assert (fact.amount_vnd, fact.reference, fact.occurred_at) == (20_000, "HTX000000000", NOW)
    assert PayOs("c", "k", KEY).verify(webhook(code="01")).facts == ()


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        (KEY, webhook("other")),
        ("", webhook("")),
        (KEY, replace(webhook(), body=webhook().body.replace(b"20000", b"2000000"))),
        (KEY, replace(webhook(), body=webhook().body.replace(b'"signature"', b'"sig"'))),
        (KEY, replace(webhook(), body=b'{"data": {}, "signature": 7}')),
        (KEY, replace(webhook(), body='{"data": {}, "signature": "đ"}'.encode())),
    ],
)
def test_what_does_not_prove_itself_is_not_believed(key: str, raw: RawRequest) -> None:
    with pytest.raises(SignatureInvalid):
        PayOs("c", "k", key).verify(raw)


@pytest.mark.parametrize("odd", [0, -1, 1.5, True, None, "hai", 10**15])
def test_a_genuine_webhook_with_an_odd_sum_is_malformed(odd: object) -> None:
    with pytest.raises(Malformed):
        PayOs("c", "k", KEY).verify(webhook(amount=odd))


@pytest.mark.parametrize(
    "raw",
    [
        *(replace(webhook(), body=body) for body in (b"", b"[]", b"{}", b'{"data": 7}', b"[" * 100_000)),
        webhook(currency="USD"),
        webhook(reference=""),
        webhook(paymentLinkId=None),
        webhook(transactionDateTime="hôm qua"),
    ],
)
def test_a_webhook_out_of_shape_is_malformed(raw: RawRequest) -> None:
    with pytest.raises(Malformed):
        PayOs("c", "k", KEY).verify(raw)


def test_payos_hears_what_its_documents_say() -> None:
    heard = {outcome: PayOs("c", "k", KEY).answer(outcome).status for outcome in Outcome}
    confirmed = {Outcome.RECORDED, Outcome.DUPLICATE, Outcome.UNKNOWN_REF, Outcome.AMOUNT_MISMATCH}
    assert {outcome for outcome in Outcome if heard[outcome] == 200} == confirmed
    assert (heard[Outcome.BAD_SIGNATURE], heard[Outcome.ERROR]) == (400, 500)
