"""Stands in for MoMo: its payment page, its notifications and its API, in memory. For the demo and for tests.

Nothing here is shared with the adapter, so that one proves the other; both are held against the same test vectors.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payments.simulators import page

_PAGE_LASTS = timedelta(minutes=15)  # MoMo does not publish how long
_SIGNED = {
    "create": {"amount", "extraData", "ipnUrl", "orderId", "orderInfo", "partnerCode", "redirectUrl", "requestId"}
    | {"requestType"},
    "query": {"orderId", "partnerCode", "requestId"},
    "refund": {"amount", "description", "orderId", "partnerCode", "requestId", "transId"},
    "confirm": {"amount", "description", "orderId", "partnerCode", "requestId", "requestType"},
    "told": {"amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode", "payType"}
    | {"requestId", "responseTime", "resultCode", "transId"},
}
_ABANDONED = "Bạn đã bỏ đi. MoMo không báo gì cho cửa hàng."
_WORDS = {0: "Thành công.", 9000: "Giao dịch đã được xác nhận thành công.", 1006: "Người dùng đã từ chối thanh toán."}


def signature(what: str, fields: Mapping[str, Any], access_key: str, secret_key: str) -> str:
    """MoMo's signature of a message: its signed fields and the access key, sorted."""
    pairs = {"accessKey": access_key, **{name: fields.get(name, "") for name in _SIGNED[what]}}
    machine = hmac.new(secret_key.encode("utf-8"), digestmod="sha256")
    for position, name in enumerate(sorted(pairs)):
        machine.update(f"{'&' if position else ''}{name}={pairs[name]}".encode())
    return machine.hexdigest()


@dataclass
class Payment:
    """A payment somebody opened: where it stands, its refunds, and what the shop answered to each notification."""

    opened: dict[str, Any]
    opened_at: datetime
    amount: int
    result: int = 1000
    number: int = field(default_factory=lambda: 4_000_000_000 + secrets.randbelow(10**9))
    paid_at: datetime | None = None
    refunds: list[dict[str, Any]] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)


