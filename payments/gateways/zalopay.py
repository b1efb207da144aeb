"""ZaloPay wallet: a page of ZaloPay's takes the money; it tells us of success only, can be asked, and gives back later.

Source: docs.zalopay.vn, "Create order", "Callback", "Query order", "Refund", "Query refund", "Status codes"; signatures
proved against ZaloPay's own SDK and its documented callback (tests/payments/vectors/zalopay.json). Key 1 signs what we
send, key 2 what ZaloPay tells. A code means something only together with the call that it answers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple
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
)
from payments.gateways.reading import dong, json_object, moment, name_of, number_of, of_an_answer, whole

SANDBOX_API_URL = "https://sb-openapi.zalopay.vn"

# What is signed of each message: these values, in this order, between bars.
CREATE = "app_id app_trans_id app_user amount app_time embed_data item"
QUERY = "app_id app_trans_id key1"
REFUND = "app_id zp_trans_id amount description timestamp"
QUERY_REFUND = "app_id m_refund_id timestamp"
RETURN = "appid apptransid pmcid bankcode amount discountamount status"

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_DONE, _NO, _UNDER_WAY = 1, 2, 3
_LIFE_S = range(300, 2_592_001)
_LOOK_BACK_DAYS = 10  # a refund to a card takes three to five working days
_ANSWERS = {
    Outcome.RECORDED: (1, "success"),
    Outcome.AMOUNT_MISMATCH: (1, "success"),
    Outcome.DUPLICATE: (2, "duplicate"),
    Outcome.UNKNOWN_REF: (0, "unknown app_trans_id"),
    Outcome.MALFORMED: (0, "not understood"),
    Outcome.ERROR: (0, "error"),
    Outcome.BAD_SIGNATURE: (-1, "mac not equal"),
}
_BROKEN = {-32, -301, -500}  # ZaloPay cannot say what it has done
_NOT_ASKED_WELL = {-33, -34, -35, -43, -88, -92, -135, -401, -402, -403, -405, 406, -429, -999}
_STILL_OPEN = {
    -49,
    -63,
    -101,
    *range(-1333, -1329),
    *range(-1343, -1339),
}  # not there (yet), or the buyer may try again
_ENDED = {-54: FactKind.EXPIRED, -322: FactKind.EXPIRED, -329: FactKind.CANCELLED}
_OPENED_BEFORE, _NO_SUCH_REFUND = -68, -101
_REFUND_FAILED = {0, -13, -14, -32}  # a code that we do not know is no reason to give back once more
_REFUND_REFUSED = {-2, -13, -14, -24, -25, -26, -32, -101} | _NOT_ASKED_WELL


class Reply(NamedTuple):
    """An answer: done, no or under way, the code that says why, and all of it."""

    result: int
    code: int
    told: dict[str, Any]


@dataclass(frozen=True)
class ZaloPay:
    """One application at ZaloPay. It publishes no limits; these are the ones that a reseller names."""

    app_id: str
    key1: str = field(repr=False)
    key2: str = field(repr=False)
    api_url: str = SANDBOX_API_URL
    code: ClassVar[str] = "zalopay"
    refund_again: ClassVar[bool] = True
    least_vnd: ClassVar[int] = 1_000
    most_vnd: ClassVar[int] = 50_000_000

    def start(self, request: StartPayment) -> Started:
        """The address of ZaloPay's page. An order is opened once: asked again, ZaloPay only says that it has it.

        ZaloPay keeps a page for at least five minutes. Raises GatewayRefused, GatewaySilent.
        """
        order = order_fields(self.app_id, request)
        reply = self._post("create", CREATE, order)
        if reply.result == _DONE:
            url = reply.told.get("order_url")
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise GatewaySilent("create: no page")
            action = NextAction("redirect", request.amount_vnd, url=url, expires_at=request.expires_at)
            return Started(action, provider_ref=order["app_trans_id"])
        if reply.result == _UNDER_WAY or reply.code in {_OPENED_BEFORE, *_BROKEN}:
            raise GatewaySilent(f"create: code {reply.code}")
        raise GatewayRefused(str(reply.code))

    def verify(self, raw: RawRequest) -> Notice:
        """The fact of a genuine notification, none where it is not about a payment. Raises SignatureInvalid, Malformed.

        Proved by the text in `data` as it came; what stands around it is not signed.
        """
        try:
            told = json_object(raw.body)
        except Malformed as error:
            raise SignatureInvalid(self.code) from error
        text = told.get("data")
        if not isinstance(text, str) or not is_signed(text, told.get("mac"), self.key2):
            raise SignatureInvalid(self.code)
        delivery_id = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        payment = json_object(text)
        if not {"zp_trans_id", "amount"} & payment.keys():
            return Notice(delivery_id, ())
        if str(whole(payment.get("app_id"))) != self.app_id:
            raise Malformed("app_id")
        order = order_of(payment.get("app_trans_id"))
        return Notice(delivery_id, (_captured(payment, order, moment(payment.get("server_time")), "ipn"),))

    def verify_return(self, raw: RawRequest) -> Notice:
        """The browser's return: genuine or SignatureInvalid, and never a fact, for it does not name the movement."""
        told = dict(raw.query)
        status = return_status(told, self.key2)
        if told.get("appid") != self.app_id:
            raise Malformed("appid")
        return Notice(f"return:{told.get('apptransid', '')[:64]}:{status}", ())

    def answer(self, outcome: Outcome) -> HttpAnswer:
        """ZaloPay calls again, three times at most, until it hears 1 or 2."""
        code, message = _ANSWERS[outcome]
        return HttpAnswer(200, {"return_code": code, "return_message": message})

    def query(self, reference: str, provider_ref: str, started_at: datetime, now: datetime) -> Sequence[Fact]:
        """What ZaloPay knows; nothing while the buyer may still pay, or where no order was opened.

        Without `provider_ref` (nobody heard the answer to `start`) the order may be of any day since `started_at`.
        """
        days = {day_of(started_at), day_of(now)}
        orders = [provider_ref] if provider_ref else [f"{day}_{reference}" for day in sorted(days)]
        facts = [fact for order in orders for fact in self._status(order, now)]
        return [fact for fact in facts if fact.kind is FactKind.CAPTURED] or facts

    def refund(self, refund_id: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> Sequence[Fact]:
        """Give back: ZaloPay says yes at once and does it later. Raises GatewayRefused, GatewaySilent.

        ZaloPay wants today's date in the number of a refund. So that one id never pays twice, an id that begins with
        its day (`261120-…`) keeps that day; for any other, the days before are asked about first.
        """
        numbers = refund_numbers(self.app_id, refund_id, now)
        known = self._known_refund(numbers[1:], now) or self._ask_refund(numbers[0], paid, amount_vnd, words, now)
        if known[1].result not in (_DONE, _UNDER_WAY):
            raise GatewayRefused(str(known[1].code))
        return _given_back(*known, paid, amount_vnd, now)

    def query_refund(self, refund_id: str, paid: Paid, now: datetime) -> Sequence[Fact]:
        """What became of the refund. ZaloPay does not repeat the sum: a fact from here has 0 for it.

        None also where ZaloPay has no such refund: `refund` with the same id is safe then. Raises GatewaySilent.
        """
        known = self._known_refund(refund_numbers(self.app_id, refund_id, now), now)
        return _given_back(*known, paid, 0, now) if known else []

    def _ask_refund(self, number: str, paid: Paid, amount_vnd: int, words: str, now: datetime) -> tuple[str, Reply]:
        order = {
            "app_id": int(self.app_id),
            "m_refund_id": number,
            "zp_trans_id": paid.movement_id,
            "amount": amount_vnd,
            "timestamp": _ms(now),
            "description": _words(words or number, 100),
        }
        reply = self._post("refund", REFUND, order)
        if reply.result in (_DONE, _UNDER_WAY):
            return number, reply
        known = self._known_refund([number], now)  # a no to the second asking says nothing about the first
        if known is None and reply.code not in _REFUND_REFUSED:
            raise GatewaySilent(f"refund: code {reply.code}")
        return known or (number, reply)

    def _known_refund(self, numbers: Sequence[str], now: datetime) -> tuple[str, Reply] | None:
        """The first of `numbers` that ZaloPay has a refund under, with where it stands."""
        for number in numbers:
            order = {"app_id": int(self.app_id), "m_refund_id": number, "timestamp": _ms(now)}
            reply = self._post("query_refund", QUERY_REFUND, order)
            if reply.result in (_DONE, _UNDER_WAY) or (reply.result == _NO and reply.code in _REFUND_FAILED):
                return number, reply
            if reply.code != _NO_SUCH_REFUND:
                raise GatewaySilent(f"query_refund: code {reply.code}")
        return None

    def _status(self, order: str, now: datetime) -> list[Fact]:
        reply = self._post("query", QUERY, {"app_id": int(self.app_id), "app_trans_id": order})
        if reply.result not in (_DONE, _NO, _UNDER_WAY) or reply.code in _BROKEN | _NOT_ASKED_WELL:
            raise GatewaySilent(f"query: code {reply.code}")
        if reply.result == _UNDER_WAY or reply.told.get("is_processing") is True or reply.code in _STILL_OPEN:
            return []
        with of_an_answer():
            if reply.result == _DONE:
                told_at = reply.told.get("server_time")
                return [_captured(reply.told, order, moment(told_at) if told_at else now, "query")]
            return [_ended(reply, order, now)]

    def _post(self, path: str, signed: str, fields: Mapping[str, Any]) -> Reply:
        """Sign, ask, and read the two codes of the answer. Raises GatewaySilent."""
        mac = sign(signed_text(signed, {**fields, "key1": self.key1}), self.key1)
        told = calls.post_json(f"{self.api_url}/v2/{path}", {**fields, "mac": mac})
        result, code = told.get("return_code"), told.get("sub_return_code", 0)
        if type(result) is not int or type(code) is not int:
            raise GatewaySilent(f"{path}: no result")
        return Reply(result, code if result in (_DONE, _NO, _UNDER_WAY) else result, told)


def order_fields(app_id: str, request: StartPayment) -> dict[str, Any]:
    """An order as ZaloPay takes it, unsigned. Its number begins with the day in Vietnam and the time must be now."""
    if request.at is None:
        raise ValueError("ZaloPay names an order by its day")
    order: dict[str, Any] = {
        "app_id": int(app_id),
        "app_trans_id": f"{day_of(request.at)}_{request.reference}",
        "app_user": "chohtx",  # of the buyer it needs nothing
        "app_time": _ms(request.at),
        "amount": request.amount_vnd,
        "description": _words(request.words or request.reference, 256),
        "item": "[]",
        "embed_data": json.dumps({"redirecturl": request.return_url}, ensure_ascii=False, separators=(",", ":")),
        "callback_url": request.notify_url,
    }
    if request.expires_at:
        left_s = int((request.expires_at - request.at).total_seconds())
        order["expire_duration_seconds"] = min(max(left_s, _LIFE_S.start), _LIFE_S.stop - 1)
    return order


def refund_numbers(app_id: str, refund_id: str, now: datetime) -> list[str]:
    """The number of a refund at ZaloPay; if its day is not in `refund_id`, those that it may have, today's first."""
    if told := re.match("([0-9]{6})[-_.]", refund_id):
        return [f"{told[1]}_{app_id}_{refund_id}"]
    days = [day_of(now - timedelta(days=back)) for back in range(_LOOK_BACK_DAYS)]
    return [f"{day}_{app_id}_{refund_id}" for day in days]


def order_of(value: Any) -> str:
    """The number of an order of ours: a day and our reference. Raises Malformed."""
    order = name_of(value)
    if not re.fullmatch("[0-9]{6}_.+", order):
        raise Malformed("app_trans_id")
    return order


def day_of(at: datetime) -> str:
    """The day in Vietnam, yymmdd: from midnight to seven it is another one than in UTC."""
    return at.astimezone(_VIETNAM).strftime("%y%m%d")


def signed_text(names: str, fields: Mapping[str, Any]) -> str:
    """What ZaloPay signs: the values of the named fields between bars, as they are; an absent one leaves its place."""
    return "|".join(str(fields.get(name, "")) for name in names.split())


def sign(text: str, key: str) -> str:
    """HMAC-SHA256 of UTF-8, in lower hex."""
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256).hex()


