"""VNPAY: cards, bank apps, the VNPAY wallet and VNPAY-QR behind one address that we sign.

Sources: VNPAY, "Tài liệu tích hợp cổng thanh toán PAY" 2.1.0 (pay address, notification, return), "Truy vấn và hoàn
tiền" (querydr, refund), "Bảng mã lỗi". On the wire a sum is đồng x 100, a time is Vietnam's wall clock.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from payments import calls, ledger
from payments.gateway import (
    Fact,
    FactKind,
    GatewayRefused,
    GatewaySilent,
    HttpAnswer,
    Malformed,
    NextAction,
    Notice,
    Outcome,
    Paid,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
    Via,
)
from payments.gateways.reading import of_an_answer
from payments.gateways.vietqr import fold_content

SANDBOX_PAY_URL = "https://sandbox.vnpayment.vn/paymentv2/vpcpay.html"
SANDBOX_API_URL = "https://sandbox.vnpayment.vn/merchant_webapi/api/transaction"
VNPAY_QR = "VNPAYQR"

_VERSION = "2.1.0"
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_CLOCK = "%Y%m%d%H%M%S"
_DEFAULT_LIFE = timedelta(minutes=15)
_UNSIGNED = ("vnp_SecureHash", "vnp_SecureHashType")
_ANSWERS = {
    Outcome.RECORDED: ("00", "Confirm Success"),
    Outcome.DUPLICATE: ("02", "Order already confirmed"),
    Outcome.UNKNOWN_REF: ("01", "Order not found"),
    Outcome.AMOUNT_MISMATCH: ("04", "Invalid amount"),
    Outcome.BAD_SIGNATURE: ("97", "Invalid checksum"),
    Outcome.MALFORMED: ("99", "Unknown error"),
    Outcome.ERROR: ("99", "Unknown error"),
}
_QUERY = "RequestId Version Command TmnCode TxnRef TransactionDate CreateDate IpAddr OrderInfo"
_REFUND = (
    "RequestId Version Command TmnCode TransactionType TxnRef Amount TransactionNo TransactionDate CreateBy CreateDate "
    "IpAddr OrderInfo"
)
_REFUND_REPLY = (
    "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo TransactionType "
    "TransactionStatus OrderInfo"
)
_SIGNED_IN = {
    "querydr": _QUERY,
    "refund": _REFUND,
    "querydr reply": f"{_REFUND_REPLY} PromotionCode PromotionAmount",
    "refund reply": _REFUND_REPLY,
}
_NOT_UNDERSTOOD = {"02", "03", "97"}  # VNPAY does not know who asks, so it cannot sign its answer for us
_REFUSED = {"91", "95"} | _NOT_UNDERSTOOD
_SUSPICIOUS = {"00", "04", "07"}  # debited, or one code says so and the other does not: a person decides in the portal
_ENDED = {"24": FactKind.CANCELLED, "11": FactKind.EXPIRED}


@dataclass(frozen=True)
class VnPay:
    """One terminal at VNPAY. `bank_code` VNPAY_QR opens the QR at once; empty, VNPAY asks the buyer how to pay.

    `least_vnd` is what merchants report, in no document of VNPAY's; `most_vnd` is what its field of 12 digits holds.
    """

    tmn_code: str
    hash_secret: str = field(repr=False)
    pay_url: str = SANDBOX_PAY_URL
    api_url: str = SANDBOX_API_URL
    bank_code: str = ""
    our_ip: str = "127.0.0.1"
    code: ClassVar[str] = "vnpay"
    refund_again: ClassVar[bool] = False  # a known id is refused on the same day only
    least_vnd: ClassVar[int] = 5_000
    most_vnd: ClassVar[int] = 9_999_999_999

    def start(self, request: StartPayment) -> Started:
        """The signed address of VNPAY's page; needs no network. `request.at` must be the attempt's beginning.

        VNPAY knows a payment by its reference and that second, so a query has to name the same. Raises GatewayRefused
        for a sum outside the limits.
        """
        if not self.least_vnd <= request.amount_vnd <= self.most_vnd:
            raise GatewayRefused("amount")
        url = pay_address(self.pay_url, pay_fields(self, request), self.hash_secret)
        return Started(NextAction("redirect", request.amount_vnd, url=url, expires_at=request.expires_at))

    def verify(self, raw: RawRequest) -> Notice:
        """The fact of a genuine GET notification. Raises SignatureInvalid, Malformed."""
        return self._read(raw, "ipn")

    def verify_return(self, raw: RawRequest) -> Notice:
        """The same for the browser's return, which may be old or never come: it may only prompt a query."""
        return self._read(raw, "return")

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """VNPAY calls again, ten times at most, five minutes apart, until it hears 00 or 02."""
        code, message = _ANSWERS[outcome]
        return HttpAnswer(200, {"RspCode": code, "Message": message})

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """What VNPAY knows; nothing while the buyer has not finished, or never came. Raises GatewaySilent."""
        reply = self._ask(
            "querydr",
            reference,
            now,
            TransactionDate=wall_clock(started_at),
            OrderInfo=f"Truy van {reference}",
            **({"TransactionNo": provider_ref} if provider_ref else {}),
        )
        if reply["vnp_ResponseCode"] == "91":
            return []
        self._require(reply, reference)
        if reply.get("vnp_TransactionType") not in ("01", "", None):
            return []
        with of_an_answer():
            return facts_of(reply | {"vnp_ResponseCode": reply.get("vnp_TransactionStatus", "")}, now, "query")

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """Ask VNPAY to give back. An id is refused twice on one day only: after silence ask query_refund instead.

        Raises GatewayRefused, GatewaySilent.
        """
        reply = self._ask(
            "refund",
            paid.reference,
            now,
            RequestId=_plain_id(refund_id, 32),
            TransactionType="02" if amount_vnd == paid.amount_vnd else "03",
            Amount=str(amount_vnd * 100),
            TransactionNo=paid.provider_ref or paid.movement_id,
            TransactionDate=wall_clock(paid.started_at),
            CreateBy="chohtx",
            OrderInfo=order_words(f"Hoan tien {refund_id} {words}"),
        )
        if reply["vnp_ResponseCode"] == "94":
            return []
        if reply["vnp_ResponseCode"] in _REFUSED:
            raise GatewayRefused(reply["vnp_ResponseCode"])
        self._require(reply, paid.reference)
        return _given_back(refund_id, reply, now)

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """What became of the refund, as far as VNPAY says so: it tells of the newest transaction under a reference.

        Only one that names `refund_id` in its words counts, so that two partial refunds are never taken for one
        another; with no such answer the refund stays under way and a person settles it. Raises GatewaySilent.
        """
        reply = self._ask(
            "querydr",
            paid.reference,
            now,
            TransactionDate=wall_clock(paid.started_at),
            OrderInfo=f"Truy van hoan tien {_plain_id(refund_id, 32)}",
        )
        self._require(reply, paid.reference)
        is_refund = reply.get("vnp_TransactionType") in ("02", "03")
        named = refund_id in reply.get("vnp_OrderInfo", "").split()
        return _given_back(refund_id, reply, now) if is_refund and named else []

    def _read(self, raw: RawRequest, via: Via) -> Notice:
        fields = genuine_fields(raw.query, self.hash_secret)
        if not hmac.compare_digest(fields.get("vnp_TmnCode", "").encode(), self.tmn_code.encode()):
            raise Malformed("vnp_TmnCode")
        if fields.get("vnp_CurrCode", "VND") != "VND":
            raise Malformed("vnp_CurrCode")
        delivery_id = hashlib.sha256(pay_text(fields).encode()).hexdigest()
        return Notice(f"sha256:{delivery_id}", tuple(facts_of(fields, raw.received_at, via)))

    def _ask(self, command: str, reference: str, now: datetime, **named: str) -> dict[str, str]:
        """Call the API; the reply's own signature is checked. Raises GatewaySilent."""
        fields = {
            "RequestId": secrets.token_hex(16),
            "Version": _VERSION,
            "Command": command,
            "TmnCode": self.tmn_code,
            "TxnRef": reference,
            "CreateDate": wall_clock(now),
            "IpAddr": self.our_ip,
        } | named
        body = {f"vnp_{name}": value for name, value in fields.items()}
        body["vnp_SecureHash"] = sign(api_text(command, body), self.hash_secret)
        reply = _texts(calls.post_json(self.api_url, body))
        if reply.get("vnp_ResponseCode") in _NOT_UNDERSTOOD and not reply.get("vnp_SecureHash"):
            return reply
        if not is_signed(api_text(f"{command} reply", reply), reply.get("vnp_SecureHash", ""), self.hash_secret):
            raise GatewaySilent("signature")
        return reply | {"vnp_ResponseCode": reply.get("vnp_ResponseCode", "")}

    def _require(self, reply: Mapping[str, str], reference: str) -> None:
        """The reply is a success and about what was asked. Raises GatewaySilent."""
        if reply["vnp_ResponseCode"] != "00":
            raise GatewaySilent(f"code {reply['vnp_ResponseCode'][:8]}")
        if (reply.get("vnp_TmnCode"), reply.get("vnp_TxnRef")) != (self.tmn_code, reference):
            raise GatewaySilent("about something else")


