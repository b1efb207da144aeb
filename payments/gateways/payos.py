"""payOS: a page with a VietQR for each order, and word of each transfer to the bank account behind it.

Sources: payos.vn/docs (API, "Kiểm tra dữ liệu với signature") and its own SDKs for Python and Node, as far as both
agree. payOS has no refunds: money goes back by bank transfer. Its order number is a whole number, so ours is written
as one and read back from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

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
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
    Via,
)
from payments.gateways.reading import dong, json_object, of_an_answer, whole
from shop.core.ids import ALPHABET, check_symbol

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_CODE = re.compile(f"HTX([{ALPHABET}]{{8}})([{ALPHABET}])")
_OURS = 2**40  # eight symbols of five bits, with a bit before them so that small numbers are never ours
_TEST_ORDER = 123  # what payOS sends when a webhook is registered
_ENDS = {"CANCELLED": FactKind.CANCELLED, "EXPIRED": FactKind.EXPIRED, "FAILED": FactKind.FAILED}
_KEPT_BY_BROWSERS = "-_.!~*'()"  # by encodeURIComponent


@dataclass(frozen=True)
class PayOs:
    """One payment channel of payOS. payOS has no sandbox, so `api_url` is payOS itself or a simulator."""

    client_id: str
    api_key: str = field(repr=False)
    checksum_key: str = field(repr=False)
    api_url: str = "https://api-merchant.payos.vn"
    code: ClassVar[str] = "payos"
    least_vnd: ClassVar[int] = 2_000
    most_vnd: ClassVar[int] = 499_999_999  # instant transfers of NAPAS are below 500 million

    def start(self, request: StartPayment) -> Started:
        """A page at payOS with a QR. Raises GatewayRefused (also when the reference was used before), GatewaySilent."""
        if not self.least_vnd <= request.amount_vnd <= self.most_vnd:
            raise GatewayRefused("amount")
        asked: dict[str, Any] = {
            "orderCode": order_number(request.reference),
            "amount": request.amount_vnd,
            "description": request.reference.removeprefix("HTX"),  # at most 9 characters
            "cancelUrl": request.return_url,
            "returnUrl": request.return_url,
        }
        if request.expires_at:
            asked["expiredAt"] = int(request.expires_at.timestamp())
        signature = create_signature(asked, self.checksum_key)[1]
        told = self._answer("POST", "/v2/payment-requests", asked | {"signature": signature})
        with of_an_answer():
            if (told.get("orderCode"), told.get("amount")) != (asked["orderCode"], request.amount_vnd):
                raise Malformed("another order")
            return Started(_action(told, request), _text(told, "paymentLinkId"))

    def verify(self, raw: RawRequest) -> Notice:
        """The transfer that a genuine webhook tells of. Raises SignatureInvalid, Malformed."""
        told = genuine(json_object(raw.body), self.checksum_key)
        delivery_id = "sha256:" + hashlib.sha256(signed_text(told).encode()).hexdigest()
        if told.get("orderCode") == _TEST_ORDER or told.get("code") != "00":
            return Notice(delivery_id, ())
        if told.get("currency") != "VND":
            raise Malformed("currency")
        return Notice(delivery_id, (_received(told, told, _text(told, "paymentLinkId"), "ipn"),))

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """Any 2xx confirms."""
        failures = {Outcome.BAD_SIGNATURE: 400, Outcome.MALFORMED: 400, Outcome.ERROR: 500}
        status = failures.get(outcome, 200)
        return HttpAnswer(status, {"success": status == 200})

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """Each transfer that came, or that none will. Raises GatewaySilent."""
        try:
            name = provider_ref or str(order_number(reference))
            return self._facts(self._answer("GET", f"/v2/payment-requests/{quote(name, safe='')}"), now)
        except GatewayRefused as error:
            raise GatewaySilent(str(error)) from error

    def cancel(self, reference: str, provider_ref: str, words: str, now: datetime) -> Sequence[Fact]:
        """Close a page that nobody has paid on. Raises GatewayRefused, GatewaySilent."""
        name = quote(provider_ref or str(order_number(reference)), safe="")
        told = self._answer("POST", f"/v2/payment-requests/{name}/cancel", {"cancellationReason": words})
        return self._facts(told, now)

    def register(self, notify_url: str) -> None:
        """Tell payOS where to send webhooks; it sends a test there at once. Raises GatewayRefused, GatewaySilent."""
        self._call("POST", "/confirm-webhook", {"webhookUrl": notify_url})

    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return genuine(self._call(method, path, body), self.checksum_key)
        except (SignatureInvalid, Malformed) as error:
            raise GatewaySilent(f"answer: {error}") from error

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        headers = {"x-client-id": self.client_id, "x-api-key": self.api_key}
        url = self.api_url + path
        told = calls.get_json(url, headers=headers) if method == "GET" else calls.post_json(url, body or {}, headers)
        code = told.get("code")
        if not isinstance(code, str):
            raise GatewaySilent("no code")
        if code != "00":
            raise GatewayRefused(code[:20])
        return told

    def _facts(self, told: dict[str, Any], now: datetime) -> Sequence[Fact]:
        with of_an_answer():
            link, came = _text(told, "id"), told.get("transactions") or []
            if not isinstance(came, list) or not all(isinstance(line, dict) for line in came):
                raise Malformed("transactions")
            if came:
                return [_received(line, told, link, "query") for line in came]
            status = _text(told, "status")
            if status not in _ENDS:
                return ()
            amount_vnd, reference = dong(told.get("amount")), reference_of(told.get("orderCode"))
            kind, movement = _ENDS[status], f"{link}:{status}"
            return (Fact("payos", movement, kind, amount_vnd, now, "query", _account(), status, reference, link),)


def order_number(reference: str) -> int:
    """Our reference (HTX, eight symbols, check symbol) as payOS's orderCode. Raises GatewayRefused for any other."""
    match = _CODE.fullmatch(reference)
    if match is None or check_symbol(match[1]) != match[2]:
        raise GatewayRefused("reference")
    number = 1
    for symbol in match[1]:
        number = number * 32 + ALPHABET.index(symbol)
    return number


