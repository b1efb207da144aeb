"""Casso tells us of every line on the bank account, and lists them when asked.

Source: developer.casso.vn, "Webhook V2" (X-Casso-Signature), "Webhook" (V1, secure-token) and "API lấy giao dịch".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from payments import calls
from payments.gateway import BankLine, GatewaySilent, HttpAnswer, Malformed, Outcome, RawRequest, SignatureInvalid
from payments.statements import wire

_TOLERANCE = timedelta(seconds=300)  # Casso names none; dedupe by id does the rest
_SIGNATURE = re.compile(r"t=(\d{1,15}),v1=([0-9a-f]{128})")
_TEST_CALL = "0"
_PAGE_ROWS = 100
_MOST_PAGES = 50
_OVERLAP = timedelta(days=2)
_LARGEST_PAGE = 2 * 1024 * 1024


@dataclass(frozen=True)
class Casso:
    """Notifications of one Casso account. With a checksum key only signed ones (V2) count; else the token (V1).

    `api_key` opens the list; without it there is none. `account_no` keeps the list to one bank account.
    """

    checksum_key: str = field(default="", repr=False)
    secure_token: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    account_no: str = ""
    api_url: str = "https://oauth.casso.vn/v2"
    code: ClassVar[str] = "casso"

    def verify(self, raw: RawRequest) -> Sequence[BankLine]:
        """The lines of a genuine notification; none for Casso's test call, which is no money. Raises as the port."""
        self.require_genuine(raw)
        return [line for line in lines_of(raw.body) if line.line_id != _TEST_CALL]

    def require_genuine(self, raw: RawRequest) -> None:
        """Raises SignatureInvalid unless the request proves itself; an empty secret proves nothing."""
        genuine = self._signed(raw) if self.checksum_key else self._has_token(raw)
        if not genuine:
            raise SignatureInvalid(self.code)

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """Money that is odd is booked all the same, so it is not refused; only what may get better is."""
        refused = {Outcome.BAD_SIGNATURE: 401, Outcome.MALFORMED: 400, Outcome.ERROR: 500}
        return HttpAnswer(refused.get(outcome, 200), {"success": outcome not in refused})

    def list_since(self, cursor: str, now: datetime) -> tuple[Sequence[BankLine], str]:
        """Lines since the day of `cursor`; "" looks back two days. Days overlap, for banks post late.

        Casso lists by day and page. A cursor is a day, or a day and the page to go on with where the days in between
        hold more than fifty pages.
        """
        if not self.api_key:
            return [], cursor
        day, first = _place(cursor, now)
        records: list[dict[str, Any]] = []
        for page in range(first, first + _MOST_PAGES):
            found, more = self._page(day, page)
            records += found
            if not more:
                break
        lines = [line for record in records if (line := _line(record)).line_id != _TEST_CALL]
        ours = [line for line in lines if not self.account_no or line.account_no == self.account_no]
        return ours, f"{day} {first + _MOST_PAGES}" if more else str(_next_day(day, lines))

    def _page(self, day: date, page: int) -> tuple[list[dict[str, Any]], bool]:
        query = {"fromDate": str(day), "page": str(page), "pageSize": str(_PAGE_ROWS), "sort": "ASC"}
        key = {"Authorization": f"Apikey {self.api_key}"}
        told = calls.get_json(f"{self.api_url}/transactions", query, key, largest=_LARGEST_PAGE).get("data")
        records = told.get("records") if isinstance(told, dict) else None
        if told is None or not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
            raise GatewaySilent("no list")
        return records, bool(records and told.get("nextPage"))

    def _signed(self, raw: RawRequest) -> bool:
        told = _SIGNATURE.fullmatch(raw.headers.get("x-casso-signature", ""))
        if told is None or abs(raw.received_at - datetime.fromtimestamp(int(told[1]) / 1000, UTC)) > _TOLERANCE:
            return False
        try:
            signed = text_to_sign(told[1], raw.body)
        except (ValueError, RecursionError):
            return False
        digest = hmac.digest(self.checksum_key.encode(), signed, hashlib.sha512)
        return hmac.compare_digest(digest.hex().encode(), told[2].encode())

    def _has_token(self, raw: RawRequest) -> bool:
        token = raw.headers.get("secure-token", "").encode()
        return bool(self.secure_token) and hmac.compare_digest(token, self.secure_token.encode())


def text_to_sign(sent_at_ms: str, body: bytes) -> bytes:
    """What V2 signs: the time and the JSON text as JavaScript writes it with sorted keys. Raises ValueError.

    JavaScript has one kind of number, so 599000.0 is 599000; neither letters nor slashes are escaped.
    """
    told = json.loads(body, parse_float=_number)
    written = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"{sent_at_ms}.{written}".encode()


def lines_of(body: bytes) -> list[BankLine]:
    """Every line of a notification, one (V2) or several (V1), the test call's among them. Raises Malformed."""
    try:
        told = json.loads(body)
        records = told["data"] if isinstance(told["data"], list) else [told["data"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(type(error).__name__) from error
    return [_line(record) for record in records]


def _line(record: Any) -> BankLine:
    """A line as V2, V1 or the list name its fields; money out is negative in all of them."""
    if not isinstance(record, dict):
        raise Malformed("shape")

    def field_of(*names: str) -> str:
        return next((found for name in names if (found := wire.text(record.get(name)))), "")

    amount = record.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Malformed("amount")
    account_no = field_of("accountNumber", "bankSubAccId", "bank_sub_acc_id", "subAccId")
    if not account_no:
        raise Malformed("account")
    return BankLine(
        line_id=str(wire.whole(record.get("id"))),
        incoming=amount > 0,
        amount_vnd=wire.amount_vnd(abs(amount)),
        content=field_of("description"),
        account_no=account_no,
        occurred_at=wire.vietnam_time(field_of("transactionDateTime", "when")),
        sub_account=field_of("virtualAccountNumber", "virtualAccount"),
        bank=field_of("bankAbbreviation", "bankName", "bankCodeName"),
        bank_reference=field_of("reference", "tid"),
    )


def _number(written: str) -> int | float:
    number = float(written)
    return int(number) if number.is_integer() else number


def _place(cursor: str, now: datetime) -> tuple[date, int]:
    day, _, page = cursor.partition(" ")
    if not day:
        return (now.astimezone(wire.VIETNAM) - _OVERLAP).date(), 1
    return date.fromisoformat(day), int(page or 1)


def _next_day(day: date, lines: Sequence[BankLine]) -> date:
    newest = max((line.occurred_at.astimezone(wire.VIETNAM).date() for line in lines), default=day)
    return max(day, newest - _OVERLAP)
