from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class LowStock(SQLModel, table=True):
    """Little is left of a variant since then, and its co-op has been told; gone when there is enough again."""

    __tablename__ = "low_stock"

    variant_id: int = Field(primary_key=True)
    told_at: datetime = Field(sa_type=UtcDateTime)
