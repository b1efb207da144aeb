"""An impatient thumb, or a phone that sends again: the same summary sent many times at once is one order."""

from __future__ import annotations

import http.client
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from sqlmodel import select

from shop.cart.routes import COOKIE as CART
from shop.core.db import Database
from shop.orders.models import Order, OrderLine
from shop.settings import Settings
from shop.stock import service as stock
from tests.conftest import SAME_ORIGIN
from tests.factories import make_coop, make_product
from tests.factories_orders import answered, make_cart, make_table, variant_of
from tests.served import serving

THUMBS = 20
HIDDEN = re.compile(r'<input type="hidden" name="(checkout_id|total_vnd)" value="([^"]+)">')


def fetch(port: int, cart_id: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, address to go to and text, as the browser with this cart gets them on a connection of its own."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {**SAME_ORIGIN, "Cookie": f"{CART}={cart_id}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        line.request("GET" if form is None else "POST", path, urlencode(form or {}), headers)
        answer = line.getresponse()
        return answer.status, answer.headers.get("location", ""), answer.read().decode()
    finally:
        line.close()


def test_the_same_form_twenty_times_at_once_is_one_order(app: FastAPI, db: Database, settings: Settings) -> None:
    now = datetime.now(UTC)
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop, on_hand=100))
    cart_id = make_cart(db, {box.id: 2}, now)
    answered(db, cart_id, settings, now)
    together = threading.Barrier(THUMBS)

    with serving(app) as port, ThreadPoolExecutor(THUMBS) as thumbs:
        form = dict(HIDDEN.findall(fetch(port, cart_id, "/thanh-toan/kiem-tra")[2]))
        assert set(form) == {"checkout_id", "total_vnd"}

        def press(_thumb: int) -> tuple[int, str, str]:
            together.wait(30)
            return fetch(port, cart_id, "/thanh-toan/dat-hang", form)

        answers = list(thumbs.map(press, range(THUMBS)))

    assert {status for status, _goes_to, _text in answers} == {303}
    with db.read() as session:
        order = session.exec(select(Order)).one()
        assert session.exec(select(OrderLine.quantity)).all() == [2]
        pool = stock.pool_of(session, box.id)
    assert {urlsplit(goes_to).path for _status, goes_to, _text in answers} == {f"/don-hang/{order.code}"}
    assert (pool.on_hand - pool.held, order.total_vnd) == (98, int(form["total_vnd"]))
