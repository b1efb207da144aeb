"""Card payments that their owners dispute, and everything of money that a person must look at."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Dispute(SQLModel, table=True):
    """One charge-back; its money and its end stand in the facts that name it. `of_movement` is the payment it is about.

    `borne_by` is who bears one that was lost, as a person decided: market, order (the buyer's own money, not earned
    yet) or coop (the sellers who had earned it).
    """

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("gateway", "dispute_ref"),
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("borne_by IN ('', 'market', 'order', 'coop')", name="borne_by"),
    )

    id: int = Field(default=None, primary_key=True)
    gateway: str
    dispute_ref: str
    of_movement: str
    amount_vnd: int = Field(sa_type=BigInteger)
    told_at: datetime = Field(sa_type=UtcDateTime)
    borne_by: str = ""
    decided_by: int | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ReviewItem(SQLModel, table=True):
    """Something a gateway told that a machine must not decide: open -> closed with a note.

    `reason`: dispute, dispute_won, dispute_lost, suspicious, amount, failed, hold_lost, hold_refused,
    refund_waits.
    """

    __tablename__ = "review_item"
    __table_args__ = (
        UniqueConstraint("gateway", "movement_id"),
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        Index("ix_review_item_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    gateway: str
    movement_id: str
    reason: str
    code: str = ""
    amount_vnd: int = Field(sa_type=BigInteger)
    reference: str = ""
    of_movement: str = ""
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    told_at: datetime = Field(sa_type=UtcDateTime)
    state: str = "open"
    note: str = ""
    closed_by: int | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
