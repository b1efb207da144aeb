"""Stands in for a bank and SePay: tells a running market that somebody transferred money. For the demo and for tests.

Nothing here is shared with the adapter that checks the notification, so that one proves the other.
"""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx2
from sqlmodel import Session, col, or_, select

from payments.models import PaymentAttempt, PaymentDue
from payments.simulators import casso
from shop.core.db import Database
from shop.core.ids import read_crockford

if TYPE_CHECKING:
    from shop.settings import Settings


class NotInProduction(Exception):
    """Money is never invented where it is real."""


class NothingToPay(Exception):
    """No transfer is waited for under this code; the message says so."""


class NoMarket(Exception):
    """Nobody answers at the market's own address; the message says where."""


def simulate_transfer(
    db: Database,
    settings: Settings,
    code: str,
    now: datetime,
    amount_vnd: int | None = None,
    *,
    content: str | None = None,
    times: int = 1,
) -> str:
    """Transfer money for an order (its code, or the transfer content) to the market that runs at its own address.

    `amount_vnd` None is the sum that is asked for, `content` None the words that are; the bank tells of the one
    transfer `times` times. Returns one line for the person who ran it. Raises NotInProduction, NothingToPay, NoMarket.
    """
    if not settings.demo:
        raise NotInProduction("only the demo market takes simulated money")
    with db.read() as session:
        attempt = _asked_for(session, code)
    paid_vnd = attempt.amount_vnd if amount_vnd is None else amount_vnd
    words = attempt.reference if content is None else content
    source, body, headers = _told(settings, words, paid_vnd, now)
    address = f"http://127.0.0.1:{settings.port}/payments/{source}/ipn"
    try:
        answers = [httpx2.post(address, content=body, headers=headers, timeout=10) for _ in range(times)]
    except httpx2.TransportError as error:
        raise NoMarket(f"no market answers at {address}: start it with `python3 run.py`") from error
    said = ", then ".join(f"{answer.status_code} {answer.text}" for answer in answers)
    return f"{paid_vnd} VND, content {words}: the market answered {said}"


def _told(settings: Settings, content: str, paid_vnd: int, now: datetime) -> tuple[str, bytes, dict[str, str]]:
    """What the account's source sends: Casso where Casso was agreed, else SePay."""
    account_no = settings.vietqr_account_no
    if settings.casso_checksum_key:
        told = casso.notification(secrets.randbits(40), content, paid_vnd, account_no, now)
        return "casso", json.dumps(told).encode(), casso.sign(told, settings.casso_checksum_key, now)
    body = json.dumps(notification(content, paid_vnd, account_no, now)).encode()
    return "sepay", body, sign(body, settings.sepay_webhook_secret, settings.sepay_api_key, now)


def notification(content: str, amount_vnd: int, account_no: str, now: datetime, number: int = 0) -> dict[str, Any]:
    """What SePay sends for one incoming transfer, as a bank would word it. `number` is SePay's id of the bank line."""
    number = number or secrets.randbits(40)
    return {
        "id": number,
        "gateway": "Vietcombank",
        "transactionDate": now.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%Y-%m-%d %H:%M:%S"),
        "accountNumber": account_no,
        "code": None,
        "content": f"MBVCB.{number}.{content}.CT tu 0123456789 KHACH MUA HANG",
        "transferType": "in",
        "transferAmount": amount_vnd,
        "accumulated": 0,
        "subAccount": None,
        "referenceCode": f"FT{number}",
        "description": "",
    }


def sign(body: bytes, webhook_secret: str, api_key: str, now: datetime) -> dict[str, str]:
    """The headers with which SePay proves itself: its signature, or the API key where no secret was agreed."""
    headers = {"Content-Type": "application/json", "User-Agent": "SePay simulator"}
    if not webhook_secret:
        return headers | {"Authorization": f"Apikey {api_key}"}
    seconds = str(int(now.timestamp()))
    machine = hmac.new(webhook_secret.encode("utf-8"), digestmod="sha256")
    for part in (seconds.encode("ascii"), b".", body):
        machine.update(part)
    return headers | {"X-SePay-Timestamp": seconds, "X-SePay-Signature": "sha256=" + machine.hexdigest()}


def _asked_for(session: Session, code: str) -> PaymentAttempt:
    readings = [code.strip(), code.strip().upper(), read_crockford(code) or code]
    wanted = (
        select(PaymentAttempt)
        .join(PaymentDue, col(PaymentDue.id) == PaymentAttempt.due_id)
        .where(or_(col(PaymentDue.label).in_(readings), col(PaymentAttempt.reference).in_(readings)))
        .where(PaymentAttempt.gateway == "vietqr")
        .order_by(col(PaymentAttempt.id).desc())
    )
    attempt = session.exec(wanted.limit(1)).first()
    if attempt is None:
        raise NothingToPay(f"no bank transfer is waited for under {code}")
    return attempt
