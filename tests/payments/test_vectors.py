"""What others computed must be what we compute: vectors from vendors' documents and independent implementations."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from payments import books
from payments.gateway import RawRequest
from payments.models import PaymentAttempt
from payments.receive import receive
from payments.service import open_due, state_of
from payments.statements.sepay import SePay
from payments.till import Till
from shop.core.db import Database
from tests.payments.factories import due_of
from tests.payments.gateways import NOW, Kinds, Vector

OURS = Path(__file__).parent / "vectors"
FOLDER = Path(os.environ.get("PAYMENT_VECTORS") or OURS)
NEEDS_DATABASE = ("webhook-sequence",)
ran: dict[str, set[str]] = {}


def vectors(*, stored: bool) -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        for vector in json.loads(file.read_text())["vectors"]:
            if (vector["kind"] in NEEDS_DATABASE) == stored:
                found.append(pytest.param(file.stem, vector, id=vector["id"]))
    return found


@pytest.fixture(scope="module", autouse=True)
def say_how_many_ran(request: pytest.FixtureRequest) -> Any:
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        told = ", ".join(f"{gateway} {len(ids)}" for gateway, ids in sorted(ran.items()))
        print(f"\npayment vectors of {FOLDER}: {told}")  # noqa: T201  asked for


def test_the_folder_has_vectors_and_ours_has_them_of_every_gateway() -> None:
    told = {parameter.values[0] for stored in (False, True) for parameter in vectors(stored=stored)}
    tested = {file.stem.removesuffix("_vectors") for file in (Path(__file__).parent / "gateways").glob("*_vectors.py")}
    assert told, f"no vectors in {FOLDER}"
    assert told == tested or FOLDER != OURS


@pytest.mark.parametrize(("gateway", "vector"), vectors(stored=False))
def test_the_adapter_agrees(gateway: str, vector: Vector) -> None:
    kinds: Kinds = importlib.import_module(f"tests.payments.gateways.{gateway}_vectors").KINDS
    assert vector["kind"] in kinds, f"no test for {gateway} {vector['kind']}"
    kinds[vector["kind"]](vector)
    ran.setdefault(gateway, set()).add(vector["id"])


@pytest.mark.parametrize(("gateway", "vector"), vectors(stored=True))
def test_a_sequence_of_deliveries_credits_what_came(gateway: str, vector: Vector, db: Database) -> None:
    told = vector["input"]
    subject, expected = "order:1", vector["expected"]
    with db.write() as session:
        open_due(session, subject, told["order_amount"], "vietqr", None, NOW)
        due = due_of(session, subject)
        code = PaymentAttempt(
            due_id=due.id,
            gateway="vietqr",
            reference=told["order_code"],
            amount_vnd=told["order_amount"],
            created_at=NOW,
        )
        session.add(code)
    till = Till(our_accounts=frozenset(delivery["accountNumber"] for delivery in told["deliveries"]))
    for delivery in told["deliveries"]:
        raw = RawRequest({"authorization": "Apikey k"}, json.dumps(delivery).encode(), NOW)
        lines = SePay(api_key="k").verify(raw)
        with db.write() as session:
            receive(session, till, "sepay", raw, lines, NOW)
    with db.read() as session:
        state = state_of(session, subject)
        facts = books.facts_of(session, due.id)
    assert state.received_vnd + state.surplus_vnd == expected["credited"]
    assert state.surplus_vnd == expected.get("overpaid", 0)
    assert len(facts) == expected["transactions_recorded"]
    ran.setdefault(gateway, set()).add(vector["id"])
