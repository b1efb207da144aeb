from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class Pool(SQLModel, table=True):
    """Units of one variant that are sold from one place: ordinary sale, or one live session. In selling steps."""

    __table_args__ = (
        UniqueConstraint("variant_id", "owner"),
        Index("ix_pool_product", "product_id", "owner"),
        CheckConstraint("on_hand >= 0 AND held >= 0 AND held <= on_hand", name="never_oversold"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(index=True)
    product_id: int
    variant_id: int
    owner: str = Field(default="", index=True)
    """Empty for ordinary sale, `live:12` for a session's allotment."""
    on_hand: int = 0
    held: int = 0
    promised: int | None = None
    """Of ordinary sale: so many units were put on sale before their harvest; None: no harvest is waited for."""
    closed: bool = False
    """The session is over: whatever becomes free goes home to ordinary sale."""


class HoldState(StrEnum):
    OPEN = "open"
    SOLD = "sold"
    RETURNED = "returned"


_OPEN = text("state = 'open'")


class Hold(SQLModel, table=True):
    """Units kept for one buyer until `expires_at`; sold or returned once, never both."""

    __table_args__ = (
        CheckConstraint("quantity > 0", name="holds_something"),
        Index(
            "ix_hold_open_until",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    pool_id: int = Field(foreign_key="pool.id", index=True)
    owner: str = Field(index=True)
    """For whom: `checkout:…`, `order:17`, `live:12:…`."""
    quantity: int
    state: str = HoldState.OPEN
    started_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MovementKind(StrEnum):
    RECEIVED = "received"
    SOLD = "sold"
    RETURNED = "returned"
    ADJUSTED = "adjusted"
    MOVED = "moved"


class StockMovement(SQLModel, table=True):
    """Units that came to a pool (+) or left it (-). The pool's `on_hand` is the sum of its movements."""

    __tablename__ = "stock_movement"

    id: int = Field(default=None, primary_key=True)
    pool_id: int = Field(foreign_key="pool.id", index=True)
    kind: str
    quantity: int
    reason: str = ""
    owner: str = Field(default="", index=True)
    person_id: int | None = None
    at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(StockMovement)
