"""Viettel Money (mobile money): its payment page. Contract documents needed: not to be offered before they are here.

There is no public vendor document. The texts signed are those on which several public integrations agree; some use
SHA-256 in place of SHA-1. Unproved, to be read in the contract: hosts, limits, `payment_status` 1, the answer codes 02
and 03, and how answers to an inquiry and a refund are signed. Because nobody could check those answers, this adapter
neither asks nor gives back; it can say what it would send. Until then a buyer pays with Viettel Money by scanning our
VietQR, and the bank tells.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qsl, quote

from payments import ledger
from payments.gateway import (
    Fact,
    FactKind,
    GatewayRefused,
    HttpAnswer,
    Malformed,
    NextAction,
    Notice,
    Outcome,
    RawRequest,
    SignatureInvalid,
    Started,
    StartPayment,
    Via,
)

SANDBOX_PAY_URL = "https://sandbox.viettel.vn/PaymentGateway/payment"
VERSION = "2.0"

_SIGNED_IN = {
    "create": "billcode command merchant_code order_id trans_amount version",
    "verify-data": "billcode merchant_code order_id trans_amount",
    "verify-data-reply": "billcode error_code merchant_code order_id trans_amount",
    "result": "billcode cust_msisdn error_code merchant_code order_id payment_status trans_amount vt_transaction_id",
    "result-reply": "error_code merchant_code order_id",
    "inquiry": "cmd merchant_code order_id version",
    "refund": "cmd merchant_code order_id originalRequestId refundType trans_amount version",
}
_SHAPES = {
    "billcode": r"[A-Za-z0-9-]{1,80}",
    "cust_msisdn": r"(84[0-9]{9})?",
    "error_code": r"[0-9A-Z]{2}",
    "order_id": r"[A-Za-z0-9-]{1,64}",
    "payment_status": r"[0-9]",
    "trans_amount": r"[1-9][0-9]{0,12}",
    "vt_transaction_id": r"[A-Za-z0-9]{0,40}",
}
_CODES = {
    Outcome.RECORDED: "00",
    Outcome.DUPLICATE: "00",
    Outcome.UNKNOWN_REF: "01",
    Outcome.AMOUNT_MISMATCH: "03",
    Outcome.BAD_SIGNATURE: "02",
    Outcome.MALFORMED: "02",
}


@dataclass(frozen=True)
class Viettel:
    """One merchant at Viettel Money. The limits are what one asks for without a contract; it will name its own.

    Signed texts have no separators, so "1" + "23" and "12" + "3" are one signature. Every field therefore has one
    shape, and the bill's code names the sum: a text cut elsewhere no longer says the same twice.
    """

    merchant_code: str
    access_code: str = field(repr=False)
    hash_key: str = field(repr=False)
    pay_url: str = SANDBOX_PAY_URL
    code: ClassVar[str] = "viettel"
    least_vnd: ClassVar[int] = 1_000
    most_vnd: ClassVar[int] = 20_000_000

    def start(self, request: StartPayment) -> Started:
        """The signed address of Viettel's page; needs no network. Raises GatewayRefused for such a sum."""
        if not self.least_vnd <= request.amount_vnd <= self.most_vnd:
            raise GatewayRefused("amount")
        fields = {
            "billcode": bill_code(request.reference, request.amount_vnd),
            "command": "PAYMENT",
            "merchant_code": self.merchant_code,
            "order_id": request.reference,
            "trans_amount": str(request.amount_vnd),
            "version": VERSION,
        }
        sent = fields | {
            "desc": f"Thanh toan {request.reference}",
            "locale": "En" if request.lang == "en" else "Vi",
            "return_url": request.return_url,
            "cancel_url": request.return_url,
            "check_sum": self._sign("create", fields),
        }
        url = f"{self.pay_url}?{query_text(sent)}"
        return Started(NextAction("redirect", request.amount_vnd, url=url, expires_at=request.expires_at))

    def verify(self, raw: RawRequest) -> Notice:
        """The fact of a genuine result, a form posted to us. Raises SignatureInvalid, Malformed."""
        return self._read(_form(raw.body), raw, "ipn")

    def verify_return(self, raw: RawRequest) -> Notice:
        """The same fields in the browser's return; they may only prompt a look. Raises SignatureInvalid, Malformed."""
        return self._read(dict(raw.query), raw, "return")

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """An answer without a name in it, for a request that we cannot name; `answer_to` is what Viettel wants."""
        code = _CODES.get(outcome)
        return HttpAnswer(200, {"error_code": code}) if code else HttpAnswer(500)

    def answer_to(self, outcome: Outcome, raw: RawRequest) -> HttpAnswer:
        """The signed answer to a result. What does not come from Viettel is not signed for."""
        if outcome not in _CODES or outcome is Outcome.BAD_SIGNATURE:
            return self.answer(outcome)
        order_id = _form(raw.body).get("order_id", "")
        told = {"error_code": _CODES[outcome], "merchant_code": self.merchant_code, "order_id": order_id}
        return HttpAnswer(200, {**told, "check_sum": self._sign("result-reply", told)})

    def order_asked_about(self, raw: RawRequest) -> str:
        """Before it lets the buyer pay, Viettel asks whether an order is ours: its reference, not yet believed.

        The sum in that signature is the one we keep, so `confirm` needs it. Raises Malformed.
        """
        reference = _form(raw.body).get("order_id", "")
        if not re.fullmatch(_SHAPES["order_id"], reference):
            raise Malformed("order_id")
        return reference

    def confirm(self, raw: RawRequest, amount_vnd: int | None) -> HttpAnswer:
        """Tell Viettel what is owed for the order it asks about; None: there is no such order, or it is closed."""
        asked = _form(raw.body)
        if amount_vnd is None:
            return self.answer(Outcome.UNKNOWN_REF)
        ours = asked | {"trans_amount": str(amount_vnd)}
        known = asked.get("billcode") == bill_code(asked.get("order_id", ""), amount_vnd)
        if not self.is_genuine("verify-data", ours) or not known or asked.get("merchant_code") != self.merchant_code:
            return self.answer(Outcome.BAD_SIGNATURE)
        told = {name: ours[name] for name in _SIGNED_IN["verify-data"].split()} | {"error_code": "00"}
        return HttpAnswer(200, {**told, "check_sum": self._sign("verify-data-reply", told)})

    def is_genuine(self, message: str, fields: Mapping[str, str]) -> bool:
        """Whether the fields carry our check_sum. An empty key proves nothing."""
        told = arrived(fields.get("check_sum", "")).encode("utf-8", "replace")
        return bool(self.hash_key) and hmac.compare_digest(self._sign(message, fields).encode(), told)

    def _sign(self, message: str, fields: Mapping[str, str]) -> str:
        return sign(self.access_code + signed_text(message, fields), self.hash_key)

    def _read(self, fields: Mapping[str, str], raw: RawRequest, via: Via) -> Notice:
        if not self.is_genuine("result", fields):
            raise SignatureInvalid(self.code)
        told = {name: fields.get(name, "") for name in _SIGNED_IN["result"].split()}
        if not hmac.compare_digest(told["merchant_code"].encode("utf-8", "replace"), self.merchant_code.encode()):
            raise Malformed("merchant_code")
        for name, shape in _SHAPES.items():
            if not re.fullmatch(shape, told[name]):
                raise Malformed(name)
        if told["billcode"] != bill_code(told["order_id"], int(told["trans_amount"])):
            raise Malformed("billcode")
        delivery_id = hashlib.sha256(signed_text("result", told).encode()).hexdigest()
        return Notice(f"sha256:{delivery_id}", (_fact(told, raw, via),))


