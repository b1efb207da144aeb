"""The shop's side of a wallet on real ports: what it is told, and wallets that hang, fail or talk nonsense."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payments.gateway import Fact, HttpAnswer, Notifier, Paid, PaymentGateway, RawRequest, StartPayment
from tests.served import serving

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


@dataclass
class Shop:
    """Where a wallet notifies, what it has told, each delivery once it is there, and what the shop answers."""

    notify_url: str
    says: HttpAnswer
    told: Queue[RawRequest]

    def hear(self) -> RawRequest:
        return self.told.get(timeout=10)


@contextmanager
def listening_shop(says: HttpAnswer) -> Iterator[Shop]:
    """A shop that takes every notification and answers `says`."""
    shop = Shop("", says, Queue())

    async def ipn(request: Request) -> Response:
        shop.told.put(RawRequest(dict(request.headers), await request.body(), NOON))
        return JSONResponse(shop.says.json, shop.says.status) if shop.says.json else Response(status_code=204)

    with serving(Starlette(routes=[Route("/ipn", ipn, methods=["POST"])])) as port:
        shop.notify_url = f"http://127.0.0.1:{port}/ipn"
        yield shop


class Browser:
    """A buyer at a wallet's page: reads it, presses a button, and is sent back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.text = httpx2.get(url).text

    def press(self, choice: str) -> RawRequest:
        """The return to the shop that the button leads to; without any parameter if it leads nowhere."""
        answer = httpx2.post(self.url, data={"choice": choice}, follow_redirects=False)
        query = urlsplit(answer.headers.get("location", "")).query
        return RawRequest({}, b"", NOON, parse_qsl(query, keep_blank_values=True))


@contextmanager
def hanging() -> Iterator[str]:
    """The address of somebody who takes a call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass
class Parrot:
    """Somebody who says the same to every question."""

    url: str = ""
    text: str = ""
    status: int = 200


@contextmanager
def talking() -> Iterator[Parrot]:
    """A parrot at an address of its own."""
    parrot = Parrot()

    async def say(request: Request) -> Response:
        await request.body()
        return Response(parrot.text, parrot.status)

    with serving(Starlette(routes=[Route("/{path:path}", say, methods=["GET", "POST"])])) as port:
        parrot.url = f"http://127.0.0.1:{port}"
        yield parrot


class Wallet(PaymentGateway, Notifier, Protocol):
    """What a wallet is in these tests: it opens a page and is told of what happens there."""


def wanted(wallet: str, shop: Shop, minutes: int) -> StartPayment:
    """An order of 255.000 ₫ that its buyer wants to pay by `wallet` now."""
    return StartPayment(
        "HTX7K3M9QX2A",
        255_000,
        NOON + timedelta(minutes=minutes),
        words="Trả tiền đơn hàng gạo ST25",
        return_url=f"https://cho.example/payments/{wallet}/return/HTX7K3M9QX2A",
        notify_url=shop.notify_url,
        at=NOON,
    )


def told_of(wallet: Notifier, shop: Shop) -> list[Fact]:
    """The facts of the next notification."""
    return list(wallet.verify(shop.hear()).facts)


def pay(wallet: Wallet, request: StartPayment, shop: Shop) -> Paid:
    """The buyer agrees on the wallet's page, and the shop is told."""
    Browser(wallet.start(request).action.url).press("agree")
    (fact,) = told_of(wallet, shop)
    return Paid(request.reference, fact.provider_ref, fact.movement_id, fact.amount_vnd, NOON)
