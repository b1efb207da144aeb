"""How each gateway tells: one driver each, signing with the simulators' code or here, never with the adapters'.

A `Telling` is a movement of money (or its failure) as that gateway words it; `Request` is what travels.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from payments.gateway import Outcome
from payments.gateways.payos import order_number
from payments.simulators import casso, momo, payos, sepay, stripe, vnpay, zalopay
from shop.settings import Settings

What = Literal["captured", "failed", "authorised"]
_VIETNAM_DAY = "%y%m%d"


@dataclass(frozen=True)
class Telling:
    """What happened: `number` is the movement, the same however often it is told."""

    reference: str
    amount_vnd: int
    at: datetime
    number: int
    what: What = "captured"


@dataclass(frozen=True)
class Request:
    """A notification on its way: method, query, body and headers."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    method: str = "POST"

    def with_one_digit_changed(self, amount: int) -> Request:
        """Another sum under the same signature."""
        old = str(amount)
        new = old[:-1] + ("1" if old[-1] != "1" else "2")
        query, body = self.query.replace(old, new, 1), self.body.replace(old.encode(), new.encode(), 1)
        assert (query, body) != (self.query, self.body)
        return replace(self, query=query, body=body)


Sign = Callable[[Settings, Telling], Request]
Said = tuple[int, dict[str, Any] | None]


@dataclass(frozen=True)
class Driver:
    """One gateway: how it signs, which setting holds that secret, on which wire scale, and what it must hear."""

    name: str
    tell: Sign
    secret: str
    answers: Mapping[Outcome, Said]
    tells: frozenset[What] = frozenset({"captured", "failed"})
    method: str = ""
    scale: int = 1
    signed_in: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pays(self) -> str:
        """The payment method whose money it tells of."""
        return self.method or self.name

    def unsigned(self, request: Request) -> Request:
        """The same without its signature."""
        if self.signed_in in request.headers:
            return replace(request, headers={k: v for k, v in request.headers.items() if k != self.signed_in})
        if request.query:
            kept = [part for part in request.query.split("&") if not part.startswith(f"{self.signed_in}=")]
            return replace(request, query="&".join(kept))
        if request.body[:1] == b"{":
            return replace(request, body=_without(request.body, self.signed_in))
        kept = [part for part in request.body.decode().split("&") if not part.startswith(f"{self.signed_in}=")]
        return replace(request, body="&".join(kept).encode())


def _without(body: bytes, name: str) -> bytes:
    told = json.loads(body)
    del told[name]
    return json.dumps(told).encode()


def _momo(it: Settings, told: Telling) -> Request:
    fields = {
        "partnerCode": it.momo_partner_code,
        "orderId": told.reference,
        "requestId": told.reference,
        "orderInfo": "Cho HTX đơn hàng",
        "extraData": "",
        "amount": told.amount_vnd,
        "orderType": "momo_wallet",
        "transId": 4_000_000_000 + told.number,
        "resultCode": {"captured": 0, "failed": 1006, "authorised": 9000}[told.what],
        "message": "",
        "payType": "qr",
        "responseTime": _ms(told.at),
    }
    proof = momo.signature("told", fields, it.momo_access_key, it.momo_secret_key)
    return _json(fields | {"signature": proof})


def _zalopay(it: Settings, told: Telling) -> Request:
    text = json.dumps(
        {
            "app_id": int(it.zalopay_app_id),
            "app_trans_id": f"{told.at.strftime(_VIETNAM_DAY)}_{told.reference}",
            "amount": told.amount_vnd,
            "zp_trans_id": 261_121_000_000_000 + told.number,
            "server_time": _ms(told.at),
            "channel": 38,
        }
    )
    return _json({"data": text, "mac": zalopay.mac(it.zalopay_key2, text), "type": 1})


def _vnpay(it: Settings, told: Telling) -> Request:
    code = {"captured": "00", "failed": "51", "authorised": "07"}[told.what]
    status = {"captured": "00", "failed": "02", "authorised": "07"}[told.what]
    fields = {
        "vnp_TmnCode": it.vnpay_tmn_code,
        "vnp_Amount": str(told.amount_vnd * 100),
        "vnp_BankCode": "NCB",
        "vnp_OrderInfo": "Cho HTX",
        "vnp_PayDate": (told.at + vnpay._HANOI).strftime("%Y%m%d%H%M%S"),
        "vnp_ResponseCode": code,
        "vnp_TransactionNo": str(10**14 + told.number) if told.what == "captured" else "0",
        "vnp_TransactionStatus": status,
        "vnp_TxnRef": told.reference,
    }
    fields["vnp_SecureHash"] = vnpay.signature(fields, it.vnpay_hash_secret)
    return Request(query=vnpay.with_query("", fields).lstrip("?"), method="GET")


