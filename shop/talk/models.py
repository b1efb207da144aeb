"""What a buyer and a co-op say to each other about one parcel."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class ParcelMessage(SQLModel, table=True):
    """One message. `person_id` is who wrote it for the co-op; a buyer may have no account."""

    __tablename__ = "parcel_message"
    __table_args__ = (Index("ix_parcel_message_parcel", "parcel_id", "id"),)

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id")
    from_coop: bool
    person_id: int | None = Field(default=None, foreign_key="person.id")
    words: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
