from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class ListingDraft(SQLModel, table=True):
    """What a person has said so far of goods to be listed. It is gone when they are on sale, or after a month.

    `photo_ids` in their order. `price_vnd` 0 and `step_g` 0 mean: not said yet.
    """

    __tablename__ = "listing_draft"

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id", index=True)
    person_id: int
    photo_ids: Any = Field(default_factory=list, sa_type=JSON)
    name: str = ""
    kind: str = "box"
    step_g: int = 0
    on_hand: int = 0
    price_vnd: int = Field(default=0, sa_type=BigInteger)
    touched_at: datetime = Field(sa_type=UtcDateTime, index=True)
