"""Stands in for ZaloPay: its payment page, its callbacks and its API, in memory. For the demo and for tests.

Nothing here is shared with the adapter, so that one proves the other; both are held against the same test vectors.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
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

_HANOI = timedelta(hours=7)  # no summer time since 1975
_CALLS = 4  # the first and three more
_USER_CANCELLED, _EXPIRED = -329, -54


def mac(key: str, *values: object) -> str:
    """ZaloPay's signature: the values with bars between them."""
    machine = hmac.new(bytes(key, "utf-8"), digestmod="sha256")
    for position, value in enumerate(values):
        machine.update(f"|{value}".encode() if position else str(value).encode())
    return machine.hexdigest()


def create_mac(key1: str, o: dict[str, Any]) -> str:
    """Of an order."""
    user, at = o["app_user"], o["app_time"]
    return mac(key1, o["app_id"], o["app_trans_id"], user, o["amount"], at, o["embed_data"], o["item"])


def query_mac(key1: str, o: dict[str, Any]) -> str:
    """Of the question after an order."""
    return mac(key1, o["app_id"], o["app_trans_id"], key1)


def refund_mac(key1: str, o: dict[str, Any]) -> str:
    """Of a refund."""
    return mac(key1, o["app_id"], o["zp_trans_id"], o["amount"], o["description"], o["timestamp"])


def query_refund_mac(key1: str, o: dict[str, Any]) -> str:
    """Of the question after a refund."""
    return mac(key1, o["app_id"], o["m_refund_id"], o["timestamp"])


def return_mac(key2: str, o: dict[str, Any]) -> str:
    """Of the way back of the browser."""
    money = o["amount"], o["discountamount"], o["status"]
    return mac(key2, o["appid"], o["apptransid"], o["pmcid"], o["bankcode"], *money)


@dataclass
class Order:
    """An order somebody opened: where it stands, and what the shop answered to each callback (None for silence)."""

    opened: dict[str, Any]
    opened_at: datetime
    amount: int
    result: int = 3
    code: int = 0
    number: int = 0
    paid_at: int = 0
    heard: list[int | None] = field(default_factory=list)

    @property
    def ends_at(self) -> datetime:
        """When its page closes."""
        return self.opened_at + timedelta(seconds=self.opened.get("expire_duration_seconds", 900))


@dataclass
class Desk:
    """ZaloPay's memory. A refund is answered with `refund_result`, one under way becomes `refunds_end_in`."""

    app_id: int
    key1: str
    key2: str
    clock: Callable[[], datetime]
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, dict[str, int]] = field(default_factory=dict)
    refund_result: int = 3
    refunds_end_in: tuple[int, int] = (1, 1)

    def api(self, what: str, told: dict[str, Any], here: str) -> dict[str, Any]:
        """ZaloPay's answer to a call."""
        signed, answer = {
            "create": (create_mac, self._create),
            "query": (query_mac, self._query),
            "refund": (refund_mac, self._refund),
            "query_refund": (query_refund_mac, self._query_refund),
        }[what]
        if told.get("app_id") != self.app_id or told.get("mac") != signed(self.key1, told):
            return _reply(2, -402)
        at_ms = told.get("app_time", told.get("timestamp", self._now()))
        if abs(at_ms - self._now()) > 15 * 60 * 1000:
            return _reply(2, -401)
        reply = answer(told)
        return reply | ({"order_url": f"{here}/pay/{told['app_trans_id']}"} if reply.get("order_token") else {})

    def decide(self, order: Order, choice: str) -> dict[str, Any]:
        """The buyer pressed a button; returns the signed parameters of the way back."""
        if choice == "decline":
            order.result, order.code = 2, _USER_CANCELLED
        else:
            order.result, order.code = 1, 1
            order.number = int(self._day()) * 10**9 + secrets.randbelow(10**9)
            if choice == "wrong":
                order.amount += 1000 if order.amount <= 1000 else -1000
            order.paid_at = _ms(order.ends_at + timedelta(minutes=1)) if choice == "late" else self._now()
        back = {
            "appid": self.app_id,
            "apptransid": order.opened["app_trans_id"],
            "pmcid": 38,
            "bankcode": "",
            "amount": order.amount,
            "discountamount": 0,
            "status": order.code,
        }
        return back | {"checksum": return_mac(self.key2, back)}

    def callback(self, order: Order) -> dict[str, Any]:
        """What ZaloPay posts when an order is paid."""
        opened = {name: order.opened[name] for name in ("app_trans_id", "app_time", "app_user", "embed_data", "item")}
        paid = {"amount": order.amount, "zp_trans_id": order.number, "server_time": order.paid_at, "channel": 38}
        more = {"merchant_user_id": "demo", "user_fee_amount": 0, "discount_amount": 0}
        text = json.dumps({"app_id": self.app_id, **opened, **paid, **more}, ensure_ascii=False)
        return {"data": text, "mac": mac(self.key2, text), "type": 1}

    def tell(self, order: Order, times: int = 1) -> None:
        """Call back, again while the shop does not say 1 or 2; its answers are kept in `heard`."""
        body = self.callback(order)
        for _ in range(times):
            for _ in range(_CALLS):
                order.heard.append(_post(order.opened["callback_url"], body))
                if order.heard[-1] in (1, 2, -1):
                    break

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        number = told["app_trans_id"]
        if number in self.orders:
            return _reply(2, -68)
        if not number.startswith(f"{self._day()}_") or len(number) > 40 or told["amount"] <= 0:
            return _reply(2, -401)
        self.orders[number] = Order(told, self.clock(), told["amount"])
        return _reply(1, 1) | {"order_token": secrets.token_hex(8)}

    def _query(self, told: dict[str, Any]) -> dict[str, Any]:
        order = self.orders.get(told["app_trans_id"])
        if order is None:
            return _reply(2, -101)
        if order.result == 3 and self.clock() > order.ends_at:
            order.result, order.code = 2, _EXPIRED
        paid = {"amount": order.amount, "zp_trans_id": order.number, "server_time": order.paid_at}
        return _reply(order.result, order.code) | {"is_processing": order.result == 3} | paid

    def _refund(self, told: dict[str, Any]) -> dict[str, Any]:
        number, amount = told["m_refund_id"], told["amount"]
        day, app_id, _ = number.split("_", 2)
        if (day, app_id) != (self._day(), str(self.app_id)):
            return _reply(2, -25 if day != self._day() else -26)
        if number in self.refunds:
            return _reply(2, -23)
        order = next((one for one in self.orders.values() if str(one.number) == str(told["zp_trans_id"])), None)
        if order is None or order.result != 1:
            return _reply(2, -101)
        back = sum(one["amount"] for one in self.refunds.values() if one["of"] == order.number and one["result"] != 2)
        if not 0 < amount <= order.amount - back:
            return _reply(2, -14)
        self.refunds[number] = {"of": order.number, "amount": amount, "result": self.refund_result, "code": 1}
        return _reply(self.refund_result, 1 if self.refund_result == 1 else 2) | {"refund_id": secrets.randbits(40)}

    def _query_refund(self, told: dict[str, Any]) -> dict[str, Any]:
        refund = self.refunds.get(told["m_refund_id"])
        if refund is None:
            return _reply(2, -101)
        if refund["result"] == 3:
            refund["result"], refund["code"] = self.refunds_end_in
        return _reply(refund["result"], refund["code"])

    def _day(self) -> str:
        return (self.clock().astimezone(UTC) + _HANOI).strftime("%y%m%d")

    def _now(self) -> int:
        return _ms(self.clock())


