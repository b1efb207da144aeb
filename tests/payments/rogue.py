"""A gateway that does its work and then answers as nobody should: never, in drops, with too much, with nonsense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payments.simulators import momo, payos, stripe, vnpay, zalopay
from shop.settings import Settings
from tests.payments import shopee_desk
from tests.payments.drivers import BY_NAME
from tests.served import serving

HANGS_S = 60


class Rogue:
    """`gateway` with manners that a test sets: `how` is "" for good ones, or one of WAYS. `waiting`: callers now."""

    def __init__(self, gateway: ASGIApp) -> None:
        self.gateway, self.how, self.waiting = gateway, "", 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.how:
            await self.gateway(scope, receive, send)
            return
        await self.gateway(scope, receive, _nobody_hears)
        self.waiting += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_stop_when_gone, receive, group.cancel_scope)
                await WAYS[self.how](send)
                group.cancel_scope.cancel()
        finally:
            self.waiting -= 1


async def _stop_when_gone(receive: Receive, answering: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    answering.cancel()


async def _nobody_hears(_message: Message) -> None: ...


async def _hang(_send: Send) -> None:
    await anyio.sleep(HANGS_S)


async def _drip(send: Send) -> None:
    await _begin(send, 200)
    for _ in range(HANGS_S * 10):
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await anyio.sleep(0.1)


async def _never_ends(send: Send) -> None:
    await _begin(send, 200)
    for _ in range(1_000):
        await send({"type": "http.response.body", "body": b" " * 65_536, "more_body": True})


def _says(status: int, text: bytes) -> Callable[[Send], Awaitable[None]]:
    async def say(send: Send) -> None:
        await _begin(send, status)
        await send({"type": "http.response.body", "body": text})

    return say


async def _begin(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})


WAYS: dict[str, Callable[[Send], Awaitable[None]]] = {
    "hangs": _hang,
    "drips": _drip,
    "never ends": _never_ends,
    "answers 500": _says(500, b'{"resultCode": 0, "return_code": 1}'),
    "answers HTML": _says(200, b"<!doctype html><title>502 Bad Gateway</title>"),
    "breaks off": _says(200, b'{"resultCode": 0, "payUrl": "https://pay.exam'),
    "answers a list": _says(200, b"[" * 50_000),
    "answers nothing": _says(200, b""),
}


@contextmanager
def rogue(name: str, settings: Settings) -> Iterator[tuple[Rogue, Settings]]:
    """That gateway on a port of its own, and the settings of a shop that pays there."""
    it = settings.model_copy(update=dict(BY_NAME[name].settings))
    nowhere = "http://127.0.0.1:9/ipn"
    plays: dict[str, Callable[[], ASGIApp]] = {
        "momo": lambda: momo.pages(it.momo_partner_code, it.momo_access_key, it.momo_secret_key),
        "zalopay": lambda: zalopay.pages(it.zalopay_app_id, it.zalopay_key1, it.zalopay_key2),
        "vnpay": lambda: vnpay.pages(it.vnpay_tmn_code, it.vnpay_hash_secret, nowhere),
        "stripe": lambda: stripe.pages(it.stripe_secret_key, it.stripe_webhook_secret, nowhere),
        "payos": lambda: payos.pages(it.payos_client_id, it.payos_api_key, it.payos_checksum_key, nowhere),
        "shopeepay": lambda: shopee_desk.pages(
            it.shopeepay_client_id, it.shopeepay_secret, it.shopeepay_merchant_ext_id, it.shopeepay_store_ext_id
        ),
    }
    gateway = Rogue(plays[name]())
    with serving(gateway) as port:
        api_url = f"http://127.0.0.1:{port}" + ("/merchant_webapi/api/transaction" if name == "vnpay" else "")
        yield gateway, it.model_copy(update={f"{name}_api_url": api_url})