def _fact(told: Mapping[str, str], raw: RawRequest, via: Via) -> Fact:
    """Paid if both codes say so; if only one does, a person looks."""
    ok, one = told["error_code"] == "00", told["payment_status"] == "1"
    kind = FactKind.CAPTURED if ok and one else FactKind.AUTHORISED if ok or one else FactKind.FAILED
    paid, reference = kind is FactKind.CAPTURED, told["order_id"]
    if paid and not told["vt_transaction_id"]:
        raise Malformed("vt_transaction_id")
    return Fact(
        gateway=Viettel.code,
        movement_id=told["vt_transaction_id"] if paid else f"{reference}:{told['error_code']}{told['payment_status']}",
        kind=kind,
        amount_vnd=int(told["trans_amount"]),
        occurred_at=raw.received_at,
        via=via,
        account="" if kind is FactKind.FAILED else ledger.account("1120", Viettel.code),
        code=f"{told['error_code']}/{told['payment_status']}",
        reference=reference,
        provider_ref=told["vt_transaction_id"],
        review=kind is FactKind.AUTHORISED,
    )


def signed_text(message: str, fields: Mapping[str, str]) -> str:
    """What is signed of a message behind the access code: values side by side, in order of their names."""
    return "".join(fields.get(name, "") for name in _SIGNED_IN[message].split())


def sign(text: str, hash_key: str) -> str:
    """base64 of HMAC-SHA1, as every public integration but one has it."""
    return base64.b64encode(hmac.digest(hash_key.encode(), text.encode("utf-8", "replace"), hashlib.sha1)).decode()


def bill_code(reference: str, amount_vnd: int) -> str:
    """The bill's code: our reference and the sum, so that the sum stands twice in what Viettel signs."""
    return f"{reference}-{amount_vnd}"


def query_text(fields: Mapping[str, str]) -> str:
    """Percent-encoded by RFC 3986: a bare + of base64 would arrive as a space."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields.items())


def arrived(check_sum: str) -> str:
    """A check_sum as it was sent: others forget to encode their +."""
    return check_sum.replace(" ", "+")


def _form(body: bytes) -> dict[str, str]:
    """Fields of a form; with a field that comes twice it says nothing, for nobody knows which was meant."""
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}
