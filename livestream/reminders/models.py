from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class LiveTold(SQLModel, table=True):
    """What the followers of a session were told: each thing once, whoever looks at the clock."""

    __tablename__ = "live_told"

    key: str = Field(primary_key=True)
    """`live:17:day:2026-11-22T12:30:00+00:00`: another time is another reminder."""
    at: datetime = Field(sa_type=UtcDateTime)