def pay_fields(terminal: VnPay, request: StartPayment) -> dict[str, str]:
    """The parameters of a pay address, unsigned. VNPAY wants an end; without one it is in 15 minutes."""
    at = request.at
    if at is None:
        raise ValueError("VNPAY names a payment by the second it began")
    return {
        "vnp_Version": _VERSION,
        "vnp_Command": "pay",
        "vnp_TmnCode": terminal.tmn_code,
        "vnp_Amount": str(request.amount_vnd * 100),
        "vnp_BankCode": terminal.bank_code,
        "vnp_CreateDate": wall_clock(at),
        "vnp_CurrCode": "VND",
        "vnp_ExpireDate": wall_clock(request.expires_at or at + _DEFAULT_LIFE),
        "vnp_IpAddr": one_address(request.client_ip, terminal.our_ip),
        "vnp_Locale": "en" if request.lang == "en" else "vn",
        "vnp_OrderInfo": order_words(request.words or f"Thanh toan {request.reference}"),
        "vnp_OrderType": "other",
        "vnp_ReturnUrl": request.return_url,
        "vnp_TxnRef": _plain_id(request.reference, 100),
    }


def pay_address(pay_url: str, fields: Mapping[str, str], secret: str) -> str:
    """The address that a browser opens: the signed text is its query."""
    text = pay_text(fields)
    return f"{pay_url}?{text}&vnp_SecureHash={sign(text, secret)}"


