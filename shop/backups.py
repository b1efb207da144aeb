"""One file that holds the whole market: the database, the photos, and what live sessions filmed.

A session may be on air meanwhile: the index of a recording is packed after its older segments (by name), and whoever
reads it counts no segment that is not there as long as the index says.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from shop.core.progress import Counted, Progress, silent
from shop.settings import Settings

MEDIA, PRIVATE, RECORDINGS = "media", "private", "live"
"""Folders under CHOHTX_DATA_DIR."""
FILM = re.compile(r"video\.mp4|clip-\d+\.mp4")
"""Made of a recording when somebody asks for it, and made again the same."""


class CannotBackUp(Exception):
    """The message says why."""


class CannotRestore(Exception):
    """The message says why."""


def backup(settings: Settings, file: Path, progress: Progress = silent, *, recordings: bool = True) -> None:
    """Write a consistent copy while the market goes on selling, with what live sessions filmed. Raises CannotBackUp.

    PostgreSQL needs `pg_dump` on the machine, no older than the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / _name_of_copy(settings)
        progress("copying the database", 0, 1)
        _copy_database(settings, copy)
        progress("copying the database", 1, 1)
        kept = [MEDIA, PRIVATE, *([RECORDINGS] if recordings else [])]
        names = {path: str(path.relative_to(settings.data_dir)) for name in kept for path in _lying(settings, name)}
        _pack(file, {copy: copy.name, **names}, progress)


def _lying(settings: Settings, name: str) -> list[Path]:
    """A folder and all that lies in it, but for what is being made this moment or can be made again."""
    folder = settings.data_dir / name
    if not folder.exists():
        return []
    return [folder, *sorted(path for path in folder.rglob("*") if not _is_passing(path.relative_to(folder), name))]


def _is_passing(path: Path, name: str) -> bool:
    beginning = any(part.startswith(".") for part in path.parts)
    return beginning or (name == RECORDINGS and FILM.fullmatch(path.name) is not None)


def _pack(file: Path, names: Mapping[Path, str], progress: Progress) -> None:
    """A file that is deleted meanwhile is left out; one that grows is kept as long as it is when its turn comes."""
    size = sum(_size_of(path) for path in names)
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        progress("packing", min(done, size), size)

    with tarfile.open(file, "w:gz") as archive:
        for path, name in names.items():
            with suppress(FileNotFoundError):
                _add(archive, path, name, read)


def _size_of(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0


def _add(archive: tarfile.TarFile, path: Path, name: str, read: Callable[[int], None]) -> None:
    if path.is_dir():
        archive.add(path, name, recursive=False)
        return
    with Counted(path, read) as content:
        archive.addfile(archive.gettarinfo(name, name, content), content)


def restore(settings: Settings, file: Path, progress: Progress = silent) -> None:
    """Bring back what `backup` wrote. Raises CannotRestore rather than write over a market that is there."""
    if _on_sqlite(settings) and _sqlite_file(settings).exists():
        raise CannotRestore(f"{_sqlite_file(settings)} exists; restore into an empty CHOHTX_DATA_DIR")
    for there in (settings.data_dir / name for name in (MEDIA, PRIVATE, RECORDINGS)):
        if there.exists() and any(there.iterdir()):
            raise CannotRestore(f"{there} is not empty; restore into an empty CHOHTX_DATA_DIR")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=settings.data_dir, prefix=".restoring-"
    ) as folder:  # films are too big for /tmp
        unpacked = Path(folder)
        _unpack(file, unpacked, progress)
        if not (unpacked / _name_of_copy(settings)).exists():
            raise CannotRestore(f"{file} holds no {_name_of_copy(settings)}: it is no backup of this kind of database")
        for name in (MEDIA, PRIVATE, RECORDINGS):
            if (unpacked / name).exists():
                (unpacked / name).replace(settings.data_dir / name)
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
