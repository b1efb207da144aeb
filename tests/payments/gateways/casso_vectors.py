"""How the vectors of Casso are put to our adapter."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from payments.gateway import RawRequest, SignatureInvalid
from payments.statements.casso import Casso, lines_of, text_to_sign
from tests.payments.gateways import NOW, Kinds, Vector


def casso_signed(vector: Vector) -> None:
    """The vectors hold bodies as objects: what was signed is the text that comes of them."""
    source, raw = Casso(checksum_key=vector["secret"]["checksumKey"]), raw_at_its_time(vector)
    expected = vector["expected"]
    if not expected["valid"]:
        with pytest.raises(SignatureInvalid):
            source.verify(raw)
        return
    source.require_genuine(raw)
    sent_at_ms = raw.headers["x-casso-signature"].split(",")[0].removeprefix("t=")
    assert text_to_sign(sent_at_ms, raw.body).decode() == expected["raw"]
    lines = lines_of(raw.body)
    signed = [line.amount_vnd if line.incoming else -line.amount_vnd for line in lines]
    assert signed == [told["amount"] for told in expected["transactions"]]
    found = [(line.line_id, line.bank_reference, line.content, line.incoming) for line in lines]
    names = ("id", "reference", "description", "incoming")
    assert found == [tuple(told[name] for name in names) for told in expected["transactions"]]
    assert [line.line_id for line in source.verify(raw)] == [told[0] for told in found if told[0] != "0"]


def casso_token(vector: Vector) -> None:
    source, raw = Casso(secure_token=vector["secret"]["secureToken"]), raw_at_its_time(vector)
    if vector["expected"]["valid"]:
        source.require_genuine(raw)
        return
    with pytest.raises(SignatureInvalid):
        source.require_genuine(raw)


def raw_at_its_time(vector: Vector) -> RawRequest:
    """The request, come when its signature says it was sent."""
    told = vector["input"]
    headers = {name.lower(): value for name, value in told["headers"].items()}
    body = told.get("raw_body") or json.dumps(told.get("body", {}), ensure_ascii=False)
    sent = re.match(r"t=(\d+)", headers.get("x-casso-signature", ""))
    at = datetime.fromtimestamp(told["now"], UTC) if "now" in told else NOW
    return RawRequest(headers, body.encode(), datetime.fromtimestamp(int(sent[1]) / 1000, UTC) if sent else at)


KINDS: Kinds = {"ipn-verify": casso_signed, "token-verify": casso_token}
