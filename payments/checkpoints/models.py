"""What an account held up to an entry. True for ever, because entries are never changed."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class BalanceCheckpoint(SQLModel, table=True):
    """The sum of all entries of `account` whose id is at most `up_to_id`.

    The account "" is the whole ledger, whose sum is 0: its newest row says how far balances were looked through.
    """

    __tablename__ = "balance_checkpoint"
    __table_args__ = (UniqueConstraint("account", "pending", "up_to_id"),)

    id: int = Field(default=None, primary_key=True)
    account: str
    pending: bool
    up_to_id: int
    amount_vnd: int = Field(sa_type=BigInteger)
    made_at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(BalanceCheckpoint)
