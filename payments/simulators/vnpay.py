"""Stands in for VNPAY: its payment page, its GET notification and its API, in memory. For the demo and for tests.

Nothing here is shared with the adapter, so that one proves the other; both are held against the same test vectors.
"""

from __future__ import annotations

import hmac
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payments.simulators import page

_PLAIN = (string.ascii_letters + string.digits + ".-*_").encode()
_HANOI = timedelta(hours=7)  # no summer time since 1975
ASKED = {
    "querydr": "RequestId|Version|Command|TmnCode|TxnRef|TransactionDate|CreateDate|IpAddr|OrderInfo",
    "refund": "RequestId|Version|Command|TmnCode|TransactionType|TxnRef|Amount|TransactionNo|TransactionDate|CreateBy"
    "|CreateDate|IpAddr|OrderInfo",
}
TOLD = {
    "refund": "ResponseId|Command|ResponseCode|Message|TmnCode|TxnRef|Amount|BankCode|PayDate|TransactionNo"
    "|TransactionType|TransactionStatus|OrderInfo",
    "querydr": "ResponseId|Command|ResponseCode|Message|TmnCode|TxnRef|Amount|BankCode|PayDate|TransactionNo"
    "|TransactionType|TransactionStatus|OrderInfo|PromotionCode|PromotionAmount",
}


def signature(fields: Mapping[str, str], secret: str) -> str:
    """VNPAY's hash of a query: what its own sample loop does with a sorted array."""
    machine = hmac.new(secret.encode(), digestmod="sha512")
    for position, (name, value) in enumerate(sorted(fields.items())):
        machine.update(b"&" if position else b"")
        machine.update(f"{percent(name)}={percent(value)}".encode("ascii"))
    return machine.hexdigest()


def percent(text: str) -> str:
    """Form encoding, byte by byte."""
    return "".join("+" if b == 32 else chr(b) if b in _PLAIN else f"%{b:02X}" for b in text.encode())


def api_signature(order: str, fields: Mapping[str, str], secret: str) -> str:
    """VNPAY's hash of an API message whose signed fields come in `order`."""
    values = [fields.get("vnp_" + name, "") for name in order.split("|")]
    return hmac.new(secret.encode(), str.join("|", values).encode(), "sha512").hexdigest()


@dataclass
class Transaction:
    """A payment or a refund as VNPAY keeps it; `amount` is on the wire's scale."""

    kind: str
    number: str
    amount: int
    words: str
    status: str = "01"
    paid_at: str = ""
    request_id: str = ""


@dataclass
class Payment:
    """A payment somebody opened, its refunds after it, and what the shop answered to each notification."""

    opened: dict[str, str]
    asked: Transaction
    refunds: list[Transaction] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def newest(self, number: str) -> Transaction:
        """The transaction of that number; without a number the newest one."""
        every = [self.asked, *self.refunds]
        return next((one for one in every if number and one.number == number), every[-1])


