"""Casso's side: signed notifications (V2) and its list of bank lines by day and page.

Source: developer.casso.vn, "Webhook V2" and "API lấy giao dịch". Shares nothing with the adapter that checks them.
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def notification(number: int, content: str, amount_vnd: int, account_no: str, now: datetime) -> dict[str, Any]:
    """What Casso sends for one line: money in, or out with a negative sum."""
    return {
        "error": 0,
        "data": {
            "id": number,
            "reference": f"FT{number}",
            "description": content,
            "amount": amount_vnd,
            "runningBalance": 25_000_000,
            "transactionDateTime": now.astimezone(_VIETNAM).strftime("%Y-%m-%d %H:%M:%S"),
            "accountNumber": account_no,
            "bankName": "VPBank",
            "bankAbbreviation": "VPB",
            "virtualAccountNumber": "",
            "virtualAccountName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "8888888888",
            "counterAccountBankId": "970415",
            "counterAccountBankName": "VietinBank",
        },
    }


def sign(told: dict[str, Any], checksum_key: str, now: datetime) -> dict[str, str]:
    """The headers with which Casso proves that it says `told`."""
    milliseconds = str(int(now.timestamp() * 1000))
    machine = hmac.new(checksum_key.encode("utf-8"), digestmod="sha512")
    machine.update(f"{milliseconds}.{_as_javascript(told)}".encode())
    return {"Content-Type": "application/json", "X-Casso-Signature": f"t={milliseconds},v1={machine.hexdigest()}"}


def record(number: int, content: str, amount_vnd: int, account_no: str, at: datetime) -> dict[str, Any]:
    """A line as the list has it."""
    return {
        "id": number,
        "tid": f"FT{number}",
        "description": content,
        "amount": amount_vnd,
        "cusum_balance": 1_070_904,
        "when": at.astimezone(_VIETNAM).strftime("%Y-%m-%dT%H:%M:%S"),
        "bankSubAccId": account_no,
        "virtualAccount": "",
        "bankCodeName": "vpbank",
    }


def pages(api_key: str, records: list[dict[str, Any]]) -> Starlette:
    """The API over `records`, oldest first."""

    def transactions(request: Request) -> JSONResponse:
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Apikey {api_key}"):
            return JSONResponse({"error": 401, "message": "Unauthorized"}, 401)
        wanted = request.query_params
        page, size = int(wanted.get("page", 1)), int(wanted.get("pageSize", 10))
        found = sorted((row for row in records if row["when"] >= wanted["fromDate"]), key=lambda row: str(row["when"]))
        more = page * size < len(found)
        listed = {
            "page": page,
            "pageSize": size,
            "nextPage": page + 1 if more else None,
            "totalRecords": len(found),
            "records": found[(page - 1) * size : page * size],
        }
        return JSONResponse({"error": 0, "message": "success", "data": listed})

    return Starlette(routes=[Route("/v2/transactions", transactions)])


def _as_javascript(value: Any) -> str:
    """JSON.stringify of `value` with the keys of every object in order."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_as_javascript(key)}:{_as_javascript(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_javascript, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
