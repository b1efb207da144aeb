from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class PricePlan(SQLModel, table=True):
    """From `starts_at` on a variant costs `price_vnd`. Waits until the clock sets it, or somebody stops it before."""

    __tablename__ = "price_plan"
    __table_args__ = (
        CheckConstraint("price_vnd > 0", name="price"),
        CheckConstraint("state IN ('waiting', 'set', 'stopped')", name="state"),
        Index("ix_price_plan_due", "state", "starts_at"),
    )

    id: int = Field(default=None, primary_key=True)
    variant_id: int = Field(foreign_key="variant.id", index=True)
    price_vnd: int = Field(sa_type=BigInteger)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    state: str = "waiting"
    person_id: int
    person_name: str
