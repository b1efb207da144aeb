"""Stands in for payOS: its API, its page with a QR, and the webhooks that say a transfer came. Never in production.

Nothing that signs is shared with the adapter, so that one proves the other. Links live in memory.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import httpx2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payments.gateways.vietqr import encode
from payments.simulators import page

WRONG_BY_VND = 1_000
BANK = {"bin": "970422", "accountNumber": "12345678", "accountName": "HTX THU NGHIEM"}
Thing = dict[str, Any]


def pages(client_id: str, api_key: str, checksum_key: str, notify_url: str, *, public_url: str = "") -> Starlette:
    """payOS for one channel. Webhooks go to `notify_url`; `public_url` is where browsers find these pages."""
    desk = Desk(client_id, api_key, checksum_key, notify_url, public_url)
    routes = [
        Route("/v2/payment-requests", desk.create, methods=["POST"]),
        Route("/v2/payment-requests/{id}", desk.read),
        Route("/v2/payment-requests/{id}/cancel", desk.cancel, methods=["POST"]),
        Route("/confirm-webhook", desk.register, methods=["POST"]),
        Route("/web/{id}", desk.show, methods=["GET"]),
        Route("/web/{id}", desk.press, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={Refuses: lambda _request, refusal: refusal.answer})
    app.state.desk = desk
    return app


def signature_of(told: Thing, checksum_key: str) -> str:
    """How payOS signs `data`: every field by name, an empty text where there is nothing."""
    machine = hmac.new(checksum_key.encode("utf-8"), digestmod="sha256")
    for number, (name, value) in enumerate(sorted(told.items())):
        machine.update(("&" if number else "").encode())
        machine.update(f"{name}={''.join(_letters(value))}".encode())
    return machine.hexdigest()


def signature_of_order(asked: Thing, checksum_key: str) -> str:
    """How the shop has to sign a new link."""
    text = "amount={amount}&cancelUrl={cancelUrl}&description={description}&orderCode={orderCode}&returnUrl={returnUrl}"
    return hmac.new(checksum_key.encode("utf-8"), text.format(**asked).encode("utf-8"), "sha256").hexdigest()


class Refuses(Exception):
    """payOS says no, with a code."""

    def __init__(self, code: str, words: str, status: int = 200) -> None:
        super().__init__(code)
        self.answer = JSONResponse({"code": code, "desc": words}, status)


@dataclass
class Desk:
    """All that this payOS knows."""

    client_id: str
    api_key: str
    checksum_key: str
    notify_url: str
    public_url: str
    links: dict[str, Thing] = field(default_factory=dict)

    async def create(self, request: Request) -> Response:
        """A link that waits for its buyer; an order number is good once."""
        asked = await self._asked(request)
        if not hmac.compare_digest(str(asked.get("signature")), signature_of_order(asked, self.checksum_key)):
            raise Refuses("201", "Mã kiểm tra (signature) không hợp lệ")
        if any(link["orderCode"] == asked["orderCode"] for link in self.links.values()):
            raise Refuses("231", "Đơn thanh toán đã tồn tại")
        if len(asked["description"]) > 9:
            raise Refuses("20", "Mô tả tối đa 9 kí tự")
        here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        link: Thing = {"id": secrets.token_hex(16), "status": "PENDING", "transactions": []} | asked
        self.links[link["id"]] = link
        names = ("orderCode", "amount", "description", "status")
        told = {name: link[name] for name in names} | BANK | {"currency": "VND", "paymentLinkId": link["id"]}
        told["expiredAt"] = asked.get("expiredAt")
        told["checkoutUrl"] = f"{self.public_url or here}/web/{link['id']}"
        told["qrCode"] = encode(
            BANK["bin"], BANK["accountNumber"], amount_vnd=link["amount"], description=link["description"]
        )
        return self._signed(told)

    async def read(self, request: Request) -> Response:
        """What is known of a link."""
        await self._asked(request)
        return self._signed(_shown(self._link(request)))

    async def cancel(self, request: Request) -> Response:
        """Close a link that nobody has paid."""
        asked, link = await self._asked(request), self._link(request)
        if link["status"] != "PENDING":
            raise Refuses("14", "Trạng thái không cho phép huỷ")
        link.update(
            status="CANCELLED", cancellationReason=asked.get("cancellationReason"), canceledAt=_now().isoformat()
        )
        return self._signed(_shown(link))

    async def register(self, request: Request) -> Response:
        """Remember where webhooks go and try it with an order that does not exist."""
        self.notify_url = (await self._asked(request))["webhookUrl"]
        trial = _told(
            {"orderCode": 123, "description": "VQRIO123", "id": secrets.token_hex(16)}, 3_000, "TF230204212323"
        )
        await run_in_threadpool(self.tell, trial)
        return JSONResponse({"code": "00", "desc": "success", "data": {"webhookUrl": self.notify_url}})

    async def show(self, request: Request) -> Response:
        """The page with the QR, where the buyer says what happened in the bank's app."""
        link = self._link(request)
        if link["status"] != "PENDING":
            return HTMLResponse(page.notice("payOS", "Đơn này đã xong hoặc không còn mở.", self._back(link)))
        words = f"Chuyển khoản tới {BANK['accountNumber']}, nội dung {link['description']}"
        return HTMLResponse(page.choices("payOS", words, link["amount"], {}))

    async def press(self, request: Request) -> Response:
        """A transfer comes, or does not, and payOS tells of it as the button says."""
        link = self._link(request)
        choice = dict(parse_qsl((await request.body()).decode())).get("choice", "")
        if link["status"] != "PENDING" or choice not in page.CHOICES:
            return await self.show(request)
        if choice == "abandon":
            return HTMLResponse(page.notice("payOS", "Bạn đã bỏ đi. payOS không báo gì.", self._back(link)))
        if choice == "decline":
            link.update(status="CANCELLED", cancellationReason="Khách huỷ")
            return RedirectResponse(self._back(link), 303)
        told = self._transfer(link, link["amount"] - (WRONG_BY_VND if choice == "wrong" else 0))
        if choice == "late":
            link["status"] = "EXPIRED"
        if choice == "first":
            await run_in_threadpool(self.tell, told)
        times = {"first": 0, "silent": 0, "twice": 2}.get(choice, 1)
        return RedirectResponse(self._back(link), 303, background=BackgroundTask(self.tell, told, times))

    def tell(self, told: Thing, times: int = 1) -> None:
        """Send a webhook. What does not arrive is lost, and the shop has to ask."""
        body = {"code": "00", "desc": "success", "success": True, "data": told}
        body["signature"] = signature_of(told, self.checksum_key)
        for _ in range(times):
            with suppress(httpx2.TransportError):
                httpx2.post(self.notify_url, json=body, timeout=10)

    def _transfer(self, link: Thing, amount_vnd: int) -> Thing:
        told = _told(link, amount_vnd, f"FT{secrets.randbelow(10**14):014d}")
        names = ("accountNumber", "amount", "description", "reference", "counterAccountName")
        link["transactions"].append({name: told[name] for name in names} | {"transactionDateTime": _now().isoformat()})
        link["status"] = "PAID" if amount_vnd >= link["amount"] else "UNDERPAID"
        return told

    def _back(self, link: Thing) -> str:
        away = link["status"] == "CANCELLED"
        named = {
            "id": link["id"],
            "cancel": str(away).lower(),
            "status": link["status"],
            "orderCode": link["orderCode"],
        }
        url = link["cancelUrl" if away else "returnUrl"]
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'code': '00'} | named)}"

    def _signed(self, told: Thing) -> Response:
        proof = signature_of(told, self.checksum_key)
        return JSONResponse({"code": "00", "desc": "success", "data": told, "signature": proof})

    async def _asked(self, request: Request) -> Thing:
        if (request.headers.get("x-client-id"), request.headers.get("x-api-key")) != (self.client_id, self.api_key):
            raise Refuses("401", "Không có quyền truy cập", 401)
        body = await request.body()
        return dict(json.loads(body)) if body else {}

    def _link(self, request: Request) -> Thing:
        name = request.path_params["id"]
        found = [link for link in self.links.values() if name in (link["id"], str(link["orderCode"]))]
        if not found:
            raise Refuses("101", "Không tìm thấy đơn thanh toán", 404)
        return found[0]