@dataclass
class Desk:
    """VNPAY's memory. `refunds_end_in` is the status that refunds have when they are asked about."""

    tmn_code: str
    hash_secret: str
    ipn_url: str
    clock: Callable[[], datetime]
    payments: dict[str, Payment] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    refunds_end_in: str = "00"

    def open(self, fields: dict[str, str]) -> Payment | str:
        """The payment of a signed address, or why there is none."""
        told = fields.pop("vnp_SecureHash", "")
        if told != signature(fields, self.hash_secret):
            return "Sai chữ ký (97)"
        if fields.get("vnp_TmnCode") != self.tmn_code:
            return "Không có cửa hàng này (02)"
        if fields.get("vnp_ExpireDate", "") < self._now():
            return "Giao dịch đã hết hạn (11)"
        known = self.payments.get(fields["vnp_TxnRef"])
        if known and (known.asked.status != "01" or known.opened != fields):
            return "Giao dịch đã có (01)"
        asked = Transaction("01", _number(), int(fields["vnp_Amount"]), fields["vnp_OrderInfo"])
        return self.payments.setdefault(fields["vnp_TxnRef"], Payment(fields, asked))

    def decide(self, payment: Payment, choice: str) -> dict[str, str]:
        """The buyer pressed a button; returns what VNPAY signs for the notification and the return."""
        asked, code = payment.asked, "51" if choice == "decline" else "00"
        asked.status = "02" if code == "51" else "00"
        asked.paid_at = self._now()
        if choice == "late":
            ends = datetime.strptime(payment.opened["vnp_ExpireDate"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            asked.paid_at = (ends + timedelta(minutes=1)).strftime("%Y%m%d%H%M%S")
        if choice == "wrong":
            asked.amount -= 100_000
        return self.sign(
            {
                "vnp_TmnCode": self.tmn_code,
                "vnp_Amount": str(asked.amount),
                "vnp_BankCode": payment.opened.get("vnp_BankCode", "NCB"),
                "vnp_CardType": "QRCODE" if payment.opened.get("vnp_BankCode") == "VNPAYQR" else "ATM",
                "vnp_OrderInfo": asked.words,
                "vnp_PayDate": asked.paid_at,
                "vnp_ResponseCode": code,
                "vnp_TransactionNo": asked.number if code == "00" else "0",
                "vnp_TransactionStatus": asked.status,
                "vnp_TxnRef": payment.opened["vnp_TxnRef"],
            }
        )

    def sign(self, fields: dict[str, str]) -> dict[str, str]:
        """`fields` with their hash."""
        return fields | {"vnp_SecureHash": signature(fields, self.hash_secret)}

    def tell(self, payment: Payment, fields: Mapping[str, str], times: int = 1) -> None:
        """Notify the shop; its answers are kept in `heard`, and silence is too."""
        for _ in range(times):
            try:
                payment.heard.append(httpx2.get(with_query(self.ipn_url, fields), timeout=10).json()["RspCode"])
            except (httpx2.HTTPError, ValueError, KeyError) as error:
                payment.heard.append(type(error).__name__)

    def api(self, told: dict[str, str]) -> dict[str, str]:
        """VNPAY's answer to querydr and refund."""
        command = told.get("vnp_Command", "")
        wanted = api_signature(ASKED[command], told, self.hash_secret) if command in ASKED else ""
        if not wanted or told.get("vnp_SecureHash") != wanted:
            return {"vnp_ResponseCode": "97", "vnp_Message": "Invalid checksum"}
        payment = self.payments.get(told["vnp_TxnRef"])
        if told["vnp_RequestId"] in self.requests:
            code, found = "94", None
        elif payment is None or payment.opened["vnp_CreateDate"] != told["vnp_TransactionDate"]:
            code, found = "91", None
        elif command == "refund":
            code, found = self._refund(payment, told)
        else:
            code, found = "00", self._settled(payment.newest(told.get("vnp_TransactionNo", "")))
        self.requests.add(told["vnp_RequestId"])
        return self._reply(told, code, found)

    def _refund(self, payment: Payment, told: Mapping[str, str]) -> tuple[str, Transaction | None]:
        amount, back = int(told["vnp_Amount"]), sum(one.amount for one in payment.refunds if one.status != "09")
        whole = amount == payment.asked.amount
        fits = payment.asked.status == "00" and 0 < amount <= payment.asked.amount - back
        if not fits or told["vnp_TransactionType"] != ("02" if whole else "03"):
            return "95", None
        done = Transaction(told["vnp_TransactionType"], _number(), amount, told["vnp_OrderInfo"], "05", self._now())
        payment.refunds.append(done)
        return "00", done

    def _settled(self, one: Transaction) -> Transaction:
        if one.kind != "01" and one.status == "05":
            one.status = self.refunds_end_in
        return one

    def _reply(self, told: Mapping[str, str], code: str, found: Transaction | None) -> dict[str, str]:
        fields = {
            "vnp_ResponseId": secrets.token_hex(10),
            "vnp_Command": told["vnp_Command"],
            "vnp_ResponseCode": code,
            "vnp_Message": "Success" if code == "00" else "Refused",
            "vnp_TmnCode": self.tmn_code,
            "vnp_TxnRef": told["vnp_TxnRef"],
        }
        if found:
            fields |= {
                "vnp_Amount": str(found.amount),
                "vnp_BankCode": "NCB",
                "vnp_PayDate": found.paid_at,
                "vnp_TransactionNo": found.number,
                "vnp_TransactionType": found.kind,
                "vnp_TransactionStatus": found.status,
                "vnp_OrderInfo": found.words,
            }
        return fields | {"vnp_SecureHash": api_signature(TOLD[told["vnp_Command"]], fields, self.hash_secret)}

    def _now(self) -> str:
        return (self.clock().astimezone(UTC) + _HANOI).strftime("%Y%m%d%H%M%S")


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """`url` with `fields` behind what its query has already."""
    text = "&".join(f"{percent(name)}={percent(value)}" for name, value in fields.items())
    return f"{url}{'&' if '?' in url else '?'}{text}"


def pages(
    tmn_code: str, hash_secret: str, ipn_url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Starlette:
    """VNPAY as an application of its own; `ipn_url` is what a shop registers with VNPAY. Its memory is `state.desk`."""
    here, api = "/paymentv2/vpcpay.html", "/merchant_webapi/api/transaction"
    app = Starlette(
        routes=[Route(here, _shown), Route(here, _pressed, methods=["POST"]), Route(api, _asked, methods=["POST"])]
    )
    app.state.desk = Desk(tmn_code, hash_secret, ipn_url, clock)
    return app


async def _shown(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    payment = desk.open(dict(request.query_params))
    if isinstance(payment, str):
        return HTMLResponse(page.notice("VNPAY", payment), 400)
    hidden = {"ref": payment.opened["vnp_TxnRef"]}
    return HTMLResponse(page.choices("VNPAY", payment.asked.words, payment.asked.amount // 100, hidden))


async def _pressed(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    told = dict(parse_qsl((await request.body()).decode()))
    payment, choice = desk.payments.get(told.get("ref", "")), told.get("choice", "")
    if payment is None or choice not in page.CHOICES or payment.asked.status != "01":
        return HTMLResponse(page.notice("VNPAY", "Giao dịch này đã xong hoặc không có."), 409)
    back_url = payment.opened["vnp_ReturnUrl"]
    if choice == "abandon":
        return HTMLResponse(page.notice("VNPAY", "Bạn đã bỏ đi. VNPAY không báo gì cho cửa hàng.", back_url))
    fields = desk.decide(payment, choice)
    if choice == "first":
        await run_in_threadpool(desk.tell, payment, fields)
    later = BackgroundTask(desk.tell, payment, fields, {"first": 0, "silent": 0, "twice": 2}.get(choice, 1))
    return RedirectResponse(with_query(back_url, fields), 303, background=later)


async def _asked(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    told: dict[str, Any] = await request.json()
    return JSONResponse(desk.api({name: str(value) for name, value in told.items()}))


def _number() -> str:
    """A transaction number that a simulator started again will not give a second time."""
    return str(secrets.randbelow(9 * 10**14) + 10**14)