def reference_of(number: Any) -> str:
    """The reference that payOS's orderCode stands for; none for a number that we never gave. Raises Malformed."""
    if not _OURS <= whole(number) < 2 * _OURS:
        return ""
    body = "".join(ALPHABET[whole(number) >> shift & 31] for shift in range(35, -1, -5))
    return f"HTX{body}{check_symbol(body)}"


def create_signature(asked: Mapping[str, Any], key: str) -> tuple[str, str]:
    """Text and signature of a new payment: these five, in this order, and nothing else that is sent."""
    names = ("amount", "cancelUrl", "description", "orderCode", "returnUrl")
    text = "&".join(f"{name}={asked[name]}" for name in names)
    return text, _mac(text, key)


def signed_text(told: Mapping[str, Any]) -> str:
    """What webhooks and answers sign: all that was received, sorted by name; missing values are empty, not left out."""
    return "&".join(f"{name}={_written(told[name])}" for name in sorted(told))


def genuine(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The signed `data` of a webhook or an answer; what stands beside it is not signed. Raises SignatureInvalid.

    Raises Malformed when there is nothing that could be signed.
    """
    told, signature = body.get("data"), body.get("signature")
    if not isinstance(told, dict):
        raise Malformed("data")
    try:
        expected = _mac(signed_text(told), key).encode()
    except (ValueError, RecursionError) as error:
        raise Malformed("data") from error
    given = signature.encode() if isinstance(signature, str) and signature.isascii() else b""
    if not key or not hmac.compare_digest(expected, given):
        raise SignatureInvalid("payos")
    return told


def payout_signature(body: Mapping[str, Any], key: str) -> str:
    """The header `x-signature` of an order to pay out: sorted names, values as in an address."""
    parts = (f"{quote(name, safe=_KEPT_BY_BROWSERS)}={_in_address(body[name])}" for name in sorted(body))
    return _mac("&".join(parts), key)


def _in_address(value: Any) -> str:
    return quote(_written(value), safe=_KEPT_BY_BROWSERS)


def _written(value: Any) -> str:
    """A value as payOS's own code writes it."""
    if value is None or value in ("null", "undefined"):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _mac(text: str, key: str) -> str:
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256).hex()


def _received(line: Mapping[str, Any], order: Mapping[str, Any], link: str, via: Via) -> Fact:
    """One transfer; its bank reference is the same in the webhook and in the answer to a question."""
    reference, movement = reference_of(order.get("orderCode")), _text(line, "reference")
    amount_vnd, at = dong(line.get("amount")), _when(line.get("transactionDateTime"))
    kind = FactKind.CAPTURED
    return Fact("payos", movement, kind, amount_vnd, at, via, _account(), "00", reference, link)


def _action(told: Mapping[str, Any], request: StartPayment) -> NextAction:
    url = _text(told, "checkoutUrl")
    if not url.startswith(("https://", "http://")):
        raise Malformed("checkoutUrl")
    return NextAction(
        kind="redirect",
        amount_vnd=request.amount_vnd,
        url=url,
        qr_text=_text(told, "qrCode"),
        content=_text(told, "description"),
        bank_bin=_text(told, "bin"),
        account_no=_text(told, "accountNumber"),
        account_name=str(told.get("accountName") or ""),
        expires_at=request.expires_at,
    )


def _account() -> str:
    return ledger.account("1120", PayOs.code)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise Malformed(name)
    return value[:500]


def _when(value: Any) -> datetime:
    """A time with its zone, or Vietnam's clock."""
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=_VIETNAM)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed("time") from error