def _shown(link: Thing) -> Thing:
    paid = sum(line["amount"] for line in link["transactions"])
    names = ("id", "orderCode", "amount", "status", "transactions")
    known = {name: link[name] for name in names} | {"createdAt": "2026-03-01T09:00:00+07:00"}
    ends = {"canceledAt": link.get("canceledAt"), "cancellationReason": link.get("cancellationReason")}
    return known | ends | {"amountPaid": paid, "amountRemaining": max(link["amount"] - paid, 0)}


def _told(link: Thing, amount_vnd: int, reference: str) -> Thing:
    nobody = ("counterAccountBankId", "counterAccountBankName", "counterAccountNumber", "virtualAccountName")
    return dict.fromkeys((*nobody, "virtualAccountNumber"), "") | {
        "orderCode": link["orderCode"],
        "amount": amount_vnd,
        "description": link["description"],
        "accountNumber": BANK["accountNumber"],
        "reference": reference,
        "transactionDateTime": _now().strftime("%Y-%m-%d %H:%M:%S"),
        "currency": "VND",
        "paymentLinkId": link["id"],
        "code": "00",
        "desc": "Thành công",
        "counterAccountName": "KHACH MUA HANG",
    }


def _letters(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        write: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
        yield write(value)
    elif value not in (None, "null", "undefined"):
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).replace(microsecond=0)
