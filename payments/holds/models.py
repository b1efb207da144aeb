"""Money that gateways hold for us: taken when goods are packed, let go when the order is called off."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Hold(SQLModel, table=True):
    """What is to become of the money held by one attempt: wait -> take, and let_go from either.

    The gateway is called at `next_check_at` (None: it is taken or gone); that is at first when waiting must end.
    `tries` counts the calls. What was taken or let go stands in the facts, not here.
    """

    __tablename__ = "payment_hold"
    __table_args__ = (
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("wish IN ('wait', 'take', 'let_go')", name="wish"),
        Index(
            "ix_payment_hold_to_settle",
            "next_check_at",
            sqlite_where=text("next_check_at IS NOT NULL"),
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
    )

    attempt_id: int = Field(primary_key=True, foreign_key="payment_attempt.id")
    due_id: int = Field(foreign_key="payment_due.id", index=True)
    gateway: str
    amount_vnd: int = Field(sa_type=BigInteger)
    wish: str = "wait"
    held_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    next_check_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tries: int = 0