def _stripe(it: Settings, told: Telling) -> Request:
    """A failed payment is one that was cancelled: a declined card may be tried again."""
    status = {"captured": "succeeded", "failed": "canceled", "authorised": "requires_capture"}[told.what]
    received = told.amount_vnd if told.what == "captured" else 0
    intent = {
        "id": f"pi_{told.number:024d}",
        "object": "payment_intent",
        "amount": told.amount_vnd,
        "amount_capturable": told.amount_vnd - received if told.what == "authorised" else 0,
        "amount_received": received,
        "capture_method": "automatic_async",
        "currency": "vnd",
        "latest_charge": f"ch_{told.number:024d}" if told.what != "failed" else None,
        "metadata": {"order_id": told.reference},
        "status": status,
    }
    event = {
        "id": f"evt_{told.number:012d}{told.what}{told.amount_vnd}",
        "object": "event",
        "created": int(told.at.timestamp()),
        "type": f"payment_intent.{'canceled' if told.what == 'failed' else status}",
        "data": {"object": intent},
    }
    body = json.dumps(event).encode()
    return Request(body, {"Stripe-Signature": stripe.signed(body, it.stripe_webhook_secret, told.at)})


def _payos(it: Settings, told: Telling) -> Request:
    transfer = payos._told(
        {
            "orderCode": order_number(told.reference),
            "description": told.reference[3:],
            "id": f"link-{told.reference}",
        },
        told.amount_vnd,
        f"FT{told.number:014d}",
    )
    transfer["transactionDateTime"] = (told.at + vnpay._HANOI).strftime("%Y-%m-%d %H:%M:%S")
    body = {"code": "00", "desc": "success", "success": True, "data": transfer}
    return _json(body | {"signature": payos.signature_of(transfer, it.payos_checksum_key)})


def _sepay(it: Settings, told: Telling) -> Request:
    line = sepay.notification(told.reference, told.amount_vnd, it.vietqr_account_no, told.at, 90_000 + told.number)
    body = json.dumps(line).encode()
    return Request(body, sepay.sign(body, it.sepay_webhook_secret, "", told.at))


def _casso(it: Settings, told: Telling) -> Request:
    line = casso.notification(80_000 + told.number, told.reference, told.amount_vnd, it.vietqr_account_no, told.at)
    return Request(json.dumps(line).encode(), casso.sign(line, it.casso_checksum_key, told.at))


def _shopeepay(it: Settings, told: Telling) -> Request:
    body = json.dumps(
        {
            "merchant_ext_id": it.shopeepay_merchant_ext_id,
            "store_ext_id": it.shopeepay_store_ext_id,
            "amount": told.amount_vnd * 100,
            "reference_id": told.reference,
            "transaction_sn": f"{told.number:018d}",
            "transaction_status": 3 if told.what == "captured" else 4,
            "transaction_type": 13,
        }
    ).encode()
    proof = base64.b64encode(hmac.new(it.shopeepay_secret.encode(), body, "sha256").digest()).decode()
    return Request(body, {"X-Airpay-ClientId": it.shopeepay_client_id, "X-Airpay-Req-H": proof})


