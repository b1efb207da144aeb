"""Cards: what happens at Stripe's page is told, asked, captured and given back as the same movement of money."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
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
    Malformed,
    Notifier,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
)
from payments.gateways.stripe import Stripe
from payments.simulators import page
from payments.simulators import stripe as simulator
from tests.payments.gateways.listening import Place, answering, hanging, played

WHSEC = "whsec_invented_for_tests"
SUM_VND = 255_000
numbers = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with played(lambda url: simulator.pages("sk_test_invented", WHSEC, url, late_s=0.2)) as place:
        yield place


@pytest.fixture
def card(place: Place) -> Iterator[Stripe]:
    yield Stripe("sk_test_invented", WHSEC, place.url)
    assert place.nothing_more(), "a test listens to all that it causes"


def asked(place: Place, **other: Any) -> StartPayment:
    return StartPayment(
        reference=f"HTX{next(numbers):05d}",
        amount_vnd=SUM_VND,
        expires_at=other.pop("expires_at", None),
        words="Đơn chợ: cam Vinh, 5 kg",
        return_url=f"{place.shop_url}/back?don=7",
        at=datetime.now(UTC),
        **other,
    )


def choose(started: Started, choice: str) -> httpx2.Response:
    shown = httpx2.get(started.action.url)
    assert page.CHOICES[choice] in shown.text
    assert "255.000 ₫" in shown.text
    return httpx2.post(started.action.url, data={"choice": choice}, follow_redirects=True)


def told(card: Stripe, place: Place, deliveries: int) -> list[Fact]:
    return [fact for _ in range(deliveries) for fact in card.verify(place.next()).facts]


def known(card: Stripe, request: StartPayment, started: Started) -> list[Fact]:
    now = datetime.now(UTC)
    return list(card.query(request.reference, started.provider_ref or "", now, now))


def movements(facts: list[Fact]) -> set[tuple[str, FactKind, int, str, str]]:
    return {(one.movement_id, one.kind, one.amount_vnd, one.reference, one.account) for one in facts}


def paid(fact: Fact) -> Paid:
    return Paid(fact.reference, fact.provider_ref, fact.movement_id, fact.amount_vnd, fact.occurred_at)


def bought(card: Stripe, place: Place) -> Paid:
    choose(card.start(asked(place)), "agree")
    (fact,) = told(card, place, 2)
    return paid(fact)


def test_stripe_can_tell_be_asked_give_back_and_capture_later(card: Stripe) -> None:
    abilities = (Notifier, CanQuery, CanRefund, CanCapture)
    assert all(isinstance(card, ability) for ability in abilities)
    assert "sk_test" not in repr(card)
    assert WHSEC not in repr(card)


def test_the_package_waits_for_the_first_card_payment() -> None:
    look = "import sys, payments.gateways.stripe as s; s.Stripe('a', 'b'); sys.exit('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


@pytest.mark.parametrize(
    ("choice", "received_vnd"), [("agree", SUM_VND), ("first", SUM_VND), ("wrong", SUM_VND - simulator.WRONG_BY_VND)]
)
def test_money_told_and_money_asked_for_are_one_movement(
    card: Stripe, place: Place, choice: str, received_vnd: int
) -> None:
    request = asked(place)
    started = card.start(request)
    assert known(card, request, started) == []
    back = choose(started, choice)
    assert back.text == f"back don=7&session_id={started.provider_ref}"
    (fact,) = told(card, place, 2)
    assert (fact.kind, fact.amount_vnd, fact.via) == (FactKind.CAPTURED, received_vnd, "ipn")
    assert (fact.reference, fact.account) == (request.reference, "1120:stripe")
    assert fact.movement_id.startswith("ch_")
    assert movements(known(card, request, started)) == movements([fact])
    assert movements(known(card, request, replace(started, provider_ref=fact.provider_ref))) == movements([fact])


def test_an_event_told_twice_is_one_delivery(card: Stripe, place: Place) -> None:
    choose(card.start(asked(place)), "twice")
    deliveries = [card.verify(place.next()) for _ in range(4)]
    assert deliveries[:2] == deliveries[2:]
    assert len({one.delivery_id for one in deliveries}) == 2


def test_money_that_nobody_tells_of_is_found_by_asking(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    choose(started, "silent")
    (fact,) = known(card, request, started)
    assert (fact.kind, fact.via) == (FactKind.CAPTURED, "query")
    (found,) = known(card, request, replace(started, provider_ref=None))
    assert (found.movement_id, found.amount_vnd) == (fact.movement_id, SUM_VND)


def test_a_declined_card_is_not_the_end(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    assert "Thẻ bị từ chối" in choose(started, "decline").text
    assert told(card, place, 1) == known(card, request, started) == []
    choose(started, "agree")
    (fact,) = told(card, place, 2)
    assert movements(known(card, request, started)) == movements([fact])
    assert fact.kind is FactKind.CAPTURED


def test_who_walks_away_has_paid_nothing(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    assert choose(started, "abandon").text == "back don=7"
    assert known(card, request, started) == []


def test_a_slow_way_to_pay_is_paid_when_the_money_is_there(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    choose(started, "late")
    assert told(card, place, 2) == []
    (fact,) = told(card, place, 2)
    assert fact.kind is FactKind.CAPTURED
    assert movements(known(card, request, started)) == movements([fact])


def test_a_slow_way_to_pay_may_fail_in_the_end(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    place.app.state.desk.late_s = 3600
    choose(started, "late")
    place.app.state.desk.late_s = 0.2
    told(card, place, 2)
    assert known(card, request, started) == []
    httpx2.post(f"{started.action.url}/fail")
    facts = told(card, place, 2)
    assert [(one.kind, one.reference) for one in facts] == [(FactKind.FAILED, request.reference)]
    assert movements(known(card, request, started)) == movements(facts)


def test_a_page_nobody_paid_on_expires(card: Stripe, place: Place) -> None:
    request = asked(place)
    started = card.start(request)
    key = {"Authorization": "Bearer sk_test_invented"}
    httpx2.post(f"{place.url}/v1/checkout/sessions/{started.provider_ref}/expire", headers=key).raise_for_status()
    facts = told(card, place, 2)
    assert {one.kind for one in facts} == {FactKind.EXPIRED, FactKind.CANCELLED}
    assert movements(known(card, request, started)) <= movements(facts)
    assert "hết hạn" in httpx2.get(started.action.url).text


@pytest.mark.parametrize("minutes", [-5, 15, 24 * 60 * 9])
def test_stripe_is_asked_for_a_time_it_accepts(card: Stripe, place: Place, minutes: int) -> None:
    request = asked(place, expires_at=datetime.now(UTC) + timedelta(minutes=minutes))
    ends_at = card.start(request).action.expires_at
    assert ends_at is not None
    assert timedelta(minutes=30) < ends_at - datetime.now(UTC) < timedelta(hours=24)


def test_what_was_held_is_taken_in_part_and_the_rest_is_free(card: Stripe, place: Place) -> None:
    started = card.start(asked(place, capture_later=True))
    choose(started, "agree")
    (held,) = told(card, place, 2)
    assert (held.kind, held.amount_vnd) == (FactKind.AUTHORISED, SUM_VND)
    with pytest.raises(GatewayRefused):
        card.capture(paid(held), SUM_VND + 1, datetime.now(UTC))
    before = replace(paid(held), provider_ref=started.provider_ref or "")
    (taken,) = card.capture(before, 200_000, datetime.now(UTC))
    assert (taken.kind, taken.amount_vnd) == (FactKind.CAPTURED, 200_000)
    assert movements(told(card, place, 1)) == movements([taken])
    assert movements(list(card.capture(before, 200_000, datetime.now(UTC)))) == movements([taken])
    with pytest.raises(GatewayRefused, match="unexpected_state"):
        card.void(paid(held), datetime.now(UTC))


def test_what_was_held_is_let_go(card: Stripe, place: Place) -> None:
    choose(card.start(asked(place, capture_later=True)), "agree")
    (held,) = told(card, place, 2)
    (gone,) = card.void(paid(held), datetime.now(UTC))
    assert gone.kind is FactKind.VOIDED
    assert movements(told(card, place, 1)) == movements([gone])
    with pytest.raises(GatewayRefused):
        card.capture(paid(held), SUM_VND, datetime.now(UTC))


def test_the_same_refund_never_pays_twice(card: Stripe, place: Place) -> None:
    one, now = bought(card, place), datetime.now(UTC)
    assert card.query_refund("r1", one, now) == ()
    (first,) = card.refund("r1", one, 55_000, "Cam dập 1 kg", now)
    assert (first.kind, first.amount_vnd, first.code) == (FactKind.REFUNDED, 55_000, "r1")
    assert movements(told(card, place, 1)) == movements([first])
    place.app.state.desk.answers.clear()  # Stripe forgets its idempotency keys after a day
    for again in (card.refund("r1", one, 55_000, "", now), card.query_refund("r1", one, now)):
        assert movements(list(again)) == movements([first])
    (rest,) = card.refund("r2", one, 200_000, "", now)
    assert rest.movement_id != first.movement_id
    told(card, place, 1)
    with pytest.raises(GatewayRefused, match="charge_already_refunded"):
        card.refund("r3", one, 1, "", now)
    with pytest.raises(GatewayRefused, match="amount"):
        card.refund("r4", one, SUM_VND + 1, "", now)


def test_a_refund_that_comes_back_after_all_is_for_a_person(card: Stripe, place: Place) -> None:
    one, now = bought(card, place), datetime.now(UTC)
    (done,) = card.refund("r9", one, 55_000, "", now)
    told(card, place, 1)
    assert httpx2.post(f"{place.url}/refunds/{done.movement_id}/fail").status_code == 303
    (failed,) = told(card, place, 1)
    assert (failed.kind, failed.review, failed.amount_vnd) == (FactKind.FAILED, True, 55_000)
    assert failed.movement_id == f"{done.movement_id}:failed"
    assert movements(list(card.query_refund("r9", one, now))) == movements([failed])


def test_a_dispute_is_for_a_person_and_told_with_its_fee(card: Stripe, place: Place) -> None:
    one = bought(card, place)
    assert one.reference in httpx2.get(f"{place.url}/").text
    assert httpx2.post(f"{place.url}/payments/{one.provider_ref}/dispute").status_code == 303
    opened, again, fee = told(card, place, 2)
    assert opened.review
    assert (opened.kind, opened.amount_vnd, opened.of_movement) == (FactKind.DISPUTED, SUM_VND, one.movement_id)
    assert opened.code == "dispute:needs_response:fraudulent"
    assert again.movement_id == opened.movement_id
    assert (fee.kind, fee.amount_vnd, fee.review) == (FactKind.DISPUTE_FEE, 380_000, False)


@pytest.mark.parametrize(("end", "kind", "events"), [("won", "dispute_won", 2), ("lost", "dispute_lost", 1)])
def test_the_end_of_a_dispute_tells_its_beginning_too(
    card: Stripe, place: Place, end: str, kind: str, events: int
) -> None:
    one = bought(card, place)
    httpx2.post(f"{place.url}/payments/{one.provider_ref}/dispute")
    ref = told(card, place, 2)[0].movement_id
    assert f"disputes/{ref}/{end}" in httpx2.get(f"{place.url}/").text
    assert httpx2.post(f"{place.url}/disputes/{ref}/{end}").status_code == 303
    kinds = {fact.kind: fact.movement_id for fact in told(card, place, events)}
    assert kinds == {"disputed": ref, "dispute_fee": f"{ref}:fee", kind: f"{ref}:{end}"}


@pytest.mark.parametrize("amount_vnd", [14_999, 100_000_000])
def test_a_sum_that_stripe_does_not_take_is_never_sent(amount_vnd: int) -> None:
    with pytest.raises(GatewayRefused, match="amount"):
        Stripe("k", WHSEC, "http://127.0.0.1:1").start(StartPayment("HTX1", amount_vnd, None))


def test_a_wrong_key_is_a_refusal(place: Place) -> None:
    with pytest.raises(GatewayRefused, match="AuthenticationError"):
        Stripe("sk_test_other", WHSEC, place.url).start(asked(place))


@pytest.mark.parametrize("server", [answering(500, "{}"), answering(200, "chào"), answering(200, "{}"), hanging()])
def test_without_a_usable_answer_nothing_is_concluded(
    server: AbstractContextManager[str], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.3)
    now = datetime.now(UTC)
    one = Paid("HTX1", "pi_1", "ch_1", SUM_VND, now)
    with server as url:
        card = Stripe("k", WHSEC, url)
        for call in (
            lambda: card.start(asked(place)),
            lambda: card.query("HTX1", "pi_1", now, now),
            lambda: card.query("HTX1", "", now, now),
            lambda: card.refund("r", one, 1_000, "", now),
            lambda: card.query_refund("r", one, now),
            lambda: card.capture(one, 1_000, now),
            lambda: card.void(one, now),
        ):
            with pytest.raises(GatewaySilent):
                call()


def event(**intent: Any) -> bytes:
    one = {"id": "pi_1", "object": "payment_intent", "amount": 20_000, "amount_received": 20_000, "currency": "vnd"}
    one |= {"status": "succeeded", "latest_charge": "ch_1", "metadata": {"order_id": "HTX1"}} | intent
    about = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1_750_000_000, "data": {"object": one}}
    return json.dumps(about).encode()


def delivered(body: bytes, secret: str = WHSEC, late_s: int = 0, signature: str | None = None) -> RawRequest:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    header = simulator.signed(body, secret, at) if signature is None else signature
    return RawRequest({"stripe-signature": header}, body, at + timedelta(seconds=late_s))


def test_a_genuine_event_within_five_minutes_counts() -> None:
    card = Stripe("k", WHSEC)
    for late_s in (0, 300):
        (fact,) = card.verify(delivered(event(), late_s=late_s)).facts
        assert (fact.movement_id, fact.amount_vnd, fact.reference) == ("ch_1", 20_000, "HTX1")
    rolled = simulator.signed(event(), WHSEC, datetime(2026, 3, 1, tzinfo=UTC)).replace(",", f",v1={'0' * 64},v0=x,")
    assert card.verify(delivered(event(), signature=rolled)).facts


@pytest.mark.parametrize(
    ("card", "raw"),
    [
        (Stripe("k", WHSEC), delivered(event(), "whsec_other")),
        (Stripe("k", ""), delivered(event(), "")),
        (Stripe("k", WHSEC), delivered(event(), late_s=301)),
        (Stripe("k", WHSEC), delivered(event(), signature="")),
        (Stripe("k", WHSEC), delivered(event(), signature="t=,v1=")),
        (Stripe("k", WHSEC), delivered(event(), signature="t=1750000000")),
        (Stripe("k", WHSEC), delivered(event(), signature="t=²,v1=đ")),
        (Stripe("k", WHSEC), replace(delivered(event()), body=event(amount_received=2_000_000))),
        (Stripe("k", WHSEC), replace(delivered(event()), body=event() + b" ")),
    ],
)
def test_what_does_not_prove_itself_is_not_believed(card: Stripe, raw: RawRequest) -> None:
    with pytest.raises(SignatureInvalid):
        card.verify(raw)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"id": "evt_1", "type": "payment_intent.succeeded", "created": 1, "data": {"object": 7}}',
        event(currency="usd"),
        event(latest_charge=None),
        *(event(amount_received=odd) for odd in (0, -1, 1.5, True, "20000", 100_000_000, None)),
    ],
)
def test_a_genuine_event_out_of_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        Stripe("k", WHSEC).verify(delivered(body))


def test_an_event_about_something_else_is_heard_and_says_nothing() -> None:
    body = json.dumps({"id": "evt_7", "type": "customer.created", "created": 1, "data": {"object": {}}}).encode()
    notice = Stripe("k", WHSEC).verify(delivered(body))
    assert (notice.delivery_id, notice.facts) == ("evt_7", ())


def test_stripe_hears_what_its_documents_say() -> None:
    heard = {outcome: Stripe("k", "w").answer(outcome).status for outcome in Outcome}
    assert [outcome for outcome in Outcome if heard[outcome] == 200] == [
        Outcome.RECORDED,
        Outcome.DUPLICATE,
        Outcome.UNKNOWN_REF,
        Outcome.AMOUNT_MISMATCH,
    ]
    assert (heard[Outcome.BAD_SIGNATURE], heard[Outcome.ERROR]) == (400, 500)
