"""Rules of the ledger that the database itself keeps, on SQLite and on PostgreSQL.

Entries are written first, the journal row last: a journal whose entries do not sum to zero (posted and pending apart)
is refused, and so is an entry for a journal that stands. Entries without a journal fail at commit (deferred key).
"""

from __future__ import annotations

from sqlalchemy import DDL, event
from sqlmodel import SQLModel

_UNBALANCED = (
    "(SELECT count(*) FROM entry WHERE journal_id = NEW.id) < 2 OR EXISTS "
    "(SELECT 1 FROM entry WHERE journal_id = NEW.id GROUP BY pending HAVING sum(amount_vnd) <> 0)"
)
_CLOSED = "EXISTS (SELECT 1 FROM journal WHERE id = NEW.journal_id)"


def guard_ledger(entry: type[SQLModel], journal: type[SQLModel]) -> None:
    """Create the two guards with the tables. Both need both tables, so they come with the whole schema's last one."""
    rules = (
        (journal, "journal_balances", _UNBALANCED, "journal does not balance"),
        (entry, "entry_before_journal", _CLOSED, "journal is closed"),
    )
    for model, name, broken, words in rules:
        table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
        for ddl in _trigger(table.name, name, broken, words):
            event.listen(table, "after_create", ddl)


def _trigger(table: str, name: str, broken: str, words: str) -> tuple[DDL, DDL]:
    on_sqlite: DDL = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {broken} BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )
    on_postgresql: DDL = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN "
        f"IF {broken} THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$ "
        f"LANGUAGE plpgsql; "
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    return on_sqlite.execute_if(dialect="sqlite"), on_postgresql.execute_if(dialect="postgresql")
