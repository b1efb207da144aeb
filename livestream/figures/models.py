from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class LiveMinute(SQLModel, table=True):
    """Who watched a session in one minute: the most viewers at once, and how long all of them together."""

    __tablename__ = "live_minute"

    session_id: int = Field(foreign_key="live_session.id", primary_key=True)
    minute_at: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    viewers: int = 0
    watched_s: int = 0
    counted_at: datetime = Field(sa_type=UtcDateTime)
    """When it was counted last: of several processes one counts, the others come too early."""
