"""A sheet that somebody sent, and each of its rows with what becomes of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class SheetState(StrEnum):
    """sent -> read -> confirmed -> done; what cannot be read is broken, what nobody wants is dropped."""

    SENT = "sent"
    READ = "read"
    CONFIRMED = "confirmed"
    DONE = "done"
    BROKEN = "broken"
    DROPPED = "dropped"


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


class Sheet(SQLModel, table=True):
    """One file. `content` is kept until its rows are read; `problem` is one word for the page: why it is
    broken, or "more_pages" when it shows goods on others than the page that was read.

    `rows_read` of `rows_total` rows have their fate. Of the `rows_good` that were confirmed, `rows_written` are in the
    shop, those up to row `written_to`. Whoever works on it holds it until `leased_until`.
    """

    __table_args__ = (
        CheckConstraint("state IN ('sent', 'read', 'confirmed', 'done', 'broken', 'dropped')", name="state"),
        Index("ix_sheet_coop", "coop_id", "id"),
        Index("ix_sheet_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    person_id: int = Field(foreign_key="person.id")
    filename: str
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    state: str = SheetState.SENT
    problem: str = ""
    encoding: str = ""
    rows_total: int = 0
    rows_read: int = 0
    rows_good: int = 0
    rows_written: int = 0
    written_to: int = 0
    sent_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SheetRow(SQLModel, table=True):
    """A row as it came (`cells` by column) and its fate. `number` is the row's in the file, the heading's being 1.

    `change` maps what changes to [from, to]; `reason` is one word for the page, `about` the number or word it names.
    `variant_id` is the variant it changes, which stays that one although other rows bring goods of a like name.
    """

    __tablename__ = "sheet_row"
    __table_args__ = (
        CheckConstraint("fate IN ('new', 'changed', 'same', 'refused')", name="fate"),
        Index("ix_sheet_row_fate", "sheet_id", "fate", "number"),
    )

    sheet_id: int = Field(foreign_key="sheet.id", primary_key=True)
    number: int = Field(primary_key=True)
    cells: Any = Field(sa_type=JSON)
    fate: str
    reason: str = ""
    about: str = ""
    change: Any = Field(sa_type=JSON)
    variant_id: int | None = None
