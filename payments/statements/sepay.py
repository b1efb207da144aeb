"""SePay tells us of every line on the bank account, and lists them when asked.

Source: developer.sepay.vn, "SePay webhooks", "Xác thực" and "SePay API v1, API Giao dịch". The list of v1 numbers its
lines as the notifications do; v2 names them by UUID, so the same line would count twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from payments import calls
from payments.gateway import BankLine, GatewaySilent, HttpAnswer, Malformed, Outcome, RawRequest, SignatureInvalid
from payments.statements import wire

_TOLERANCE = timedelta(seconds=300)
_MOST_ROWS = 5_000
_LARGEST_LIST = 8 * 1024 * 1024
_FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True)
class SePay:
    """Notifications of one SePay company. With a webhook secret only signed ones count; else the API key; else none.

    `api_token` opens the list (it is not the API key of the notifications); without it there is none. `account_no`
    keeps the list to one bank account, for the company may have others that are none of the market's business.
    """

    webhook_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    api_token: str = field(default="", repr=False)
    account_no: str = ""
    api_url: str = "https://my.sepay.vn/userapi"
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

    def list_since(self, cursor: str, now: datetime) -> tuple[Sequence[BankLine], str]:
        """Lines since `cursor`, the highest id seen, oldest first; "" looks back one day. May tell the last one again.

        Nothing promises the order of the list, so when it is full it is asked again up to its oldest moment: that finds
        the rest of a list with the newest first, and nothing new in the other, where the next call goes on.
        """
        if not self.api_token:
            return [], cursor
        since = {"since_id": cursor} if cursor else {"transaction_date_min": _clock(now - _FIRST_LOOK)}
        rows: dict[Any, dict[str, Any]] = {}
        page = self._rows(since)
        while fresh := [row for row in page if row["id"] not in rows]:
            rows |= {row["id"]: row for row in fresh}
            if len(page) < _MOST_ROWS:
                break
            page = self._rows({**since, "transaction_date_max": min(str(row["transaction_date"]) for row in page)})
        ids = sorted((wire.whole(number), number) for number in rows)
        lines = [line for _, number in ids if (line := _listed(rows[number]))]
        return lines, str(ids[-1][0]) if ids else cursor

    def _rows(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        query = wanted | {"limit": str(_MOST_ROWS)} | ({"account_number": self.account_no} if self.account_no else {})
        bearer = {"Authorization": f"Bearer {self.api_token}"}
        told = calls.get_json(f"{self.api_url}/transactions/list", query, bearer, largest=_LARGEST_LIST)
        rows = told.get("transactions")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and {"id", "transaction_date"} <= set(row) for row in rows
        ):
            raise GatewaySilent(f"no list, status {told.get('status')}")
        return rows

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


def _clock(at: datetime) -> str:
    return at.astimezone(wire.VIETNAM).strftime("%Y-%m-%d %H:%M:%S")


def _line(body: bytes) -> BankLine:
    try:
        told = json.loads(body)
        if not isinstance(told, dict) or told["transferType"] not in ("in", "out"):
            raise Malformed("shape")
        return BankLine(
            line_id=str(wire.whole(told["id"])),
            incoming=told["transferType"] == "in",
            amount_vnd=wire.amount_vnd(told["transferAmount"]),
            content=wire.text(told.get("content")),
            account_no=wire.text(told["accountNumber"]),
            occurred_at=wire.vietnam_time(told["transactionDate"]),
            code=wire.text(told.get("code")),
            sub_account=wire.text(told.get("subAccount")),
            bank=wire.text(told.get("gateway")),
            bank_reference=wire.text(told.get("referenceCode")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(type(error).__name__) from error


def _listed(row: Any) -> BankLine | None:
    """The line of a row of the list; None for a row where no money moved."""
    try:
        in_vnd, out_vnd = wire.decimal_vnd(row["amount_in"]), wire.decimal_vnd(row["amount_out"])
        if in_vnd and out_vnd:
            raise Malformed("both ways")
        if not in_vnd + out_vnd:
            return None
        return BankLine(
            line_id=str(wire.whole(row["id"])),
            incoming=in_vnd > 0,
            amount_vnd=in_vnd + out_vnd,
            content=wire.text(row.get("transaction_content")),
            account_no=wire.text(row["account_number"]),
            occurred_at=wire.vietnam_time(row["transaction_date"]),
            code=wire.text(row.get("code")),
            sub_account=wire.text(row.get("sub_account")),
            bank=wire.text(row.get("bank_brand_name")),
            bank_reference=wire.text(row.get("reference_number")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(type(error).__name__) from error


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
