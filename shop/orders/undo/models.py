"""What somebody at the desk did with parcels a moment ago."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime

SHOWN = timedelta(seconds=10)
TAKEN = timedelta(seconds=40)
"""A press within `SHOWN` may be long on its way."""


class DeskDeed(SQLModel, table=True):
    """With one press somebody confirmed, packed or handed over these parcels."""

    __tablename__ = "desk_deed"
    __table_args__ = (
        CheckConstraint("what IN ('confirmed', 'packed', 'handed_over')", name="what"),
        Index("ix_desk_deed_person", "person_id", "coop_id", "at"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    person_id: int
    what: str
    parcel_ids: Any = Field(sa_type=JSON)
    at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def until(self) -> datetime:
        """Until when its page offers to take it back."""
        return self.at + SHOWN
