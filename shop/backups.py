"""One file that holds the whole market: the database and the media folder."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path

from shop.settings import Settings


class CannotBackUp(Exception):
    """The message says why."""


class CannotRestore(Exception):
    """The message says why."""


def backup(settings: Settings, file: Path) -> None:
    """Write a consistent copy while the market goes on selling. Raises CannotBackUp.

    PostgreSQL needs `pg_dump` on the machine, no older than the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ("database.sqlite" if _on_sqlite(settings) else "database.dump")
        _copy_database(settings, copy)
        with tarfile.open(file, "w:gz") as archive:
            archive.add(copy, copy.name)
            if settings.media_dir.exists():
                archive.add(settings.media_dir, "media")


def restore(settings: Settings, file: Path) -> None:
    """Bring back what `backup` wrote. Raises CannotRestore rather than write over a market that is there."""
    if _on_sqlite(settings) and _sqlite_file(settings).exists():
        raise CannotRestore(f"{_sqlite_file(settings)} exists; restore into an empty CHOHTX_DATA_DIR")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
        unpacked = Path(folder)
        if (unpacked / "media").exists():
            shutil.move(unpacked / "media", settings.media_dir)
        _restore_database(settings, unpacked)


def _on_sqlite(settings: Settings) -> bool:
    return settings.database.startswith("sqlite")


def _sqlite_file(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))


def _copy_database(settings: Settings, copy: Path) -> None:
    if not _on_sqlite(settings):
        command = ["pg_dump", "--format=custom", f"--file={copy}", settings.database]
        if failure := _failure_of(command):
            raise CannotBackUp(failure)
        return
    with sqlite3.connect(_sqlite_file(settings)) as source, sqlite3.connect(copy) as target:
        source.backup(target)


def _restore_database(settings: Settings, unpacked: Path) -> None:
    if not _on_sqlite(settings):
        dump = unpacked / "database.dump"
        command = ["pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={settings.database}", str(dump)]
        if failure := _failure_of(command):
            raise CannotRestore(failure)
        return
    shutil.move(unpacked / "database.sqlite", _sqlite_file(settings))


def _failure_of(command: list[str]) -> str:
    """Why a program of PostgreSQL failed, "" when it did not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"{command[0]} is not on this machine: install PostgreSQL's client programs"
    return (done.stderr.strip() or f"{command[0]} failed") if done.returncode else ""
