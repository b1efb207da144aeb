"""Every gateway that can be asked, against its simulator: after silence a question settles it; a refund pays once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from payments import asking, calls, verify
from payments.gateway import CanQuery, CanRefund, FactKind, GatewayRefused, GatewaySilent, Paid, StartPayment
from payments.paying import Payer, begin
from payments.service import state_of
from payments.till import till_from
from shop.core.db import Database
from shop.settings import Settings
from tests.payments.drivers import BY_NAME
from tests.payments.factories import code_of, make_due
from tests.payments.rogue import Rogue, rogue

ASKED = ["momo", "zalopay", "vnpay", "stripe", "payos", "shopeepay"]
GIVING_BACK = ["momo", "zalopay", "vnpay", "stripe", "shopeepay"]
ABSENT = {
    "payos": {"refund": "payOS has no refunds: money goes back by bank transfer"},
    "viettel": {
        "query": "how answers to TRANS_INQUIRY are signed stands in the contract only",
        "refund": "the same of REFUND_PAYMENT",
    },
    "vietqr": {
        "query": "a bank account is asked for its lines (SePay, Casso), never about one payment",
        "refund": "money goes back by bank transfer",
    },
    "cod": {"query": "a carrier's remittance tells", "refund": "money goes back by bank transfer"},
}
ASKED_VND = 255_000


def agree(name: str, gateway: Rogue, reference: str, url: str) -> None:
    """The buyer pays on the gateway's page, and the gateway tells nobody."""
    desk: Any = gateway.gateway.state.desk  # type: ignore[attr-defined]  # the simulator's memory
    pays: dict[str, Callable[[], object]] = {
        "momo": lambda: desk.decide(desk.payments[reference], "agree"),
        "zalopay": lambda: desk.decide(next(o for n, o in desk.orders.items() if n.endswith(reference)), "agree"),
        "vnpay": lambda: desk.decide(desk.open(dict(parse_qsl(urlsplit(url).query))), "agree"),
        "stripe": lambda: desk._pay(next(iter(desk.sessions.values())), 0),
        "payos": lambda: desk._transfer((link := next(iter(desk.links.values()))), link["amount"]),
        "shopeepay": lambda: desk.agree(reference),
    }
    pays[name]()


def given_back_vnd(name: str, gateway: Rogue) -> int:
    """What the simulator has sent back, or is about to."""
    desk: Any = gateway.gateway.state.desk  # type: ignore[attr-defined]  # the simulator's memory
    if name == "zalopay":
        return sum(refund["amount"] for refund in desk.refunds.values() if refund["result"] != 2)
    if name == "shopeepay":
        return sum(refund["amount"] // 100 for refund in desk.refunds.values())
    if name == "stripe":
        return sum(refund["amount"] for refund in desk.refunds.values())
    if name == "vnpay":
        return sum(refund.amount // 100 for one in desk.payments.values() for refund in one.refunds)
    return sum(row["amount"] for one in desk.payments.values() for row in one.refunds)


@pytest.mark.parametrize("name", ASKED)
def test_after_a_start_without_an_answer_the_question_settles_it(
    settings: Settings, db: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 1.0)
    now = datetime.now(UTC)
    with rogue(name, settings) as (gateway, ours):
        due = make_due(db, ASKED_VND, name, closes_at=now + timedelta(hours=2))
        gateway.how = "hangs"
        url = begin(db, ours, due.subject, Payer("127.0.0.1"), now)
        assert url == due.page_path or name == "vnpay"
        gateway.how = ""
        agree(name, gateway, code_of(db, due), url)
        for minutes in (2, 4):  # asked again it is the same movement
            asking.ask_due(db, till_from(ours), now + timedelta(minutes=minutes))
            with db.read() as session:
                assert state_of(session, due.subject).received_vnd == ASKED_VND
                assert verify.check(session) == []


@pytest.mark.parametrize("name", GIVING_BACK)
def test_the_same_refund_asked_for_twice_pays_once(settings: Settings, name: str) -> None:
    now = datetime.now(UTC)
    with rogue(name, settings) as (gateway, ours):
        one: Any = till_from(ours).gateways[name]
        reference = "HTX7K3M9QX2A"
        started = one.start(
            StartPayment(reference, ASKED_VND, now + timedelta(hours=1), "Cho HTX", "http://127.0.0.1/x", at=now)
        )
        agree(name, gateway, reference, started.action.url)
        assert isinstance(one, CanQuery)
        assert isinstance(one, CanRefund)
        (fact,) = one.query(reference, started.provider_ref or "", now, now)
        assert fact.kind is FactKind.CAPTURED
        paid = Paid(reference, fact.provider_ref, fact.movement_id, fact.amount_vnd, now)
        for _ in range(3):
            with suppress(GatewaySilent, GatewayRefused):
                one.refund("R7-1", paid, 100_000, "tra lai", now)
            one.query_refund("R7-1", paid, now)
        assert given_back_vnd(name, gateway) == 100_000


def test_every_gateway_is_proved_above_or_what_it_cannot_do_is_said_by_name(settings: Settings) -> None:
    more = {**BY_NAME["shopeepay"].settings, **BY_NAME["viettel"].settings}
    gateways = till_from(settings.model_copy(update=more)).gateways
    cannot: dict[str, set[str]] = {}
    for name, gateway in gateways.items():
        able = {"query": isinstance(gateway, CanQuery), "refund": isinstance(gateway, CanRefund)}
        assert (able["query"], able["refund"]) == (name in ASKED, name in GIVING_BACK), name
        if missing := {ability for ability, has in able.items() if not has}:
            cannot[name] = missing
    assert cannot == {name: set(why) for name, why in ABSENT.items()}
