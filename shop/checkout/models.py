"""A checkout: the answers given so far, and until when the goods are held."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Checkout(SQLModel, table=True):
    """One way from a cart to an order. Its unguessable id is the key under which its order is placed once."""

    __tablename__ = "checkout"
    __table_args__ = (CheckConstraint("state IN ('open', 'placed', 'lapsed')", name="state"),)

    id: str = Field(primary_key=True)
    cart_id: str = Field(foreign_key="cart.id", index=True)
    visitor_key: str = Field(index=True)
    phone: str | None = Field(default=None, index=True)
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    started_at: datetime = Field(sa_type=UtcDateTime)
    held_until: datetime = Field(sa_type=UtcDateTime, index=True)
    state: str = "open"
    order_id: int | None = Field(default=None, foreign_key="customer_order.id", index=True)
