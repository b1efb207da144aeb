"""Where sellers are paid, the runs that pay them, and what each payout lists to the đồng."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class PayoutAccount(SQLModel, table=True):
    """Where a seller ("coop:7") is paid: one person proposes, another agrees; a change counts from `valid_from`.

    `kind`: bank, fund (a people's credit fund that takes transfers) or voucher (paper, for funds that take none).
    `account_no` stays out of logs. `needs_check`: a payout came back, nothing is sent until somebody has looked.
    """

    __tablename__ = "payout_account"
    __table_args__ = (
        CheckConstraint("kind IN ('bank', 'fund', 'voucher')", name="kind"),
        CheckConstraint("state IN ('proposed', 'valid', 'withdrawn')", name="state"),
        Index(
            "ix_payout_account_proposed",
            "seller",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    seller: str = Field(index=True)
    kind: str
    bank_bin: str = ""
    bank_name: str = ""
    account_no: str = Field(default="", repr=False)
    account_name: str
    state: str = "proposed"
    needs_check: bool = False
    proposed_by: int
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    agreed_by: int | None = None
    valid_from: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PayoutRun(SQLModel, table=True):
    """One press of "pay the co-ops". `key` is the press: the same press twice is one run.

    Nothing may be sent before `released_at`; above the limit a second person releases it.
    """

    __tablename__ = "payout_run"
    __table_args__ = (UniqueConstraint("key"), CheckConstraint("total_vnd >= 0", name="total"))

    id: int = Field(default=None, primary_key=True)
    key: str
    total_vnd: int = Field(default=0, sa_type=BigInteger)
    started_by: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    released_by: int | None = None
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Settlement(SQLModel, table=True):
    """One payout to one seller: ordered -> sent; either may become bounced, and then the next run lists it all again.

    `entries_to` is the newest ledger entry that it took into account; `relisted_in` the settlement that paid it after
    it bounced.
    """

    __tablename__ = "settlement"
    __table_args__ = (
        UniqueConstraint("run_id", "seller"),
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("state IN ('ordered', 'sent', 'bounced')", name="state"),
        Index("ix_settlement_seller", "seller", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="payout_run.id")
    seller: str
    account_id: int = Field(foreign_key="payout_account.id")
    amount_vnd: int = Field(sa_type=BigInteger)
    state: str = "ordered"
    entries_to: int = 0
    reference: str = ""
    reason: str = ""
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_by: int | None = None
    bounced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bounced_by: int | None = None
    relisted_in: int | None = Field(default=None, foreign_key="settlement.id")

    @property
    def code(self) -> str:
        """What people and banks call it."""
        return f"TT{self.id:06d}"


class PayoutRow(SQLModel, table=True):
    """One line of a settlement; all lines add up to its amount. `label` is the order's code where there is one.

    `kind`: earning, refund (taken back from the payable balance), debt and cash (netted, below zero), other.
    """

    __tablename__ = "payout_row"
    __table_args__ = (CheckConstraint("kind IN ('earning', 'refund', 'debt', 'cash', 'other')", name="kind"),)

    id: int = Field(default=None, primary_key=True)
    settlement_id: int = Field(foreign_key="settlement.id", index=True)
    kind: str
    label: str = ""
    earning_id: int | None = Field(default=None, foreign_key="earning.id")
    amount_vnd: int = Field(sa_type=BigInteger)
    happened_at: datetime = Field(sa_type=UtcDateTime)


class PayoutLeftOut(SQLModel, table=True):
    """A seller with a payable balance whom the run did not pay, and why.

    `reason`: no_account, account_to_check, below_least, own_cash (the cash it holds covers it), differs (the rows do
    not add up to the books).
    """

    __tablename__ = "payout_left_out"

    run_id: int = Field(foreign_key="payout_run.id", primary_key=True)
    seller: str = Field(primary_key=True)
    payable_vnd: int = Field(sa_type=BigInteger)
    reason: str
