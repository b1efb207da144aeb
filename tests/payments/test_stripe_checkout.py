"""The adapter against the Checkout page of python-getpaid-simulator: by others, in a process of its own.

It needs Python 3.12, so it is never installed beside us. It tells no charge and lists no refunds: the charge is told
for it, refunds are tried against localstripe. The sum of its session is that of the first line, and we send one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette

from payments.gateway import Fact, FactKind, GatewayRefused, Paid, StartPayment
from payments.gateways.stripe import Stripe
from tests.payments.gateways.listening import Place, played
from tests.payments.peers import environment, newer_python, wait_for
from tests.servers import free_port

pytestmark = pytest.mark.slow
PACKAGES = ("python-getpaid-simulator==3.2.0", "python-getpaid-stripe[simulator]==0.2.1")
WHSEC = "whsec_invented"
START = """
import sys
from getpaid_stripe.simulator import routes, webhooks
plain = webhooks.payment_intent_object
def with_charge(order):
    charged = order.get("status") in ("succeeded", "requires_capture", "canceled")
    return plain(order) | {"latest_charge": order["charge_id"] if charged else None}
routes.payment_intent_object = with_charge
from getpaid_simulator.__main__ import main
main()
"""


@dataclass
class Checkout:
    """The peer's Checkout, and the shop that it tells."""

    place: Place
    card: Stripe

    def open(self, reference: str, *, hold: bool = False) -> str:
        now, back = datetime.now(UTC), "https://cho.example/back"
        asked = StartPayment(reference, 255_000, now + timedelta(hours=1), "Cho HTX", back, at=now, capture_later=hold)
        return self.card.start(asked).action.url

    def press(self, url: str, action: str) -> int:
        return httpx2.post(url, data={"action": action}, follow_redirects=False).status_code

    def told(self, events: int) -> list[Fact]:
        """The facts of the next so many events; most events say nothing about money."""
        return [fact for _ in range(events) for fact in self.card.verify(self.place.next()).facts]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    python = environment(tmp_path_factory.mktemp("getpaid"), newer_python(), *PACKAGES)
    port = free_port()
    with played(lambda _url: Starlette()) as place:
        told_at = {"SIMULATOR_STRIPE_WEBHOOK_SECRET": WHSEC, "SIMULATOR_STRIPE_NOTIFY_URL": f"{place.shop_url}/ipn"}
        command = [str(python), "-c", START, "--host", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen(
            command, env=os.environ | told_at, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                wait_for(port, process)
                yield Checkout(place, Stripe("sk_test_invented", WHSEC, f"http://127.0.0.1:{port}"))
            finally:
                process.terminate()


def test_a_buyer_pays_on_the_page_and_the_event_and_the_answer_tell_of_one_movement(checkout: Checkout) -> None:
    assert checkout.press(checkout.open("HTX1"), "pay") in (302, 303, 307)
    (told,) = checkout.told(3)
    assert (told.kind, told.amount_vnd, told.reference) == (FactKind.CAPTURED, 255_000, "HTX1")
    now = datetime.now(UTC)
    (asked,) = checkout.card.query("HTX1", told.provider_ref, now, now)
    assert (asked.movement_id, asked.kind, asked.amount_vnd) == (told.movement_id, told.kind, told.amount_vnd)


def test_a_declined_card_says_nothing_because_the_buyer_may_take_another(checkout: Checkout) -> None:
    url = checkout.open("HTX2")
    checkout.press(url, "decline")
    assert checkout.told(1) == []
    checkout.press(url, "pay")
    (told,) = checkout.told(3)
    assert (told.kind, told.reference) == (FactKind.CAPTURED, "HTX2")


def test_whoever_leaves_the_page_has_not_paid_until_it_ends(checkout: Checkout) -> None:
    url = checkout.open("HTX3")
    checkout.press(url, "abandon")
    order = url.rpartition("/")[2]
    api = checkout.card.api_url
    httpx2.post(f"{api}/sim/stripe/ops/{order}", json={"action": "expire_session"}).raise_for_status()
    (told,) = checkout.told(1)
    assert (told.kind, told.reference, told.amount_vnd) == (FactKind.EXPIRED, "HTX3", 255_000)


def test_held_money_is_taken_in_part(checkout: Checkout) -> None:
    checkout.press(checkout.open("HTX4", hold=True), "pay")
    (held,) = checkout.told(2)
    assert (held.kind, held.amount_vnd) == (FactKind.AUTHORISED, 255_000)
    now = datetime.now(UTC)
    paid = Paid("HTX4", held.provider_ref, held.movement_id, held.amount_vnd, now)
    with pytest.raises(GatewayRefused):
        checkout.card.capture(paid, 255_001, now)
    (taken,) = checkout.card.capture(paid, 200_000, now)
    assert (taken.kind, taken.amount_vnd) == (FactKind.CAPTURED, 200_000)
