"""Sessions are opened where they are used: `with db.read()` and `with db.write()`. Nobody else commits."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

from sqlalchemy import (
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Result,
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from shop.core.prepared import Prepared

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC in the store, aware on the way out. A naive time is a bug and raises."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class _Queue:
    """One writer at a time, first come first served (SQLite's own lock lets late writers starve early ones)."""

    def __init__(self) -> None:
        self._waiting: deque[threading.Lock] = deque()
        self._guard = threading.Lock()
        self._busy = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def __exit__(self, *_exc: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._busy = False


class _NoQueue:
    def __enter__(self) -> None: ...

    def __exit__(self, *_exc: object) -> None: ...


class Database:
    """One database, SQLite or PostgreSQL; opens sessions, holds no other state.

    `read()` sees one consistent snapshot and never waits for a writer.
    `write()` commits once at the end of the block, or rolls everything back; the block has ended only when
    the commit is on disk (`synchronous=FULL`), so what is answered afterwards is durable.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = _driver(url)
        self.is_sqlite = self.url.startswith("sqlite")
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_size": pool_size, "pool_pre_ping": True}
        if self.is_sqlite:
            Path(self.url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            options = {"pool_size": pool_size, "max_overflow": 20}
        self.engine = create_engine(self.url, hide_parameters=True, **options)  # what people typed stays out of logs
        self.pages_are_ours = False  # set by the one process that keeps pages of this database: nobody else need hear
        self._here = threading.local()
        self._turn: _Queue | _NoQueue = _NoQueue()
        if self.is_sqlite:
            self._turn = _Queue()
            _prepare_sqlite(self.engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot to read from. Objects stay usable after the block; lazy loads raise."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The one transaction of a request. Raises RuntimeError inside another `write()` of this thread."""
        if getattr(self._here, "open", False):
            raise RuntimeError("a write() is already open here: pass its session on instead")
        self._here.open = True
        try:
            with self._turn, Session(self.engine, expire_on_commit=False) as session:
                session.info["pages_are_ours"] = self.pages_are_ours
                with session.begin():
                    session.info["connection"] = session.connection(execution_options={"writes": True})
                    yield session
                    for action in session.info.get("before_commit", []):
                        action()
                actions = session.info.get("after_commit", [])
        finally:
            self._here.open = False
        for action in actions:
            action()

    def close(self) -> None:
        """Give all connections back to the operating system."""
        self.engine.dispose()


def before_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` as the last thing of the block, in its transaction: what takes a lock that all writers share."""
    session.info.setdefault("before_commit", []).append(action)


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once the block has committed; never if it rolls back."""
    session.info.setdefault("after_commit", []).append(action)


AGAINST_CHANGE: dict[str, Any] = {"key_share": True}
"""For `with_for_update`: nobody else changes the row until the end of the transaction, and rows that name it may still
be added. A whole lock would wait on PostgreSQL for whoever adds one, who may be waiting for us."""

Rows = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@overload
def run(session: Session, statement: Prepared, rows: Rows | None = None) -> Result[Any]: ...


@overload
def run(session: Session, statement: Executable, rows: Rows | None = None) -> CursorResult[Any]: ...


def run(session: Session, statement: Any, rows: Rows | None = None) -> Any:
    """Execute a Core statement in the session's transaction, past the ORM's bookkeeping (pending objects go first).

    Objects already loaded do not see the change: refresh them where that matters.
    """
    session.flush()
    connection: Connection | None = session.info.get("connection")
    if session.in_nested_transaction():
        connection = session.connection()  # which sets the savepoint, if nothing has yet
    elif connection is None:  # one block is one transaction on one connection: it is looked up once
        connection = session.info["connection"] = session.connection()
    if isinstance(statement, Prepared):
        return statement.run(connection, rows)
    return connection.execute(statement, rows) if rows is not None else connection.execute(statement)


def insert_once(session: Session, model: type[SQLModel], values: Mapping[str, Any], unique: Sequence[str]) -> bool:
    """Insert a row unless one with the same `unique` columns stands already. True when this call inserted it."""
    return key_of_new(session, model, values, unique) is not None


def insert_each_once(session: Session, model: type[SQLModel], rows: Rows, unique: Sequence[str]) -> None:
    """As `insert_once` for many rows that name the same columns, in one statement."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    run(session, insert(table).on_conflict_do_nothing(index_elements=list(unique)), rows)


def key_of_new(
    session: Session, model: type[SQLModel], values: Mapping[str, Any], unique: Sequence[str]
) -> tuple[Any, ...] | None:
    """As `insert_once`: the primary key of the new row, None when there is one already."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    statement = _insert_once(table, session.get_bind().dialect.name, tuple(values), tuple(unique))
    return run(session, statement, values).first()


@lru_cache(maxsize=100)
def _insert_once(table: Table, dialect: str, _given: tuple[str, ...], unique: tuple[str, ...]) -> Prepared:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing(index_elements=list(unique))
    # RETURNING, because PostgreSQL's driver gives no row count here.
    return Prepared(statement.returning(*table.primary_key))


def _driver(url: str) -> str:
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _prepare_sqlite(engine: Engine) -> None:
    """Make SQLite behave as a server database would.

    Python's sqlite3 leaves SELECT outside the transaction, so two buyers could both read "1 left". We emit BEGIN
    ourselves, and a writer takes the write lock at once instead of failing when it upgrades.
    Source: SQLAlchemy manual, SQLite, "Enabling Non-Legacy SQLite Transactional Modes".
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "cache_size=-8000",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        driver: Any = connection.connection  # past SQLAlchemy, which makes more of these words than the database does
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
