"""Nothing secret leaves through the logs, and no secret is compared in a way that tells how much of it was right."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import select
from starlette.testclient import TestClient

from payments import asking, calls
from payments.models import PaymentAttempt
from payments.paying import Payer, begin
from payments.till import till_from
from shop.core.db import Database
from shop.core.observe import configure_logs
from shop.main import create_app
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.drivers import BY_NAME, DRIVERS, Driver, Request, Telling

ON_SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
PAYMENTS = Path(__file__).parents[2] / "payments"
PROOFS = re.compile(r"signature|mac$|proof|check_?sum|secure_?hash|token$|api_key", re.IGNORECASE)
SECRETS = ("secret", "_key", "key1", "key2", "access_code", "token", "password")
OF_PEOPLE = ("0912345678", "+84912345678", "Nguyễn Thị Hoa", "0123456789", "KHACH MUA HANG", "8888888888", "NGUYEN VAN")
SAID = ("notification refused", "notification not understood", "notification failed", "gateway silent")


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield capsys
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def secrets_of(settings: Settings) -> set[str]:
    """Every value of a setting that opens something, and our account number."""
    named = {value for name, value in settings.model_dump().items() if name.endswith(SECRETS) and value}
    return {str(value) for value in named} | {settings.vietqr_account_no}


def send(client: TestClient, driver: Driver, request: Request) -> int:
    path = f"/payments/{driver.name}/ipn" + (f"?{request.query}" if request.query else "")
    return client.request(request.method, path, content=request.body, headers=dict(request.headers)).status_code


@ON_SQLITE
@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("source", ["sepay", "casso"])
def test_a_run_through_every_gateway_leaves_nothing_secret_in_the_logs(
    settings: Settings,
    db: Database,
    logs: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    source: str,
) -> None:
    drivers = [driver for driver in DRIVERS if driver.name == source or driver.name not in ("sepay", "casso")]
    given = {name: value for driver in drivers for name, value in driver.settings.items()}
    silent = {f"{name}_api_url": "http://127.0.0.1:9" for name in ("momo", "zalopay", "stripe", "payos", "vnpay")}
    ours = settings.model_copy(update={**given, **silent, "log_format": log_format})
    many = ours.model_copy(update={"most_open_unpaid": 99})
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.2)
    configure_logs(ours)
    ours.data_dir.mkdir(parents=True, exist_ok=True)
    coop = make_coop(db)
    make_table(db, coop)
    goods, now = variant_of(db, make_product(db, coop, on_hand=100)).id, datetime.now(UTC)
    with TestClient(create_app(ours, db), raise_server_exceptions=False) as client:
        for number, driver in enumerate(drivers, start=1):
            placed = make_order(db, {goods: 1}, many, now, pay=driver.pays, visitor=driver.name)
            with db.read() as session:
                newest = session.exec(select(PaymentAttempt)).all()[-1]
            if driver.name in ("momo", "zalopay", "stripe", "payos", "vnpay"):
                begin(db, ours, f"order:{placed.id}", Payer("127.0.0.1"), now)
            told = Telling(newest.reference, newest.amount_vnd, datetime.now(UTC), number)
            genuine = driver.tell(ours, told)
            send(client, driver, driver.unsigned(genuine))
            send(client, driver, driver.tell(ours, replace(told, amount_vnd=0)))
            with monkeypatch.context() as broken:
                broken.setattr(Database, "write", _disk_full)
                send(client, driver, genuine)
            assert send(client, driver, genuine) in (200, 204)
        asking.ask_due(db, till_from(ours), now + timedelta(minutes=5))
    written = "".join(logs.readouterr())
    for event in SAID:
        assert event in written
    assert [word for word in (*secrets_of(ours), *OF_PEOPLE) if word in written] == []
    if log_format == "json":
        assert all(json.loads(line) for line in written.splitlines() if line.startswith("{"))


def _disk_full(_db: Database) -> Any:
    raise OSError("no space left on device")


def _compared(file: Path) -> Iterator[tuple[int, str]]:
    """Every == and != of a file, with its line."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            for side in (node.left, *node.comparators):
                named = side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
                yield node.lineno, named


@pytest.mark.parametrize("folder", ["gateways", "statements"])
def test_proofs_are_compared_in_constant_time(folder: str) -> None:
    files = sorted((PAYMENTS / folder).glob("*.py"))
    for file in files:
        text = file.read_text()
        assert [(file.name, line, name) for line, name in _compared(file) if PROOFS.search(name)] == []
        if re.search(r"hmac\.digest|hmac\.new", text):
            assert "hmac.compare_digest" in text, file.name
    assert sum("hmac.compare_digest" in file.read_text() for file in files) >= 2


def test_every_teller_has_a_driver_so_nobody_is_left_out(settings: Settings) -> None:
    given = {name: value for driver in DRIVERS for name, value in driver.settings.items() if name[:5] != "sepay"}
    till = till_from(settings.model_copy(update=given))
    tellers = {*till.sources, *(name for name, one in till.gateways.items() if hasattr(one, "verify"))}
    assert tellers == BY_NAME.keys()
