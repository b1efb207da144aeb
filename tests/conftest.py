"""What every test may ask for. `db` is a real database, fresh for each test: SQLite and PostgreSQL in turn."""

from __future__ import annotations

import gc
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Dialect
from sqlalchemy.util import LRUCache
from starlette.testclient import TestClient

from shop import migrations
from shop.core.db import Database
from shop.core.deps import Person
from shop.main import create_app
from shop.settings import Settings
from tests.servers import NotAvailable, find_chromium, postgresql

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}

expect.set_options(timeout=20_000)  # three workers, cameras among them, share two cores: late is not never

WAITS = ("tests/test_", "tests/journeys/", "tests/browser/")

SCREENS = re.compile(
    r"_pages\.py|_over_http\.py|tests/admin/|tests/shop/(reviews|pages)/|tests/livestream/video/"
    r"|test_(account|api_fuzz|certificates|cover|demo_\w+|following|hostile_forms|listing|messages|people|practice)\.py"
    r"|test_(refining|shop_page|studio|traces|uploads|workspace)\.py"
    r"|tests/payments/test_(contract|contract_asked|hanging_gateways|pages_given_up|refunds_at_every_gateway)\.py"
    r"|test_isolation\.py::(?!test_no_page_without_an_id_tells_of_another)"
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers and processes mostly wait: they go first, so that no worker is left alone with them at the end.

    What money and stock do is shown on both databases every time; what screens say, and what each gateway may, on
    SQLite, and on PostgreSQL in `run.py rehearse long` - here only that each page opens, by the walk not in `SCREENS`.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(WAITS))
    for item in items:
        if "[postgresql" in item.nodeid and SCREENS.search(item.nodeid):
            item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Thousands of tests and modules that stay to the end need not be looked through for rubbish again and again.

    What a test leaves is looked for after 20,000 new things instead of 700: a tenth of the time of all tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty market, migrated once; tests copy the file."""
    file = tmp_path_factory.mktemp("template") / "empty.sqlite"
    db = Database(f"sqlite:///{file}")
    migrations.upgrade(db)
    db.close()
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a server with an empty, migrated database `chohtx_template`."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgresql())
        except NotAvailable as reason:
            pytest.skip(f"no PostgreSQL: {reason}")
        _sql(server, "DROP DATABASE IF EXISTS chohtx_template", "CREATE DATABASE chohtx_template")
        db = Database(with_database(server, "chohtx_template"))
        migrations.upgrade(db)
        db.close()
        yield server


@pytest.fixture(scope="session")
def postgresql_line(postgresql_server: str) -> Iterator[psycopg.Connection]:
    """One connection that makes and drops the databases of all tests; opening two for each took a quarter longer."""
    with psycopg.connect(postgresql_server, autocommit=True) as line:
        yield line


def with_database(server: str, name: str) -> str:
    """The address of another database on the same server."""
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def _sql(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh market. Narrow with `@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)`."""
    if request.param == "sqlite":
        file = tmp_path / "market.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    server: str = request.getfixturevalue("postgresql_server")
    line: psycopg.Connection = request.getfixturevalue("postgresql_line")
    name = f"chohtx_{os.getpid()}_{uuid.uuid4().hex[:10]}"
    line.execute(f"CREATE DATABASE {name} TEMPLATE chohtx_template STRATEGY FILE_COPY")  # five times as fast
    yield with_database(server, name)
    line.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    database = Database(db_url)
    keep_what_was_compiled(database)
    yield database
    database.close()


def keep_what_was_compiled(db: Database) -> None:
    """One shop compiles a statement once for all its life; without this each test would, for a third of its time."""
    name = db.engine.dialect.name
    if name not in _COMPILED:
        db.engine.connect().close()  # by which its dialect learns what server it speaks to
        _COMPILED[name] = db.engine.dialect, LRUCache(5000)
    db.engine.dialect, db.engine._compiled_cache = _COMPILED[name]


_COMPILED: dict[str, tuple[Dialect, LRUCache[Any, Any]]] = {}


@pytest.fixture(scope="session")
def checked_settings() -> Settings:
    """Looking a hundred settings up takes a test longer than most of what it then does."""
    return Settings(_env_file=None, env="demo", worker="none", public_url="http://testserver")


@pytest.fixture
def settings(checked_settings: Settings, tmp_path: Path) -> Settings:
    return checked_settings.model_copy(update={"data_dir": tmp_path / "data"}, deep=True)


@pytest.fixture
def app(settings: Settings, db: Database) -> FastAPI:
    """The whole market on the test's database, its worker off: tests run it when they want."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return create_app(settings, db)


@pytest.fixture
def new_client(app: FastAPI) -> Iterator[Callable[[], TestClient]]:
    """Makes browsers: each has cookies of its own and sends what browsers send."""
    with ExitStack() as stack:
        first = stack.enter_context(TestClient(app, headers=SAME_ORIGIN))

        unused = [first]

        def make() -> TestClient:
            if unused:
                return unused.pop()
            another = TestClient(app, headers=SAME_ORIGIN)
            another.portal = first.portal  # or each request would start and end an event loop of its own
            return another

        yield make


@pytest.fixture
def client(new_client: Callable[[], TestClient]) -> TestClient:
    """One browser."""
    return new_client()


@pytest.fixture
def now() -> datetime:
    """Saturday 21/11/2026, 8:00 in Vietnam."""
    return datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@pytest.fixture
def manager() -> Person:
    """A person to sign audit rows with; holds no role."""
    return Person(id=1, name="Chị Nguyện", phone="+84900000002")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser process for a file of tests; no longer, because its event loop stands in the way of other tests'."""
    try:
        program = find_chromium()
    except NotAvailable as reason:
        pytest.skip(str(reason))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