@dataclass
class Desk:
    """MoMo's memory. `refund_result` is what a refund is answered with, `refunds_end_in` what one under way becomes."""

    partner_code: str
    access_key: str
    secret_key: str
    clock: Callable[[], datetime]
    payments: dict[str, Payment] = field(default_factory=dict)
    answered: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    refund_result: int = 0
    refunds_end_in: int = 0

    def api(self, what: str, told: dict[str, Any], here: str) -> dict[str, Any]:
        """MoMo's answer to a call. A request id is worked on once; what became final is said again."""
        genuine = signature(what, told, self.access_key, self.secret_key)
        if told.get("partnerCode") != self.partner_code or told.get("signature") != genuine:
            return {"resultCode": 13, "message": "Xác thực doanh nghiệp thất bại."}
        before, said = self.answered.get(told["requestId"], ({}, {}))
        if before:
            return said if before == told and said["resultCode"] != 7002 else self._reply(told, 40)
        if what == "create":
            answer = self._create(told, here)
        else:
            answer = {"query": self._query, "refund": self._refund, "confirm": self._confirm}[what](told)
        self.answered[told["requestId"]] = (told, answer)
        return answer

    def decide(self, payment: Payment, choice: str) -> dict[str, Any]:
        """The buyer pressed a button; returns what MoMo signs for the notification and the return."""
        payment.result = 1006 if choice == "decline" else 0 if payment.opened.get("autoCapture", True) else 9000
        payment.paid_at = self.clock()
        if choice == "late":
            payment.paid_at = payment.opened_at + _PAGE_LASTS + timedelta(minutes=1)
        if choice == "wrong":
            payment.amount += 1000 if payment.amount <= 1000 else -1000
        return self.told(payment)

    def told(self, payment: Payment) -> dict[str, Any]:
        """The signed result of a payment, as a notification and the browser's return carry it."""
        fields = {
            **{
                name: payment.opened[name] for name in ("partnerCode", "orderId", "requestId", "orderInfo", "extraData")
            },
            "amount": payment.amount,
            "orderType": "momo_wallet",
            "transId": payment.number,
            "resultCode": payment.result,
            "message": _WORDS.get(payment.result, ""),
            "payType": "qr",
            "responseTime": _ms(payment.paid_at or self.clock()),
        }
        return fields | {"signature": signature("told", fields, self.access_key, self.secret_key)}

    def tell(self, payment: Payment, fields: Mapping[str, Any], times: int = 1) -> None:
        """Notify the shop; the status of its answers is kept in `heard`, and 0 for silence."""
        for _ in range(times):
            try:
                payment.heard.append(httpx2.post(payment.opened["ipnUrl"], json=dict(fields), timeout=10).status_code)
            except httpx2.HTTPError:
                payment.heard.append(0)

    def _create(self, told: dict[str, Any], here: str) -> dict[str, Any]:
        if told["orderId"] in self.payments:
            return self._reply(told, 41)
        if not 1_000 <= told["amount"] <= 50_000_000:
            return self._reply(told, 22)
        self.payments[told["orderId"]] = Payment(told, self.clock(), told["amount"])
        return self._reply(told, 0, amount=told["amount"], payUrl=f"{here}/pay/{told['orderId']}")

    def _query(self, told: dict[str, Any]) -> dict[str, Any]:
        payment = self.payments.get(told["orderId"])
        if payment is None:
            return self._reply(told, 42)
        if payment.result == 1000 and self.clock() > payment.opened_at + _PAGE_LASTS:
            payment.result, payment.paid_at = 1005, self.clock()
        for row in payment.refunds:
            row["resultCode"] = self.refunds_end_in if row["resultCode"] == 7002 else row["resultCode"]
        at = _ms(payment.paid_at or self.clock())
        return self._reply(told, payment.result, amount=payment.amount, transId=payment.number, responseTime=at) | {
            "refundTrans": payment.refunds,
            "extraData": "",
        }

    def _refund(self, told: dict[str, Any]) -> dict[str, Any]:
        payment = next((one for one in self.payments.values() if one.number == told["transId"]), None)
        if payment is None or payment.result != 0:
            return self._reply(told, 42)
        back = sum(row["amount"] for row in payment.refunds if row["resultCode"] in (0, 7002))
        result = self.refund_result if 0 < told["amount"] <= payment.amount - back else 1088
        row = {"orderId": told["orderId"], "amount": told["amount"], "resultCode": result, "createdTime": self._now()}
        row["transId"] = 5_000_000_000 + secrets.randbelow(10**9)
        payment.refunds.append(row)
        return self._reply(told, result, amount=told["amount"], transId=row["transId"])

    def _confirm(self, told: dict[str, Any]) -> dict[str, Any]:
        payment = self.payments.get(told["orderId"])
        if payment is None or payment.result != 9000 or not 0 < told["amount"] <= payment.amount:
            return self._reply(told, 42 if payment is None else 47)
        payment.amount, payment.paid_at = told["amount"], self.clock()
        payment.result = 0 if told["requestType"] == "capture" else 1003
        return self._reply(told, 0, amount=payment.amount, transId=payment.number, requestType=told["requestType"])

    def _reply(self, told: Mapping[str, Any], result: int, **more: Any) -> dict[str, Any]:
        asked = {name: told[name] for name in ("partnerCode", "orderId", "requestId")}
        return {**asked, "responseTime": self._now(), "resultCode": result, "message": _WORDS.get(result, "")} | more

    def _now(self) -> int:
        return _ms(self.clock())


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def pages(
    partner_code: str, access_key: str, secret_key: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Starlette:
    """MoMo as an application of its own. Its memory is `state.desk`."""
    desk = Desk(partner_code, access_key, secret_key, clock)

    async def asked(request: Request) -> Response:
        here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        answer = desk.api(request.path_params["what"], json.loads(await request.body()), here)
        return JSONResponse(answer, 400 if answer["resultCode"] in (13, 22) else 200)

    async def shown(request: Request) -> Response:
        return _asking(desk.payments.get(request.path_params["order"]))

    async def pressed(request: Request) -> Response:
        payment = desk.payments.get(request.path_params["order"])
        choice = dict(parse_qsl((await request.body()).decode())).get("choice", "")
        if payment is None or choice not in page.CHOICES or payment.result != 1000:
            return _asking(payment)
        if choice == "abandon":
            return HTMLResponse(page.notice("MoMo", _ABANDONED, payment.opened["redirectUrl"]))
        fields = desk.decide(payment, choice)
        if choice == "first":
            await run_in_threadpool(desk.tell, payment, fields)
        return _left(desk, payment, choice, fields)

    app = Starlette(
        routes=[
            Route("/v2/gateway/api/{what:str}", asked, methods=["POST"]),
            Route("/pay/{order:str}", shown),
            Route("/pay/{order:str}", pressed, methods=["POST"]),
        ]
    )
    app.state.desk = desk
    return app


def _left(desk: Desk, payment: Payment, choice: str, fields: dict[str, Any]) -> Response:
    """The browser leaves MoMo's page; MoMo notifies afterwards, unless it has already."""
    url = payment.opened["redirectUrl"]
    later = BackgroundTask(desk.tell, payment, fields, {"first": 0, "silent": 0, "twice": 2}.get(choice, 1))
    return RedirectResponse(f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}", 303, background=later)


def _asking(payment: Payment | None) -> Response:
    if payment and payment.result == 1000:
        return HTMLResponse(page.choices("MoMo", payment.opened["orderInfo"], payment.amount, {}))
    back_url = payment.opened["redirectUrl"] if payment else ""
    return HTMLResponse(page.notice("MoMo", "Giao dịch này đã xong hoặc không có.", back_url), 409)