def pay_text(fields: Mapping[str, str]) -> str:
    """What is signed of a pay address, a notification and a return: sorted, form-encoded, nothing empty."""
    signed = {name: value for name, value in fields.items() if value and name not in _UNSIGNED}
    return "&".join(f"{_form(name)}={_form(signed[name])}" for name in sorted(signed))


def api_text(message: str, fields: Mapping[str, str]) -> str:
    """What is signed of "querydr", "refund" and their replies: values in fixed order, an absent one leaves its slot."""
    return "|".join(fields.get(f"vnp_{name}", "") for name in _SIGNED_IN[message].split())


def sign(text: str, secret: str) -> str:
    """HMAC-SHA512 of UTF-8, in lower hex."""
    return hmac.digest(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha512).hex()


def is_signed(text: str, signature: str, secret: str) -> bool:
    """Whether `signature` is ours. An empty secret proves nothing."""
    return bool(secret) and hmac.compare_digest(sign(text, secret).encode(), signature.encode("utf-8", "replace"))


def genuine_fields(query: Iterable[tuple[str, str]], secret: str) -> dict[str, str]:
    """VNPAY's parameters of a query, decoded; others (ours in the return address) are not signed and fall away.

    Raises SignatureInvalid, also when a parameter comes twice: then nobody knows which was meant.
    """
    pairs = [(name, value) for name, value in query if name.startswith("vnp_")]
    fields = dict(pairs)
    once = len(fields) == len(pairs)
    if not once or not is_signed(pay_text(fields), fields.get("vnp_SecureHash", ""), secret):
        raise SignatureInvalid("vnpay")
    return fields


