"""ShopeePay: a checkout link of the wallet. Contract documents needed: not to be offered before they are here.

Sources: product.shopeepay.com/integration (the regional edition, which is not the Vietnamese one) and public clients
that agree on the scheme: base64 of HMAC-SHA256 over the bytes sent, in X-Airpay-Req-H, both ways; đồng x 100.
Unproved for Vietnam, to be read in the contract: hosts, limits, `transaction_status` 3 paid and 4 refused,
`transaction_type` 13 payment and 15 refund, the path of refunds, which `errcode` means that nothing happened, how often
a notification is repeated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from payments import calls, ledger
from payments.gateway import (
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    HttpAnswer,
    Malformed,
    NextAction,
    Notice,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
    Via,
)
from payments.gateways.reading import dong, json_object, name_of, of_an_answer, whole

SANDBOX_API_URL = "https://api.gw.uat.airpay.vn"

_PAYMENT, _REFUND = 13, 15
_PAID, _REFUSED = 3, 4
_CREATE = "/v3/merchant-host/order/create"
_CHECK = "/v3/merchant-host/transaction/check"
_GIVE_BACK = "/v3/merchant-host/transaction/refund/create-new"
_DEFAULT_LIFE_S = 1200
_HEARD: dict[str, object] = {"errcode": 0, "debug_msg": "success"}
_ANSWERS = {
    Outcome.UNKNOWN_REF: HttpAnswer(200, {"errcode": 1, "debug_msg": "unknown reference"}),
    Outcome.BAD_SIGNATURE: HttpAnswer(401, {"errcode": 1, "debug_msg": "signature"}),
    Outcome.MALFORMED: HttpAnswer(400, {"errcode": 1, "debug_msg": "malformed"}),
    Outcome.ERROR: HttpAnswer(500, {"errcode": 1, "debug_msg": "error"}),
}


@dataclass(frozen=True)
class ShopeePay:
    """One store at ShopeePay. The limits are what one asks for without a contract; it will name its own."""

    client_id: str
    secret: str = field(repr=False)
    merchant_ext_id: str
    store_ext_id: str
    api_url: str = SANDBOX_API_URL
    code: ClassVar[str] = "shopeepay"
    refund_again: ClassVar[bool] = False  # no public document says so
    least_vnd: ClassVar[int] = 1_000
    most_vnd: ClassVar[int] = 20_000_000

    def start(self, request: StartPayment) -> Started:
        """Open an order and lead to its link. Raises GatewayRefused, GatewaySilent.

        To be asked about an order ShopeePay wants its sum, and has no other name for it before it is paid: so the sum
        on the wire is what `provider_ref` keeps.
        """
        if not self.least_vnd <= request.amount_vnd <= self.most_vnd:
            raise GatewayRefused("amount")
        reply = self._call(_CREATE, order_fields(self, request))
        url = reply.get("redirect_url_http")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise GatewaySilent("no link")
        action = NextAction("redirect", request.amount_vnd, url=url, expires_at=request.expires_at)
        return Started(action, self.asked_with(request.amount_vnd))

    def asked_with(self, amount_vnd: int) -> str:
        """The sum on the wire: what `query` needs beside the reference, even if `start` was never answered."""
        return str(wire(amount_vnd))

    def verify(self, raw: RawRequest) -> Notice:
        """The fact of a genuine notification. Raises SignatureInvalid, Malformed."""
        if not is_signed(raw.body, raw.headers.get("x-airpay-req-h", ""), self.secret):
            raise SignatureInvalid(self.code)
        if raw.headers.get("x-airpay-clientid", self.client_id) != self.client_id:
            raise Malformed("client")
        told = json_object(raw.body)
        facts = self._facts(told, told.get("transaction_status"), raw.received_at, "ipn")
        return Notice(f"sha256:{hashlib.sha256(raw.body).hexdigest()}", tuple(facts))

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """ShopeePay tells once in some countries and repeats in others until it hears errcode 0."""
        return _ANSWERS.get(outcome, HttpAnswer(200, dict(_HEARD)))

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """What ShopeePay knows of the order; `provider_ref` is the sum on the wire, as `start` gave it."""
        asked: dict[str, Any] = {"reference_id": reference, "transaction_type": _PAYMENT}
        with of_an_answer():
            return self._facts(*self._check(asked | {"amount": whole(provider_ref)}, reference), now, "query")

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """Ask to give back; what became of it is asked later. Raises GatewaySilent.

        Without the contract no refusal proves that nothing was given back, so none is believed.
        """
        asked = {"reference_id": paid.reference, "transaction_type": _PAYMENT, "refund_reference_id": refund_id}
        self._asked(_GIVE_BACK, asked | {"amount": wire(amount_vnd)}, refund_id)
        return []

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """What became of a refund. Raises GatewaySilent."""
        with of_an_answer():
            told, status = self._check({"reference_id": refund_id, "transaction_type": _REFUND}, refund_id)
            return self._facts(told, status, now, "query")

    def _check(self, asked: Mapping[str, Any], reference: str) -> tuple[dict[str, Any], Any]:
        """The transaction under `reference` and its status; both empty while ShopeePay knows of none."""
        reply = self._asked(_CHECK, asked, secrets.token_hex(16))
        told = reply.get("transaction")
        if told is None:
            return {}, None
        if not isinstance(told, dict) or told.get("reference_id") != reference:
            raise GatewaySilent("about something else")
        return told, told.get("status")

    def _asked(self, path: str, fields: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        """The answer about one of our transactions; a refusal says nothing about money. Raises GatewaySilent."""
        store = {"merchant_ext_id": self.merchant_ext_id, "store_ext_id": self.store_ext_id}
        try:
            return self._call(path, {"request_id": request_id, **fields, **store})
        except GatewayRefused as refusal:
            raise GatewaySilent(f"code {refusal}") from refusal

    def _call(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send signed bytes; an answer counts only if it is signed too. Raises GatewayRefused, GatewaySilent."""
        body = json.dumps(dict(fields), separators=(",", ":"), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "X-Airpay-ClientId": self.client_id}
        headers["X-Airpay-Req-H"] = sign(body, self.secret)
        told, answer = calls.post_bytes(self.api_url + path, body, headers)
        if not is_signed(answer, told.get("x-airpay-req-h", ""), self.secret):
            raise GatewaySilent("signature")
        with of_an_answer():
            reply = json_object(answer)
            code = whole(reply.get("errcode"))
        if code:
            raise GatewayRefused(str(code))
        return reply

    def _facts(self, told: Mapping[str, Any], status: Any, at: datetime, via: Via) -> list[Fact]:
        """What a payment or a refund became. Raises Malformed."""
        if not told or status not in (_PAID, _REFUSED):
            return []
        if told.get("merchant_ext_id") != self.merchant_ext_id or told.get("currency", "VND") != "VND":
            raise Malformed("merchant or currency")
        kind = told.get("transaction_type")
        if kind not in (_PAYMENT, _REFUND):
            return []
        reference, done = name_of(told.get("reference_id")), status == _PAID
        moved = name_of(told.get("transaction_sn")) if kind == _PAYMENT else reference
        happened = FactKind.CAPTURED if kind == _PAYMENT else FactKind.REFUNDED
        return [
            Fact(
                gateway=self.code,
                movement_id=moved if done else f"{reference}:{status}",
                kind=happened if done else FactKind.FAILED,
                amount_vnd=whole_vnd(told.get("amount")),
                occurred_at=at,
                via=via,
                account=ledger.account("1120", self.code) if done else "",
                code=str(status),
                reference=reference,
                refund_id=reference if kind == _REFUND else None,
            )
        ]


