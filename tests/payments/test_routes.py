"""Where SePay knocks: genuine or not, once or again, in shape or not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments.gateway import RawRequest, SignatureInvalid
from payments.models import InboxRequest, PaymentAttempt, PaymentDue, PaymentFact, UnmatchedMoney
from payments.scrubbing import stored
from payments.service import open_due, state_of
from payments.simulators.sepay import NoMarket, NothingToPay, NotInProduction, notification, sign, simulate_transfer
from payments.statements.sepay import SePay
from payments.till import till_from
from shop.core.db import Database
from shop.settings import Settings
from tests.payments.factories import due_of

SECRET = "demo-sepay-secret"


@pytest.fixture
def due(db: Database) -> PaymentDue:
    now = datetime.now(UTC)
    with db.write() as session:
        open_due(session, "order:17", 255_000, "vietqr", now, now, "7K3M9QX2A1", "/don-hang/7K3M9QX2A1")
        return due_of(session, "order:17")


def code_of(db: Database) -> str:
    with db.read() as session:
        return session.exec(select(PaymentAttempt.reference).order_by(col(PaymentAttempt.id).desc())).first() or ""


def told(db: Database, settings: Settings, **changes: Any) -> bytes:
    line = notification(code_of(db), 255_000, settings.vietqr_account_no, datetime.now(UTC), number=92_704)
    return json.dumps(line | changes).encode()


def send(client: TestClient, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    headers = headers if headers is not None else sign(body, SECRET, "", datetime.now(UTC))
    answer = client.post("/payments/sepay/ipn", content=body, headers=headers)
    return answer.status_code, answer.json() if answer.content else None


def rows(db: Database) -> tuple[list[InboxRequest], list[PaymentFact]]:
    with db.read() as session:
        return list(session.exec(select(InboxRequest)).all()), list(session.exec(select(PaymentFact)).all())


def test_a_genuine_notification_pays_and_its_repetition_is_welcome(
    client: TestClient, db: Database, due: PaymentDue, settings: Settings
) -> None:
    body = told(db, settings)
    assert [send(client, body) for _ in range(3)] == [(200, {"success": True})] * 3
    with db.read() as session:
        assert state_of(session, due.subject).complete
    inbox, facts = rows(db)
    assert (len(inbox), len(facts)) == (1, 1)
    assert (inbox[0].delivery_id, inbox[0].body, inbox[0].outcome) == ("92704", stored(body), "recorded")


def test_the_kept_request_holds_no_proof_that_could_be_used_again(
    client: TestClient, db: Database, due: PaymentDue, settings: Settings
) -> None:
    send(client, told(db, settings))
    (kept,), _ = rows(db)
    assert "signature" not in kept.headers.lower()
    assert "authorization" not in kept.headers.lower()


@pytest.mark.parametrize("forgery", ["none", "wrong secret", "old", "from the future", "other body", "api key"])
def test_a_forged_notification_changes_nothing(
    client: TestClient, db: Database, due: PaymentDue, settings: Settings, forgery: str
) -> None:
    body, now = told(db, settings), datetime.now(UTC)
    headers = {
        "none": {},
        "wrong secret": sign(body, "guessed", "", now),
        "old": sign(body, SECRET, "", now - timedelta(seconds=305)),
        "from the future": sign(body, SECRET, "", now + timedelta(seconds=305)),
        "other body": sign(body + b" ", SECRET, "", now),
        "api key": {"Authorization": "Apikey "},
    }[forgery]
    assert send(client, body, headers) == (401, {"success": False})
    assert rows(db) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"id": 1}',
        b"[" * 30_000,
        json.dumps({"id": 1, "transferType": "in", "transferAmount": -5, "accountNumber": "1"}).encode(),
    ],
)
def test_a_genuine_notification_out_of_shape_is_kept_for_the_operator(
    client: TestClient, db: Database, body: bytes
) -> None:
    assert send(client, body) == (400, {"success": False})
    assert send(client, body) == (400, {"success": False})
    inbox, facts = rows(db)
    assert ([row.outcome for row in inbox], facts) == (["malformed"], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"transferAmount": True},
        {"transferAmount": 255_000.0},
        {"transferAmount": "255.000"},
        {"transferAmount": 0},
        {"transferAmount": 10**30},
        {"id": None},
        {"id": 1.5},
        {"transferType": "IN"},
        {"transactionDate": "hôm qua"},
        {"content": ["x"]},
    ],
)
def test_sums_and_numbers_are_taken_only_as_they_should_be(
    client: TestClient, db: Database, due: PaymentDue, settings: Settings, changes: dict[str, Any]
) -> None:
    assert send(client, told(db, settings, **changes)) == (400, {"success": False})
    assert rows(db)[1] == []


def test_a_sum_as_digits_in_a_string_is_understood(
    client: TestClient, db: Database, due: PaymentDue, settings: Settings
) -> None:
    assert send(client, told(db, settings, transferAmount="255000"))[0] == 200
    with db.read() as session:
        assert state_of(session, due.subject).complete


def test_a_body_larger_than_any_gateway_sends_is_not_read(client: TestClient, db: Database) -> None:
    assert client.post("/payments/sepay/ipn", content=b"x" * 65_537).status_code == 413
    assert rows(db) == ([], [])


def test_a_source_that_we_do_not_have_is_not_found(client: TestClient) -> None:
    assert client.post("/payments/casso/ipn", content=b"{}").status_code == 404


def test_an_empty_secret_proves_nothing() -> None:
    now = datetime.now(UTC)
    body = b"{}"
    for headers in ({}, {"authorization": "Apikey "}, {k.lower(): v for k, v in sign(body, " ", "", now).items()}):
        with pytest.raises(SignatureInvalid):
            SePay().require_genuine(RawRequest(headers, body, now))


SECRETS = {
    "momo": "momo_secret_key",
    "zalopay": "zalopay_key2",
    "vnpay": "vnpay_hash_secret",
    "stripe": "stripe_webhook_secret",
    "payos": "payos_checksum_key",
}


def test_without_its_settings_a_way_to_pay_is_not_offered(settings: Settings) -> None:
    played = ["momo", "zalopay", "vnpay", "stripe", "payos"]
    assert list(till_from(settings).gateways) == ["cod", "vietqr", *played]
    bare = settings.model_copy(update={"vietqr_account_no": "", "sepay_webhook_secret": "", "sepay_api_key": ""})
    assert list(till_from(bare).gateways) == ["cod", *played]
    assert till_from(bare).sources == {}
    untold = settings.model_copy(update={"sepay_webhook_secret": "", "sepay_api_key": ""})
    assert list(till_from(untold).gateways) == ["cod", *played]
    for name, secret in SECRETS.items():
        without = till_from(settings.model_copy(update={secret: ""}))
        assert name not in without.gateways


def test_a_browser_that_comes_back_is_shown_where_the_payment_stands(
    client: TestClient, db: Database, due: PaymentDue
) -> None:
    answer = client.get(f"/payments/vietqr/return?ref={code_of(db)}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/don-hang/7K3M9QX2A1")
    with db.read() as session:
        assert not state_of(session, due.subject).complete
    assert client.get("/payments/vietqr/return?ref=HTX0").status_code == 404
    assert client.get("/payments/momo/return?ref=x").status_code == 404


@pytest.fixture
def running(app: FastAPI, settings: Settings) -> Iterator[Settings]:
    """The market on a port of its own, as `chohtx serve` runs it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield settings.model_copy(update={"port": server.servers[0].sockets[0].getsockname()[1]})
    server.should_exit = True
    thread.join()