def facts_of(fields: Mapping[str, str], told_at: datetime, via: Via) -> list[Fact]:
    """What a genuine notification, return or query says. Paid only if both codes are 00. Raises Malformed."""
    reference, status = fields.get("vnp_TxnRef", ""), fields.get("vnp_TransactionStatus", "")
    code = fields.get("vnp_ResponseCode", "")
    if not reference or not re.fullmatch("[0-9]{2}", status) or not re.fullmatch("[0-9]{2}", code):
        raise Malformed("codes")
    amount_vnd = whole_vnd(fields.get("vnp_Amount", ""))
    number = fields.get("vnp_TransactionNo", "")
    kind, movement_id = _what_happened(reference, code, status, number)
    if kind is None:
        return []
    return [
        Fact(
            gateway=VnPay.code,
            movement_id=movement_id,
            kind=kind,
            amount_vnd=amount_vnd,
            occurred_at=_time(fields.get("vnp_PayDate", ""), told_at),
            via=via,
            account=_account() if kind in (FactKind.CAPTURED, FactKind.AUTHORISED) else "",
            code=f"{code}/{status}",
            reference=reference,
            provider_ref=number.strip("0") and number,
            review=kind is FactKind.AUTHORISED,
        )
    ]


def _what_happened(reference: str, code: str, status: str, number: str) -> tuple[FactKind | None, str]:
    """The kind of fact and its movement. AUTHORISED here means debited, and a person has to accept or refuse it."""
    if status == code == "00":
        if not re.fullmatch("0*[1-9][0-9]{0,19}", number):
            raise Malformed("vnp_TransactionNo")
        return FactKind.CAPTURED, number
    if code == "07" or status in _SUSPICIOUS:
        return FactKind.AUTHORISED, f"{reference}:{'07' if code == '07' else status}"
    if status == "01":
        return None, ""
    return _ENDED.get(code, FactKind.FAILED), f"{reference}:{status}"


def whole_vnd(amount: str) -> int:
    """Đồng of a sum on VNPAY's wire (x 100, up to 12 digits). Raises Malformed."""
    if not re.fullmatch("[0-9]{1,12}", amount) or int(amount) % 100 or not int(amount):
        raise Malformed("vnp_Amount")
    return int(amount) // 100


def order_words(text: str) -> str:
    """`text` as VNPAY takes it: no diacritics, and only signs that every encoder of forms writes alike."""
    return " ".join(re.sub(r"[^A-Za-z0-9.,:_-]", " ", fold_content(text)).split())[:255].strip() or "Thanh toan"


def one_address(client_ip: str, otherwise: str) -> str:
    """The buyer's address if it is exactly one; VNPAY refuses a list."""
    try:
        return str(ipaddress.ip_address(client_ip.strip()))
    except ValueError:
        return otherwise


def wall_clock(at: datetime) -> str:
    """A moment as VNPAY writes it: yyyyMMddHHmmss in Vietnam."""
    return at.astimezone(_VIETNAM).strftime(_CLOCK)


def _given_back(refund_id: str, reply: Mapping[str, str], now: datetime) -> list[Fact]:
    """The fact of a refund: done with status 00, never with 02 or 09; with 05, 06 and all others it is under way."""
    status = reply.get("vnp_TransactionStatus", "")
    if status not in ("00", "02", "09"):
        return []
    with of_an_answer():
        amount_vnd = whole_vnd(reply.get("vnp_Amount", ""))
    done = status == "00"
    return [
        Fact(
            gateway=VnPay.code,
            movement_id=refund_id if done else f"{refund_id}:{status}",
            kind=FactKind.REFUNDED if done else FactKind.FAILED,
            amount_vnd=amount_vnd,
            occurred_at=now,
            via="query",
            account=_account() if done else "",
            code=status,
            reference=reply.get("vnp_TxnRef", ""),
            provider_ref=reply.get("vnp_TransactionNo", ""),
            refund_id=refund_id,
        )
    ]


def _account() -> str:
    return ledger.account("1120", VnPay.code)


def _form(text: str) -> str:
    """Form encoding as browsers and Java do it: space is +, * stays, ~ does not (Python's own differs in the last)."""
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _plain_id(text: str, most: int) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text) or len(text) > most:
        raise ValueError(f"VNPAY takes at most {most} letters, digits, _ and - here")
    return text


def _time(text: str, otherwise: datetime) -> datetime:
    if not re.fullmatch("[0-9]{14}", text):
        return otherwise
    try:
        return datetime.strptime(text, _CLOCK).replace(tzinfo=_VIETNAM).astimezone(UTC)
    except ValueError:
        return otherwise


def _texts(reply: Mapping[str, Any]) -> dict[str, str]:
    """Values of a reply as they are signed: text, or whole numbers; whatever else is left out."""
    return {name: str(value) for name, value in reply.items() if type(value) in (str, int)}