def order_fields(store: ShopeePay, request: StartPayment) -> dict[str, Any]:
    """The body of an order; it lives as long as our payment, 20 minutes without an end."""
    life_s = _DEFAULT_LIFE_S
    if request.at and request.expires_at:
        life_s = max(60, int((request.expires_at - request.at).total_seconds()))
    return {
        "request_id": request.reference,
        "merchant_ext_id": store.merchant_ext_id,
        "store_ext_id": store.store_ext_id,
        "payment_reference_id": request.reference,
        "amount": wire(request.amount_vnd),
        "currency": "VND",
        "return_url": request.return_url,
        "platform_type": "pc",
        "validity_period": life_s,
    }


def sign(body: bytes, secret: str) -> str:
    """X-Airpay-Req-H: base64 of HMAC-SHA256 over the bytes that travel."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature` proves `body`. An empty secret proves nothing."""
    return bool(secret) and hmac.compare_digest(sign(body, secret).encode(), signature.encode("utf-8", "replace"))


def wire(amount_vnd: int) -> int:
    """Đồng as ShopeePay writes them: x 100, for every currency."""
    return amount_vnd * 100


def whole_vnd(amount: Any) -> int:
    """Đồng of a sum on ShopeePay's wire. Raises Malformed."""
    if isinstance(amount, str) or dong(amount) % 100:
        raise Malformed("amount")
    return dong(amount) // 100
