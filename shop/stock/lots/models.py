from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class LotState(StrEnum):
    """Only a released lot is packed from. A lot that was recalled never comes back."""

    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"


class Lot(SQLModel, table=True):
    """What a co-op picked of one product on one day, under a code of its own."""

    __table_args__ = (
        UniqueConstraint("coop_id", "code"),
        CheckConstraint("state IN ('released', 'held', 'recalled')", name="state"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    product_id: int = Field(index=True)
    code: str
    harvested_on: date | None = None
    best_before: date | None = None
    state: str = LotState.RELEASED
    made_at: datetime = Field(sa_type=UtcDateTime)


class LotUnits(SQLModel, table=True):
    """Units of one variant that are left of a lot; `off_sale` of them were taken out of the pool with a lot on hold."""

    __tablename__ = "lot_units"
    __table_args__ = (
        CheckConstraint('"left" >= 0 AND off_sale >= 0 AND off_sale <= "left"', name="never_below_zero"),
        Index("ix_lot_units_variant", "variant_id"),
    )

    lot_id: int = Field(foreign_key="lot.id", primary_key=True)
    variant_id: int = Field(primary_key=True)
    left: int = 0
    off_sale: int = 0


class LotMovement(SQLModel, table=True):
    """Units that came to a lot (+) or left it (-), and why: "received", "packed", "returned", "corrected"."""

    __tablename__ = "lot_movement"
    __table_args__ = (Index("ix_lot_movement_owner", "owner"),)

    id: int = Field(default=None, primary_key=True)
    lot_id: int = Field(foreign_key="lot.id", index=True)
    variant_id: int
    quantity: int
    kind: str
    reason: str = ""
    owner: str = ""
    """`parcel:17` for what was packed."""
    person_id: int | None = None
    at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(LotMovement)
