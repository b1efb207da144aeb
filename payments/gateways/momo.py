"""MoMo wallet: a page of MoMo's takes the money; MoMo tells us, can be asked, gives back, and can hold money first.

Source: developers.momo.vn v3, "One-time payment", "Payment notification", "Result codes", "Query", "Refund", "Confirm";
signatures proved against MoMo's own Java SDK and samples (tests/payments/vectors/momo.json).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
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
from payments.gateways.reading import dong, json_object, moment, name_of, number_of, of_an_answer, whole

SANDBOX_API_URL = "https://test-payment.momo.vn"

# Signed fields, in this order. They are alphabetical, which MoMo's documents never say; so each is written out.
CREATE = "accessKey amount extraData ipnUrl orderId orderInfo partnerCode redirectUrl requestId requestType"
QUERY = "accessKey orderId partnerCode requestId"
REFUND = "accessKey amount description orderId partnerCode requestId transId"
CONFIRM = "accessKey amount description orderId partnerCode requestId requestType"
RESULT = (
    "accessKey amount extraData message orderId orderInfo orderType partnerCode payType requestId responseTime "
    "resultCode transId"
)

_PAID, _HELD, _CANCELLED_AFTER_HOLD = 0, 9000, 1003
_KINDS = {
    _PAID: FactKind.CAPTURED,
    _HELD: FactKind.AUTHORISED,
    _CANCELLED_AFTER_HOLD: FactKind.VOIDED,
    1017: FactKind.CANCELLED,
    1005: FactKind.EXPIRED,
    **dict.fromkeys((98, 99, 1001, 1002, 1004, 1006, 1007, 1026, 2019, 4001, 4002, 4100), FactKind.FAILED),
}
_REFUND_NEVER = {1080, 1081, 1088}
_ASKED_BADLY = {10, 11, 12, 13, 20, 21, 22}
_NOTHING_DONE = (set(_KINDS) | _ASKED_BADLY | {42, 45, 47, *_REFUND_NEVER}) - {_PAID, _HELD, 10, 99}
_UNDER_WAY = {1000, 7000, 7002}
_ASKED_BEFORE = {40, 41, 43}


@dataclass(frozen=True)
class MoMo:
    """One partner account at MoMo. The limits are MoMo's for one payment."""

    partner_code: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    api_url: str = SANDBOX_API_URL
    code: ClassVar[str] = "momo"
    refund_again: ClassVar[bool] = True
    least_vnd: ClassVar[int] = 1_000
    most_vnd: ClassVar[int] = 50_000_000

    def start(self, request: StartPayment) -> Started:
        """The address of MoMo's page. The request's id is the reference, so asking again gives the same page.

        Raises GatewayRefused, GatewaySilent.
        """
        told = self._ask(
            "create",
            CREATE,
            requestId=request.reference,
            orderId=request.reference,
            amount=request.amount_vnd,
            orderInfo=unicodedata.normalize("NFC", request.words or request.reference)[:255],
            redirectUrl=request.return_url,
            ipnUrl=request.notify_url,
            requestType="captureWallet",
            extraData="",
            autoCapture=not request.capture_later,
            lang=request.lang,
        )
        url = told.get("payUrl")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise GatewaySilent("create: no page")
        if told.get("amount") != request.amount_vnd:
            raise GatewaySilent("create: another sum")
        return Started(NextAction("redirect", request.amount_vnd, url=url, expires_at=request.expires_at))

    def verify(self, raw: RawRequest) -> Notice:
        """The fact of a genuine notification. Raises SignatureInvalid, Malformed."""
        try:
            told = json_object(raw.body)
        except Malformed as error:
            raise SignatureInvalid(self.code) from error
        return self._read(told, "ipn")

    def verify_return(self, raw: RawRequest) -> Notice:
        """The same for the browser's return, which may be old or never come: it may only prompt a query."""
        return self._read(dict(raw.query), "return")

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """MoMo wants 204 without a body within 15 seconds for everything that we have written down."""
        if outcome in (Outcome.BAD_SIGNATURE, Outcome.MALFORMED):
            return HttpAnswer(400)
        return HttpAnswer(500 if outcome is Outcome.ERROR else 204)

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """What MoMo knows, with what it has given back; nothing while the buyer has not finished."""
        told = self._status(reference)
        with of_an_answer():
            return [*facts_of(told, "query"), *_given_back(told)]

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """Give back. The id is MoMo's order and request id: told twice, MoMo repeats its answer and pays once.

        Raises GatewayRefused, GatewaySilent.
        """
        try:
            told = self._ask(
                "refund",
                REFUND,
                orderId=refund_id,
                requestId=refund_id,
                amount=amount_vnd,
                transId=int(paid.movement_id),
                description=unicodedata.normalize("NFC", words)[:255],
                lang="vi",
            )
        except AskedBefore:
            return self.query_refund(refund_id, paid, now)
        except UnderWay:
            return []
        with of_an_answer():
            return [_refunded(told | {"createdTime": told.get("responseTime")}, paid.reference)]

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """What became of the refund, by the payment's own status, which lists its refunds. None while MoMo has none."""
        told = self._status(paid.reference)
        with of_an_answer():
            return [fact for order, fact in _refunds(told) if order == refund_id]

    def capture(self, paid: Paid, amount_vnd: int, now: datetime) -> Sequence[Fact]:
        """Take what was held, or a part of it. Told twice, it takes once. Raises GatewayRefused, GatewaySilent."""
        return self._confirm("capture", paid, amount_vnd, now, _PAID)

    def void(self, paid: Paid, now: datetime) -> Sequence[Fact]:
        """Let what was held go. Told twice, it lets go once. Raises GatewayRefused, GatewaySilent."""
        return self._confirm("cancel", paid, paid.amount_vnd, now, _CANCELLED_AFTER_HOLD)

    def _confirm(self, what: str, paid: Paid, amount_vnd: int, now: datetime, result: int) -> Sequence[Fact]:
        try:
            told = self._ask(
                "confirm",
                CONFIRM,
                orderId=paid.reference,
                requestId=f"{paid.reference}-{what}",
                requestType=what,
                amount=amount_vnd,
                description="",
                lang="vi",
            )
        except AskedBefore:
            return self.query(paid.reference, paid.provider_ref, paid.started_at, now)
        except UnderWay:
            return []
        with of_an_answer():
            return facts_of(told | {"resultCode": result}, "query")

    def _status(self, reference: str) -> dict[str, Any]:
        request_id = secrets.token_hex(16)  # a known one would be answered with what was true then
        told = self._post("query", QUERY, orderId=reference, requestId=request_id, lang="vi")
        if told["resultCode"] in _ASKED_BADLY:
            raise GatewaySilent(f"query: result {told['resultCode']}")
        return {"orderId": reference, **told}

    def _ask(self, path: str, signed: str, **fields: str | int) -> dict[str, Any]:
        """The answer to something that was done. Raises GatewayRefused, GatewaySilent, AskedBefore, UnderWay."""
        told = self._post(path, signed, **fields)
        result = told["resultCode"]
        if result == _PAID:
            return told
        if result in _NOTHING_DONE:
            raise GatewayRefused(str(result))
        raise _NOT_DONE.get(result, GatewaySilent)(f"{path}: result {result}")

    def _post(self, path: str, signed: str, **fields: str | int) -> dict[str, Any]:
        """Sign, ask, and check that the answer has a result and is about what was asked. Raises GatewaySilent."""
        body: dict[str, Any] = {"partnerCode": self.partner_code, **fields}
        body["signature"] = sign(signed_text(signed, body, self.access_key), self.secret_key)
        told = calls.post_json(f"{self.api_url}/v2/gateway/api/{path}", body)
        if type(told.get("resultCode")) is not int:
            raise GatewaySilent(f"{path}: no result")
        if any(told.get(name, body[name]) != body[name] for name in ("partnerCode", "orderId", "requestId")):
            raise GatewaySilent(f"{path}: about something else")
        return told

    def _read(self, told: Mapping[str, Any], via: Via) -> Notice:
        text = signed_text(RESULT, told, self.access_key)
        if not is_signed(text, told.get("signature"), self.secret_key):
            raise SignatureInvalid(self.code)
        if told.get("partnerCode") != self.partner_code:
            raise Malformed("partnerCode")
        return Notice(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", tuple(facts_of(told, via)))


class AskedBefore(GatewaySilent):
    """MoMo has had this id already: what came of it is found by asking."""


class UnderWay(GatewaySilent):
    """MoMo is still at it."""


_NOT_DONE: dict[int, type[GatewaySilent]] = {
    **dict.fromkeys(_ASKED_BEFORE, AskedBefore),
    **dict.fromkeys(_UNDER_WAY, UnderWay),
}


def signed_text(names: str, fields: Mapping[str, Any], access_key: str) -> str:
    """What MoMo signs: the named fields as `name=value`, values as they are and not encoded, an absent one empty."""
    told = {**fields, "accessKey": access_key}
    return "&".join(f"{name}={_plain(told.get(name))}" for name in names.split())


def sign(text: str, secret_key: str) -> str:
    """HMAC-SHA256 of UTF-8, in lower hex."""
    return hmac.digest(secret_key.encode(), text.encode(), hashlib.sha256).hex()


def is_signed(text: str, signature: Any, secret_key: str) -> bool:
    """Whether `signature` is MoMo's. An empty secret proves nothing."""
    if not secret_key or not isinstance(signature, str):
        return False
    try:
        return hmac.compare_digest(sign(text, secret_key).encode(), signature.encode())
    except UnicodeEncodeError:
        return False


def facts_of(told: Mapping[str, Any], via: Via) -> list[Fact]:
    """What a notification, a return or a status says of a payment; nothing where it is not final. Raises Malformed."""
    reference, result = name_of(told.get("orderId")), whole(told.get("resultCode"))
    if result not in _KINDS:
        return []
    paid = result == _PAID
    number = number_of(told.get("transId")) if paid else ""
    return [
        Fact(
            gateway=MoMo.code,
            movement_id=number or f"{reference}:{result}",
            kind=_KINDS[result],
            amount_vnd=dong(told.get("amount")),
            occurred_at=moment(told.get("responseTime")),
            via=via,
            account=_account() if result in (_PAID, _HELD) else "",
            code=str(result),
            reference=reference,
            provider_ref=number,
        )
    ]


def _refunds(told: Mapping[str, Any]) -> list[tuple[str, Fact]]:
    """The refunds that a payment's status lists, those under way left out: the id of each, and what became of it."""
    listed = told.get("refundTrans") or []
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise Malformed("refundTrans")
    reference = name_of(told.get("orderId"))
    final = [row for row in listed if whole(row.get("resultCode")) in {_PAID, *_REFUND_NEVER}]
    return [(name_of(row.get("orderId")), _refunded(row, reference)) for row in final]


def _given_back(told: Mapping[str, Any]) -> list[Fact]:
    return [fact for _, fact in _refunds(told) if fact.kind is FactKind.REFUNDED]


def _refunded(row: Mapping[str, Any], reference: str) -> Fact:
    result = whole(row.get("resultCode"))
    done = result == _PAID
    number = number_of(row.get("transId")) if done else ""
    return Fact(
        gateway=MoMo.code,
        movement_id=number or f"{name_of(row.get('orderId'))}:{result}",
        kind=FactKind.REFUNDED if done else FactKind.FAILED,
        amount_vnd=dong(row.get("amount")),
        occurred_at=moment(row.get("createdTime")),
        via="query",
        account=_account() if done else "",
        code=str(result),
        reference=reference,
        provider_ref=number,
        refund_id=name_of(row.get("orderId")),
    )


def _account() -> str:
    return ledger.account("1120", MoMo.code)


def _plain(value: Any) -> str:
    """A value as it is signed: text or a whole number; an absent one is empty. Raises SignatureInvalid for all else."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SignatureInvalid(MoMo.code)
    return str(value)