def _viettel(it: Settings, told: Telling) -> Request:
    paid = told.what == "captured"
    fields = {
        "billcode": f"{told.reference}-{told.amount_vnd}",
        "cust_msisdn": "84900000001",
        "error_code": "00" if paid else "01",
        "merchant_code": it.viettel_merchant_code,
        "order_id": told.reference,
        "payment_status": "1" if paid else "0",
        "trans_amount": str(told.amount_vnd),
        "vt_transaction_id": f"{told.number:010d}",
    }
    machine = hmac.new(it.viettel_hash_key.encode(), it.viettel_access_code.encode(), "sha1")
    for name in sorted(fields):
        machine.update(fields[name].encode())
    fields["check_sum"] = base64.b64encode(machine.digest()).decode()
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    return Request(body.encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def _json(told: Mapping[str, Any]) -> Request:
    return Request(json.dumps(told).encode(), {"Content-Type": "application/json"})


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _all(normal: Said, **other: Said) -> dict[Outcome, Said]:
    """The same answer for everything that was written down; what differs by name."""
    names = ("recorded", "duplicate", "unknown_ref", "amount_mismatch")
    return {Outcome(name): other.get(name, normal) for name in (*names, "bad_signature")}


def _zp(code: int, words: str) -> Said:
    return 200, {"return_code": code, "return_message": words}


def _vn(code: str, words: str) -> Said:
    return 200, {"RspCode": code, "Message": words}


_SUCCESS: Said = (200, {"success": True})
DRIVERS = [
    Driver(
        "momo",
        _momo,
        "momo_secret_key",
        _all((204, None), bad_signature=(400, None)),
        frozenset({"captured", "failed", "authorised"}),
        signed_in="signature",
    ),
    Driver(
        "zalopay",
        _zalopay,
        "zalopay_key2",
        _all(
            _zp(1, "success"),
            duplicate=_zp(2, "duplicate"),
            unknown_ref=_zp(0, "unknown app_trans_id"),
            bad_signature=_zp(-1, "mac not equal"),
        ),
        frozenset({"captured"}),
        signed_in="mac",
    ),
    Driver(
        "vnpay",
        _vnpay,
        "vnpay_hash_secret",
        _all(
            _vn("00", "Confirm Success"),
            duplicate=_vn("02", "Order already confirmed"),
            unknown_ref=_vn("01", "Order not found"),
            amount_mismatch=_vn("04", "Invalid amount"),
            bad_signature=_vn("97", "Invalid checksum"),
        ),
        frozenset({"captured", "failed", "authorised"}),
        scale=100,
        signed_in="vnp_SecureHash",
    ),
    Driver(
        "stripe",
        _stripe,
        "stripe_webhook_secret",
        _all((200, None), bad_signature=(400, None)),
        frozenset({"captured", "failed", "authorised"}),
        signed_in="Stripe-Signature",
    ),
    Driver(
        "payos",
        _payos,
        "payos_checksum_key",
        _all(_SUCCESS, bad_signature=(400, {"success": False})),
        frozenset({"captured"}),
        signed_in="signature",
    ),
    Driver(
        "shopeepay",
        _shopeepay,
        "shopeepay_secret",
        _all(
            (200, {"errcode": 0, "debug_msg": "success"}),
            unknown_ref=(200, {"errcode": 1, "debug_msg": "unknown reference"}),
            bad_signature=(401, {"errcode": 1, "debug_msg": "signature"}),
        ),
        scale=100,
        signed_in="X-Airpay-Req-H",
        settings={
            "shopeepay_enabled": True,
            "shopeepay_api_url": "http://127.0.0.1:9",
            "shopeepay_client_id": "11000001",
            "shopeepay_secret": "a ShopeePay secret",
            "shopeepay_merchant_ext_id": "htx",
            "shopeepay_store_ext_id": "htx-1",
        },
    ),
    Driver(
        "viettel",
        _viettel,
        "viettel_hash_key",
        _all(
            (200, {"error_code": "00"}),
            unknown_ref=(200, {"error_code": "01"}),
            amount_mismatch=(200, {"error_code": "03"}),
            bad_signature=(200, {"error_code": "02"}),
        ),
        signed_in="check_sum",
        settings={
            "viettel_enabled": True,
            "viettel_pay_url": "http://127.0.0.1:9",
            "viettel_merchant_code": "LABHTX",
            "viettel_access_code": "an access code",
            "viettel_hash_key": "a Viettel hash key",
        },
    ),
    Driver(
        "sepay",
        _sepay,
        "sepay_webhook_secret",
        _all(_SUCCESS, bad_signature=(401, {"success": False})),
        frozenset({"captured"}),
        method="vietqr",
        signed_in="X-SePay-Signature",
    ),
    Driver(
        "casso",
        _casso,
        "casso_checksum_key",
        _all(_SUCCESS, bad_signature=(401, {"success": False})),
        frozenset({"captured"}),
        method="vietqr",
        signed_in="X-Casso-Signature",
        settings={"casso_checksum_key": "a Casso checksum key", "sepay_webhook_secret": ""},
    ),
]
BY_NAME = {driver.name: driver for driver in DRIVERS}
