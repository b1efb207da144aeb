from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime

_OPEN = text("closed_at IS NULL")


class LiveDeal(SQLModel, table=True):
    """An item sells at `price_vnd` from `starts_at` until before `ends_at`, for `quantity` steps in all.

    `closed_at` is when it was stopped, or its own end once somebody looked. While the picture is away it waits.
    """

    __tablename__ = "live_deal"
    __table_args__ = (
        CheckConstraint("price_vnd > 0 AND quantity > 0 AND most_per_buyer > 0", name="sells_something"),
        CheckConstraint("ends_at > starts_at", name="lasts"),
        Index("uq_live_deal_open", "item_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    item_id: int = Field(foreign_key="live_item.id", index=True)
    price_vnd: int = Field(sa_type=BigInteger)
    quantity: int
    most_per_buyer: int
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when it waits for the picture; `livestream.deals.pauses` moves `ends_at` on when that is back."""
    person_id: int


class LiveDealTake(SQLModel, table=True):
    """A hold made at the price of a deal. What is left of the deal follows from its holds: what falls back is free."""

    __tablename__ = "live_deal_take"

    hold_id: int = Field(foreign_key="hold.id", primary_key=True)
    deal_id: int = Field(foreign_key="live_deal.id", index=True)
    visitor_key: str


class LiveSet(SQLModel, table=True):
    """Several items of a session for one price, under a code of their own ("S1"). Each part keeps its own pool."""

    __tablename__ = "live_set"
    __table_args__ = (
        UniqueConstraint("session_id", "code"),
        CheckConstraint("price_vnd > 0 AND most_per_buyer > 0", name="sells_something"),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id")
    code: str
    name: str
    price_vnd: int = Field(sa_type=BigInteger)
    most_per_buyer: int = 2
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LiveSetPart(SQLModel, table=True):
    """So many steps of an item in one set."""

    __tablename__ = "live_set_part"

    set_id: int = Field(foreign_key="live_set.id", primary_key=True)
    item_id: int = Field(foreign_key="live_item.id", primary_key=True)
    quantity: int
