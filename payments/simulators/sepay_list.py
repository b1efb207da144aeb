"""SePay's list of bank lines, as its API v1 answers: numbers as texts, newest first, 429 when asked too often.

Source: developer.sepay.vn, "SePay API v1, API Giao dịch". Shares nothing with the adapter that asks.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass
class BankLines:
    """What happened on the company's accounts. The next `refusals` questions are answered with 429."""

    token: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0
    oldest_first: bool = False

    def add(self, number: int, amount_vnd: int, content: str, account_no: str, at: datetime) -> None:
        """A line came: money in, or out with a negative sum."""
        self.rows.append(
            {
                "id": str(number),
                "bank_brand_name": "Vietcombank",
                "account_number": account_no,
                "transaction_date": at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%Y-%m-%d %H:%M:%S"),
                "amount_out": f"{max(-amount_vnd, 0)}.00",
                "amount_in": f"{max(amount_vnd, 0)}.00",
                "accumulated": "0.00",
                "transaction_content": content,
                "reference_number": f"FT{number}",
                "code": None,
                "sub_account": None,
                "bank_account_id": "19",
            }
        )

    def found(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """The rows that a question is answered with."""
        rows = [row for row in self.rows if _fits(row, wanted)]
        rows.sort(key=lambda row: int(row["id"]), reverse=not self.oldest_first)
        return rows[: min(int(wanted.get("limit", 5000)), 5000)]


def pages(lines: BankLines) -> Starlette:
    """The API over `lines`."""

    def transactions(request: Request) -> JSONResponse:
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {lines.token}"):
            return JSONResponse({"status": 401, "error": "Unauthorized", "messages": {}}, 401)
        if lines.refusals:
            lines.refusals -= 1
            return JSONResponse({"status": 429}, 429, headers={"x-sepay-userapi-retry-after": "2"})
        found = lines.found(dict(request.query_params))
        return JSONResponse({"status": 200, "error": None, "messages": {"success": True}, "transactions": found})

    return Starlette(routes=[Route("/userapi/transactions/list", transactions)])


def _fits(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    return (
        int(row["id"]) >= int(wanted.get("since_id", 0))
        and row["account_number"] == wanted.get("account_number", row["account_number"])
        and wanted.get("transaction_date_min", "") <= row["transaction_date"]
        and row["transaction_date"] <= wanted.get("transaction_date_max", "9999")
    )