def is_signed(text: str, mac: Any, key: str) -> bool:
    """Whether `mac` is ZaloPay's. An empty key proves nothing."""
    if not key or not isinstance(mac, str):
        return False
    try:
        return hmac.compare_digest(sign(text, key).encode(), mac.encode())
    except UnicodeEncodeError:
        return False


def return_status(told: Mapping[str, str], key2: str) -> int:
    """What the browser's return says: 1 for paid. Raises SignatureInvalid, Malformed."""
    if not is_signed(signed_text(RETURN, told), told.get("checksum"), key2):
        raise SignatureInvalid(ZaloPay.code)
    return whole(told.get("status"))


def _captured(told: Mapping[str, Any], order: str, at: datetime, via: Literal["ipn", "query"]) -> Fact:
    return Fact(
        gateway=ZaloPay.code,
        movement_id=number_of(told.get("zp_trans_id")),
        kind=FactKind.CAPTURED,
        amount_vnd=dong(told.get("amount")),
        occurred_at=at,
        via=via,
        account=_account(),
        code="1",
        reference=_reference(order),
        provider_ref=order,
    )


def _ended(reply: Reply, order: str, now: datetime) -> Fact:
    return Fact(
        gateway=ZaloPay.code,
        movement_id=f"{order}:{reply.code}",
        kind=_ENDED.get(reply.code, FactKind.FAILED),
        amount_vnd=0,
        occurred_at=now,
        via="query",
        code=str(reply.code),
        reference=_reference(order),
        provider_ref=order,
    )


def _given_back(number: str, reply: Reply, paid: Paid, amount_vnd: int, now: datetime) -> list[Fact]:
    if reply.result == _UNDER_WAY:
        return []
    done = reply.result == _DONE
    return [
        Fact(
            gateway=ZaloPay.code,
            movement_id=number if done else f"{number}:{reply.code}",
            kind=FactKind.REFUNDED if done else FactKind.FAILED,
            amount_vnd=amount_vnd,
            occurred_at=now,
            via="query",
            account=_account() if done else "",
            code=str(reply.code),
            reference=paid.reference,
            provider_ref=number,
            refund_id=number.split("_", 2)[2],
        )
    ]


def _reference(order: str) -> str:
    return order.partition("_")[2]


def _account() -> str:
    return ledger.account("1120", ZaloPay.code)


def _words(text: str, most: int) -> str:
    return unicodedata.normalize("NFC", text)[:most]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
