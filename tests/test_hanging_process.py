"""A market in a process of its own, a gateway that takes the call and never says a word, and everybody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlmodel import select

from payments import calls
from payments.models import PaymentAttempt
from shop.orders import access
from tests.conftest import SAME_ORIGIN
from tests.factories_orders import make_order
from tests.rehearsals.goods import stock_up
from tests.rehearsals.stand import Stand

pytestmark = pytest.mark.slow
CHECKING = "Đang kiểm tra với bên thanh toán"
BUYERS, AT_ONCE_S = 4, 3.0


@contextmanager
def nobody_answers() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def buyer(stand: Stand) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://127.0.0.1:{stand.port}", headers=SAME_ORIGIN, timeout=60)


def pay(stand: Stand, code: str) -> tuple[float, int, str]:
    with buyer(stand) as one:
        one.get(access.secret_link(stand.settings.secret_key, code))
        began = time.perf_counter()
        answer = one.post(f"/don-hang/{code}/tra", follow_redirects=False)
        return time.perf_counter() - began, answer.status_code, one.get(f"/don-hang/{code}").text


def shop_around(stand: Stand, variant_id: int) -> float:
    """Another shopper searches, fills a cart (which writes) and opens it; how long the slowest of it took."""
    took = []
    with buyer(stand) as other:
        for method, path in (("GET", "/"), ("GET", "/tim?q=xoai"), ("POST", "/gio-hang"), ("GET", "/gio-hang")):
            form = {"variant_id": str(variant_id), "quantity": "1"} if method == "POST" else None
            began = time.perf_counter()
            answer = other.request(method, path, data=form, follow_redirects=False)
            took.append(time.perf_counter() - began)
            assert answer.status_code in (200, 303), (path, answer.status_code)
    return max(took)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_gateway_that_never_answers_slows_nobody_else_in_the_real_process(tmp_path: Path, db_url: str) -> None:
    with nobody_answers() as gateway:
        address = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        stand = Stand(tmp_path / "stand", db_url, MOMO_API_URL=address)
        some = stand.settings.model_copy(update={"most_open_unpaid": 100})
        with stand.database() as db, stand.running("serve"), ThreadPoolExecutor(BUYERS) as buyers:
            (goods,) = stock_up(db, 100, coops=1)
            now = datetime.now(UTC)
            orders = [make_order(db, {goods: 1}, some, now, pay="momo", visitor=f"{n}") for n in range(BUYERS)]
            shop_around(stand, goods)  # what is made at its first use is made
            pressed = [buyers.submit(pay, stand, one.code) for one in orders]
            calling = [gateway.accept()[0] for _ in orders]  # all of them wait at the gateway now
            assert shop_around(stand, goods) < AT_ONCE_S
            assert not any(one.done() for one in pressed)
            ends = [one.result() for one in pressed]
            for line in calling:
                line.close()
            with db.read() as session:
                attempts = session.exec(select(PaymentAttempt).where(PaymentAttempt.gateway == "momo")).all()
    for took_s, status, page in ends:
        assert calls.TIMEOUT_S - 1 < took_s < calls.TIMEOUT_S + AT_ONCE_S
        assert status == 303
        assert CHECKING in page
    assert [one.next_check_at is not None for one in attempts] == [True] * BUYERS  # the worker goes on asking
