"""Writes the first step: every table, index, trigger and word index as SQL, for each kind of database.

Used once, before the first release; later steps are written with Alembic against the models:
`python -m shop.migrations.freeze`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import create_mock_engine

from shop.migrations import HERE, tables

END = "\n-- end\n"


def statements(dialect: str) -> list[str]:
    """What `create_all` would execute on this kind of database."""
    written: list[str] = []

    def note(statement: Any, *_args: Any, **_options: Any) -> None:
        written.append(str(statement.compile(dialect=engine.dialect)).strip())

    engine = create_mock_engine(f"{dialect}://", note)
    tables.metadata.create_all(engine, checkfirst=False)
    return list(_in_order(written))


def _in_order(written: list[str]) -> Iterator[str]:
    """A table's indexes come out of a set: sorted, the same models always make the same file."""
    for is_index, some in groupby(written, lambda one: one.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))):
        group = list(some)
        yield from sorted(group) if is_index else group


def main() -> None:
    for dialect in ("sqlite", "postgresql"):
        target: Path = HERE / "versions" / f"first.{dialect}.sql"
        target.write_text(END.join(statements(dialect)) + END, "utf-8")


if __name__ == "__main__":
    main()
