"""What gateways say they paid out, and where that differs from what we know."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class GatewayTerms(SQLModel, table=True):
    """What was agreed with a gateway: its fee for a sale, how many days later it pays out; how its files are read.

    `fee_bps` are hundredths of a percent (110 is 1.10 %), None when no rate is set. `columns` maps the roles of
    `payments.comparison.files` to headings.
    """

    __tablename__ = "gateway_terms"
    __table_args__ = (
        CheckConstraint("fee_bps BETWEEN 0 AND 10000 AND fee_fixed_vnd >= 0", name="fee"),
        CheckConstraint("settles_after_days BETWEEN 0 AND 60", name="days"),
    )

    gateway: str = Field(primary_key=True)
    columns: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    fee_bps: int | None = None
    fee_fixed_vnd: int = Field(default=0, sa_type=BigInteger)
    settles_after_days: int = 1


class SettlementFile(SQLModel, table=True):
    """A file as it was uploaded: looked at first, then taken in, once. The content is let go when it is taken in."""

    __tablename__ = "settlement_file"
    __table_args__ = (UniqueConstraint("gateway", "digest"),)

    id: int = Field(default=None, primary_key=True)
    gateway: str
    digest: str
    name: str
    content: bytes = Field(default=b"", sa_type=LargeBinary)
    columns: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    uploaded_by: int
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    row_count: int = 0


class SettlementBatch(SQLModel, table=True):
    """One transfer that a gateway says it made: waiting -> tied (to a bank line) | booked (the bank line is not told).

    `cleared_vnd` leaves 1120, `fee_vnd` of it is the gateway's, `net_vnd` arrived. A later file may add a `part` to a
    batch. A booked batch may still be tied when its bank line comes after all.
    """

    __tablename__ = "settlement_batch"
    __table_args__ = (
        UniqueConstraint("gateway", "batch_ref", "part"),
        UniqueConstraint("unmatched_id"),
        CheckConstraint("cleared_vnd = fee_vnd + net_vnd", name="sum"),
        CheckConstraint("state IN ('waiting', 'tied', 'booked')", name="state"),
        Index("ix_settlement_batch_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    file_id: int = Field(foreign_key="settlement_file.id", index=True)
    gateway: str
    batch_ref: str
    part: int = 1
    settled_on: date
    cleared_vnd: int = Field(sa_type=BigInteger)
    fee_vnd: int = Field(sa_type=BigInteger)
    net_vnd: int = Field(sa_type=BigInteger)
    row_count: int
    state: str = "waiting"
    unmatched_id: int | None = Field(default=None, foreign_key="unmatched_money.id")
    decided_by: int | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SettlementRow(SQLModel, table=True):
    """One movement as the gateway lists it. `kind` is the fact it must be: captured, refunded, disputed, dispute_won.

    "fee" is a fee of its own, which no fact of ours answers. `fact_id` is our fact, once one was found.
    """

    __tablename__ = "settlement_row"
    __table_args__ = (
        UniqueConstraint("gateway", "kind", "movement_id"),
        UniqueConstraint("fact_id"),
        CheckConstraint("gross_vnd >= 0", name="gross"),
        Index("ix_settlement_row_reference", "gateway", "reference"),
    )

    id: int = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="settlement_batch.id", index=True)
    gateway: str
    kind: str
    movement_id: str
    reference: str = ""
    gross_vnd: int = Field(sa_type=BigInteger)
    fee_vnd: int = Field(sa_type=BigInteger)
    net_vnd: int = Field(sa_type=BigInteger)
    settled_on: date
    fact_id: int | None = Field(default=None, foreign_key="payment_fact.id")


class ComparisonItem(SQLModel, table=True):
    """One movement, ours or theirs or both, and whether they agree. Changed in place, never deleted.

    A person may close a difference with a note; it opens again when it becomes another difference.
    """

    __tablename__ = "comparison_item"
    __table_args__ = (
        UniqueConstraint("fact_id"),
        UniqueConstraint("row_id"),
        CheckConstraint(
            "state IN ('not_yet', 'matched', 'missing_here', 'missing_there', 'amount_diff', 'fee_diff')", name="state"
        ),
        Index("ix_comparison_item_state", "state", "id"),
        Index("ix_comparison_item_day", "day", "gateway", "state"),
    )

    id: int = Field(default=None, primary_key=True)
    gateway: str
    kind: str
    movement_id: str
    reference: str = ""
    day: date
    fact_id: int | None = Field(default=None, foreign_key="payment_fact.id")
    row_id: int | None = Field(default=None, foreign_key="settlement_row.id")
    our_vnd: int | None = Field(default=None, sa_type=BigInteger)
    their_vnd: int | None = Field(default=None, sa_type=BigInteger)
    fee_vnd: int | None = Field(default=None, sa_type=BigInteger)
    agreed_fee_vnd: int | None = Field(default=None, sa_type=BigInteger)
    state: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    closed_by: int | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def facts(self) -> dict[str, Any]:
        """What the audit keeps of it."""
        return {"state": self.state, "note": self.note, "closed": self.closed_at is not None}
