"""Who changed what, on whose behalf, from what to what. One row a change, chained by hashes, never altered.

Units that are sold are no change by hand: `stock_movement` names the order that took them.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DDL, JSON, event, insert, text
from sqlmodel import Field, Session, SQLModel, col, select

from shop.core.db import UtcDateTime, before_commit, run
from shop.core.deps import Person


class AuditEntry(SQLModel, table=True):
    """One change of a price, a stock, a role or a state by a person."""

    __tablename__ = "audit_entry"

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    person_id: int | None = None
    """None for a guest, who has no account."""
    person_name: str
    on_behalf_of: str = ""
    """`coop:12` when somebody with a right to act for that co-op changed a thing of it; empty for themselves."""
    what: str
    subject: str = Field(index=True)
    before: Any = Field(default=None, sa_type=JSON)
    after: Any = Field(default=None, sa_type=JSON)
    chain: str


def insert_only(table_name: str) -> tuple[DDL, DDL]:
    """Triggers for SQLite and PostgreSQL that refuse to change or delete rows of a table."""
    on_sqlite: DDL = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        f"CREATE TRIGGER {table_name}_no_update BEFORE UPDATE ON {table_name} "
        f"BEGIN SELECT RAISE(ABORT, '{table_name} is insert-only'); END"
    )
    on_postgresql: DDL = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        f"CREATE OR REPLACE FUNCTION {table_name}_frozen() RETURNS trigger AS "
        f"$$ BEGIN RAISE EXCEPTION '{table_name} is insert-only'; END $$ LANGUAGE plpgsql; "
        f"CREATE TRIGGER {table_name}_no_change BEFORE UPDATE OR DELETE ON {table_name} "
        f"FOR EACH ROW EXECUTE FUNCTION {table_name}_frozen()"
    )
    return on_sqlite.execute_if(dialect="sqlite"), on_postgresql.execute_if(dialect="postgresql")


def keep_insert_only(model: type[SQLModel]) -> None:
    """Make the database itself refuse changes and deletions of this table's rows."""
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    for ddl in insert_only(table.name):
        event.listen(table, "after_create", ddl)
    no_delete: DDL = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        f"CREATE TRIGGER {table.name}_no_delete BEFORE DELETE ON {table.name} "
        f"BEGIN SELECT RAISE(ABORT, '{table.name} is insert-only'); END"
    )
    event.listen(table, "after_create", no_delete.execute_if(dialect="sqlite"))


keep_insert_only(AuditEntry)


GUEST = Person(id=0, name="buyer", phone="")
"""A buyer who is not signed in."""
SYSTEM = Person(id=0, name="system", phone="")
"""The clock or a machine: nobody pressed."""


def audit(
    session: Session,
    person: Person,
    what: str,
    subject: str,
    before: Any,
    after: Any,
    now: datetime,
    coop_id: int | None = None,
) -> None:
    """Write one row: `person` changed `what` of `subject` ("variant:12") from `before` to `after`.

    `coop_id` says whose thing it is, None for what belongs to no co-op. The row is written as the block ends.
    """
    entry = AuditEntry(
        at=now.astimezone(UTC),  # as it is read back: the link is made from it
        person_id=person.id or None,
        person_name=person.name,
        on_behalf_of=on_behalf_of(person, coop_id),
        what=what,
        subject=subject,
        before=before,
        after=after,
        chain="",
    )
    waiting: list[AuditEntry] | None = session.info.get("audit")
    if waiting is None:
        waiting = session.info["audit"] = []
        before_commit(session, lambda: _write(session, session.info.pop("audit")))
    waiting.append(entry)


def on_behalf_of(person: Person, coop_id: int | None) -> str:
    """Its staff, officers and the operator act for the co-op whose thing it is; everybody else for themselves."""
    acts = person.is_officer or any(grant.coop_id == coop_id for grant in person.roles)
    return f"coop:{coop_id}" if coop_id is not None and acts else ""


def changes_of(session: Session, subject: str, most: int) -> list[AuditEntry]:
    """What people did to one thing, the newest first."""
    mine = select(AuditEntry).where(AuditEntry.subject == subject)
    return list(session.exec(mine.order_by(col(AuditEntry.id).desc()).limit(most)))


def _write(session: Session, entries: list[AuditEntry]) -> None:
    """Put the links at the end of the chain, one after the other.

    Whoever holds the chain's lock waits for no other, so that two who change the same shelves cannot block each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(7304)"))
    last = session.exec(select(AuditEntry.chain).order_by(col(AuditEntry.id).desc()).limit(1)).first() or ""
    rows = []
    for entry in entries:
        last = entry.chain = _link(last, entry)
        rows.append(entry.model_dump(exclude={"id"}))
    run(session, insert(AuditEntry), rows)  # in their order: each gets the next number


def _link(last: str, entry: AuditEntry) -> str:
    facts = [entry.person_id, entry.on_behalf_of, entry.what, entry.subject, entry.before, entry.after]
    told = json.dumps([last, entry.at.isoformat(), entry.person_name, *facts], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def broken_links(session: Session) -> Iterator[str]:
    """For `chohtx verify`: one line for each row whose hash does not follow from the row before it."""
    last = ""
    for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id))):
        if _link(last, entry) != entry.chain:
            yield f"audit: row {entry.id} does not follow from the row before it"
        last = entry.chain
