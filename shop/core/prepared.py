"""Statements that run for every order: compiled once, then handed to SQLite's driver as they are.

SQLAlchemy works three times as long on a small statement as SQLite itself does, at each of its runs. On PostgreSQL,
where the way to the server counts, a prepared statement is run like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData

Values = Mapping[str, Any]
_SQLITE = sqlite.dialect(paramstyle="named")


class Prepared:
    """A Core statement for `db.run`. Every run gives the same keys, else ValueError: a column would be lost unseen.

    No expanding IN, no defaults made by Python.
    """

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        self.statement = statement
        self._text = ""

    def run(self, connection: Connection, values: Values | Sequence[Values] | None) -> Result[Any]:
        """Run it once, or once for each of several rows (which then return nothing)."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self.statement, values)
        several = not (values is None or isinstance(values, Mapping))
        rows: Sequence[Values] = values if several else [values or {}]  # type: ignore[list-item, assignment]  # told apart above
        if not self._text:
            self._compile(rows[0])
        driver: Any = connection.connection
        for row in rows:
            found = driver.execute(self._text, self._given(row)).fetchall()
        if self._read:
            found = [self._shown(row) for row in found]
        return IteratorResult(self._keys, iter(found))

    def _compile(self, row: Values) -> None:
        compiled: Any = self.statement.compile(dialect=_SQLITE, column_keys=list(row))
        if compiled.prefetch or "POSTCOMPILE" in compiled.string:
            raise ValueError(f"cannot be prepared: {compiled.string}")
        self._asked = frozenset(row)  # the names alone: what a buyer typed is not kept
        self._fixed = {name: value for name, value in compiled.params.items() if name not in row}
        self._write = _processors((name, bind.type, "bind_processor", ()) for name, bind in compiled.binds.items())
        columns = list(self.statement.exported_columns)
        read = _processors((at, column.type, "result_processor", (None,)) for at, column in enumerate(columns))
        self._keys, self._read = SimpleResultMetaData([str(column.key) for column in columns]), read
        self._text = compiled.string

    def _given(self, row: Values) -> Values:
        if row.keys() != self._asked:
            raise ValueError(f"prepared for {sorted(self._asked)}, given {sorted(row)}")
        given = {**self._fixed, **row}
        for name, process in self._write:
            given[name] = process(given[name])
        return given

    def _shown(self, row: Sequence[Any]) -> tuple[Any, ...]:
        shown = list(row)
        for at, process in self._read:
            shown[at] = process(shown[at])
        return tuple(shown)


def _processors(asked: Any) -> list[tuple[Any, Callable[[Any], Any]]]:
    made = ((key, getattr(kind.dialect_impl(_SQLITE), which)(_SQLITE, *more)) for key, kind, which, more in asked)
    return [(key, process) for key, process in made if process is not None]
