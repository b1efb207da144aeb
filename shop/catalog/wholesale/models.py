from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class WholesaleBuyer(SQLModel, table=True):
    """A person who pays a co-op's wholesale prices, since the co-op said so; `ended_at` takes it back."""

    __tablename__ = "wholesale_buyer"

    coop_id: int = Field(foreign_key="coop.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    since: datetime = Field(sa_type=UtcDateTime)
    approved_by: int
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
