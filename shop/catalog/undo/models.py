from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class HandChange(SQLModel, table=True):
    """Somebody changed the price ("price", đồng) or the count ("stock", selling steps) of a variant by hand."""

    __tablename__ = "hand_change"
    __table_args__ = (CheckConstraint("what IN ('price', 'stock')", name="what"),)

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id", index=True)
    person_id: int = Field(index=True)
    what: str
    variant_id: int = Field(foreign_key="variant.id")
    before: int = Field(sa_type=BigInteger)
    after: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