def _reply(result: int, code: int) -> dict[str, Any]:
    words = {1: "Giao dịch thành công", 2: "Giao dịch thất bại", 3: "Giao dịch đang xử lý"}[result]
    return {"return_code": result, "return_message": words, "sub_return_code": code, "sub_return_message": words}


def _post(url: str, body: dict[str, Any]) -> int | None:
    try:
        return int(httpx2.post(url, json=body, timeout=10).json()["return_code"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return None


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def pages(app_id: str, key1: str, key2: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """ZaloPay as an application of its own. Its memory is `state.desk`."""
    desk = Desk(int(app_id), key1, key2, clock)

    async def asked(request: Request) -> Response:
        here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return JSONResponse(desk.api(request.path_params["what"], json.loads(await request.body()), here))

    async def shown(request: Request) -> Response:
        return _asking(desk.orders.get(request.path_params["order"]))

    async def pressed(request: Request) -> Response:
        order = desk.orders.get(request.path_params["order"])
        choice = dict(parse_qsl((await request.body()).decode())).get("choice", "")
        if order is None or choice not in page.CHOICES or order.result != 3:
            return _asking(order)
        if choice == "abandon":
            words = "Bạn đã bỏ đi. ZaloPay không báo gì cho cửa hàng."
            return HTMLResponse(page.notice("ZaloPay", words, _back_url(order)))
        back = desk.decide(order, choice)
        if choice == "first":
            await run_in_threadpool(desk.tell, order)
        return _left(desk, order, choice, back)

    app = Starlette(
        routes=[
            Route("/v2/{what:str}", asked, methods=["POST"]),
            Route("/pay/{order:str}", shown),
            Route("/pay/{order:str}", pressed, methods=["POST"]),
        ]
    )
    app.state.desk = desk
    return app


def _left(desk: Desk, order: Order, choice: str, back: dict[str, Any]) -> Response:
    """The browser leaves ZaloPay's page; ZaloPay calls back afterwards, unless it has already or the order failed."""
    url = _back_url(order)
    times = {"first": 0, "silent": 0, "twice": 2, "decline": 0}.get(choice, 1)
    later = BackgroundTask(desk.tell, order, times)
    return RedirectResponse(f"{url}{'&' if '?' in url else '?'}{urlencode(back)}", 303, background=later)


def _back_url(order: Order) -> str:
    return str(json.loads(order.opened["embed_data"]).get("redirecturl", ""))


def _asking(order: Order | None) -> Response:
    if order and order.result == 3:
        return HTMLResponse(page.choices("ZaloPay", order.opened["description"], order.amount, {}))
    back_url = _back_url(order) if order else ""
    return HTMLResponse(page.notice("ZaloPay", "Giao dịch này đã xong hoặc không có.", back_url), 409)
