from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class LivePublisher(SQLModel, table=True):
    """Who sends a session's picture: one phone at a time. Whoever takes it gets the next `number`; older ones end."""

    __tablename__ = "live_publisher"

    session_id: int = Field(foreign_key="live_session.id", primary_key=True)
    number: int = 0
    person_id: int | None = None
    device: str = ""
    """The browser that sends, as its visitor key."""
    keys_made: int = 0
    """How many keys for encoders were made anew; only the last is good."""
    epoch: int = 0
    """The last recording that was given out or that began."""
    taken_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a piece of it last arrived, to within a few seconds."""
