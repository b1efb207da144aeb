from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Voucher(SQLModel, table=True):
    """A co-op takes `percent`, or a sum, off what is bought through `owner` ("live:12"); the co-op bears it.

    The owner "market" is the market itself (no `coop_id`): it bears what comes off anybody's goods, at most
    `budget_vnd` in all standing orders (`spent_vnd`), for orders from `opens_at` until before `ends_at`.

    `used` orders have it, at most `quantity`; `most_off_vnd` is the ceiling for one order, `least_vnd` what the goods
    must come to. `with_deals`: also off goods at the price of a deal.
    """

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("owner", "code"),
        CheckConstraint("percent BETWEEN 0 AND 50 AND off_vnd >= 0 AND (percent > 0) <> (off_vnd > 0)", name="one_way"),
        CheckConstraint("quantity > 0 AND most_per_buyer > 0 AND used >= 0", name="counts"),
        CheckConstraint("(coop_id IS NULL) = (budget_vnd IS NOT NULL) AND spent_vnd >= 0", name="whose"),
        CheckConstraint("budget_vnd > 0", name="budget"),
    )

    id: int = Field(default=None, primary_key=True)
    owner: str
    coop_id: int | None = Field(default=None, index=True)
    code: str
    percent: int = 0
    off_vnd: int = Field(default=0, sa_type=BigInteger)
    most_off_vnd: int = Field(sa_type=BigInteger)
    least_vnd: int = Field(default=0, sa_type=BigInteger)
    quantity: int
    most_per_buyer: int = 1
    used: int = 0
    with_deals: bool = False
    budget_vnd: int | None = Field(default=None, sa_type=BigInteger)
    spent_vnd: int = Field(default=0, sa_type=BigInteger)
    opens_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VoucherUse(SQLModel, table=True):
    """An order placed with a voucher. `returned_at`: the order came to nothing, the voucher is free again."""

    __tablename__ = "voucher_use"

    order_id: int = Field(primary_key=True)
    voucher_id: int = Field(foreign_key="voucher.id", index=True)
    phone: str
    visitor_key: str
    discount_vnd: int = Field(sa_type=BigInteger)
    used_at: datetime = Field(sa_type=UtcDateTime)
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
