"""What a co-operative asks for delivery, and the shipments it handed over."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class DeliveryRate(SQLModel, table=True):
    """One cell of a co-op's table: parcels of at most `up_to_g` (packing included) to a zone cost `fee_vnd`.

    `days_least` and `days_most` count from hand-over to the buyer's door.
    """

    __tablename__ = "delivery_rate"
    __table_args__ = (
        UniqueConstraint("coop_id", "zone", "up_to_g"),
        CheckConstraint("fee_vnd >= 0 AND up_to_g > 0", name="sane"),
        CheckConstraint("0 <= days_least AND days_least <= days_most", name="days_in_order"),
        CheckConstraint("zone IN ('commune', 'province', 'region', 'nation')", name="zone"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    zone: str
    up_to_g: int
    fee_vnd: int = Field(sa_type=BigInteger)
    days_least: int
    days_most: int


class DeliveryTerms(SQLModel, table=True):
    """What holds for all parcels of a co-op; `free_from_vnd` is the sum of goods from which delivery costs nothing."""

    __tablename__ = "delivery_terms"
    __table_args__ = (CheckConstraint("handling_days >= 0", name="handling"),)

    coop_id: int = Field(primary_key=True, foreign_key="coop.id")
    free_from_vnd: int | None = Field(default=None, sa_type=BigInteger)
    pickup: bool = True
    pickup_line: str = ""
    handling_days: int = 1


class Shipment(SQLModel, table=True):
    """A parcel given to a carrier, or taken along by the co-op itself (`carrier` "own")."""

    __tablename__ = "shipment"

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id", index=True)
    carrier: str
    carrier_name: str
    tracking_code: str = ""
    state: str
    created_at: datetime = Field(sa_type=UtcDateTime)
