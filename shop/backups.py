"""One file that holds the whole market: the database and the media folder."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from shop.core.progress import Counted, Progress, silent
from shop.settings import Settings


class CannotBackUp(Exception):
    """The message says why."""


class CannotRestore(Exception):
    """The message says why."""


def backup(settings: Settings, file: Path, progress: Progress = silent) -> None:
    """Write a consistent copy while the market goes on selling. Raises CannotBackUp.

    PostgreSQL needs `pg_dump` on the machine, no older than the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / _name_of_copy(settings)
        progress("copying the database", 0, 1)
        _copy_database(settings, copy)
        progress("copying the database", 1, 1)
        pictures = [settings.media_dir, *sorted(settings.media_dir.rglob("*"))] if settings.media_dir.exists() else []
        names = {path: str("media" / path.relative_to(settings.media_dir)) for path in pictures}
        _pack(file, {copy: copy.name, **names}, progress)


def _pack(file: Path, names: Mapping[Path, str], progress: Progress) -> None:
    size = sum(path.stat().st_size for path in names if path.is_file())
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        progress("packing", done, size)

    with tarfile.open(file, "w:gz") as archive:
        for path, name in names.items():
            if not path.is_file():
                archive.add(path, name, recursive=False)
                continue
            with Counted(path, read) as content:
                archive.addfile(archive.gettarinfo(path, name), content)


def restore(settings: Settings, file: Path, progress: Progress = silent) -> None:
    """Bring back what `backup` wrote. Raises CannotRestore rather than write over a market that is there."""
    if _on_sqlite(settings) and _sqlite_file(settings).exists():
        raise CannotRestore(f"{_sqlite_file(settings)} exists; restore into an empty CHOHTX_DATA_DIR")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder)
        _unpack(file, unpacked, progress)
        if not (unpacked / _name_of_copy(settings)).exists():
            raise CannotRestore(f"{file} holds no {_name_of_copy(settings)}: it is no backup of this kind of database")
        if (unpacked / "media").exists():
            shutil.move(unpacked / "media", settings.media_dir)
        progress("filling the database", 0, 1)
        _restore_database(settings, unpacked)
        progress("filling the database", 1, 1)


def _unpack(file: Path, folder: Path, progress: Progress) -> None:
    size = file.stat().st_size
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        progress("unpacking", done, size)

    try:
        with Counted(file, read) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as wrong:
        raise CannotRestore(f"{file} is not a whole backup: {wrong}") from wrong


def _name_of_copy(settings: Settings) -> str:
    return "database.sqlite" if _on_sqlite(settings) else "database.dump"


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
