from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class LiveMtxTake(SQLModel, table=True):
    """One connection of an encoder to MediaMTX, from its first picture to its last."""

    __tablename__ = "live_mtx_take"

    source_id: str = Field(primary_key=True)
    """The name MediaMTX gave the connection."""
    session_id: int = Field(foreign_key="live_session.id", index=True)
    source_type: str = ""
    began_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    """When MediaMTX last said that it is there, to within a few seconds."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LiveMtxFile(SQLModel, table=True):
    """A piece of the recording that MediaMTX has finished, by its name in the session's folder."""

    __tablename__ = "live_mtx_file"

    session_id: int = Field(foreign_key="live_session.id", primary_key=True)
    name: str = Field(primary_key=True)
    duration_s: float
    told_at: datetime = Field(sa_type=UtcDateTime)