class TestTheSimulator:
    def test_pays_an_order_of_the_running_market_by_its_code(
        self, running: Settings, db: Database, due: PaymentDue
    ) -> None:
        now = datetime.now(UTC)
        said = simulate_transfer(db, running, due.label.lower(), now, 5_000)
        assert said.startswith("5000 VND")
        assert 'answered 200 {"success":true}' in said
        simulate_transfer(db, running, code_of(db), now)
        with db.read() as session:
            state = state_of(session, due.subject)
        assert (state.complete, state.surplus_vnd) == (True, 0)

    def test_tells_twice_of_one_transfer_and_sends_other_words(
        self, running: Settings, db: Database, due: PaymentDue
    ) -> None:
        now = datetime.now(UTC)
        simulate_transfer(db, running, due.label, now, content="Hoa mua thanh long", times=2)
        with db.read() as session:
            (unknown,) = session.exec(select(UnmatchedMoney)).all()
            assert state_of(session, due.subject).received_vnd == 0
        assert (unknown.reason, "Hoa mua thanh long" in unknown.content) == ("unknown", True)

    def test_is_not_there_in_production(self, db: Database, settings: Settings) -> None:
        real = settings.model_copy(update={"env": "production"})
        with pytest.raises(NotInProduction):
            simulate_transfer(db, real, "7K3M9QX2A1", datetime.now(UTC))

    def test_says_when_no_market_runs(self, db: Database, settings: Settings, due: PaymentDue) -> None:
        with pytest.raises(NoMarket, match="no market answers"):
            simulate_transfer(db, settings.model_copy(update={"port": 1}), due.label, datetime.now(UTC))

    def test_says_when_nothing_is_waited_for(self, db: Database, settings: Settings) -> None:
        with pytest.raises(NothingToPay):
            simulate_transfer(db, settings, "KHONGCO", datetime.now(UTC))

    def test_agrees_with_the_adapter_about_an_api_key(self) -> None:
        now = datetime.now(UTC)
        body = json.dumps(notification("x", 5, "1", now)).encode()
        headers = {name.lower(): value for name, value in sign(body, "", "khoa-api", now).items()}
        (line,) = SePay(api_key="khoa-api").verify(RawRequest(headers, body, now))
        assert line.amount_vnd == 5
