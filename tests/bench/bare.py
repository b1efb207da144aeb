"""What the driver alone can do: the rows that one request wrote, written again, each time for somebody else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = dict[str, list[dict[str, Any]]]
_LAST = "SELECT coalesce(max(rowid), 0) FROM {}"
_INSERT = "INSERT INTO {} ({}) VALUES ({})"
_UNIQUE = (
    "code",
    "placement_key",
    "key",
    "subject",
    "reference",
    "movement_id",
    "source_event",
    "delivery_id",
    "chain",
)


def file_of(home: Path) -> sqlite3.Connection:
    """The market's own file."""
    return sqlite3.connect(home / "chohtx.sqlite", isolation_level=None, timeout=30)


def rows_added(home: Path, act: Callable[[], None]) -> Rows:
    """What `act` adds to which table."""
    with file_of(home) as file:
        file.row_factory = sqlite3.Row
        before = {table: file.execute(_LAST.format(table)).fetchone()[0] for table in _tables(file)}
        act()
        added = {
            table: [dict(row) for row in file.execute(f"SELECT * FROM {table} WHERE rowid > ?", (last,))]  # noqa: S608
            for table, last in before.items()
        }
    return {table: rows for table, rows in added.items() if rows}


def bare_copy(home: Path) -> sqlite3.Connection:
    """The same market in another file, without what would stop rows of orders that do not exist."""
    file = sqlite3.connect(home / "bare.sqlite", isolation_level=None, timeout=30)
    with file_of(home) as source:
        source.backup(file)
    file.execute("PRAGMA journal_mode=WAL")
    for pragma in ("synchronous=FULL", "foreign_keys=OFF"):
        file.execute(f"PRAGMA {pragma}")
    for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {trigger}")
    return file


def insert_again(file: sqlite3.Connection, rows: Rows, number: int) -> None:
    """The same rows for somebody else: what is unique gets `number`."""
    for table, added in rows.items():
        for row in added:
            fresh = {name: _fresh(name, value, number) for name, value in row.items() if name != "id"}
            if table == "journal":
                fresh["id"] = number + 1
            file.execute(_INSERT.format(table, ", ".join(fresh), ", ".join("?" * len(fresh))), list(fresh.values()))


def _tables(file: sqlite3.Connection) -> list[str]:
    named = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'product_words%'")
    return [name for (name,) in named if not name.startswith("sqlite_")]


def _fresh(name: str, value: Any, number: int) -> Any:
    if name in ("order_id", "parcel_id", "due_id", "attempt_id") and value is not None:
        return value + 1_000_000 + number
    return f"{value}-{number}" if name in _UNIQUE else value
