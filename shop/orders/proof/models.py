"""What shows that a parcel was handed over."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class HandOverProof(SQLModel, table=True):
    """A photo that somebody of the co-op took when the parcel was handed to `received_by` ("" is the buyer)."""

    __tablename__ = "hand_over_proof"

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id", index=True)
    photo_id: int | None = Field(default=None, foreign_key="photo.id", index=True)
    """None once its time is over (`shop.complaints.photos`): that it was handed over, and to whom, stays."""
    received_by: str = ""
    person_id: int
    at: datetime = Field(sa_type=UtcDateTime)
