"""Claims for goods that arrived spoilt."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class ComplaintState(StrEnum):
    """open -> accepted | raised;  raised (the co-op was silent or refused) -> accepted | dismissed by the alliance."""

    OPEN = "open"
    RAISED = "raised"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Complaint(SQLModel, table=True):
    """A buyer says that goods of a parcel arrived spoilt. `lines` are the steps of each order line: {"17": 2}.

    Another claim on the same parcel is about other lines.

    The co-op answers until `answer_by`. `refused_why` is its reason when it refuses, `decided_why` the alliance's.
    """

    __table_args__ = (
        CheckConstraint("state IN ('open', 'raised', 'accepted', 'dismissed')", name="state"),
        Index("ix_complaint_coop", "coop_id", "state", "id"),
        Index("ix_complaint_state", "state", "answer_by"),
    )

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id", index=True)
    order_id: int = Field(foreign_key="customer_order.id", index=True)
    coop_id: int = Field(foreign_key="coop.id")
    lines: dict[str, int] = Field(sa_type=JSON)
    words: str = Field(sa_type=Text)
    photo_ids: Any = Field(sa_type=JSON)
    state: str = ComplaintState.OPEN
    made_at: datetime = Field(sa_type=UtcDateTime)
    answer_by: datetime = Field(sa_type=UtcDateTime)
    refused_why: str = Field(default="", sa_type=Text)
    raised_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_why: str = Field(default="", sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = Field(default=None, foreign_key="person.id")
    refund_vnd: int = Field(default=0, sa_type=BigInteger)
