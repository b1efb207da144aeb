"""What the operator sees: whether the market can serve, how much it does, and lines that programs can read."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import func, select
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.core.ids import derived_token, secret_token
from shop.core.observe import Numbers, Observed, shown_path
from shop.main import create_app
from shop.orders.models import Order
from shop.settings import Settings


def numbers(client: TestClient) -> dict[str, float]:
    """Every number at /metrics, one sum for each name."""
    shown: dict[str, float] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            shown[sample.name] = shown.get(sample.name, 0) + sample.value
    return shown


class TestReady:
    def test_a_migrated_market_is_ready(self, client: TestClient) -> None:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"database": True, "migrations": True, "disk": True})

    def test_a_market_without_its_tables_is_not(self, tmp_path: Path, settings: Settings) -> None:
        empty = Database(f"sqlite:///{tmp_path / 'unmigrated.sqlite'}")
        answer = TestClient(create_app(settings, empty)).get("/readyz")
        empty.close()
        assert (answer.status_code, answer.json()["database"], answer.json()["migrations"]) == (503, True, False)

    def test_a_market_without_its_database_is_not_but_its_process_is_alive(self, settings: Settings) -> None:
        away = Database("postgresql://nobody@127.0.0.1:1/market")
        client = TestClient(create_app(settings, away))
        answer = client.get("/readyz")
        away.close()
        assert (answer.status_code, answer.json()["database"]) == (503, False)
        assert client.get("/healthz").json() == {"ok": True}


class TestNumbers:
    def test_what_the_app_answers_and_what_memory_answers_are_both_counted(self, client: TestClient) -> None:
        before = numbers(client)
        for _ in range(3):
            client.get("/live")
        client.get("/khong-co-trang-nay")
        after = numbers(client)
        risen = {name: after[name] - before.get(name, 0) for name in after}
        assert risen["chohtx_page_cache_misses_total"] == 1
        assert risen["chohtx_page_cache_hits_total"] == 2
        assert risen["chohtx_requests_total"] == 3  # the page made, the page that is not there, /metrics itself
        assert risen["chohtx_request_seconds_count"] == 3

    def test_events_that_wait_and_open_streams_are_shown(self, client: TestClient) -> None:
        shown = numbers(client)
        assert (shown["chohtx_outbox_waiting"], shown["chohtx_outbox_failed"], shown["chohtx_event_streams"]) == (
            0,
            0,
            0,
        )


class TestLines:
    @pytest.mark.parametrize(("path", "status"), [("/tot", 200), ("/hong", 500)])
    def test_each_request_is_a_line_in_production(self, path: str, status: int) -> None:
        with structlog.testing.capture_logs() as lines:
            self._ask(path, every=True)
        assert [(line["event"], line["path"], line["status"]) for line in lines] == [("request", path, status)]

    def test_in_the_demo_only_what_fails_or_is_slow(self) -> None:
        with structlog.testing.capture_logs() as lines:
            self._ask("/tot", every=False)
            self._ask("/hong", every=False)
        assert [line["status"] for line in lines] == [500]

    def _ask(self, path: str, *, every: bool) -> None:
        app = FastAPI(middleware=[Middleware(Observed, numbers=Numbers(), every=every)])
        app.get("/tot")(lambda: "tốt")

        @app.get("/hong")
        def broken() -> None:
            raise RuntimeError("hỏng")

        TestClient(app, raise_server_exceptions=False).get(path)

    @pytest.mark.parametrize("secret", [secret_token(), derived_token("s", "recovery", "1")], ids=["drawn", "derived"])
    def test_secrets_in_a_path_are_left_out(self, secret: str) -> None:
        assert shown_path(f"/api/v1/carts/{secret}/lines/7") == "/api/v1/carts/…/lines/7"
        assert shown_path(f"/thong-bao/MDkwMDAwMDAwMQ.{secret}") == "/thong-bao/…"

    def test_names_of_goods_stay(self) -> None:
        path = "/san-pham/thanh-long-ruot-do-ham-thuan-nam-loai-mot-thung-chin-ky"
        assert shown_path(path) == path


class TestLargeBodies:
    def test_ten_megabytes_to_the_orders_are_a_problem_and_no_order(self, client: TestClient, db: Database) -> None:
        answer = client.post(
            "/api/v1/orders",
            content=b'{"note":"' + b"x" * 10_000_000 + b'"}',
            headers={"Content-Type": "application/json", "Idempotency-Key": "mot-don-rat-lon"},
        )
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["type"], answer.json()["status"]) == ("/problems/too-large", 413)
        with db.read() as session:
            assert session.exec(select(func.count()).select_from(Order)).one() == 0
