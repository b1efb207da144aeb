"""The outbox table and the slots of timed jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class OutboxEvent(SQLModel, table=True):
    """One event on its way to its handlers."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index(
            "ix_outbox_event_waiting",
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    event: str
    facts: dict[str, Any] = Field(sa_type=JSON)
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    error: str = ""
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class JobRun(SQLModel, table=True):
    """One slot of one timed job: whoever inserts the row runs it, so it runs once however many workers there are."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    started_at: datetime = Field(sa_type=UtcDateTime)
