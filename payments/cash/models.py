"""Cash in other hands: what carriers hold for us, the sheets by which they pay it out, money confirmed by hand."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class CarrierCash(SQLModel, table=True):
    """The cash of one parcel ("parcel:9") that a carrier collected: how much of it came on to us.

    `account` (1130:<carrier>) holds `collected_vnd - remitted_vnd - written_off_vnd`, the sum over its rows. What
    differs stays open here until it is paid or written off by two people.
    """

    __tablename__ = "carrier_cash"
    __table_args__ = (
        UniqueConstraint("parcel"),
        CheckConstraint("collected_vnd > 0 AND remitted_vnd >= 0 AND written_off_vnd >= 0", name="amount"),
        CheckConstraint("remitted_vnd + written_off_vnd <= collected_vnd", name="not_more"),
        Index(
            "ix_carrier_cash_open",
            "account",
            "id",
            sqlite_where=text("remitted_vnd + written_off_vnd < collected_vnd"),
            postgresql_where=text("remitted_vnd + written_off_vnd < collected_vnd"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    parcel: str
    label: str
    tracking_code: str = ""
    account: str
    collected_vnd: int = Field(sa_type=BigInteger)
    remitted_vnd: int = Field(default=0, sa_type=BigInteger)
    written_off_vnd: int = Field(default=0, sa_type=BigInteger)
    collected_at: datetime = Field(sa_type=UtcDateTime)
    claim: str = ""
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    write_off_by: int | None = None
    """Who proposed to give up what is open; somebody else must agree."""

    @property
    def open_vnd(self) -> int:
        return self.collected_vnd - self.remitted_vnd - self.written_off_vnd


class Remittance(SQLModel, table=True):
    """A carrier's sheet of what it pays out: read -> booked. `net_vnd` is what came to our bank account.

    `unmatched_id` names the row of the unmatched money that is the same sum, so that it is counted once.
    """

    __tablename__ = "remittance"
    __table_args__ = (
        UniqueConstraint("sheet_sha256"),
        UniqueConstraint("unmatched_id"),
        CheckConstraint("state IN ('read', 'booked')", name="state"),
        CheckConstraint("fee_vnd >= 0 AND freight_vnd >= 0 AND net_vnd >= 0", name="amount"),
    )

    id: int = Field(default=None, primary_key=True)
    carrier: str
    account: str
    sheet_sha256: str
    file_name: str
    mapping: dict[str, str] = Field(sa_type=JSON)
    state: str = "read"
    collected_vnd: int = Field(default=0, sa_type=BigInteger)
    fee_vnd: int = Field(default=0, sa_type=BigInteger)
    freight_vnd: int = Field(default=0, sa_type=BigInteger)
    net_vnd: int = Field(default=0, sa_type=BigInteger)
    unmatched_id: int | None = Field(default=None, foreign_key="unmatched_money.id")
    uploaded_by: int | None = None
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    booked_by: int | None = None
    booked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RemittanceRow(SQLModel, table=True):
    """One row of a sheet as it was read. `key` is the same in every file that holds the row.

    Once booked: `fate` is what became of it, `applied_vnd` the part of `collected_vnd` that the carrier held for
    `parcel`; the rest waits for a person as unmatched money.
    """

    __tablename__ = "remittance_row"
    __table_args__ = (
        UniqueConstraint("remittance_id", "number"),
        CheckConstraint("applied_vnd >= 0 AND applied_vnd <= collected_vnd AND fee_vnd >= 0", name="amount"),
        Index("ix_remittance_row_key", "key"),
    )

    id: int = Field(default=None, primary_key=True)
    remittance_id: int = Field(foreign_key="remittance.id")
    number: int
    key: str
    code: str
    reference: str = ""
    said: str = Field(default="", sa_type=Text)
    collected_vnd: int = Field(default=0, sa_type=BigInteger)
    fee_vnd: int = Field(default=0, sa_type=BigInteger)
    freight_vnd: int = Field(default=0, sa_type=BigInteger)
    paid_on: date | None = None
    problem: str = ""
    fate: str = ""
    parcel: str = Field(default="", index=True)
    applied_vnd: int = Field(default=0, sa_type=BigInteger)


class HandPayment(SQLModel, table=True):
    """A person says that an order was paid: cash at a co-op's counter, or a transfer seen in the bank's app.

    proposed (when it takes two people) -> booked | withdrawn. `bank_reference` is used once. `unmatched_id` names the
    bank line of the same transfer when it was told later.
    """

    __tablename__ = "hand_payment"
    __table_args__ = (
        UniqueConstraint("unmatched_id"),
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("way IN ('counter', 'bank')", name="way"),
        CheckConstraint("state IN ('proposed', 'booked', 'withdrawn')", name="state"),
        Index(
            "ix_hand_payment_reference",
            "bank_reference",
            unique=True,
            sqlite_where=text("bank_reference <> '' AND state <> 'withdrawn'"),
            postgresql_where=text("bank_reference <> '' AND state <> 'withdrawn'"),
        ),
        Index(
            "ix_hand_payment_proposed",
            "due_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    due_id: int = Field(foreign_key="payment_due.id", index=True)
    way: str
    account: str
    amount_vnd: int = Field(sa_type=BigInteger)
    bank_reference: str = ""
    state: str = "proposed"
    unmatched_id: int | None = Field(default=None, foreign_key="unmatched_money.id")
    proposed_by: int | None = None
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: int | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
