"""What runs for every order is written and read as any other statement would."""

import gc
import weakref
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select
from sqlmodel import col

from shop.core.db import Database, run
from shop.core.outbox import OutboxEvent
from shop.core.prepared import Prepared

TABLE = OutboxEvent.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
AT = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
ROW = {"event": "Tết", "facts": {"order_id": 7, "tên": "Bình"}, "due_at": AT, "attempts": 0, "error": "a'b"}


def test_a_row_comes_back_as_it_was_given(db: Database) -> None:
    write = Prepared(insert(TABLE).returning(col(OutboxEvent.id)))
    read = Prepared(
        select(col(OutboxEvent.event), col(OutboxEvent.facts), col(OutboxEvent.due_at), col(OutboxEvent.done_at)).where(
            col(OutboxEvent.id) == bindparam("row"), col(OutboxEvent.error) == "a'b"
        )
    )
    with db.write() as session:
        ids = [run(session, write, ROW).scalar_one() for _ in range(2)]
    with db.read() as session:
        for row_id in ids:
            row = run(session, read, {"row": row_id}).one()
            assert (row.event, row.facts, row.due_at, row.done_at) == ("Tết", ROW["facts"], AT, None)
        assert run(session, read, {"row": max(ids) + 1}).one_or_none() is None


def test_several_rows_at_once(db: Database) -> None:
    with db.write() as session:
        run(session, Prepared(insert(TABLE)), [{**ROW, "attempts": number} for number in range(3)])
    with db.read() as session:
        assert session.execute(select(TABLE.c.attempts).order_by(TABLE.c.id)).scalars().all() == [0, 1, 2]


def test_what_fails_is_rolled_back_with_the_block(db: Database) -> None:
    write = Prepared(insert(TABLE))
    with pytest.raises(Exception, match=r"(?i)not[ -]null|null value"), db.write() as session:
        run(session, write, ROW)
        run(session, write, {**ROW, "event": None})
    with db.read() as session:
        assert session.execute(select(TABLE.c.id)).all() == []


class Typed(str):
    """Words whose end can be seen."""


def test_what_was_typed_is_forgotten_after_the_block(db: Database) -> None:
    write, read = Prepared(insert(TABLE)), Prepared(select(TABLE.c.id).where(TABLE.c.error == bindparam("words")))
    name = Typed("Nguyễn Văn Bình")
    seen = weakref.ref(name)
    with db.write() as session:
        run(session, write, {**ROW, "error": name})
        assert run(session, read, {"words": name}).one()
    del name, session
    gc.collect()
    assert seen() is None


def test_another_set_of_columns_is_refused(tmp_path: Path) -> None:
    """On SQLite the text is made for the columns of the first run; one more would be lost unseen."""
    db = Database(f"sqlite:///{tmp_path}/one.sqlite")
    with db.read() as session:
        OutboxEvent.metadata.create_all(session.connection(), tables=[TABLE])
        write = Prepared(insert(TABLE))
        run(session, write, ROW)
        with pytest.raises(ValueError, match="leased_until"):
            run(session, write, {**ROW, "leased_until": AT})
    db.close()
