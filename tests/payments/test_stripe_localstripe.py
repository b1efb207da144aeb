"""The adapter against localstripe: a stand-in for Stripe by others, in a process and an environment of its own.

It is never a dependency (its licence is GPL); it is installed for this test where a registry can be reached. It knows
PaymentIntents, refunds and signed events, no Checkout; `amount_received` and `amount_capturable` are told for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.applications import Starlette

from payments.gateway import Fact, FactKind, GatewayRefused, Paid
from payments.gateways.stripe import Stripe
from tests.payments.gateways.listening import Place, played
from tests.payments.peers import environment, wait_for
from tests.servers import free_port

pytestmark = pytest.mark.slow
VERSION = "localstripe==1.15.10"
WHSEC = "whsec_invented"
KEY = {"Authorization": "Bearer sk_test_invented"}
START = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda store: None
def received(intent):
    charge = intent.latest_charge
    return charge.amount - charge.amount_refunded if intent.status == "succeeded" else 0
resources.PaymentIntent.amount_received = property(received)
resources.PaymentIntent.amount_capturable = property(lambda one: one.amount if one.status == "requires_capture" else 0)
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


@dataclass
class Peer:
    """localstripe at `url`, telling the shop that listens at `place`."""

    url: str
    place: Place
    card: Stripe

    def post(self, path: str, **form: str) -> dict[str, object]:
        """What a buyer's browser and Stripe's own pages do."""
        answer = httpx2.post(f"{self.url}{path}", data=form, headers=KEY)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def pay(self, reference: str, capture_method: str = "automatic") -> str:
        """A buyer pays 255,000 đồng by card; returns the PaymentIntent's id."""
        card = {
            "card[number]": "4242424242424242",
            "card[exp_month]": "12",
            "card[exp_year]": "2040",
            "card[cvc]": "123",
        }
        method = str(self.post("/v1/payment_methods", type="card", **card)["id"])
        named = {"metadata[order_id]": reference, "capture_method": capture_method, "payment_method": method}
        return str(self.post("/v1/payment_intents", amount="255000", currency="vnd", confirm="true", **named)["id"])

    def known(self, intent: str) -> Fact:
        now = datetime.now(UTC)
        (fact,) = self.card.query("", intent, now, now)
        return fact

    def told(self) -> Fact:
        (fact,) = self.card.verify(self.place.next()).facts
        return fact


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder, port = tmp_path_factory.mktemp("localstripe"), free_port()
    python = environment(folder, sys.executable, VERSION)
    with subprocess.Popen([python, "-c", START, str(port)], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            with played(lambda url: _told_at(port, url)) as place:
                url = f"http://127.0.0.1:{port}"
                yield Peer(url, place, Stripe("sk_test_invented", WHSEC, url))
        finally:
            process.terminate()


def _told_at(port: int, notify_url: str) -> Starlette:
    hook = {"url": notify_url, "secret": WHSEC}
    httpx2.post(f"http://127.0.0.1:{port}/_config/webhooks/shop", data=hook).raise_for_status()
    return Starlette()


def movement(fact: Fact) -> tuple[str, FactKind, int, str, str]:
    return fact.movement_id, fact.kind, fact.amount_vnd, fact.reference, fact.provider_ref


def paid(fact: Fact) -> Paid:
    return Paid(fact.reference, fact.provider_ref, fact.movement_id, fact.amount_vnd, fact.occurred_at)


def test_a_signed_event_and_the_answer_tell_of_one_movement(peer: Peer) -> None:
    fact = peer.known(peer.pay("HTX1"))
    assert (fact.kind, fact.amount_vnd, fact.reference) == (FactKind.CAPTURED, 255_000, "HTX1")
    assert movement(peer.told()) == movement(fact)


def test_a_part_of_what_was_held_is_taken(peer: Peer) -> None:
    held = peer.known(peer.pay("HTX2", "manual"))
    assert (held.kind, held.amount_vnd) == (FactKind.AUTHORISED, 255_000)
    (taken,) = peer.card.capture(paid(held), 200_000, datetime.now(UTC))
    assert (taken.kind, taken.amount_vnd) == (FactKind.CAPTURED, 200_000)
    assert movement(peer.told()) == movement(taken)
    with pytest.raises(GatewayRefused):
        peer.card.void(paid(held), datetime.now(UTC))


def test_what_was_held_is_let_go(peer: Peer) -> None:
    held = peer.known(peer.pay("HTX3", "manual"))
    (gone,) = peer.card.void(paid(held), datetime.now(UTC))
    assert gone.kind is FactKind.VOIDED
    assert movement(peer.known(held.provider_ref)) == movement(gone)


def test_a_part_is_given_back_once(peer: Peer) -> None:
    one, now = paid(peer.known(peer.pay("HTX4"))), datetime.now(UTC)
    peer.told()
    (first,) = peer.card.refund("r1", one, 55_000, "Cam dập", now)
    (again,) = peer.card.refund("r1", one, 55_000, "Cam dập", now)
    assert (first.kind, first.amount_vnd, first.code) == (FactKind.REFUNDED, 55_000, "r1")
    assert movement(again) == movement(first)
    assert [movement(known) for known in peer.card.query_refund("r1", one, now)] == [movement(first)]
    assert peer.card.query_refund("r2", one, now) == ()
