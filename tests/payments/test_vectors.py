"""What others computed must be what we compute: vectors from vendors' documents and independent implementations."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from payments import books
from payments.content import squeeze
from payments.gateway import RawRequest, SignatureInvalid
from payments.gateways import vietqr
from payments.models import PaymentAttempt
from payments.receive import receive
from payments.service import open_due, state_of
from payments.statements.sepay import SePay, checkout_signature
from payments.till import Till
from shop.core.db import Database
from tests.payments.factories import due_of

FOLDER = Path(os.environ.get("PAYMENT_VECTORS") or Path(__file__).parent / "vectors")
GATEWAYS = ("vietqr", "sepay")
NEEDS_DATABASE = ("webhook-sequence",)
NOW = datetime(2025, 6, 14, 3, 20, tzinfo=UTC)

Vector = dict[str, Any]
ran: dict[str, set[str]] = {}


def vectors(*, stored: bool) -> list[Any]:
    found = []
    for gateway in GATEWAYS:
        for vector in json.loads((FOLDER / f"{gateway}.json").read_text())["vectors"]:
            if (vector["kind"] in NEEDS_DATABASE) == stored:
                found.append(pytest.param(gateway, vector, id=vector["id"]))
    return found


@pytest.fixture(scope="module", autouse=True)
def say_how_many_ran(request: pytest.FixtureRequest) -> Any:
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        told = ", ".join(f"{gateway} {len(ids)}" for gateway, ids in sorted(ran.items()))
        print(f"\npayment vectors of {FOLDER}: {told}")  # noqa: T201  asked for


@pytest.mark.parametrize(("gateway", "vector"), vectors(stored=False))
def test_the_adapter_agrees(gateway: str, vector: Vector) -> None:
    check = KINDS.get((gateway, vector["kind"]))
    assert check is not None, f"no test for {gateway} {vector['kind']}"
    check(vector)
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


def encode_of(told: Vector) -> str:
    return vietqr.encode(
        told["bank_bin"],
        told["account"],
        service=told["service"],
        amount_vnd=told.get("amount"),
        bill_number=told.get("bill_number", ""),
        reference=told.get("reference", ""),
        description=told.get("description", ""),
    )


def qr_encode(vector: Vector) -> None:
    told, expected = vector["input"], vector["expected"]
    qr = encode_of(told)
    assert qr == expected["qr"]
    assert qr[-4:] == expected["crc"]
    if "description_ascii" in expected:
        assert vietqr.fold_content(told["description"]) == expected["description_ascii"]


def qr_encode_reject(vector: Vector) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode_of(vector["input"])


def qr_decode(vector: Vector) -> None:
    expected = dict(vector["expected"])
    decoded = vietqr.decode(vector["input"]["qr"])
    assert (decoded is not None) == expected.pop("valid")
    for name, value in expected.items():
        assert getattr(decoded, name) == value


def crc16(vector: Vector) -> None:
    assert vietqr.crc16(vector["input"]["data"]) == vector["expected"]["crc"]


def raw_of(told: Vector) -> RawRequest:
    headers = {name.lower(): value for name, value in told["headers"].items()}
    at = datetime.fromtimestamp(told["now"], UTC) if "now" in told else NOW
    return RawRequest(headers, told.get("raw_body", "").encode(), at)


def sepay_signed(vector: Vector) -> None:
    source, raw = SePay(webhook_secret=vector["secret"]["hmacSecret"]), raw_of(vector["input"])
    if not vector["expected"]["valid"]:
        with pytest.raises(SignatureInvalid):
            source.verify(raw)
        return
    (line,) = source.verify(raw)
    expected = vector["expected"]["transaction"]
    found = (line.line_id, line.amount_vnd, line.incoming, line.content, line.account_no)
    names = ("provider_id", "amount", "incoming", "content", "account")
    assert found == tuple(expected[name] for name in names)


def sepay_key(vector: Vector) -> None:
    source, raw = SePay(api_key=vector["secret"]["apiKey"]), raw_of(vector["input"])
    if vector["expected"]["valid"]:
        source.require_genuine(raw)
        return
    with pytest.raises(SignatureInvalid):
        source.require_genuine(raw)


def sepay_checkout(vector: Vector) -> None:
    fields = [(name, value) for name, value in vector["input"]["fields_in_order"]]
    text, signature = checkout_signature(fields, vector["secret"]["secret_key"])
    assert (text, signature) == (vector["expected"]["raw"], vector["expected"]["signature"])


def sepay_content(vector: Vector) -> None:
    """Not normative: SePay's package reads codes with a tail; ours only has to see the code among the letters."""
    code = vector["expected"]["code"]
    if code is not None:
        assert squeeze(code.split("-")[0]) in squeeze(vector["input"]["content"])


KINDS: dict[tuple[str, str], Callable[[Vector], None]] = {
    ("vietqr", "qr-encode"): qr_encode,
    ("vietqr", "qr-encode-reject"): qr_encode_reject,
    ("vietqr", "qr-decode"): qr_decode,
    ("vietqr", "crc16"): crc16,
    ("sepay", "ipn-verify"): sepay_signed,
    ("sepay", "token-verify"): sepay_key,
    ("sepay", "create-signature"): sepay_checkout,
    ("sepay", "content-match-reference"): sepay_content,
}
