"""A co-op's hours for pick-up, and which parcel comes when."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class PickupSlot(SQLModel, table=True):
    """Every `weekday` (0 is Monday) from minute to minute of the day, `places` buyers can come.

    It is chosen until `cut_off_minutes` before it begins. Once it is `stopped_at` nobody chooses it; who did comes.
    """

    __tablename__ = "pickup_slot"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440", name="hours"),
        CheckConstraint("places > 0 AND cut_off_minutes >= 0", name="sane"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id", index=True)
    weekday: int
    from_minute: int
    to_minute: int
    places: int
    cut_off_minutes: int
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PickupBooking(SQLModel, table=True):
    """A parcel that is fetched in a slot on a day; its place is free again when the parcel is cancelled or refused."""

    __tablename__ = "pickup_booking"
    __table_args__ = (Index("ix_pickup_booking_slot", "slot_id", "day"),)

    parcel_id: int = Field(primary_key=True, foreign_key="parcel.id")
    slot_id: int = Field(foreign_key="pickup_slot.id")
    day: date
