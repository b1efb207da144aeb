"""SePay tells us of every line on the bank account. Source: developer.sepay.vn, "SePay webhooks" and "Xác thực"."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from payments.gateway import BankLine, HttpAnswer, Malformed, Outcome, RawRequest, SignatureInvalid

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_TOLERANCE = timedelta(seconds=300)
_HIGHEST_VND = 10**15


@dataclass(frozen=True)
class SePay:
    """Notifications of one SePay company. With a webhook secret only signed ones count; else the API key; else none."""

    webhook_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    code: ClassVar[str] = "sepay"

    def verify(self, raw: RawRequest) -> Sequence[BankLine]:
        """The one line that a genuine notification carries. Raises SignatureInvalid, Malformed."""
        self.require_genuine(raw)
        return [_line(raw.body)]

    def require_genuine(self, raw: RawRequest) -> None:
        """Raises SignatureInvalid unless the request proves itself; an empty secret proves nothing."""
        genuine = self._signed(raw) if self.webhook_secret else self._has_key(raw)
        if not genuine:
            raise SignatureInvalid(self.code)

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """SePay repeats what is not answered by 2xx and `success`; so only what may get better is refused."""
        if outcome is Outcome.BAD_SIGNATURE:
            return HttpAnswer(401, {"success": False})
        if outcome is Outcome.MALFORMED:
            return HttpAnswer(400, {"success": False})
        if outcome is Outcome.ERROR:
            return HttpAnswer(500, {"success": False})
        return HttpAnswer(200, {"success": True})

    def _signed(self, raw: RawRequest) -> bool:
        sent_at = raw.headers.get("x-sepay-timestamp", "")
        signature = raw.headers.get("x-sepay-signature", "")
        if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 12):
            return False
        if abs(raw.received_at - datetime.fromtimestamp(int(sent_at), UTC)) > _TOLERANCE:
            return False
        digest = hmac.digest(self.webhook_secret.encode(), f"{sent_at}.".encode() + raw.body, hashlib.sha256)
        return hmac.compare_digest(f"sha256={digest.hex()}".encode(), signature.encode())

    def _has_key(self, raw: RawRequest) -> bool:
        scheme, _, key = raw.headers.get("authorization", "").partition(" ")
        return bool(self.api_key) and scheme == "Apikey" and hmac.compare_digest(key.encode(), self.api_key.encode())


def _line(body: bytes) -> BankLine:
    try:
        told = json.loads(body)
        if not isinstance(told, dict) or told["transferType"] not in ("in", "out"):
            raise Malformed("shape")
        return BankLine(
            line_id=str(_whole(told["id"])),
            incoming=told["transferType"] == "in",
            amount_vnd=_amount(told["transferAmount"]),
            content=_text(told.get("content")),
            account_no=_text(told["accountNumber"]),
            occurred_at=_time(told["transactionDate"]),
            code=_text(told.get("code")),
            sub_account=_text(told.get("subAccount")),
            bank=_text(told.get("gateway")),
            bank_reference=_text(told.get("referenceCode")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(type(error).__name__) from error


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str | int):
        raise Malformed("text")
    return str(value or "").replace("\x00", "")[:500]


def _whole(value: Any) -> int:
    """An int, or a string of digits as some banks' rows have it; never a float, never true."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("number")
    return value


def _amount(value: Any) -> int:
    amount_vnd = _whole(value)
    if not 0 < amount_vnd < _HIGHEST_VND:
        raise Malformed("amount")
    return amount_vnd


def _time(value: Any) -> datetime:
    return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_VIETNAM).astimezone(UTC)


_CHECKOUT_SIGNED = frozenset(
    {
        "merchant",
        "env",
        "operation",
        "payment_method",
        "order_amount",
        "currency",
        "order_invoice_number",
        "order_description",
        "customer_id",
        "agreement_id",
        "agreement_name",
        "agreement_type",
        "agreement_payment_frequency",
        "agreement_amount_per_payment",
        "success_url",
        "error_url",
        "cancel_url",
        "order_id",
    }
)


def checkout_signature(fields: Sequence[tuple[str, str | int]], secret: str) -> tuple[str, str]:
    """Text and signature of SePay's own checkout form: its known fields in the order of the form, not sorted.

    Source: npm sepay-pg-node 1.0.0 (SePay's SDK). Kept beside the notifications so that both schemes are proved by the
    same test vectors.
    """
    text = ",".join(f"{name}={value}" for name, value in fields if name in _CHECKOUT_SIGNED)
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return text, base64.b64encode(digest).decode()
